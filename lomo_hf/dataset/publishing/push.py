"""Publish a dataset folder as a release: everything or nothing, and the same command again goes on from there.

    verify the folder -> read the Hub -> plan -> send what it lacks -> one commit -> tag -> read back

Readers see the old release or the new one, never a mixture: content is sent ahead of one commit, which also brings
the card and the manifest and removes stale shards, and names the commit that it was planned on. Where a commit would
be too large, several go to a pull request, and its merge is that one moment. After any failure the Hub is read again
and planned for anew: a plan with nothing to do means that the commit landed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lomo_hf.dataset.card.text import own_text_of
from lomo_hf.dataset.layout import MANIFEST
from lomo_hf.dataset.publishing.plan import Addition, Plan, Previous, Snapshot, make_plan
from lomo_hf.dataset.publishing.read_back import ReadBack, read_back
from lomo_hf.dataset.publishing.snapshots import take_snapshot
from lomo_hf.dataset.publishing.versions import Version, latest, next_free
from lomo_hf.dataset.verifying import VerifiedFolder, verify_dataset
from lomo_hf.errors import PublishError
from lomo_hf.hub.client import HubClient, RemoteRefs
from lomo_hf.hub.names import check_repo_id
from lomo_hf.hub.retry import Retrier, trouble_of
from lomo_hf.storage import Folder, locked

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

__all__ = ["PushOptions", "PushReport", "push"]


_TITLE = "Release "


@dataclass(frozen=True)
class PushOptions:
    """How to push.

    Attributes:
        private: Make a new repository private; one that exists must be.
        create_pr: Leave the release as a pull request for review: no merge, no tag.
        dry_run: Only plan.
        max_commit_files: A release that touches more files goes through a pull request; the Hub's documentation
            advises 50 to 100 a commit, since it gives up after 60 seconds.
        batch_files, batch_bytes: After how much a sending is noted.
        download_up_to: Read all bytes back from the Hub where they are at most this many; above, sizes, hashes as the
            Hub lists them, and rows are compared.
    """

    private: bool = False
    create_pr: bool = False
    dry_run: bool = False
    max_commit_files: int = 100
    batch_files: int = 50
    batch_bytes: int = 1 << 30
    download_up_to: int = 256 << 20


@dataclass(frozen=True)
class PushReport:
    """What a push did.

    Attributes:
        plan: What it set out to do; with a dry run, all there is.
        commit: The commit of the release.
        tagged: Whether the tag names it.
        pull_request: The number of the pull request that waits for a review.
        found: What was read back.
    """

    repo: str
    tag: str
    plan: Plan
    previous: str | None = None
    commit: str | None = None
    tagged: bool = False
    pull_request: int | None = None
    found: ReadBack | None = None


def push(
    folder: str | Path,
    repo: str,
    tag: str,
    options: PushOptions | None = None,
    *,
    retrier: Retrier | None = None,
    notify: Callable[[str], None] = lambda said: None,
) -> PushReport:
    """Publish a dataset folder to `repo` as release `tag`. Running it again is harmless, and finishes what was begun.

    Args:
        folder: What `lomo build` left.
        repo: `org/name` on the Hub; made if there is none.
        tag: `vX.Y.Z`, higher than all before it.
        options: See `PushOptions`.
        retrier: How long to insist.
        notify: Called with a sentence whenever a step is done.

    Raises:
        IntegrityError: The folder is not what was built, or the Hub gives back something else than was sent.
        PublishError: A name is wrong, the tag is taken, the Hub refuses, or its trouble does not pass.
    """
    return _Push(folder, check_repo_id(repo), Version.parse(tag), options or PushOptions(), retrier, notify).run()


@dataclass
class _Push:
    folder: str | Path
    repo: str
    version: Version
    options: PushOptions
    retrier: Retrier | None
    notify: Callable[[str], None]
    _operations: "dict[str, CommitOperationAdd]" = field(default_factory=dict)
    _seen: dict[str, Snapshot] = field(default_factory=dict)
    _plans: dict[str, Plan] = field(default_factory=dict)

    def run(self) -> PushReport:
        self.local: VerifiedFolder = self._verified()
        self.notify(f"verified {len(self.local.contents.files)} files, {self.local.size:,} bytes")
        self.hub = HubClient(self.repo, self.retrier or Retrier(notify=self.notify))
        there = self.hub.look()
        self.refs = self.hub.refs() if there else RemoteRefs()
        tags = self.refs.tags
        tag, previous = str(self.version), latest(tags, below=self.version)
        self.previous: Previous | None = None
        if previous:
            before = self._snapshot(str(previous))
            self.previous = Previous(str(previous), before.contents, own_text_of(before.card))
        if tag in tags:
            return self._again(tag)
        highest = latest(tags)
        if highest and highest > self.version:
            raise PublishError(f"tag must be above {highest}, the latest; found {tag}. Next free: {next_free(tags)}.")
        if there and self.options.private and not there.private:
            raise PublishError(f"{self.repo} is public; --private would not change that. Change it on the Hub first.")
        plan = self._plan("main") if there else make_plan(self.local, None, None, self.repo)
        report = PushReport(self.repo, tag, plan, previous=str(previous) if previous else None)
        if self.options.dry_run:
            return report
        self._check_login()
        if there is None:
            self.hub.create(private=self.options.private)
            self.notify(f"created {self.repo}")
        return self._publish(report)

    def _publish(self, report: PushReport) -> PushReport:
        if report.plan.is_done and self.options.create_pr:
            self.notify("main holds this release already; without create_pr the same push tags it")
            return PushReport(**{**vars(report), "commit": report.plan.base})
        number = None
        if not report.plan.is_done and (self.options.create_pr or report.plan.steps > self.options.max_commit_files):
            number, commit = self._through_pull_request()
        else:
            commit = self._bring("main")
        if number is not None and self.options.create_pr:
            found = self._read_back(f"refs/pr/{number}")
            return PushReport(**{**vars(report), "commit": commit, "pull_request": number, "found": found})
        commit = self._tag(report, commit)
        if number is not None or self.refs.pull_requests:
            self._tidy()
        return PushReport(**{**vars(report), "commit": commit, "tagged": True, "found": self._read_back(report.tag)})

    def _again(self, tag: str) -> PushReport:
        """The tag is there: either this very release, or something else that it will for ever be."""
        self._check_tag()
        plan = self._plan(tag)
        self.notify(f"{tag} is already published")
        if self.refs.pull_requests and not self.options.dry_run and self._is_logged_in():
            self._tidy()
        found = None if self.options.dry_run else self._read_back(tag)
        previous = self.previous.tag if self.previous else None
        return PushReport(self.repo, tag, plan, previous, plan.base, True, None, found)

    def _tag(self, report: PushReport, commit: str) -> str:
        """Tag a commit; returns the one that the tag names, which another push of this very release may have set."""
        named = self.hub.tag(report.tag, commit, report.plan.changes or self._title)
        if named != commit:
            self._check_tag()
        self.notify(f"tagged {report.tag}")
        return named

    def _check_tag(self) -> None:
        """Refuse to go on if the tag is another release, be it since another push that was faster."""
        tag, tags = str(self.version), self.hub.refs().tags
        if tag in tags and not self._plan(tag).is_done:
            raise PublishError(
                f"tag {tag} of {self.repo} is another release, and a tag is never moved. "
                f"Push this one as {next_free(tags)}."
            )

    def _plan(self, revision: str) -> Plan:
        there = self._snapshot(revision)
        if there.commit not in self._plans:
            self._plans[there.commit] = make_plan(self.local, there, self.previous, self.repo)
        return self._plans[there.commit]

    def _snapshot(self, revision: str) -> Snapshot:
        """What a revision names now; the content of a commit never changes, so each is read once."""
        there = self.hub.look(revision)
        if there is None:
            raise PublishError(f"{self.repo} has no revision {revision!r} any more. Push again.")
        if there.commit not in self._seen:
            self._seen[there.commit] = take_snapshot(self.hub, there.commit)
        return self._seen[there.commit]

    def _check_login(self) -> None:
        if not self._is_logged_in():
            raise PublishError("publishing needs a token of the Hub; found none. Log in with `hf auth login`.")

    @staticmethod
    def _is_logged_in() -> bool:
        from huggingface_hub import get_token

        return get_token() is not None

    def _verified(self) -> VerifiedFolder:
        """The folder, which nobody changes while it is read: a build that is at work there is waited for."""
        if not Path(self.folder).is_dir():
            return verify_dataset(self.folder)
        with locked(Folder(self.folder), self.notify, reading=True):
            return verify_dataset(self.folder)

    # ---- committing ---------------------------------------------------------------------------------------------

    def _bring(self, ref: str, limit: int | None = None) -> str:
        """Commit to a ref until it holds the release; returns its commit. A failed commit is looked for, not repeated
        blindly, and someone else's commit in between is built upon."""
        attempt = 1
        while True:
            plan = self._plan(ref)
            if plan.is_done or plan.base is None:
                return plan.base or ""
            additions, deletions = _portion(plan, limit)
            try:
                operations: list[CommitOperationAdd | CommitOperationDelete] = [*self._send(additions, ref)]
                operations += _removals(deletions)
                self.hub.commit(operations, revision=ref, parent=plan.base, title=self._title, text=plan.changes)
            except Exception as error:
                if trouble_of(error) is None:
                    raise
                self.hub.retrier.wait(f"committing to {self.repo}", error, attempt)
                self._check_tag()
                attempt += 1
            else:
                attempt = 1
                # An operation serves one commit only; a release that starts over needs new ones.
                self._operations.clear()
                self.notify(f"committed {len(operations)} changes to {ref}")

    def _send(self, additions: Sequence[Addition], ref: str) -> "list[CommitOperationAdd]":
        """Send content ahead of the commit, batch by batch; what the Hub has is not sent again."""
        operations = [self._operation(one) for one in additions]
        done, total = 0, sum(one.size for one in additions)
        for batch in _batches(additions, self.options.batch_files, self.options.batch_bytes):
            part = operations[batch.start : batch.stop]
            self.hub.upload(part, revision=ref, create_pr=self.options.create_pr)
            done += sum(one.size for one in additions[batch.start : batch.stop])
            self.notify(f"the Hub has {batch.stop} of {len(additions)} files, {done:,} of {total:,} bytes")
        return operations

    def _operation(self, addition: Addition) -> "CommitOperationAdd":
        """One object for each content, since it remembers that it was sent."""
        from huggingface_hub import CommitOperationAdd

        key = f"{addition.path} {addition.sha256}"
        if key not in self._operations:
            content = addition.content if isinstance(addition.content, bytes) else str(addition.content)
            operation = CommitOperationAdd(addition.path, content)
            operation.upload_info.sha256 = bytes.fromhex(addition.sha256)
            self._operations[key] = operation
        return self._operations[key]

    @property
    def _title(self) -> str:
        return f"{_TITLE}{self.version}"

    # ---- through a pull request ---------------------------------------------------------------------------------

    def _through_pull_request(self) -> tuple[int, str]:
        """Number and commit: of the merge, or of the pull request's head where it is left for review."""
        attempt = 1
        while True:
            number = self._pull_request()
            commit = self._bring(f"refs/pr/{number}", self.options.max_commit_files)
            if self.options.create_pr:
                return number, commit
            try:
                self._check_tag()
                return number, self._landed() or self._merge(number)
            except Exception as error:
                landed = self._landed()
                if landed:
                    return number, landed
                if trouble_of(error) is None:
                    raise
                self.hub.retrier.wait(f"merging pull request {number} of {self.repo}", error, attempt)
                attempt += 1

    def _landed(self) -> str | None:
        """The head of main if it holds the release: merged by a call whose answer was lost, or by another push."""
        plan = self._plan("main")
        return plan.base if plan.is_done else None

    def _pull_request(self) -> int:
        """A pull request that stands on the present head: the one of an earlier attempt, or a new one."""
        earlier = [number for number, title in self.hub.own_pull_requests().items() if title == self._title]
        if earlier:
            number = max(earlier)
            if self._is_ours(f"refs/pr/{number}"):
                return number
            self._close(number)
        return self.hub.open_pull_request(self._title, "A release by `lomo push`.")

    def _close(self, number: int) -> None:
        self.hub.set_pull_request(number, "closed")
        self.notify(f"closed pull request {number}, which an earlier attempt left")

    def _tidy(self) -> None:
        """Close what earlier attempts at this release left open, and tell of those at others. The release is out by
        now, so trouble with that is told and no more."""
        try:
            for number, title in self.hub.own_pull_requests().items():
                if title == self._title:
                    self._close(number)
                elif title.startswith(_TITLE):
                    self.notify(f"pull request {number}, {title!r}, is still open; close it if nobody waits for it")
        except PublishError as error:
            self.notify(f"pull requests of earlier attempts may be open: {error}")

    def _is_ours(self, ref: str) -> bool:
        """Whether a ref is main with nothing added but files of this very release."""
        head = self._snapshot("main")
        if not self.hub.is_ancestor(head.commit, ref):
            return False
        added = set(self._snapshot(ref).files) - set(head.files)
        return added <= {*self._plan("main").manifest.files, MANIFEST}

    def _merge(self, number: int) -> str:
        status, merged = self.hub.pull_request(number)
        if status == "draft":
            self.hub.set_pull_request(number, "open")
        if status != "merged":
            self.hub.merge_pull_request(number)
            self.notify(f"merged pull request {number}")
            status, merged = self.hub.pull_request(number)
        commit = merged
        if commit is None:
            head = self.hub.look()
            commit = head.commit if head else None
        if status != "merged" or commit is None:
            raise PublishError(f"pull request {number} of {self.repo} is {status} instead of merged. Push again.")
        return commit

    # ---- afterwards ---------------------------------------------------------------------------------------------

    def _read_back(self, revision: str) -> ReadBack:
        found = read_back(self.hub, self._snapshot(revision), self.local, download_up_to=self.options.download_up_to)
        self.notify(f"read back {found.files} files, {found.bytes_read:,} bytes; every config and view loads")
        return found


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


def _batches(additions: Sequence[Addition], files: int, size: int) -> Iterator[range]:
    start = weight = 0
    for index, addition in enumerate(additions):
        if index > start and (index - start >= files or weight + addition.size > size):
            yield range(start, index)
            start, weight = index, 0
        weight += addition.size
    if start < len(additions):
        yield range(start, len(additions))
