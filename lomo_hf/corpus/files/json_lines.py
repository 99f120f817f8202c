"""JSON Lines, plain or gzipped: one row a line. Blank lines are no rows; a broken line is a row that gets refused.

A plan keeps the byte offset of every 256th row, so that a worker seeks instead of reading from the top. (In a gzipped
file seeking means unpacking again from the top: unpack a large corpus before building from it.)
"""

import json
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from lomo_hf.corpus.files.reading import MAX_ROW_BYTES, Item, Observe, Stamp, Unreadable, opened

__all__ = ["JsonLines"]

_EVERY: Final = 256
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class JsonLines:
    """A planned JSON Lines file: how many rows, and where every 256th begins (line number and byte offset)."""

    stamp: Stamp
    rows: int
    offsets: "array[int]"
    line_numbers: "array[int]"

    @classmethod
    def scan(cls, path: Path, observe: Observe, digest: "blake2b") -> "JsonLines":
        """Read the file once, showing every row to `observe` and every byte to `digest`."""
        stamp = Stamp.of(path)
        offsets, numbers, rows = array("q"), array("q"), 0
        with opened(path) as stream:
            for offset, number, line in _lines(stream, 0, 1, digest):
                if rows % _EVERY == 0:
                    offsets.append(offset)
                    numbers.append(number)
                rows += 1
                observe(_decode(line, number))
        return cls(stamp, rows, offsets, numbers)

    def read(self, start: int, stop: int) -> Iterator[Item]:
        """Rows `start` to `stop - 1`."""
        stop = min(stop, self.rows)
        if start >= stop:
            return
        block, skip = divmod(start, _EVERY)
        with opened(self.stamp) as stream:
            stream.seek(self.offsets[block])
            lines = _lines(stream, self.offsets[block], self.line_numbers[block], None)
            for _, number, line in islice(lines, skip, skip + stop - start):
                yield _decode(line, number)


def _lines(
    stream: BinaryIO, offset: int, number: int, digest: "blake2b | None"
) -> Iterator[tuple[int, int, bytes | None]]:
    """(offset, line number, line) of every line that is not blank; None for a line longer than the limit."""
    while raw := stream.readline(MAX_ROW_BYTES + 1):
        begin, size, line = offset, len(raw), raw if len(raw) <= MAX_ROW_BYTES else None
        if digest:
            digest.update(raw)
        while line is None and not raw.endswith(b"\n") and (raw := stream.readline(1 << 20)):
            size += len(raw)
            if digest:
                digest.update(raw)
        offset += size
        if line is not None and begin == 0:
            line = line.removeprefix(_BOM)
        if line is None or line.strip():
            yield begin, number, line
        number += 1


def _decode(line: bytes | None, number: int) -> object:
    if line is None:
        return Unreadable("too-long", f"Line {number} has more than {MAX_ROW_BYTES >> 20} MB.")
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Unreadable("encoding", f"Line {number} is not UTF-8 (byte {error.start} of the line).")
    except json.JSONDecodeError as error:
        return Unreadable("json", f"Line {number} is not JSON: {error.msg} at character {error.pos}.")
    except RecursionError:
        return Unreadable("json", f"Line {number} is nested too deeply.")
    except ValueError:
        return Unreadable("json", f"Line {number} holds a number of more digits than can be read.")
