"""One dataset repository on the Hub, as publishing sees it: few calls, each made again while its trouble may pass.

Authentication is huggingface_hub's own (`hf auth login`, HF_TOKEN) and never touched here. A commit and a merge are
the calls that are not made again here, because after a failure nobody knows whether they landed; see
`dataset.publishing`.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from lomo_hf.errors import LomoError, PublishError
from lomo_hf.hub.redaction import redact
from lomo_hf.hub.retry import AnswerError, Retrier, answer_within, api_answers, trouble_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
    from huggingface_hub.hf_api import DatasetInfo

__all__ = ["HubClient", "RemoteCommit", "RemoteFile", "RemoteRefs", "RemoteRepo"]

T = TypeVar("T")
_KIND = "dataset"
_COMMIT_ID = re.compile(r"[0-9a-f]{40}")
_LARGEST_READ = 64 << 20  # a manifest of a thousand shards is not a hundredth of it


@dataclass(frozen=True)
class RemoteRepo:
    """A repository at a revision.

    Attributes:
        commit: What the revision names.
        private: Whether only those see it who may.
        name: `org/name` as it is now; another than was asked for where the repository was renamed.
    """

    commit: str
    private: bool
    name: str


@dataclass(frozen=True)
class RemoteCommit:
    """A commit of a history: its id, and the first line of its message."""

    id: str
    title: str


@dataclass(frozen=True)
class RemoteRefs:
    """The tags with the commits that they name, and whether there ever was a pull request."""

    tags: Mapping[str, str] = field(default_factory=dict)
    pull_requests: bool = False


@dataclass(frozen=True)
class RemoteFile:
    """A file as the Hub lists it.

    Attributes:
        size: In bytes.
        sha256: Of its content, where it is in large file storage; None elsewhere.
        git_oid: Git's name for the blob; in large file storage, for the pointer to it.

    >>> RemoteFile(3, None, "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f").has_content(b"abc")
    True
    """

    size: int
    sha256: str | None
    git_oid: str

    def holds(self, size: int, sha256: str, read: "Callable[[], bytes]") -> bool:
        """Whether its content is the one with this size and digest.

        Args:
            size: In bytes.
            sha256: In hexadecimal digits.
            read: Gives that content; called only if the Hub lists no SHA-256 to compare.

        Returns:
            False as well if `read` gives something else than what the Hub lists.
        """
        if self.size != size:
            return False
        return self.sha256 == sha256 if self.sha256 else self.git_oid == _git_oid(read())

    def has_content(self, data: bytes) -> bool:
        """Whether these bytes are its content."""
        return self.holds(len(data), hashlib.sha256(data).hexdigest(), lambda: data)


class HubClient:
    """One dataset repository on the Hub.

    Every method may raise `PublishError`: the Hub refuses, or its trouble does not pass.

    Args:
        repo: `org/name`.
        retrier: How long to insist; counts the waits of all calls.
        api: The Hub's client; by default one for the Hub that huggingface_hub is set to.

    >>> HubClient("org/name", Retrier()).repo
    'org/name'
    """

    def __init__(self, repo: str, retrier: Retrier, api: "HfApi | None" = None) -> None:
        from huggingface_hub import HfApi

        self.repo, self.retrier = repo, retrier
        self.api = api or HfApi()

    def call(self, doing: str, action: "Callable[[], T]") -> T:
        """The result of a call of the Hub's clients, made again while its trouble may pass.

        Args:
            doing: What is done, for messages: "reading README.md of org/name".
            action: Makes the call and reads the answer; may be called several times.

        Raises:
            PublishError: The trouble does not pass.
        """

        def ask() -> T:
            with self._limits():
                return action()

        return self.retrier.call(doing, ask)

    def has_token(self) -> bool:
        """Whether calls are made in somebody's name."""
        from huggingface_hub import get_token

        return bool(self.api.token or get_token())

    # ---- reading ------------------------------------------------------------------------------------------------

    def look(self, revision: str | None = None) -> RemoteRepo | None:
        """What a revision names.

        Args:
            revision: A branch, tag, ref or commit; None is the head of main.

        Returns:
            None where there is no such revision, or no such repository that the caller may see.
        """
        from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

        def ask() -> RemoteRepo | None:
            try:
                return _repo(self.api.dataset_info(self.repo, revision=revision))
            except GatedRepoError:
                raise
            except (RepositoryNotFoundError, RevisionNotFoundError):
                return None

        return self.call(f"reading {self.repo}", ask)

    def refs(self) -> RemoteRefs:
        """All tags, and whether there ever was a pull request."""

        def ask() -> RemoteRefs:
            refs = self.api.list_repo_refs(self.repo, repo_type=_KIND, include_pull_requests=True)
            return RemoteRefs({tag.name: tag.target_commit for tag in refs.tags}, bool(refs.pull_requests))

        return self.call(f"reading the tags of {self.repo}", ask)

    def files(self, commit: str) -> dict[str, RemoteFile]:
        """Every file at a commit, by path."""
        from huggingface_hub.hf_api import RepoFile

        def ask() -> dict[str, RemoteFile]:
            entries = self.api.list_repo_tree(self.repo, recursive=True, revision=commit, repo_type=_KIND)
            return {
                entry.path: RemoteFile(entry.size, entry.lfs.sha256 if entry.lfs else None, entry.blob_id)
                for entry in entries
                if isinstance(entry, RepoFile)
            }

        return self.call(f"listing {self.repo}", ask)

    def read(self, path: str, commit: str, listed: RemoteFile) -> bytes:
        """The bytes of a small file at a commit, which are those that the Hub lists.

        Args:
            path: In the repository.
            commit: The commit.
            listed: The file as `files` lists it.
        """
        from huggingface_hub import get_session, hf_raise_for_status

        if listed.size > _LARGEST_READ:
            raise PublishError(
                f"{path} of {self.repo} has {listed.size:,} bytes, more than the {_LARGEST_READ:,} that are read. "
                "Remove it there first."
            )

        def ask() -> bytes:
            answer = get_session().get(self._url(path, commit), headers=self._headers(), follow_redirects=True)
            hf_raise_for_status(answer)
            if not listed.has_content(answer.content):
                raise AnswerError(f"the answer is not {path} as the Hub lists it ({len(answer.content):,} bytes)")
            return answer.content

        return self.call(f"reading {path} of {self.repo}", ask)

    def digest(self, path: str, commit: str) -> tuple[int, str]:
        """Size and SHA-256 of the bytes that the Hub serves for a file, read to the end and not kept."""
        from huggingface_hub import get_session, hf_raise_for_status

        def ask() -> tuple[int, str]:
            size, digest = 0, hashlib.sha256()
            with get_session().stream(
                "GET", self._url(path, commit), headers=self._headers(), follow_redirects=True
            ) as answer:
                hf_raise_for_status(answer)
                if not any("X-Repo-Commit" in step.headers for step in (*answer.history, answer)):
                    raise AnswerError(f"the answer is not {path} from the Hub, which names the commit")
                for block in answer.iter_bytes(1 << 20):
                    size += len(block)
                    digest.update(block)
            return size, digest.hexdigest()

        return self.call(f"reading {path} of {self.repo} back", ask)

    def history(self, revision: str) -> list[RemoteCommit]:
        """A revision's commits, newest first."""

        def ask() -> list[RemoteCommit]:
            commits = self.api.list_repo_commits(self.repo, revision=revision, repo_type=_KIND)
            return [RemoteCommit(commit.commit_id, commit.title) for commit in commits]

        return self.call(f"reading the history of {self.repo}", ask)

    # ---- writing ------------------------------------------------------------------------------------------------

    def create(self, *, private: bool) -> None:
        """Make the repository, unless there is one."""
        self.call(
            f"creating {self.repo}",
            lambda: self.api.create_repo(self.repo, repo_type=_KIND, private=private, exist_ok=True),
        )

    def upload(self, additions: "Sequence[CommitOperationAdd]", *, revision: str, create_pr: bool) -> None:
        """Send the content of files that the Hub does not have yet, for a commit to come.

        Args:
            additions: Those that were sent by an earlier call are passed over.
            revision: The branch or pull request that the commit will be made to.
            create_pr: Whether the caller may only propose changes.

        Raises:
            LomoError: Whatever error of ours a file raised while it was read.
        """

        def send() -> None:
            try:
                self.api.preupload_lfs_files(
                    self.repo,
                    additions,
                    repo_type=_KIND,
                    revision=revision,
                    create_pr=create_pr,
                    free_memory=False,
                )
            except PermissionError as error:
                raise PublishError(f"{self.repo} refuses to store files: {redact(error)}.") from None
            except (OSError, RuntimeError) as error:
                own = _own_error(error)
                if own is not None:
                    raise own from error
                if trouble_of(error) is None:  # the storage's own client, Xet, has errors of no kind in particular
                    raise ConnectionError(str(error)) from error
                raise

        self.call(f"sending files to {self.repo}", send)

    def commit(
        self,
        operations: "Sequence[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete]",
        *,
        revision: str,
        parent: str,
        title: str,
        text: str,
    ) -> str:
        """One attempt at one commit.

        Args:
            operations: What it does.
            revision: The branch or pull request.
            parent: The commit that it must come right after.
            title: The first line of its message.
            text: The rest of its message.

        Returns:
            Its id.

        Raises:
            Exception: What the Hub's client raises; `trouble_of` tells what it means.
        """
        with self._limits():
            created = self.api.create_commit(
                self.repo,
                operations,
                commit_message=title,
                commit_description=text,
                repo_type=_KIND,
                revision=revision,
                parent_commit=parent,
            )
            return _commit_id(created.oid)

    def tag(self, name: str, commit: str, text: str) -> str:
        """Set a tag, unless there is one of this name: none is ever moved.

        Args:
            name: `vX.Y.Z`.
            commit: What it shall name.
            text: Its message.

        Returns:
            The commit that it names now.
        """
        from huggingface_hub.errors import HfHubHTTPError

        def ask() -> str:
            try:
                self.api.create_tag(self.repo, tag=name, revision=commit, tag_message=text, repo_type=_KIND)
            except HfHubHTTPError as error:
                if error.response.status_code != 409:
                    raise
            # There is one: ours, that of somebody else, or of a call whose answer was lost.
            tags = self.api.list_repo_refs(self.repo, repo_type=_KIND).tags
            named = [tag.target_commit for tag in tags if tag.name == name]
            if not named:
                raise AnswerError(f"tag {name} was set and is not there")
            return _commit_id(named[0])

        return self.call(f"tagging {self.repo} as {name}", ask)

    # ---- pull requests ------------------------------------------------------------------------------------------

    def own_pull_requests(self) -> dict[int, str]:
        """The open pull requests and drafts of the caller: number -> title."""

        def ask() -> dict[int, str]:
            me = str(self.api.whoami()["name"])
            requests = self.api.get_repo_discussions(
                self.repo, author=me, discussion_type="pull_request", repo_type=_KIND
            )
            mine = (request for request in requests if request.author == me)
            return {request.num: request.title for request in mine if request.status in ("open", "draft")}

        return self.call(f"looking for a pull request to {self.repo}", ask)

    def open_pull_request(self, title: str, text: str) -> int:
        """A new pull request; returns its number."""

        def ask() -> int:
            return int(self.api.create_pull_request(self.repo, title, description=text, repo_type=_KIND).num)

        return self.call(f"opening a pull request to {self.repo}", ask)

    def pull_request(self, number: int) -> tuple[str, str | None]:
        """Status of a pull request, and the commit that merged it."""

        def ask() -> tuple[str, str | None]:
            details = self.api.get_discussion_details(self.repo, number, repo_type=_KIND)
            return details.status, details.merge_commit_oid

        return self.call(f"reading pull request {number} of {self.repo}", ask)

    def set_pull_request(self, number: int, status: str) -> None:
        """Open a draft ("open"), or close ("closed")."""
        self.call(
            f"changing pull request {number} of {self.repo}",
            lambda: self.api.change_discussion_status(
                self.repo,
                number,
                new_status="open" if status == "open" else "closed",
                repo_type=_KIND,
            ),
        )

    def merge_pull_request(self, number: int) -> None:
        """One attempt at a merge.

        Raises:
            Exception: What the Hub's client raises; `trouble_of` tells what it means.
        """
        with self._limits():
            self.api.merge_pull_request(self.repo, number, repo_type=_KIND)

    # ---- how ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _limits(self) -> Iterator[None]:
        """No call waits for ever, and none takes for an answer what is none."""
        with answer_within(self.retrier.policy.answer_within), api_answers():
            yield

    def _url(self, path: str, commit: str) -> str:
        from huggingface_hub import hf_hub_url

        return hf_hub_url(self.repo, path, repo_type=_KIND, revision=commit, endpoint=self.api.endpoint)

    def _headers(self) -> Mapping[str, str]:
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # documented, not in __all__

        return build_hf_headers(token=self.api.token, library_name="lomo-hf")


def _repo(info: "DatasetInfo") -> RemoteRepo:
    return RemoteRepo(_commit_id(info.sha), bool(info.private), info.id)


def _commit_id(value: str | None) -> str:
    if not _COMMIT_ID.fullmatch(value or ""):
        raise ValueError(f"no commit, but {value!r}")
    return str(value)


def _git_oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _own_error(error: BaseException) -> LomoError | None:
    """The error of ours below one of the Hub's client."""
    below: BaseException | None = error
    while below is not None and not isinstance(below, LomoError):
        below = below.__cause__ or below.__context__
    return below
