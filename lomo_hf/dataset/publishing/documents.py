"""The documents that a release brings: manifest, LLaMA-Factory's entries and card, merged with what is on the Hub."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lomo_hf.dataset.card.text import OWN_START, own_text_of
from lomo_hf.dataset.card.training import TRAINING
from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.layout import CARD, LLAMAFACTORY, MANIFEST
from lomo_hf.dataset.manifest import sealed
from lomo_hf.dataset.publishing.changes import changes_section
from lomo_hf.dataset.publishing.merging import (
    front_text,
    merge_entries,
    merge_front,
    merge_manifest,
    merge_own_text,
    split_card,
    with_body,
)
from lomo_hf.dataset.publishing.snapshots import Previous, Snapshot
from lomo_hf.dataset.verifying import VerifiedFolder
from lomo_hf.errors import IntegrityError
from lomo_hf.storage.documents import mapped, parse, record, text
from lomo_hf.storage.records import FileRecord

__all__ = ["Documents", "write_documents"]


@dataclass(frozen=True)
class Documents:
    """What is written anew for a release.

    Attributes:
        files: The bytes of each document, by path; the manifest comes last.
        manifest: What the published manifest lists.
        survivors: Configs in the repository that the folder does not have.
        changes: The card's section on what changed since the previous release; empty for a first one.
    """

    files: Mapping[str, bytes]
    manifest: Contents
    survivors: tuple[str, ...]
    changes: str


def write_documents(
    local: VerifiedFolder, remote: Snapshot, previous: Previous | None, repo: str, stale: set[str]
) -> Documents:
    """The documents of a folder's release on top of what a repository holds.

    Args:
        local: The folder.
        remote: The repository; without files where there is none yet.
        previous: The release before.
        repo: `org/name`, for the card and the entries.
        stale: Paths in the repository that the release removes.

    Returns:
        Where nothing on the Hub matters, the folder's own documents, byte for byte.

    Raises:
        IntegrityError: A document of the folder is not as it was verified, or not one that lomo_hf wrote.
        PublishError: A card's front matter cannot be read.
    """
    merged = merge_manifest(local.contents, remote.contents, set(remote.files) - stale)
    outline = Contents.parse(json.dumps(merged), repo)
    survivors = tuple(name for name in outline.configs if name not in local.contents.configs)
    changes = ""
    if previous and previous.contents:
        changes = changes_section(previous.tag, previous.contents, outline)
    entries = _own_entries(local)
    sections = [_survivors_section(outline, survivors), changes]
    files = {
        LLAMAFACTORY: _entries(local, merge_entries(entries, remote.entries, repo)),
        CARD: _card(local, remote, previous, repo, sections, entries),
        **_training(local, entries, repo),
    }
    merged["files"] = [
        FileRecord.of_bytes(file["path"], files[file["path"]]).to_dict() if file["path"] in files else file
        for file in merged["files"]
    ]
    manifest = sealed(merged)
    return Documents({**files, MANIFEST: manifest.encode()}, Contents.parse(manifest, repo), survivors, changes)


def _own_entries(local: VerifiedFolder) -> dict[str, Mapping[str, object]]:
    try:
        return dict(parse(local.read(LLAMAFACTORY), mapped(record({}, {"hf_hub_url": text}))))
    except IntegrityError as error:
        raise IntegrityError(f"{LLAMAFACTORY} is not one that lomo_hf wrote ({error}). Run `lomo card`.") from error


def _entries(local: VerifiedFolder, merged: Mapping[str, object]) -> bytes:
    before = local.read(LLAMAFACTORY)
    return before if json.loads(before) == merged else (json.dumps(merged, indent=2) + "\n").encode()


def _card(
    local: VerifiedFolder,
    remote: Snapshot,
    previous: Previous | None,
    repo: str,
    sections: Sequence[str],
    entries: Mapping[str, Mapping[str, object]],
) -> bytes:
    card = local.read(CARD).decode()
    front, body = split_card(card, repr(local.folder.name))
    remote_front, remote_body = split_card(remote.card, repo)
    merged = merge_front(front, remote_front, local.contents.configs)
    own = own_text_of(body)
    # A card that was there before our first release is its author's own text, all of it.
    theirs = own_text_of(remote_body) if remote.contents or OWN_START in remote_body else remote_body.strip()
    own_merged = merge_own_text(own, theirs, previous.own_text if previous else None)
    renamed = body
    for name in _other_names(entries, repo):
        merged, renamed = _renamed(merged, renamed, name, repo)
    if merged == front and own == own_merged and renamed == body and not any(sections):
        return card.encode()
    return with_body(front_text(merged, card, remote.card), renamed, sections, own_merged).encode()


def _training(local: VerifiedFolder, entries: Mapping[str, Mapping[str, object]], repo: str) -> dict[str, bytes]:
    """The trainers' files that name another repository than the one that is pushed to, with its name instead."""
    names = _other_names(entries, repo)
    files = {}
    for path in local.contents.companions:
        if names and path.startswith(f"{TRAINING}/"):
            content = local.read(path).decode()
            for name in names:
                content = content.replace(name, repo)
            files[path] = content.encode()
    return files


def _other_names(entries: Mapping[str, Mapping[str, object]], repo: str) -> list[str]:
    """The repositories for which the folder was written, but for the one that is pushed to."""
    return sorted({str(entry["hf_hub_url"]) for entry in entries.values() if "hf_hub_url" in entry} - {repo})


def _renamed(front: dict[str, object], body: str, name: str, repo: str) -> tuple[dict[str, object], str]:
    """A card that was written for the repository `name`, for another."""
    title, new_title = name.rpartition("/")[2], repo.rpartition("/")[2]
    if front.get("pretty_name") == title:
        front = {**front, "pretty_name": new_title}
    return front, body.replace(f"\n# {title}\n", f"\n# {new_title}\n", 1).replace(name, repo)


def _survivors_section(contents: Contents, survivors: tuple[str, ...]) -> str:
    if not survivors:
        return ""
    lines = ["## Also in this repository", "", "Configs of earlier releases, as they were.", ""]
    lines += ["| config | rows | rewritten | ratio | position | seed |", "| --- | ---: | ---: | ---: | --- | ---: |"]
    for name in survivors:
        recipe = contents.recipe(name)
        rows, rewritten = contents.rows(name), contents.counts(name).rewritten
        settings = (recipe.get(key, "") for key in ("ratio", "position", "seed"))
        lines.append(f"| `{name}` | {rows} | {rewritten} | {' | '.join(map(str, settings))} |")
    return "\n".join(lines)
