"""Rows of a shard on disk, in the order in which they were made, until the order in which they are stored is known.

A shard may hold hundreds of megabytes of pages, for each recipe that is built in the same pass; kept in memory, they
would decide how many workers a machine can run. For the same reason the file is read and not mapped: every page that
was looked at would count as the worker's until the shard is written.
"""

import json
from collections.abc import Sequence
from typing import BinaryIO

from lomo_hf.row import MixedRow
from lomo_hf.storage.atomic import PendingFile

__all__ = ["Spill"]

_LENGTH = 8  # bytes of the number that says how long the JSON is


class Spill:
    """Rows one after another in a temporary file beside the shard, for the process that wrote them."""

    def __init__(self, pending: PendingFile) -> None:
        self._pending = pending
        self._file: PendingFile | None = None
        self._reader: BinaryIO | None = None
        self._ends = [0]  # of the rows so far, in the file

    def write(self, row: MixedRow) -> None:
        """Append a row."""
        if self._file is None:
            self._file = PendingFile(self._pending.beside(".rows"), hashed=False)
        self._file.write(_packed(row))
        self._ends.append(self._file.size)

    def rows(self, indices: Sequence[int]) -> list[MixedRow]:
        """These rows, in this order. Nothing can be written after that."""
        return [self._read(index) for index in indices]

    def close(self) -> None:
        """Leave nothing behind; harmless at any time."""
        if self._reader is not None:
            self._reader.close()
        if self._file is not None:
            self._file.abandon()

    def _read(self, index: int) -> MixedRow:
        if self._reader is None:
            assert self._file is not None, "there are no rows to read"
            self._reader = self._file.reopen()
        start, end = self._ends[index : index + 2]
        self._reader.seek(start)
        return _unpacked(self._reader.read(end - start))


# JSON, and behind it the pages, which are most of a row. A third of what an Arrow message for each row costs.


def _packed(row: MixedRow) -> bytes:
    images = row["images"] or []
    sizes = [(len(image["bytes"]), image["path"]) for image in images]
    head = json.dumps({**row, "images": None if row["images"] is None else sizes}).encode()
    return b"".join([len(head).to_bytes(_LENGTH), head, *(image["bytes"] for image in images)])


def _unpacked(data: bytes) -> MixedRow:
    here = _LENGTH + int.from_bytes(data[:_LENGTH])
    head = json.loads(data[_LENGTH:here])
    if head["images"] is not None:
        images = []
        for size, path in head["images"]:
            images.append({"bytes": data[here : here + size], "path": path})
            here += size
        head["images"] = images
    row: MixedRow = head
    return row
