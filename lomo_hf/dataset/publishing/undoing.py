"""Main is put back where a release of ours may not stay: the tag went to another, or the Hub gives back another.

One commit that undoes ours, and nothing that anybody else has done.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from lomo_hf.dataset.publishing.committing import Brought
from lomo_hf.dataset.publishing.release import Release
from lomo_hf.dataset.publishing.snapshots import Snapshot
from lomo_hf.errors import PublishError
from lomo_hf.hub.client import RemoteCommit, RemoteFile, RemoteRefs
from lomo_hf.hub.retry import trouble_of

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete

__all__ = ["put_main_back"]

_UNDO = "Undo "


def put_main_back(release: Release, brought: Brought) -> str:
    """Undo what this push brought to main, unless somebody has committed or tagged there since.

    Args:
        release: What was pushed.
        brought: Where it is on main, and what main held before.

    Returns:
        A sentence that says what main holds now.
    """
    try:
        return _put_back(release, brought)
    except PublishError as error:
        return f"Main holds it without a tag and could not be put back ({error})."


def _put_back(release: Release, brought: Brought) -> str:
    before = brought.before or _before(release, brought.there)
    if before is None:
        return "Main holds it without a tag."
    refs = release.hub.refs()
    named = [tag for tag, commit in refs.tags.items() if commit == brought.there.commit]
    if named:
        return f"Main is {named[0]}."
    good, paths = _goal(release, brought, before, refs)
    attempt = 1
    while True:
        main = release.commit_at("main")
        operations = _operations(release, paths, release.hub.files(main), good)
        if not operations:
            return f"Main is put back to {_name(good, refs)}, which it held before."
        if main != brought.there.commit:
            return "Somebody has committed to main since, so it is left as it is."
        try:
            release.hub.commit(operations, revision="main", parent=main, title=f"{_UNDO}{release.title}", text="")
        except Exception as error:
            if trouble_of(error) is None:
                raise
            release.hub.retrier.wait(f"putting main of {release.hub.repo} back", error, attempt)
            attempt += 1


def _before(release: Release, there: Snapshot) -> Snapshot | None:
    """What main held before an earlier run of this push, which was stopped, brought the release; None where somebody
    has committed since."""
    history = release.hub.history(there.commit)
    first = next((number for number, commit in enumerate(history) if not _is_ours(release, commit)), 0)
    return release.at(history[first].id) if first else None


def _is_ours(release: Release, commit: RemoteCommit) -> bool:
    return commit.title.startswith((release.title, _UNDO))


def _goal(release: Release, brought: Brought, before: Snapshot, refs: RemoteRefs) -> tuple[Snapshot, Collection[str]]:
    """What main shall hold again, and the paths that have to be as they are there."""
    winner = refs.tags.get(release.tag)
    for commit in release.hub.history(brought.there.commit):
        if commit.id == winner:  # between it and ours are only others that lost as well
            good = release.at(release.tag)
            return good, {*good.files, *brought.there.files}
        if not _is_ours(release, commit):
            break
    return before, release.plan_on(before).touched


def _operations(
    release: Release, paths: Collection[str], listing: Mapping[str, RemoteFile], good: Snapshot
) -> "list[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete]":
    """What makes files as they are in `good`. A small one is read and compared here: the Hub's client, which copies it
    so as well, would take any answer for its bytes."""
    from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete

    operations: list[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete] = []
    for path in sorted(paths):
        file = good.files.get(path)
        if file == listing.get(path):
            continue
        if file is None:
            operations.append(CommitOperationDelete(path, is_folder=False))
        elif file.sha256:
            operations.append(CommitOperationCopy(path, path, src_revision=good.commit))
        else:
            operations.append(CommitOperationAdd(path, release.hub.read(path, good.commit, file)))
    return operations


def _name(there: Snapshot, refs: RemoteRefs) -> str:
    return next((tag for tag, commit in refs.tags.items() if commit == there.commit), there.commit[:8])
