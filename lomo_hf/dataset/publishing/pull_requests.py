"""The way of a large release, and of one for review: commits to a pull request, read back before it is merged."""

from dataclasses import dataclass

from lomo_hf.dataset.layout import MANIFEST
from lomo_hf.dataset.publishing.committing import Brought, bring
from lomo_hf.dataset.publishing.read_back import ReadBack, read_back
from lomo_hf.dataset.publishing.release import TITLE, Release
from lomo_hf.dataset.publishing.snapshots import Snapshot
from lomo_hf.errors import IntegrityError, PublishError
from lomo_hf.hub.retry import AnswerError, trouble_of

__all__ = ["Proposed", "merge_release", "propose", "tidy"]


@dataclass(frozen=True)
class Proposed:
    """A pull request that holds the release.

    Attributes:
        number: Its number.
        there: Its head.
        read_back: What was read back from it.
    """

    number: int
    there: Snapshot
    read_back: ReadBack


def propose(release: Release) -> Proposed:
    """Bring a release to a pull request, and read it back there.

    Raises:
        IntegrityError: A file is not what was verified, or the Hub gives back something else than was sent.
        PublishError: The Hub refuses, or its trouble does not pass.
    """
    number = _pull_request(release)
    brought = bring(release, f"refs/pr/{number}", release.options.max_commit_files)
    if brought.left_out:
        raise IntegrityError(
            f"pull request {number} of {release.hub.repo} lacks {brought.left_out[0]}, which was committed to it. "
            "It is not merged, and main is as it was. Push again."
        )
    try:
        given_back = read_back(release.hub, brought.there, release.local, release.options.download_up_to, remedy="")
    except IntegrityError as error:
        raise IntegrityError(
            f"pull request {number}: {error} It is not merged, and main is as it was. Close it, and push again."
        ) from error
    return Proposed(number, brought.there, given_back)


def merge_release(release: Release) -> tuple[Brought, ReadBack]:
    """Bring a release to main through a pull request.

    The files of the pull request are read back before the merge. Afterwards main lists the same ones, by hash.

    Raises:
        IntegrityError: A file is not what was verified, or the Hub gives back something else than was sent.
        PublishError: The Hub refuses, its trouble does not pass, or the tag is another release by now.
    """
    attempt = 1
    while True:
        proposed = propose(release)
        before = release.at("main")
        try:
            release.check_tag()
            if not release.plan_on(before).is_done:
                _merge(release, proposed.number)
        except Exception as error:
            if not _is_on_main(release):
                if trouble_of(error) is None:
                    raise
                release.hub.retrier.wait(
                    f"merging pull request {proposed.number} of {release.hub.repo}", error, attempt
                )
                attempt += 1
                continue
        there = release.at("main")
        if not release.plan_on(there).is_done:
            raise PublishError(
                f"pull request {proposed.number} of {release.hub.repo} was merged, and main does not hold the "
                f"release: {release.plan_on(there).touched[0]} is another. Push again."
            )
        return Brought(there, before if there.commit != before.commit else None), proposed.read_back


def tidy(release: Release) -> None:
    """Close what earlier attempts at this release left open, and name the pull requests of others. The release is out
    by now, so trouble with that is told and no more."""
    try:
        for number, title in release.hub.own_pull_requests().items():
            if title == release.title:
                _close(release, number)
            elif title.startswith(TITLE):
                release.notify(f"pull request {number}, {title!r}, is still open; close it if nobody waits for it")
    except PublishError as error:
        release.notify(f"pull requests of earlier attempts may be open: {error}")


def _pull_request(release: Release) -> int:
    """A pull request that stands on the present head: the one of an earlier attempt, or a new one."""
    earlier = [number for number, title in release.hub.own_pull_requests().items() if title == release.title]
    if earlier:
        number = max(earlier)
        if _is_ours(release, f"refs/pr/{number}"):
            return number
        _close(release, number)
    return release.hub.open_pull_request(release.title, "A release by `lomo push`.")


def _is_ours(release: Release, ref: str) -> bool:
    """Whether a ref is main with nothing added but files of this very release."""
    main = release.at("main")
    if main.commit not in {commit.id for commit in release.hub.history(ref)}:
        return False
    added = set(release.at(ref).files) - set(main.files)
    return added <= {*release.plan_on(main).manifest.files, MANIFEST}


def _close(release: Release, number: int) -> None:
    release.hub.set_pull_request(number, "closed")
    release.notify(f"closed pull request {number}, which an earlier attempt left")


def _is_on_main(release: Release) -> bool:
    """Whether main holds the release: merged by a call whose answer was lost, or by another push."""
    return release.plan_on(release.at("main")).is_done


def _merge(release: Release, number: int) -> None:
    status, _ = release.hub.pull_request(number)
    if status == "draft":
        release.hub.set_pull_request(number, "open")
    if status != "merged":
        release.hub.merge_pull_request(number)
        release.notify(f"merged pull request {number}")
        status, _ = release.hub.pull_request(number)
    if status in ("open", "draft"):  # the answer was none of the Hub's
        raise AnswerError(f"pull request {number} is {status} after it was merged")
    if status != "merged":
        raise PublishError(f"pull request {number} of {release.hub.repo} is {status} instead of merged. Push again.")
