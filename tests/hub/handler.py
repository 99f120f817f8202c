"""How the test Hub speaks HTTP: reads a call, does the harm that is due, and otherwise hands it to its route."""

import contextlib
import json
import re
import socket
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from hub.faults import Fault
from hub.store import HubError

if TYPE_CHECKING:
    from hub.server import LoopbackHub

__all__ = ["ROUTES", "Handler", "Request", "route"]

_SECONDS_OF_SILENCE = 5.0
_PAGE = b"<!DOCTYPE html><html><body><h1>Welcome to our network. Please log in.</h1></body></html>"


class Request:
    """A call as a route sees it: the Hub, body, query, the parts of the path, and how to answer."""

    def __init__(self, handler: "Handler", body: bytes, query: Mapping[str, list[str]]) -> None:
        self.hub = handler.hub
        self.method, self.path, self.headers = handler.command, handler.path, handler.headers
        self.body, self.query = body, query
        self._handler = handler

    @property
    def base(self) -> str:
        """The URL that the client took for the Hub's; clients refuse any other host in an answer."""
        return f"http://{self.headers['Host']}"

    def json(self) -> Any:
        """The body; an empty one is an empty object."""
        return json.loads(self.body) if self.body else {}

    @property
    def token(self) -> str | None:
        """Who calls, if the call says so."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if kind == "Bearer" else None

    def flag(self, name: str) -> bool:
        """Whether a query parameter says yes."""
        return self.query.get(name, ["false"])[0].lower() in ("true", "1")

    def reply(
        self,
        body: object = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> None:
        """Answer with JSON, or with raw bytes."""
        self._handler.send(status, raw if raw is not None else _encoded(body), headers or {})


Route = Callable[..., None]
ROUTES: list[tuple[str, re.Pattern[str], Route]] = []


def route(methods: str, pattern: str) -> Callable[[Route], Route]:
    """Register a function for a path; named groups become its arguments."""

    def register(function: Route) -> Route:
        ROUTES.append((methods, re.compile(pattern), function))
        return function

    return register


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Head and body are written apart; without this, the second waits for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    hub: "LoopbackHub"

    def handle(self) -> None:
        """Serve call after call, until the client leaves or is killed."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""

    def send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        """Write an answer and note the call, unless the reply is to be lost."""
        if self._losing:
            return self._drop(self._losing)
        self.hub.log.append((self.command, self.path, status))  # before the client knows and clears the log
        self.send_response(status)
        all_headers = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(data)), **headers}
        for key, value in all_headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        return None

    def _handle(self) -> None:
        url, body = urlsplit(self.path), self._body()
        if body is None:
            self.close_connection = True
            return
        self._losing: Fault | None = None
        request = Request(self, body, parse_qs(url.query))
        try:
            with self.hub.lock:
                due = [
                    interruption
                    for interruption in self.hub.interruptions
                    if interruption.comes(self.command, self.path)
                ]
            for interruption in due:  # without the lock, since it may be calls of another client
                interruption.act()
            with self.hub.lock:
                fault = next(
                    (candidate for candidate in self.hub.faults if candidate.strikes(self.command, self.path)), None
                )
            if fault and self._harm(fault):
                return
            if request.token:
                self.hub.tokens.add(request.token)
            with self.hub.lock:
                self._serve(url.path, request)
        except HubError as error:
            code = {"X-Error-Code": error.code} if error.code else {}
            head = {**code, "X-Error-Message": error.message, **error.headers}
            self.send(error.status, _encoded(error.body or {"error": error.message}), head)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = _handle

    def _serve(self, path: str, request: Request) -> None:
        for methods, pattern, function in ROUTES:
            match = pattern.fullmatch(path)
            if match and self.command in methods.split("|"):
                return function(request, **match.groupdict())
        raise HubError(404, None, f"no route {self.command} {path}")

    def _harm(self, fault: Fault) -> bool:
        """Do harm; whether the call is over with that."""
        if isinstance(fault.harm, int):
            raise HubError(fault.harm, None, fault.message, headers=fault.headers)
        if fault.harm == "page":
            self._losing = None
            self.send(200, _PAGE, {"Content-Type": "text/html"})
            return True
        if fault.harm == "lost":
            self._losing = fault
            return False
        if fault.harm == "timeout":
            self.hub.over.wait(_SECONDS_OF_SILENCE)
        self._drop(fault)
        return True

    def _drop(self, fault: Fault) -> None:
        fault.then()
        self.hub.log.append((self.command, self.path, fault.harm))
        self.close_connection = True
        with contextlib.suppress(OSError):  # the client is gone already
            self.connection.shutdown(socket.SHUT_RDWR)

    def _body(self) -> bytes | None:
        """What the client sends; None where it ends in the middle, which is no call at all."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size)
            return body if len(body) == size else None
        parts = []
        while size := int(self.rfile.readline().split(b";")[0] or b"-1", 16):
            parts.append(self.rfile.read(max(size, 0)))
            if size < 0 or len(parts[-1]) < size:
                return None
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)


def _encoded(body: object) -> bytes:
    return b"" if body is None else json.dumps(body).encode()
