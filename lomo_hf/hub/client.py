"""One dataset repository on the Hub, as publishing sees it: few calls, each made again while its trouble may pass.

Authentication is huggingface_hub's own (`hf auth login`, HF_TOKEN) and never touched here. A commit is the one call
that is not made again here, because after a failure nobody knows whether it landed; see `publishing`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from lomo_hf.errors import PublishError
from lomo_hf.hub.redaction import redact
from lomo_hf.hub.retry import Retrier, answer_within, trouble_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

__all__ = ["HubClient", "RemoteFile", "RemoteRefs", "RemoteRepo"]

T = TypeVar("T")
_KIND = "dataset"
_LARGEST_READ = 64 << 20


@dataclass(frozen=True)
class RemoteRepo:
    """Where a revision is, and who may see it."""

    commit: str
    private: bool


@dataclass(frozen=True)
class RemoteRefs:
    """The names of all tags, and whether there ever was a pull request."""

    tags: frozenset[str] = frozenset()
    pull_requests: bool = False


@dataclass(frozen=True)
class RemoteFile:
    """A file as the Hub lists it: `sha256` where it is in large file storage, otherwise git's name for the blob."""

    size: int
    sha256: str | None
    git_oid: str

    def holds(self, size: int, sha256: str, git_oid: "Callable[[], str]") -> bool:
        """Whether its content is the one with this size and digest; `git_oid` is asked only where it is needed."""
        if self.size != size:
            return False
        return self.sha256 == sha256 if self.sha256 else self.git_oid == git_oid()


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

    # ---- reading ------------------------------------------------------------------------------------------------

    def look(self, revision: str | None = None) -> RemoteRepo | None:
        """The commit that a revision names; None where there is no such repository, or no such revision."""
        from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

        def ask() -> RemoteRepo | None:
            try:
                info = self.api.dataset_info(self.repo, revision=revision)
            except GatedRepoError:
                raise
            except (RepositoryNotFoundError, RevisionNotFoundError):
                return None
            return RemoteRepo(str(info.sha), bool(info.private))

        return self._call("reading {}", ask)

    def refs(self) -> RemoteRefs:
        """The names of all tags, and whether there ever was a pull request."""
        refs = self._call(
            "reading the tags of {}",
            lambda: self.api.list_repo_refs(self.repo, repo_type=_KIND, include_pull_requests=True),
        )
        return RemoteRefs(frozenset(tag.name for tag in refs.tags), bool(refs.pull_requests))

    def files(self, commit: str) -> dict[str, RemoteFile]:
        """Every file at a commit."""
        from huggingface_hub.hf_api import RepoFile

        def ask() -> dict[str, RemoteFile]:
            entries = self.api.list_repo_tree(self.repo, recursive=True, revision=commit, repo_type=_KIND)
            return {
                entry.path: RemoteFile(entry.size, entry.lfs.sha256 if entry.lfs else None, entry.blob_id)
                for entry in entries
                if isinstance(entry, RepoFile)
            }

        return self._call("listing {}", ask)

    def read(self, path: str, commit: str) -> bytes:
        """The bytes of a small file at a commit."""
        from huggingface_hub import get_session, hf_raise_for_status

        def ask() -> bytes:
            answer = get_session().get(self._url(path, commit), headers=self._headers(), follow_redirects=True)
            hf_raise_for_status(answer)
            return answer.content

        return self._call(f"reading {path} of {{}}", ask)

    def digest(self, path: str, commit: str) -> tuple[int, str]:
        """Size and SHA-256 of the bytes that the Hub serves for a file, read to the end and not kept."""
        from huggingface_hub import get_session, hf_raise_for_status

        def ask() -> tuple[int, str]:
            size, digest = 0, hashlib.sha256()
            with get_session().stream(
                "GET", self._url(path, commit), headers=self._headers(), follow_redirects=True
            ) as answer:
                hf_raise_for_status(answer)
                for block in answer.iter_bytes(1 << 20):
                    size += len(block)
                    digest.update(block)
            return size, digest.hexdigest()

        return self._call(f"reading {path} of {{}} back", ask)

    def is_ancestor(self, commit: str, revision: str) -> bool:
        """Whether a revision comes after a commit."""
        commits = self._call(
            "reading the history of {}",
            lambda: self.api.list_repo_commits(self.repo, revision=revision, repo_type=_KIND),
        )
        return any(known.commit_id == commit for known in commits)

    # ---- writing ------------------------------------------------------------------------------------------------

    def create(self, *, private: bool) -> None:
        """Make the repository, unless there is one."""
        self._call(
            "creating {}",
            lambda: self.api.create_repo(self.repo, repo_type=_KIND, private=private, exist_ok=True),
        )

    def upload(self, additions: "Sequence[CommitOperationAdd]", *, revision: str, create_pr: bool) -> None:
        """Send the content of files that the Hub does not have yet, for a commit to come."""

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
                if trouble_of(error) is None:  # the storage's own client, Xet, has errors of no kind in particular
                    raise ConnectionError(str(error)) from error
                raise

        self._call("sending files to {}", send)

    def commit(
        self,
        operations: "Sequence[CommitOperationAdd | CommitOperationDelete]",
        *,
        revision: str,
        parent: str,
        title: str,
        text: str,
    ) -> str:
        """One attempt at one commit on top of `parent`; returns its id. Raises what the client raises."""
        with answer_within(self.retrier.policy.answer_within):
            made = self.api.create_commit(
                self.repo,
                operations,
                commit_message=title,
                commit_description=text,
                repo_type=_KIND,
                revision=revision,
                parent_commit=parent,
            )
        return str(made.oid)

    def tag(self, name: str, commit: str, text: str) -> str:
        """Set a tag; returns the commit that it names, which is another if the tag was there: none is ever moved."""

        def ask() -> None:
            self.api.create_tag(self.repo, tag=name, revision=commit, tag_message=text, repo_type=_KIND)

        try:
            self._call(f"tagging {{}} as {name}", ask, final=frozenset({409}))
        except Exception as error:
            if isinstance(error, PublishError):
                raise
            tagged = self.look(name)
            if tagged is None:
                raise PublishError(f"{self.repo} refuses tag {name} as taken, and has none. Push again.") from None
            return tagged.commit
        return commit

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

        return self._call("looking for a pull request to {}", ask)

    def open_pull_request(self, title: str, text: str) -> int:
        """A new pull request."""

        def ask() -> int:
            return self.api.create_pull_request(self.repo, title, description=text, repo_type=_KIND).num

        return self._call("opening a pull request to {}", ask)

    def pull_request(self, number: int) -> tuple[str, str | None]:
        """Status of a pull request, and the commit that merged it."""
        details = self._call(
            "reading a pull request to {}",
            lambda: self.api.get_discussion_details(self.repo, number, repo_type=_KIND),
        )
        return details.status, details.merge_commit_oid

    def set_pull_request(self, number: int, status: str) -> None:
        """Open a draft, or close."""
        self._call(
            "changing a pull request to {}",
            lambda: self.api.change_discussion_status(
                self.repo,
                number,
                new_status="open" if status == "open" else "closed",
                repo_type=_KIND,
            ),
        )

    def merge_pull_request(self, number: int) -> None:
        """One attempt at a merge. Raises what the client raises."""
        with answer_within(self.retrier.policy.answer_within):
            self.api.merge_pull_request(self.repo, number, repo_type=_KIND)

    # ---- how ----------------------------------------------------------------------------------------------------

    def _call(self, doing: str, action: "Callable[[], T]", **options: Any) -> T:
        def ask() -> T:
            with answer_within(self.retrier.policy.answer_within):
                return action()

        return self.retrier.call(doing.format(self.repo), ask, **options)

    def _url(self, path: str, commit: str) -> str:
        from huggingface_hub import hf_hub_url

        return hf_hub_url(self.repo, path, repo_type=_KIND, revision=commit, endpoint=self.api.endpoint)

    def _headers(self) -> Mapping[str, str]:
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # documented, not in __all__

        return build_hf_headers(library_name="lomo-hf")
