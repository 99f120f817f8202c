"""What the test Hub remembers: repositories with commits, branches, tags and pull requests, and blobs by SHA-256.

A model of the server, not the server: a commit is a whole tree, a merge takes from both sides what changed since the
pull request was opened and refuses where both changed the same file.
"""

import hashlib
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self
from urllib.parse import unquote

__all__ = ["Commit", "HubError", "PullRequest", "Repo", "Store", "StoredFile", "Tree", "git_oid", "now"]

_numbers = itertools.count(1)


def now() -> str:
    """The present, as the Hub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def git_oid(data: bytes) -> str:
    """The name that git gives to a blob."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class HubError(Exception):
    """An answer that is no success: a status, the Hub's error code and message, and headers."""

    def __init__(
        self,
        status: int,
        code: str | None = None,
        message: str = "",
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.body = status, code, message, body
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class StoredFile:
    """One file of a tree; `oid` is git's name for it, which for a file in LFS is that of its pointer."""

    sha256: str
    oid: str
    size: int
    lfs: bool
    date: str


Tree = Mapping[str, StoredFile]


@dataclass(frozen=True)
class Commit:
    """A whole tree and where it comes from."""

    id: str
    tree: Tree
    title: str
    message: str
    date: str
    parents: tuple[str, ...]

    def __deepcopy__(self, memo: object) -> Self:
        """Itself: it never changes, and tests copy the whole Hub again and again."""
        return self


@dataclass
class PullRequest:
    """A pull request against main; `base` is main's head when it was opened."""

    number: int
    title: str
    author: str
    base: str
    status: str = "draft"
    created: str = field(default_factory=now)
    merged_as: str | None = None

    @property
    def ref(self) -> str:
        return f"refs/pr/{self.number}"


class Repo:
    """A repository: commits by id, and the refs that name some of them."""

    def __init__(self, rid: str, kind: str, *, private: bool = False) -> None:
        self.id, self.kind, self.private, self.created = rid, kind, private, now()
        self.gated = False
        self.members: set[str] | None = None  # the tokens that see it where it is private or gated; None is any
        self.commits: dict[str, Commit] = {}
        self.branches: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.pull_refs: dict[str, str] = {}
        self.pulls: dict[int, PullRequest] = {}
        self.add_commit("main", {}, "initial commit", "", ())

    @property
    def head(self) -> Commit:
        """The head of main."""
        return self.commits[self.branches["main"]]

    def add_commit(self, ref: str, tree: Tree, title: str, message: str, parents: tuple[str, ...]) -> Commit:
        """Put a commit on a branch or a pull request's ref."""
        oid = hashlib.sha1(f"{self.id} {ref} {title} {parents} {next(_numbers)}".encode()).hexdigest()
        commit = Commit(oid, dict(tree), title, message, now(), parents)
        self.commits[oid] = commit
        (self.pull_refs if ref.startswith("refs/pr/") else self.branches)[ref] = oid
        return commit

    def resolve(self, revision: str | None) -> Commit:
        """The commit that a branch, tag, ref or beginning of an id names."""
        name = unquote(revision or "main")
        for table in (self.branches, self.tags, self.pull_refs):
            if name in table:
                return self.commits[table[name]]
        short = name.removeprefix("refs/heads/").removeprefix("refs/tags/")
        for table in (self.branches, self.tags):
            if short in table:
                return self.commits[table[short]]
        hits = [oid for oid in self.commits if oid.startswith(name)] if re.fullmatch("[0-9a-f]{5,40}", name) else []
        if len(hits) != 1:
            raise HubError(404, "RevisionNotFound", f"Invalid rev id: {name}")
        return self.commits[hits[0]]

    def history(self, commit: Commit) -> list[Commit]:
        """The commit and its ancestors, along first parents and then the others, each once."""
        seen: dict[str, Commit] = {}
        waiting = [commit.id]
        while waiting:
            oid = waiting.pop(0)
            if oid not in seen:
                seen[oid] = self.commits[oid]
                waiting.extend(self.commits[oid].parents)
        return list(seen.values())

    def open_pull(self, title: str, author: str, status: str = "draft") -> PullRequest:
        """A new pull request, at the head of main."""
        pull = PullRequest(len(self.pulls) + 1, title, author, self.branches["main"], status)
        self.pulls[pull.number] = pull
        self.pull_refs[pull.ref] = pull.base
        return pull

    def merge(self, pull: PullRequest) -> None:
        """Bring a pull request into main, file by file."""
        if pull.status != "open":
            raise HubError(409, None, f"This pull request is {pull.status}")
        base = self._common_ancestor(pull)
        theirs, ours = self.resolve(pull.ref).tree, self.head.tree
        merged = dict(ours)
        for path in {*base.tree, *theirs}:
            before, after, here = base.tree.get(path), theirs.get(path), ours.get(path)
            if _same(before, after):
                continue
            if not _same(before, here) and not _same(after, here):
                raise HubError(409, None, f"Merge conflict in {path}")
            if after is None:
                merged.pop(path, None)
            else:
                merged[path] = after
        parents = (self.head.id, self.resolve(pull.ref).id)
        pull.merged_as = self.add_commit("main", merged, f"{pull.title} (#{pull.number})", "", parents).id
        pull.status = "merged"

    def _common_ancestor(self, pull: PullRequest) -> Commit:
        on_main = {commit.id for commit in self.history(self.head)}
        return next(commit for commit in self.history(self.resolve(pull.ref)) if commit.id in on_main)


def _same(file: StoredFile | None, other: StoredFile | None) -> bool:
    return (file and file.sha256) == (other and other.sha256)


class Store:
    """All repositories and blobs."""

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.blobs: dict[str, bytes] = {}
        self.renamed: dict[tuple[str, str], str] = {}

    def rename(self, kind: str, rid: str, new: str) -> None:
        """Give a repository another name; the old one leads there from now on."""
        repo = self.repos[kind, new] = self.repos.pop((kind, rid))
        repo.id = new
        self.renamed[kind, rid] = new

    def repo(self, kind: str, rid: str) -> Repo:
        """A repository, or the Hub's answer to a name that it does not know."""
        try:
            return self.repos[kind, rid]
        except KeyError:
            raise HubError(404, "RepoNotFound", "Repository not found") from None

    def put(self, data: bytes, *, lfs: bool) -> StoredFile:
        """Remember bytes and describe them as a file."""
        sha = hashlib.sha256(data).hexdigest()
        self.blobs[sha] = data
        return self.describe(sha, lfs=lfs)

    def describe(self, sha: str, *, lfs: bool) -> StoredFile:
        """The file that bytes known by their SHA-256 make."""
        data = self.blobs[sha]
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha}\nsize {len(data)}\n".encode()
        return StoredFile(sha, git_oid(pointer if lfs else data), len(data), lfs, now())

    def someone_commits(
        self, repo: Repo, files: Mapping[str, bytes | None], title: str = "someone else", ref: str = "main"
    ) -> Commit:
        """A commit by another user: files written, or removed where None."""
        tree = dict(repo.resolve(ref).tree)
        for path, data in files.items():
            if data is None:
                tree.pop(path, None)
            else:
                tree[path] = self.put(data, lfs=path.endswith(".parquet"))
        return repo.add_commit(ref, tree, title, "", (repo.resolve(ref).id,))
