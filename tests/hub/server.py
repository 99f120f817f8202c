"""The test Hub: an HTTP server on the loopback, a log of calls, and faults.

    with LoopbackHub() as hub:
        hub.fault("POST", "/commit/", 412)          # the next commit is refused
        hub.fault_call(7, "lost")                   # the seventh call from now is served, its reply lost
        hub.fault_call(7, "lost", then=act)         # and before the client can know it, something else happens
        hub.meanwhile("POST", "/commit/", act)      # someone is faster
        ...
        hub.log, hub.uploaded_bytes, hub.tree("org/name")

Clients must take it for the Hub (`HF_ENDPOINT=hub.url`, read when they are imported) and not use Xet
(`HF_HUB_DISABLE_XET=1`). Standard library only.
"""

import threading
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from hub import routes_content, routes_pulls, routes_repo  # noqa: F401 (they register themselves)
from hub.faults import Fault, Harm, Meanwhile
from hub.handler import Handler
from hub.store import HubError, Repo, Store

__all__ = ["Call", "LoopbackHub"]

Call = tuple[str, str, int | str]
"""Method, path, and the status that was answered or the harm that was done."""

_ALWAYS = 10**9


class LoopbackHub:
    """See above. `user` is who every token belongs to; `page_size` is that of listings."""

    def __init__(self, user: str = "tester", page_size: int = 1000) -> None:
        self.user, self.page_size = user, page_size
        self.lock = threading.RLock()
        self.over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"hub": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.reset()

    def __enter__(self) -> Self:
        # The loop that waits for a stop looks up this often; the default of half a second is felt at each stop.
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def reset(self) -> None:
        """Forget everything."""
        self.store = Store()
        self.log: list[Call] = []
        self.faults: list[Fault] = []
        self.interruptions: list[Meanwhile] = []
        self.uploaded_bytes = 0
        self.tokens: set[str] = set()
        self.compares = True  # whether what is uploaded must have the hash that it is said to have
        self.alters: dict[str, bytes | None] = {}  # what the next commit writes to a path instead; None is nothing
        self.validate_card: Callable[[str], list[str]] = lambda content: []

    def take_in(self, body: bytes) -> None:
        """Called with the body of every commit before it is applied, for storage of another kind."""

    # ---- what goes wrong ----------------------------------------------------------------------------------------

    def fault(
        self,
        method: str,
        pattern: str,
        harm: Harm,
        times: int = 1,
        *,
        skip: int = 0,
        headers: Mapping[str, str] | None = None,
        message: str = "injected",
        then: Callable[[], object] = lambda: None,
    ) -> None:
        """Harm the next `times` calls that match a method and a pattern in the path, after `skip` that pass."""
        self.faults.append(Fault(method, pattern, harm, times, skip, headers or {}, message, then))

    def fault_call(self, number: int, harm: Harm, **options: Any) -> None:
        """Harm the call with this number from now, counting from 1, whatever it is."""
        self.fault(".*", "", harm, skip=number - 1, **options)

    def outage(self, number: int, harm: Harm) -> None:
        """Harm every call from this number on, until `recover`."""
        self.fault(".*", "", harm, times=_ALWAYS, skip=number - 1)

    def recover(self) -> None:
        """Drop all faults, and whatever someone else was going to do."""
        self.faults.clear()
        self.interruptions.clear()

    def meanwhile(self, method: str, pattern: str, act: Callable[[], object], *, skip: int = 0) -> None:
        """Do something just before the next call that matches is served, after `skip` that pass."""
        self.interruptions.append(Meanwhile(method, pattern, act, skip))

    # ---- what is there ------------------------------------------------------------------------------------------

    def repo(self, rid: str) -> Repo:
        """A dataset repository."""
        return self.store.repo("dataset", rid)

    def exists(self, rid: str) -> bool:
        """Whether there is such a dataset."""
        return ("dataset", rid) in self.store.repos

    def create(self, rid: str, files: Mapping[str, bytes] | None = None, *, private: bool = False) -> Repo:
        """A dataset repository that someone made, with files."""
        repo = self.store.repos["dataset", rid] = Repo(rid, "dataset", private=private)
        if files:
            self.store.someone_commits(repo, files)
        return repo

    def tree(self, rid: str, revision: str = "main") -> dict[str, str]:
        """Path -> SHA-256 of a dataset at a revision; empty where there is none."""
        try:
            files = self.repo(rid).resolve(revision).tree
        except HubError:
            return {}
        return {path: file.sha256 for path, file in sorted(files.items())}

    def line(self, rid: str) -> list[dict[str, str]]:
        """The trees of all that main ever pointed to, newest first."""
        repo, commit = self.repo(rid), self.repo(rid).head
        trees = [self.tree(rid, commit.id)]
        while commit.parents:
            commit = repo.commits[commit.parents[0]]
            trees.append(self.tree(rid, commit.id))
        return trees

    def open_pulls(self, rid: str) -> list[int]:
        """The numbers of pull requests that are neither merged nor closed."""
        return [number for number, pull in self.repo(rid).pulls.items() if pull.status in ("draft", "open")]

    def read(self, rid: str, path: str, revision: str = "main") -> bytes:
        """The bytes of a file."""
        return self.store.blobs[self.tree(rid, revision)[path]]

    def calls(self, method: str, part: str) -> list[Call]:
        """The logged calls of a method whose path has a part."""
        return [call for call in self.log if call[0] == method and part in call[1]]
