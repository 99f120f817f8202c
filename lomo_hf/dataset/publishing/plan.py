"""What one commit has to do so that a repository holds a release: pure, from the folder and from what the Hub holds.

A plan made on the outcome of a plan has nothing to do. That is how publishing knows that a commit landed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from lomo_hf.dataset.card.text import OWN_START, own_text_of
from lomo_hf.dataset.card.training import TRAINING
from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.layout import AUDIT, CARD, LLAMAFACTORY, MANIFEST
from lomo_hf.dataset.manifest import sealed
from lomo_hf.dataset.publishing.changes import changes_section
from lomo_hf.dataset.publishing.merging import (
    data_patterns,
    front_text,
    merge_entries,
    merge_front,
    merge_manifest,
    merge_own_text,
    split_card,
    with_body,
)
from lomo_hf.dataset.verifying import VerifiedFolder
from lomo_hf.errors import IntegrityError, PublishError
from lomo_hf.hub.client import RemoteFile
from lomo_hf.storage.documents import mapped, parse, record, text
from lomo_hf.storage.records import FileRecord

__all__ = ["Addition", "Plan", "Previous", "Snapshot", "make_plan"]


@dataclass(frozen=True)
class Snapshot:
    """A repository at a commit: its files, and the three documents that a release writes; empty where absent."""

    commit: str
    files: Mapping[str, RemoteFile]
    card: str = ""
    contents: Contents | None = None
    entries: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Previous:
    """The release before: its tag, what it consisted of, and the own text of its card."""

    tag: str
    contents: Contents | None
    own_text: str


@dataclass(frozen=True)
class Addition:
    """A file to write: its content lies in a file of the folder, or is given."""

    path: str
    size: int
    sha256: str
    content: Path | bytes


@dataclass(frozen=True)
class Plan:
    """What to do on top of `base`. Additions come in the order in which they may be committed one after the other:
    shards and pictures, then card, entries and manifest.

    Attributes:
        base: The commit that the plan was made for; None where there is no repository yet.
        additions: Files to write.
        deletions: Files to remove, with their sizes; all of them of an earlier release of ours.
        kept: Files of the release that are already there, with their sizes.
        manifest: What the published manifest says.
        survivors: Configs in the repository that the folder does not have.
        changes: The card's section on what changed since the previous release; empty for a first one.
    """

    base: str | None
    additions: tuple[Addition, ...]
    deletions: Mapping[str, int]
    kept: Mapping[str, int]
    manifest: Contents
    documents: Mapping[str, bytes]
    survivors: tuple[str, ...]
    changes: str

    @property
    def is_done(self) -> bool:
        """Whether the repository already holds the release."""
        return not self.additions and not self.deletions

    @property
    def steps(self) -> int:
        """How many files a commit would touch."""
        return len(self.additions) + len(self.deletions)


def make_plan(local: VerifiedFolder, there: Snapshot | None, previous: Previous | None, repo: str) -> Plan:
    """The plan for a verified folder and a repository as it is.

    Raises:
        PublishError: The repository holds data that would be read as part of a config, and that is not ours.
    """
    remote = there or Snapshot("", {})
    stale = _stale(local.contents, remote, previous)
    manifest, documents, survivors, changes = _documents(local, remote, previous, repo, stale)
    records = manifest.files
    _refuse_strangers(documents[CARD], manifest, remote, stale)
    additions, kept = [], {path: record.bytes for path, record in records.items() if path in remote.files}
    for path, content in _in_order(local, documents).items():
        record = _record(path, documents) if path in documents else records[path]
        known = remote.files.get(path)
        if not known or not known.holds(record.bytes, record.sha256, partial(_git_oid, content)):
            additions.append(Addition(path, record.bytes, record.sha256, content))
            kept.pop(path, None)
    deletions = {path: remote.files[path].size for path in sorted(stale)}
    base = there.commit if there else None
    return Plan(base, tuple(additions), deletions, kept, manifest, documents, survivors, changes)


def _in_order(local: VerifiedFolder, documents: Mapping[str, bytes]) -> dict[str, Path | bytes]:
    """Content of every file that the folder brings, the documents last."""
    found: dict[str, Path | bytes] = {
        path: local.folder / path for path in local.contents.files if path not in documents
    }
    return {**found, **documents}


def _stale(local: Contents, there: Snapshot, previous: Previous | None) -> set[str]:
    """Files that an earlier manifest of ours lists for a config that is replaced, and that the new one does not."""
    earlier = [one for one in (there.contents, previous and previous.contents) if one]
    listed = {path for one in earlier for name in local.configs for path in one.files_of(name)}
    return ((listed | _untrue_audit(local, there)) & set(there.files)) - set(local.files)


def _untrue_audit(local: Contents, there: Snapshot) -> set[str]:
    """The audit of the release before, as soon as one of the configs that it speaks of is another."""
    before = there.contents
    if before is None or AUDIT not in before.companions:
        return set()
    changed = any(local.files_of(name) != before.files_of(name) for name in local.configs if name in before.configs)
    return {AUDIT} if changed else set()


def _documents(
    local: VerifiedFolder, there: Snapshot, previous: Previous | None, repo: str, stale: set[str]
) -> tuple[Contents, dict[str, bytes], tuple[str, ...], str]:
    """The published manifest, and the bytes of all documents that are written anew."""
    merged = merge_manifest(local.contents, there.contents, set(there.files) - stale)
    outline = Contents.parse(json.dumps(merged), repo)
    survivors = tuple(name for name in outline.configs if name not in local.contents.configs)
    changes = ""
    if previous and previous.contents:
        changes = changes_section(previous.tag, previous.contents, outline)
    entries = _own_entries(local)
    documents = {
        LLAMAFACTORY: _entries(local, merge_entries(entries, there.entries, repo)),
        CARD: _card(local, there, previous, repo, outline, survivors, changes, entries),
        **_training(local, entries, repo),
    }
    merged["files"] = [
        {"path": one["path"], "bytes": len(documents[one["path"]]), "sha256": _sha256(documents[one["path"]])}
        if one["path"] in documents
        else one
        for one in merged["files"]
    ]
    text = sealed(merged)
    documents[MANIFEST] = text.encode()
    return Contents.parse(text, repo), documents, survivors, changes


def _own_entries(local: VerifiedFolder) -> dict[str, object]:
    try:
        return dict(parse(local.read(LLAMAFACTORY), mapped(record({}, {"hf_hub_url": text}))))
    except IntegrityError as error:
        raise IntegrityError(f"{LLAMAFACTORY} is not one that lomo_hf wrote ({error}). Run `lomo card`.") from error


def _entries(local: VerifiedFolder, merged: Mapping[str, object]) -> bytes:
    before = local.read(LLAMAFACTORY)
    return before if json.loads(before) == merged else (json.dumps(merged, indent=2) + "\n").encode()


def _card(
    local: VerifiedFolder,
    there: Snapshot,
    previous: Previous | None,
    repo: str,
    outline: Contents,
    survivors: tuple[str, ...],
    changes: str,
    entries: Mapping[str, Any],
) -> bytes:
    text = local.read(CARD).decode()
    front, body = split_card(text, repr(local.folder.name))
    remote_front, remote_body = split_card(there.card, repo)
    merged = merge_front(front, remote_front, local.contents.configs)
    own = own_text_of(body)
    # A card that was there before our first release is its author's own text, all of it.
    theirs = own_text_of(remote_body) if there.contents or OWN_START in remote_body else remote_body.strip()
    own_merged = merge_own_text(own, theirs, previous.own_text if previous else None)
    renamed = body
    for name in sorted({str(entry["hf_hub_url"]) for entry in entries.values() if "hf_hub_url" in entry} - {repo}):
        renamed = _renamed(renamed, merged, name, repo)
    sections = [_survivors_section(outline, survivors), changes]
    if merged == front and own == own_merged and renamed == body and not any(sections):
        return text.encode()
    head = front_text(merged, text, there.card)
    return with_body(head, renamed, sections, own_merged).encode()


def _training(local: VerifiedFolder, entries: Mapping[str, Any], repo: str) -> dict[str, bytes]:
    """The trainers' files that name another repository than the one that is pushed to, with its name instead."""
    names = {str(entry["hf_hub_url"]) for entry in entries.values() if "hf_hub_url" in entry} - {repo}
    documents = {}
    for path in local.contents.companions:
        if names and path.startswith(f"{TRAINING}/"):
            text = local.read(path).decode()
            for name in sorted(names):
                text = text.replace(name, repo)
            documents[path] = text.encode()
    return documents


