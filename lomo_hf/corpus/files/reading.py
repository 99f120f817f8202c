"""What every file reader offers, and how a file is read as bytes: opened, unpacked, digested, refused politely.

A reader is planned once, in one pass (`scan`), and can then be pickled: a worker opens the file itself and seeks to
the rows it was given. It holds no open file and no rows.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, TypeAlias

from lomo_hf.corpus.files.unpacking import UNPACKING_ERRORS, open_unpacked
from lomo_hf.errors import SourceError

__all__ = ["MAX_ROW_BYTES", "Item", "Observe", "Reader", "Stamp", "Unreadable", "new_digest", "opened"]

MAX_ROW_BYTES: Final = 64 << 20
"""Bytes of one stored row. A longer line is refused ("too-long") without being held."""


@dataclass(frozen=True)
class Unreadable:
    """A stored row that is not even a value: a broken line, bytes that are not UTF-8."""

    reason: str
    detail: str


Item: TypeAlias = Any
"""What stands at an index of a file: any decoded value, or an `Unreadable`."""

Observe: TypeAlias = Callable[[Item], None]
"""Called by `scan` with every row in order. A columnar reader shows it the id column only."""


class Reader(Protocol):
    """One file of rows, planned. Picklable."""

    @property
    def rows(self) -> int:
        """How many rows the file holds, broken ones included, blank lines not."""

    def read(self, start: int, stop: int) -> Iterator[Item]:
        """Rows `start` to `stop - 1` in order. Opens the file; memory is bounded by one block of rows."""


def new_digest() -> blake2b:
    """An empty digest of content: 256 bits of BLAKE2b."""
    return blake2b(digest_size=32)


@dataclass(frozen=True)
class Stamp:
    """A file as it was when planned. Reading it after a change would give rows that nobody asked for."""

    path: Path
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """The file's size and time of change now.

        Raises:
            SourceError: There is no such file, or it cannot be looked at.
        """
        try:
            status = path.stat()
        except OSError as error:
            raise SourceError(f"{path} cannot be read ({error.strerror or error}). Check its permissions.") from error
        return cls(path, status.st_size, status.st_mtime_ns)


@contextmanager
def opened(file: Path | Stamp) -> Iterator[BinaryIO]:
    """A file for reading bytes, unpacked where its ending says so. Every failure is a `SourceError` with a remedy."""
    path = file.path if isinstance(file, Stamp) else file
    try:
        if isinstance(file, Stamp) and Stamp.of(path) != file:
            raise SourceError(f"{path} changed after it was opened as a source. Leave it alone, or start over.")
        with open_unpacked(path) as stream:
            yield stream
    except UNPACKING_ERRORS as error:
        raise SourceError(f"{path} is not a whole packed file ({error}). Unpack it, or fetch it again.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror or error}). Check its permissions.") from error
