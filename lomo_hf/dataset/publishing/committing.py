"""Committing until a branch or a pull request holds the release, whatever happens in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lomo_hf.dataset.publishing.plan import Addition, Plan, is_there
from lomo_hf.dataset.publishing.release import Release
from lomo_hf.dataset.publishing.sending import Sender
from lomo_hf.dataset.publishing.snapshots import Snapshot
from lomo_hf.hub.client import RemoteFile
from lomo_hf.hub.retry import AnswerError, trouble_of

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

__all__ = ["Brought", "bring"]

_LOST = "LFS pointer pointed to a file that does not exist"


@dataclass(frozen=True)
class Brought:
    """A release in the repository.

    Attributes:
        there: The commit that holds it; without its documents where something was left out.
        before: What the same ref held before the last commit of this push; None where there was nothing to bring.
        left_out: What the Hub did otherwise than a commit says, without a word.
    """

    there: Snapshot
    before: Snapshot | None
    left_out: tuple[str, ...] = ()


def bring(release: Release, ref: str, limit: int | None = None) -> Brought:
    """Commit to a ref until it holds the release. A failed commit is looked for, not repeated blindly, and somebody
    else's commit in between is built upon.

    Args:
        release: What to commit.
        ref: "main", or the ref of a pull request.
        limit: How many files a commit may touch; None makes one commit of all.

    Raises:
        IntegrityError: A file is not what was verified.
        PublishError: The Hub refuses, its trouble does not pass, or the tag is another release by now.
    """
    sender, attempt = Sender(release, ref), 1
    before: Snapshot | None = None
    while True:
        there = release.at(ref)
        plan = release.plan_on(there)
        if plan.is_done:
            return Brought(there, before)
        additions, deletions = _portion(plan, limit)
        before = there
        try:
            operations: list[CommitOperationAdd | CommitOperationDelete] = [
                *sender.send(additions),
                *_removals(deletions),
            ]
            release.check_tag()  # sending may have taken hours
            commit = release.hub.commit(
                operations, revision=ref, parent=there.commit, title=release.title, text=plan.changes
            )
        except Exception as error:
            trouble = trouble_of(error)
            if trouble is None:
                raise
            if trouble.status == 400 and _LOST in str(error):  # somebody else took in what was sent; send it again
                error, sender = AnswerError("the Hub lacks what was sent to it"), Sender(release, ref)
            release.hub.retrier.wait(f"committing to {release.hub.repo}", error, attempt)
            attempt += 1
        else:
            release.notify(f"committed {len(operations)} changes to {ref}")
            listing = release.hub.files(commit)
            left_out = _left_out(release, additions, deletions, listing)
            if left_out:  # it would be left out of the next commit as well, and of all that follow
                return Brought(Snapshot(commit, listing), before, left_out)
            # An operation serves one commit only; what follows needs new ones.
            sender, attempt = Sender(release, ref), 1


def _left_out(
    release: Release, additions: Sequence[Addition], deletions: Sequence[str], listing: Mapping[str, RemoteFile]
) -> tuple[str, ...]:
    """What a commit was to do, and has not done."""
    missing = [addition.path for addition in additions if not is_there(addition, release.local, listing)]
    return (*missing, *(path for path in deletions if path in listing))


def _portion(plan: Plan, limit: int | None) -> tuple[Sequence[Addition], list[str]]:
    """What the next commit does. The last one brings the documents, of which the manifest lists no removed file."""
    if limit is None or plan.steps <= limit:
        return plan.additions, list(plan.deletions)
    if len(plan.additions) > limit:
        return plan.additions[:limit], []
    return [], list(plan.deletions)[:limit]


def _removals(paths: Sequence[str]) -> "list[CommitOperationDelete]":
    from huggingface_hub import CommitOperationDelete

    return [CommitOperationDelete(path, is_folder=False) for path in paths]
