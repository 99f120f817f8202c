"""Publish a dataset folder as a release: everything or nothing, and the same command again goes on from there.

    verify the folder -> read the Hub -> plan -> send what it lacks -> one commit -> read back -> tag

Readers see the old release or the new one, never a mixture: content is sent ahead of one commit, which also brings
the card and the manifest and removes stale shards, and names the commit that it was planned on. Where a commit would
be too large, several go to a pull request, and its merge is that one moment. After any failure the Hub is read again
and planned for anew: a plan with nothing to do means that the commit landed.

A tag is never moved, so it is set last, on a commit that was read back. Where that cannot be, main is put back.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lomo_hf.dataset.card.text import own_text_of
from lomo_hf.dataset.publishing.committing import Brought, bring
from lomo_hf.dataset.publishing.options import PushOptions, PushReport
from lomo_hf.dataset.publishing.plan import make_plan
from lomo_hf.dataset.publishing.pull_requests import merge_release, propose, tidy
from lomo_hf.dataset.publishing.read_back import ReadBack, read_back
from lomo_hf.dataset.publishing.release import Release
from lomo_hf.dataset.publishing.snapshots import Previous, Snapshot, take_snapshot
from lomo_hf.dataset.publishing.undoing import put_main_back
from lomo_hf.dataset.publishing.versions import Version, latest, next_free
from lomo_hf.dataset.verifying import VerifiedFolder, verify_dataset
from lomo_hf.errors import IntegrityError, PublishError
from lomo_hf.hub.client import HubClient, RemoteRefs, RemoteRepo
from lomo_hf.hub.names import check_repo_id
from lomo_hf.hub.retry import Retrier
from lomo_hf.storage import Folder, locked

__all__ = ["push"]


def push(
    folder: str | Path,
    repo: str,
    tag: str,
    options: PushOptions | None = None,
    *,
    retrier: Retrier | None = None,
    notify: Callable[[str], None] = lambda step: None,
) -> PushReport:
    """Publish a dataset folder to `repo` as release `tag`. Running it again is harmless, and finishes what was begun.

    Args:
        folder: What `lomo build` left.
        repo: `org/name` on the Hub; made if there is none.
        tag: `vX.Y.Z`, higher than all before it.
        options: See `PushOptions`.
        retrier: How long to insist.
        notify: Called with a sentence whenever a step is done.

    Returns:
        What was done, and what was read back.

    Raises:
        IntegrityError: The folder is not what was built, a file of it changed meanwhile, or the Hub gives back
            something else than was sent. No tag is set then.
        PublishError: A name is wrong, the tag is taken, the Hub refuses, or its trouble does not pass.
        UsageError: `repo` or `tag` is not a name that it can have.

    >>> push("ds", "org/name", "1.0")
    Traceback (most recent call last):
    lomo_hf.errors.UsageError: tag must be vX.Y.Z with whole numbers; found '1.0'. Write something like v1.0.0.
    """
    repo, version, options = check_repo_id(repo), Version.parse(tag), options or PushOptions()
    local = _verified(folder, notify)
    notify(f"verified {len(local.contents.files)} files, {local.size:,} bytes")
    hub = HubClient(repo, retrier or Retrier(notify=notify))
    there = hub.look()
    if there and there.name != hub.repo:
        notify(f"{hub.repo} is {there.name} by now, and goes by that name")
        hub = HubClient(check_repo_id(there.name), hub.retrier, hub.api)
    refs = hub.refs() if there else RemoteRefs()
    release = Release(local, hub, version, _previous(hub, refs, version), options, notify)
    if release.tag in refs.tags:
        return _published(release, refs)
    _check_allowed(release, refs, there)
    plan = release.plan_on(release.at("main")) if there else make_plan(local, None, None, hub.repo)
    report = PushReport(hub.repo, release.tag, plan, release.previous.tag if release.previous else None)
    if options.dry_run:
        return report
    if not hub.has_token():
        raise PublishError("publishing needs a token of the Hub; found none. Log in with `hf auth login`.")
    if there is None:
        _create(hub, options)
        notify(f"created {hub.repo}")
    return _propose(release, report) if options.create_pr else _publish(release, report, refs)


def _verified(folder: str | Path, notify: Callable[[str], None]) -> VerifiedFolder:
    """The folder, which nobody changes while it is read: a build that is at work there is waited for."""
    if not Path(folder).is_dir():
        return verify_dataset(folder)
    with locked(Folder(folder), notify, reading=True):
        return verify_dataset(folder).holding_small_files()


def _previous(hub: HubClient, refs: RemoteRefs, version: Version) -> Previous | None:
    tag = latest(refs.tags, below=version)
    if tag is None:
        return None
    before = take_snapshot(hub, refs.tags[str(tag)])
    return Previous(str(tag), before.contents, own_text_of(before.card))


def _check_allowed(release: Release, refs: RemoteRefs, there: RemoteRepo | None) -> None:
    """Refuse what cannot become a release of this repository, before anything is sent."""
    highest = latest(refs.tags)
    if highest and highest > release.version:
        raise PublishError(
            f"tag must be above {highest}, the latest; found {release.tag}. Next free: {next_free(refs.tags)}."
        )
    if there and release.options.private and not there.private:
        raise PublishError(
            f"{release.hub.repo} is public; --private would not change that. Change it on the Hub first."
        )


def _create(hub: HubClient, options: PushOptions) -> None:
    hub.create(private=options.private)
    if hub.look() is None:
        raise PublishError(
            f"{hub.repo} exists, and you may not see it. Log in with `hf auth login`, with a token that may write to "
            "it, or name another."
        )


def _published(release: Release, refs: RemoteRefs) -> PushReport:
    """The tag is there: either this very release, or something else that it will for ever be."""
    release.check_tag()
    there = release.at(release.tag)
    release.notify(f"{release.tag} is already published")
    previous = release.previous.tag if release.previous else None
    report = PushReport(release.hub.repo, release.tag, release.plan_on(there), previous, there.commit, True)
    if release.options.dry_run:
        return report
    if refs.pull_requests and release.hub.has_token():
        tidy(release)
    return replace(report, read_back=_read_back(release, there))


def _propose(release: Release, report: PushReport) -> PushReport:
    """Leave a pull request for review."""
    if report.plan.is_done:
        release.notify("main holds this release already; without create_pr the same push tags it")
        return replace(report, commit=report.plan.base)
    proposed = propose(release)
    _tell(release, proposed.read_back)
    return replace(report, commit=proposed.there.commit, pull_request=proposed.number, read_back=proposed.read_back)


def _publish(release: Release, report: PushReport, refs: RemoteRefs) -> PushReport:
    """Bring the release to main, read it back, and tag it."""
    large = report.plan.steps > release.options.max_commit_files
    brought, given_back = merge_release(release) if large else _commit(release)
    if large:
        _tell(release, given_back)
    commit = _tag(release, report, brought)
    if large or refs.pull_requests:
        tidy(release)
    return replace(report, commit=commit, tagged=True, read_back=replace(given_back, commit=commit))


def _commit(release: Release) -> tuple[Brought, ReadBack]:
    """Bring the release to main in one commit, and read it back there."""
    brought = bring(release, "main")
    try:
        if brought.left_out:
            raise IntegrityError(
                f"{release.hub.repo} at {brought.there.commit[:8]} lacks {brought.left_out[0]}, which was committed."
            )
        return brought, _read_back(release, brought.there, remedy="")
    except IntegrityError as error:
        main = put_main_back(release, brought)
        raise IntegrityError(f"{error} {release.tag} is not set. {main} Push again.") from error


def _tag(release: Release, report: PushReport, brought: Brought) -> str:
    """Tag what was brought; returns the commit that the tag names, which another push of this very release may have
    set."""
    text = report.plan.changes or release.title
    named = release.hub.tag(release.tag, brought.there.commit, text)
    if named != brought.there.commit and not release.is_at(release.at(release.tag)):
        main = put_main_back(release, brought)
        raise PublishError(release.taken(next_free(release.hub.refs().tags), main))
    release.notify(f"tagged {release.tag}")
    return named


def _read_back(release: Release, there: Snapshot, remedy: str = "Push again.") -> ReadBack:
    given_back = read_back(release.hub, there, release.local, release.options.download_up_to, remedy=remedy)
    _tell(release, given_back)
    return given_back


def _tell(release: Release, given_back: ReadBack) -> None:
    release.notify(f"read back {given_back.files} files, {given_back.bytes_read:,} bytes; every config and view loads")
