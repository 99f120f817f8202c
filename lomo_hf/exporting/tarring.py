"""A tar file that is the same bytes for the same content: no time, no owner, plain USTAR headers.

The standard library's writer keeps every header in memory; this one keeps an offset for each sample.
"""

import json
import struct
import tarfile
from collections.abc import Iterator, Mapping

from lomo_hf.storage import Place
from lomo_hf.storage.atomic import PendingFile

__all__ = ["SampleTar", "json_line"]

# Line ends to some readers (`str.splitlines`), though not to JSON.
_LINE_ENDS = {ord(mark): f"\\u{ord(mark):04x}" for mark in "\u0085\u2028\u2029"}


def json_line(record: Mapping[str, object]) -> bytes:
    """One JSON document without a line end in it, UTF-8.

    >>> json_line({"text": "größer\\u2028als"})
    b'{"text": "gr\\xc3\\xb6\\xc3\\x9fer\\\\u2028als"}'
    """
    return json.dumps(record, ensure_ascii=False).translate(_LINE_ENDS).encode()


class SampleTar:
    """WebDataset's tar file and Energon's index of it: samples are runs of members with the same key.

    >>> import tempfile
    >>> from lomo_hf.storage import Folder
    >>> with tempfile.TemporaryDirectory() as scratch:
    ...     folder = Folder(scratch)
    ...     with SampleTar(folder / "a.tar") as tar:
    ...         tar.add("000", {"json": b"{}", "0.png": b"..."})
    ...         files = tar.publish()
    ...     with tarfile.open((folder / "a.tar").path) as read:
    ...         read.getnames(), [name for name, _, _ in files]
    (['000.json', '000.0.png'], ['a.tar', 'a.tar.idx'])
    """

    def __init__(self, final: Place) -> None:
        self.samples = 0
        self._tar = PendingFile(final)
        self._index = PendingFile(self._tar.beside(".idx"))

    def __enter__(self) -> "SampleTar":
        return self

    def __exit__(self, *error: object) -> None:
        for pending in (self._tar, self._index):
            pending.abandon()  # harmless after publish

    def add(self, key: str, members: Mapping[str, bytes]) -> None:
        """Append a sample; `members` go by what follows the key's dot."""
        self._mark()
        self.samples += 1
        for name, data in members.items():
            for block in _member(f"{key}.{name}", data):
                self._tar.write(block)

    def publish(self) -> Iterator[tuple[str, int, str]]:
        """Give both files their names; (name, bytes, SHA-256) of each."""
        self._mark()  # where the last sample ends, as Energon's own index says
        end = 2 * tarfile.BLOCKSIZE
        self._tar.write(bytes(end + -(self._tar.tell() + end) % tarfile.RECORDSIZE))
        sealed = [(pending, pending.seal()) for pending in (self._tar, self._index)]
        for pending, _ in sealed:
            pending.publish()
        self._tar.sync_folder()
        return ((pending.final.name, pending.size, digest) for pending, digest in sealed)

    def _mark(self) -> None:
        self._index.write(struct.pack("<Q", self._tar.tell()))


def _member(name: str, data: bytes) -> Iterator[bytes]:
    info = tarfile.TarInfo(name)  # mtime 0, uid 0, no names of users, mode 0644
    info.size = len(data)
    yield info.tobuf(tarfile.USTAR_FORMAT)
    yield data
    yield bytes(-len(data) % tarfile.BLOCKSIZE)
