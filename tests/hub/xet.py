"""Xet for the loopback Hub, which is what clients use unless they are told not to.

The token endpoint names a folder for storage, so hf_xet writes there instead of sending. At a commit, the Hub looks up
each SHA-256 in what was written and has hf_xet put the bytes together. The scheme is not documented by hf_xet; if a
new version of it changes, this breaks, and nothing else does. One process only: the folder is locked.
"""

import json
import struct
import tempfile
import time
from pathlib import Path
from typing import Any

from hub.handler import Request, route
from hub.routes_repo import REPO, writable
from hub.server import LoopbackHub

__all__ = ["XetHub"]

_HEADER, _RECORD = 48, 48
_VERIFIED, _EXTENDED = 1 << 31, 1 << 30


class XetHub(LoopbackHub):
    """A Hub that hands out a folder as content storage."""

    def __init__(self, storage: Path) -> None:
        self.storage = storage
        super().__init__()

    def take_in(self, body: bytes) -> None:
        """Make blobs of what a commit refers to and the storage holds."""
        import hf_xet

        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        wanted = {line["value"]["oid"] for line in lines if line["key"] == "lfsFile"} - set(self.store.blobs)
        known = _files_in(self.storage)
        with tempfile.TemporaryDirectory() as folder:
            stored = [(oid, *known[oid]) for oid in sorted(wanted) if oid in known]
            session: Any = hf_xet.XetSession()
            with session.new_file_download_group(
                endpoint=f"local://{self.storage}", token="x", token_expiry_unix_secs=int(time.time()) + 3600
            ) as group:
                for oid, name, size in stored:
                    group.start_download_file(hf_xet.XetFileInfo(name, size), str(Path(folder, oid)))
            for oid, _, _ in stored:
                self.store.blobs[oid] = Path(folder, oid).read_bytes()


@route("GET", REPO + r"/xet-(read|write)-token/(?P<rev>.+)")
def token(request: Request, kind: str, rid: str, rev: str) -> None:
    writable(request, kind, rid)
    storage, until = f"local://{request.hub.storage}", int(time.time()) + 3600  # type: ignore[attr-defined]
    head = {"X-Xet-Cas-Url": storage, "X-Xet-Access-Token": "x", "X-Xet-Token-Expiration": str(until)}
    request.reply({"casUrl": storage, "exp": until, "accessToken": "x"}, headers=head)


def _files_in(storage: Path) -> dict[str, tuple[str, int]]:
    """SHA-256 -> Xet's name and size, from the shard files of the storage."""
    files = {}
    for path in storage.rglob("*.mdb"):
        data, at = path.read_bytes(), _HEADER
        while data[at : at + 32] != b"\xff" * 32 and at + _RECORD <= len(data):
            name = _hex(data[at : at + 32])
            flags, count = struct.unpack("<II", data[at + 32 : at + 40])
            at += _RECORD
            size = sum(
                struct.unpack("<I", data[at + _RECORD * i + 36 : at + _RECORD * i + 40])[0] for i in range(count)
            )
            at += _RECORD * count * (2 if flags & _VERIFIED else 1)
            if flags & _EXTENDED:
                files[_hex(data[at : at + 32])] = (name, size)
                at += _RECORD
    return files


def _hex(data: bytes) -> str:
    return "".join(f"{word:016x}" for word in struct.unpack("<4Q", data))