def _renamed(body: str, front: dict[str, object], name: str, repo: str) -> str:
    """The body of a card that was written for another repository; its title in `front` is changed in place."""
    title, new_title = name.rpartition("/")[2], repo.rpartition("/")[2]
    if front.get("pretty_name") == title:
        front["pretty_name"] = new_title
    return body.replace(f"\n# {title}\n", f"\n# {new_title}\n", 1).replace(name, repo)


def _survivors_section(contents: Contents, survivors: tuple[str, ...]) -> str:
    if not survivors:
        return ""
    lines = ["## Also in this repository", "", "Configs of earlier releases, as they were.", ""]
    lines += ["| config | rows | rewritten | ratio | position | seed |", "| --- | ---: | ---: | ---: | --- | ---: |"]
    for name in survivors:
        recipe = contents.recipe(name)
        rows, rewritten = contents.rows(name), contents.counts(name).rewritten
        told = (recipe.get(key, "") for key in ("ratio", "position", "seed"))
        lines.append(f"| `{name}` | {rows} | {rewritten} | {' | '.join(map(str, told))} |")
    return "\n".join(lines)


def _refuse_strangers(card: bytes, manifest: Contents, there: Snapshot, stale: set[str]) -> None:
    """A loader would read a stranger's shard along with ours, and nobody but its owner may remove it."""
    patterns = list(data_patterns(split_card(card.decode(), "the release")[0], manifest.configs))
    known = set(manifest.files) | stale
    for path in sorted(set(there.files) - known):
        if any(fnmatchcase(path, pattern) for pattern in patterns):
            raise PublishError(
                f"the repository holds {path}, which no release of lomo_hf wrote and which would be read as part of "
                f"config {path.split('/')[0]!r}. Delete it there, or build the config under another name."
            )


def _record(path: str, documents: Mapping[str, bytes]) -> FileRecord:
    return FileRecord.of_bytes(path, documents[path])


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _git_oid(content: Path | bytes) -> str:
    data = content if isinstance(content, bytes) else content.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
