"""Compressed files as streams of bytes that can be read and sought in: gzip, bzip2, xz and Zstandard, by the ending.

Seeking backwards unpacks again from the top; unpack a large corpus before building from it.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, cast

__all__ = ["PACKED", "UNPACKING_ERRORS", "open_unpacked", "without_packing"]

UNPACKING_ERRORS: Final = (gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError)
"""What reading a damaged file may raise beside OSError."""

_BUFFER: Final = 1 << 18


class _Zstandard(io.RawIOBase):
    """A Zstandard file, by Arrow's own reader, which every installation has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self._at = path, 0
        self._stream = self._opened()

    def _opened(self) -> BinaryIO:
        import pyarrow as pa

        return cast(BinaryIO, pa.input_stream(str(self._path), compression="zstd"))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at}[whence]
        if target < self._at:
            self._stream.close()
            self._stream, self._at = self._opened(), 0
        while self._at < target and (passed := len(self._stream.read(min(_BUFFER, target - self._at)))):
            self._at += passed
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _zstandard(path: Path) -> BinaryIO:
    return io.BufferedReader(_Zstandard(path), _BUFFER)


_OPENERS: Final[dict[str, Callable[[Path], BinaryIO]]] = {
    ".gz": lambda path: cast(BinaryIO, gzip.open(path)),
    ".bz2": lambda path: cast(BinaryIO, bz2.open(path)),
    ".xz": lambda path: cast(BinaryIO, lzma.open(path)),
    ".zst": _zstandard,
}

PACKED: Final = tuple(_OPENERS)
"""The endings of compressed files."""


def open_unpacked(path: Path) -> BinaryIO:
    """A file for reading bytes, unpacked where its ending says that it is packed."""
    opener = _OPENERS.get(path.suffix.lower())
    return opener(path) if opener else path.open("rb")


def without_packing(path: Path) -> Path:
    """The name of a file without the ending that says how it is packed.

    >>> without_packing(Path("rows.jsonl.zst")).name
    'rows.jsonl'
    """
    return path.with_suffix("") if path.suffix.lower() in _OPENERS else path
