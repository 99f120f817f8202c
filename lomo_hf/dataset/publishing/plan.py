"""What one commit has to do so that a repository holds a release: pure, from the folder and from what the Hub holds.

A plan made on the outcome of a plan has nothing to do. That is how publishing knows that a commit landed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial

from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.layout import AUDIT, CARD
from lomo_hf.dataset.publishing.documents import Documents, write_documents
from lomo_hf.dataset.publishing.merging import data_patterns, split_card
from lomo_hf.dataset.publishing.snapshots import Previous, Snapshot
from lomo_hf.dataset.verifying import VerifiedFolder
from lomo_hf.errors import PublishError
from lomo_hf.hub.client import RemoteFile
from lomo_hf.storage.records import FileRecord

__all__ = ["Addition", "Plan", "is_there", "make_plan"]


@dataclass(frozen=True)
class Addition:
    """A file to write: path, size and digest, and its content where it is not a file of the folder."""

    record: FileRecord
    content: bytes | None = None

    @property
    def path(self) -> str:
        """In the repository, and in the folder."""
        return self.record.path

    @property
    def size(self) -> int:
        """In bytes."""
        return self.record.bytes


@dataclass(frozen=True)
class Plan:
    """What to do on top of a commit.

    Attributes:
        base: The commit that the plan was made for; None where there is no repository yet.
        additions: Files to write, in the order in which they may be committed one after the other: shards and
            pictures, then card, entries and manifest.
        deletions: Files to remove, with their sizes; all of them of an earlier release of ours.
        kept: Files of the release that are already there, with their sizes.
        manifest: What the published manifest lists.
        survivors: Configs in the repository that the folder does not have.
        changes: The card's section on what changed since the previous release; empty for a first one.
    """

    base: str | None
    additions: tuple[Addition, ...]
    deletions: Mapping[str, int]
    kept: Mapping[str, int]
    manifest: Contents
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

    @property
    def touched(self) -> tuple[str, ...]:
        """The paths that a commit would write or remove."""
        return (*(addition.path for addition in self.additions), *self.deletions)


def make_plan(local: VerifiedFolder, there: Snapshot | None, previous: Previous | None, repo: str) -> Plan:
    """The plan for a verified folder and a repository as it is.

    Args:
        local: The folder.
        there: The repository; None where there is none yet.
        previous: The release before.
        repo: `org/name`.

    Raises:
        PublishError: The repository holds data that would be read as part of a config, and that is not ours.
        IntegrityError: A document of the folder is not as it was verified.
    """
    remote = there or Snapshot("", {})
    stale = _stale(local.contents, remote, previous)
    documents = write_documents(local, remote, previous, repo, stale)
    _refuse_strangers(documents, remote, stale)
    additions, kept = _compared(local, remote, documents)
    return Plan(
        there.commit if there else None,
        additions,
        {path: remote.files[path].size for path in sorted(stale)},
        kept,
        documents.manifest,
        documents.survivors,
        documents.changes,
    )


def _compared(
    local: VerifiedFolder, remote: Snapshot, documents: Documents
) -> tuple[tuple[Addition, ...], dict[str, int]]:
    """The files of a release that the repository lacks, and those that it holds; documents come last."""
    records = documents.manifest.files
    wanted = [Addition(records[path]) for path in local.contents.files if path not in documents.files]
    wanted += [Addition(FileRecord.of_bytes(path, data), data) for path, data in documents.files.items()]
    additions = tuple(addition for addition in wanted if not is_there(addition, local, remote.files))
    added = {addition.path for addition in additions}
    kept = {path: record.bytes for path, record in records.items() if path in remote.files and path not in added}
    return additions, kept


def is_there(addition: Addition, local: VerifiedFolder, listing: Mapping[str, RemoteFile]) -> bool:
    """Whether the Hub lists a file of a release, with its content.

    Args:
        addition: The file.
        local: The folder that is published.
        listing: What the Hub lists, by path.
    """
    listed = listing.get(addition.path)
    read = partial(_content, addition, local)
    return listed is not None and listed.holds(addition.size, addition.record.sha256, read)


def _content(addition: Addition, local: VerifiedFolder) -> bytes:
    return local.read(addition.path) if addition.content is None else addition.content


def _stale(local: Contents, there: Snapshot, previous: Previous | None) -> set[str]:
    """Files that an earlier manifest of ours lists for a config that is replaced, and that the new one does not."""
    earlier = [contents for contents in (there.contents, previous and previous.contents) if contents]
    listed = {path for contents in earlier for name in local.configs for path in contents.files_of(name)}
    return ((listed | _outdated_audit(local, there)) & set(there.files)) - set(local.files)


def _outdated_audit(local: Contents, there: Snapshot) -> set[str]:
    """The audit of the release before, as soon as one of the configs that it covers is another."""
    before = there.contents
    if before is None or AUDIT not in before.companions:
        return set()
    changed = any(local.files_of(name) != before.files_of(name) for name in local.configs if name in before.configs)
    return {AUDIT} if changed else set()


def _refuse_strangers(documents: Documents, there: Snapshot, stale: set[str]) -> None:
    """A loader would read somebody else's shard along with ours, and nobody but its owner may remove it."""
    front, _ = split_card(documents.files[CARD].decode(), "the release")
    patterns = list(data_patterns(front, documents.manifest.configs))
    known = set(documents.manifest.files) | stale
    for path in sorted(set(there.files) - known):
        if any(fnmatchcase(path, pattern) for pattern in patterns):
            raise PublishError(
                f"the repository holds {path}, which no release of lomo_hf wrote and which would be read as part of "
                f"config {path.split('/')[0]!r}. Delete it there, or build the config under another name."
            )
