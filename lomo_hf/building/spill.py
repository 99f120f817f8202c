"""Rows of a shard on disk, in the order in which they were made, until the order in which they are stored is known.

A shard may hold hundreds of megabytes of pages, for each recipe that is built in the same pass; kept in memory, they
would decide how many workers a machine can run. For the same reason the file is read and not mapped: every page that
was looked at would count as the worker's until the shard is written.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from lomo_hf.storage.atomic import PendingFile

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Spill"]


class Spill:
    """One Arrow message for each row, in a temporary file beside the shard."""

    def __init__(self, pending: PendingFile, schema: "pa.Schema") -> None:
        self._pending = pending
        self._schema = schema
        self._file: PendingFile | None = None
        self._reader: BinaryIO | None = None
        self._ends = [0]  # of the rows so far, in the file

    def write(self, table: "pa.Table") -> None:
        """Append rows."""
        if self._file is None:
            self._file = PendingFile(self._pending.beside(".rows"))
        for batch in table.combine_chunks().to_batches():
            for row in range(batch.num_rows):
                self._file.write(batch.slice(row, 1).serialize())
                self._ends.append(self._file.size)

    def rows(self, indices: Sequence[int]) -> "pa.Table":
        """A table of these rows, in this order. Nothing can be written after that."""
        import pyarrow as pa

        batches = [pa.ipc.read_record_batch(self._read(index), self._schema) for index in indices]
        return pa.Table.from_batches(batches, self._schema).combine_chunks()

    def close(self) -> None:
        """Leave nothing behind; harmless at any time."""
        if self._reader is not None:
            self._reader.close()
        if self._file is not None:
            self._file.abandon()

    def _read(self, index: int) -> "pa.Buffer":
        import pyarrow as pa

        if self._reader is None:
            assert self._file is not None, "there are no rows to read"
            self._reader = self._file.reopen()
        start, end = self._ends[index : index + 2]
        self._reader.seek(start)
        return pa.py_buffer(self._reader.read(end - start))
