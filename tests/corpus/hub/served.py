"""A Hub on the loopback that can be read and nothing else: dataset info, refs, tree, paths-info, files by range.

It answers unmodified clients. Faults are injected by method and path: a status, or an answer that is cut short.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

API = re.compile(r"/api/datasets/(?P<repo>[^/]+/[^/]+)(?:/(?P<what>revision|tree|paths-info|refs)(?:/(?P<rest>.*))?)?")
FILE = re.compile(r"/datasets/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
LFS = (".parquet", ".png", ".jpg", ".gz")


@dataclass
class Fault:
    """Answer the next `times` requests that match with `status`; 0 sends half of what was promised and hangs up."""

    pattern: str
    status: int
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class ServedHub:
    """Repositories as revisions of path -> bytes; `log` holds (method, path, status, bytes sent)."""

    url: str = ""
    page_size: int = 50
    latency: float = 0.0  # seconds that every answer waits
    commits: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    heads: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    log: list[tuple[str, str, int, int]] = field(default_factory=list)

    def push(self, repo: str, files: Mapping[str, bytes], branch: str = "main") -> str:
        """A new commit that holds exactly these files."""
        listing = "".join(f"{path}{hashlib.sha1(data).hexdigest()}" for path, data in sorted(files.items()))
        commit = hashlib.sha1(f"{repo}{len(self.commits.get(repo, {}))}{listing}".encode()).hexdigest()
        self.commits.setdefault(repo, {})[commit] = dict(files)
        self.heads.setdefault(repo, {})[branch] = commit
        return commit

    def sent(self) -> int:
        """Bytes of files sent so far."""
        return sum(size for _, path, _, size in self.log if "/resolve/" in path)

    def tree(self, repo: str, revision: str | None) -> tuple[str, dict[str, bytes]]:
        if repo not in self.commits:
            raise LookupError("RepoNotFound")
        name = unquote(revision or "main")
        commit = self.heads[repo].get(name, name)
        if commit not in self.commits[repo]:
            raise LookupError("RevisionNotFound")
        return commit, self.commits[repo][commit]


@lru_cache(maxsize=256)
def entry(path: str, data: bytes) -> dict[str, Any]:
    """A file in a listing; what is large by nature lies in LFS."""
    record: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
    if path.endswith(LFS):
        record["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
    return record


@contextmanager
def serve() -> Iterator[ServedHub]:
    """A hub on a free port, until the block ends."""
    hub = ServedHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet where they fit; and no packet waits for another
    disable_nagle_algorithm = True
    hub: ServedHub

    def log_message(self, *args: Any) -> None:
        pass

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        time.sleep(self.hub.latency)
        for fault in self.hub.faults:
            if fault.times > 0 and re.search(fault.pattern, f"{self.command} {self.path}"):
                fault.times -= 1
                if fault.status:
                    return self.reply(fault.status, {"error": "injected"}, fault.headers)
                self.send_response(206)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"x" * 500)
                self.close_connection = True
                self.hub.log.append((self.command, self.path, 0, 500))
                return None
        try:
            self.answer(body)
        except LookupError as error:
            self.reply(404, {"error": "not found"}, {"X-Error-Code": str(error.args[0])})

    do_GET = do_HEAD = do_POST = handle_any

    def answer(self, body: bytes) -> None:
        url = urlsplit(self.path)
        if match := FILE.fullmatch(url.path):
            return self.send_file(**match.groupdict())
        if not (match := API.fullmatch(url.path)):
            raise LookupError("EntryNotFound")
        repo, what, rest = match["repo"], match["what"], match["rest"]
        if what == "refs":
            refs = [{"name": n, "ref": f"refs/heads/{n}", "targetCommit": c} for n, c in self.hub.heads[repo].items()]
            return self.reply(200, {"branches": refs, "tags": [], "converts": []})
        if what == "tree":
            return self.send_tree(repo, rest.partition("/")[0], parse_qs(url.query))
        if what == "paths-info":
            _, files = self.hub.tree(repo, rest)
            paths = json.loads(body)["paths"] if body[:1] == b"{" else parse_qs(body.decode()).get("paths", [])
            return self.reply(200, [entry(path, files[path]) for path in paths if path in files])
        commit, files = self.hub.tree(repo, rest)
        siblings = [{"rfilename": path} for path in sorted(files)]
        info = {"_id": "0", "id": repo, "sha": commit, "private": False, "gated": False, "disabled": False}
        return self.reply(200, {**info, "downloads": 0, "likes": 0, "tags": [], "siblings": siblings})

    def send_tree(self, repo: str, revision: str, query: dict[str, list[str]]) -> None:
        _, files = self.hub.tree(repo, revision)
        items = [entry(path, data) for path, data in sorted(files.items())]
        start = int(query.get("cursor", ["0"])[0])
        stop = start + self.hub.page_size
        base = re.sub(r"[?&]cursor=\d+", "", self.path)
        link = f'<{self.hub.url}{base}{"&" if "?" in base else "?"}cursor={stop}>; rel="next"'
        self.reply(200, items[start:stop], {"Link": link} if stop < len(items) else {})

    def send_file(self, repo: str, revision: str, path: str) -> None:
        commit, files = self.hub.tree(repo, revision)
        name = unquote(path)
        if name not in files:
            raise LookupError("EntryNotFound")
        data, whole = files[name], len(files[name])
        oid = entry(name, data).get("lfs", entry(name, data))["oid"]
        headers = {"ETag": f'"{oid}"', "X-Repo-Commit": commit, "X-Linked-Size": str(whole), "Accept-Ranges": "bytes"}
        headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(name.split('/')[-1])}"
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not match:
            return self.reply(200, None, headers, data)
        start, stop = int(match[1]), min(int(match[2]) + 1, whole)
        return self.reply(
            206, None, {**headers, "Content-Range": f"bytes {start}-{stop - 1}/{whole}"}, data[start:stop]
        )

    def reply(
        self, status: int, payload: Any, headers: Mapping[str, str] | None = None, raw: bytes | None = None
    ) -> None:
        data = json.dumps(payload).encode() if raw is None else raw
        self.hub.log.append((self.command, self.path, status, len(data) if self.command != "HEAD" else 0))
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
