"""Rows of a shard on disk, in the order in which they were made, until the order in which they are stored is known.

A shard may hold hundreds of megabytes of pages, for each recipe that is built in the same pass; kept in memory, they
would decide how many workers a machine can run.
"""

from collections.abc import Sequence
from typing import Any

from lomo_hf.building.files import PendingFile

__all__ = ["Spill"]


class Spill:
    """Arrow batches in a temporary file beside the shard, mapped into memory when they are read back."""

    def __init__(self, pending: PendingFile, schema: Any) -> None:
        self._pending = pending
        self._schema = schema
        self._stream: Any = None
        self._file: PendingFile | None = None
        self._mapped: Any = None
        self._reader: Any = None
        self._where: list[tuple[int, int]] = []  # row -> batch, offset

    def write(self, table: Any) -> None:
        """Append rows."""
        import pyarrow as pa

        if self._stream is None:
            final = self._pending.final
            self._file = PendingFile(final.with_name(f"{final.name}.rows"))
            self._stream = pa.ipc.new_file(self._file, self._schema)
        batch = self._where[-1][0] + 1 if self._where else 0
        self._stream.write_batch(table.combine_chunks().to_batches()[0])
        self._where += [(batch, offset) for offset in range(table.num_rows)]

    def rows(self, indices: Sequence[int]) -> Any:
        """A table of these rows, in this order. Nothing can be written after that."""
        import pyarrow as pa

        slices = [self._batches().get_batch(batch).slice(at, 1) for batch, at in (self._where[i] for i in indices)]
        return pa.Table.from_batches(slices, self._schema).combine_chunks()

    def close(self) -> None:
        """Leave nothing behind; harmless at any time."""
        if self._mapped is not None:
            self._mapped.close()
        if self._file is not None:
            self._file.abandon()

    def _batches(self) -> Any:
        import pyarrow as pa

        if self._mapped is None and self._file is not None:
            self._stream.close()
            self._file.flush()
            self._mapped = pa.memory_map(str(self._file.temporary))
            self._reader = pa.ipc.open_file(self._mapped)
        return self._reader
