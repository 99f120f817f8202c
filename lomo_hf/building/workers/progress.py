"""Progress counters that every worker writes and the parent reads: shared memory, three cells for each shard.

No queue and no lock: a worker killed in the middle of a message could hold a lock for ever. Each cell has one writer
at a time, and a whole number of 8 bytes is written at once.
"""

import time
from collections.abc import Iterable, Sequence
from multiprocessing.context import SpawnContext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctypes import Array, c_longlong

__all__ = ["SharedProgress"]


class SharedProgress:
    """Rows read of each shard, since when the row at hand is worked on, the last sign of life; and a flag to stop.

    Args:
        context: That of the worker processes.
        indexes: The shards of the build.

    >>> from multiprocessing import get_context
    >>> progress = SharedProgress(get_context("spawn"), [4, 7])
    >>> progress.set_rows(7, 12)
    >>> progress.rows(7), progress.has_begun(4), progress.rows_in_work([4, 7]), progress.seconds_at_row(7)
    (12, False, 12, 0.0)
    """

    def __init__(self, context: SpawnContext, indexes: Sequence[int]) -> None:
        self._cell_of = {index: cell for cell, index in enumerate(indexes, 1)}
        # Cell 0 says stop. The others hold rows read plus one, and 0 while the shard is not begun.
        self._rows: Array[c_longlong] = context.RawArray("q", len(indexes) + 1)
        self._row_began: Array[c_longlong] = context.RawArray("q", len(indexes) + 1)
        self._alive: Array[c_longlong] = context.RawArray("q", len(indexes) + 1)

    def set_rows(self, index: int, rows: int) -> None:
        """Set how many rows of a shard were read; 0 says that it is begun."""
        self._rows[self._cell_of[index]] = rows + 1
        self.mark_alive(index)

    def mark_alive(self, index: int) -> None:
        """Note that the shard's worker lives; its parent does so when it hands out the shard."""
        self._alive[self._cell_of[index]] = time.monotonic_ns()

    def has_begun(self, index: int) -> bool:
        """Whether a worker has taken the shard up."""
        return bool(self._rows[self._cell_of[index]])

    def rows(self, index: int) -> int:
        """Rows read of a shard."""
        return max(0, int(self._rows[self._cell_of[index]]) - 1)

    def rows_in_work(self, indexes: Iterable[int]) -> int:
        """Rows read of these shards together."""
        return sum(map(self.rows, indexes))

    def enter_row(self, index: int) -> None:
        """Note that work on a row of the shard begins."""
        self._row_began[self._cell_of[index]] = time.monotonic_ns()

    def leave_row(self, index: int) -> None:
        """Note that no row of the shard is worked on: it is read, written, or given up."""
        self._row_began[self._cell_of[index]] = 0
        self.mark_alive(index)

    def seconds_at_row(self, index: int) -> float:
        """How long the row at hand has been worked on; 0 between rows."""
        began = int(self._row_began[self._cell_of[index]])
        return (time.monotonic_ns() - began) / 1e9 if began else 0.0

    def seconds_silent(self, index: int) -> float:
        """How long the shard's worker has given no sign of life between rows; 0 while it works on one."""
        cell = self._cell_of[index]
        return 0.0 if self._row_began[cell] else (time.monotonic_ns() - int(self._alive[cell])) / 1e9

    def stop(self) -> None:
        """Ask all workers to leave their shards after the rows that they are at."""
        self._rows[0] = 1

    def is_stopped(self) -> bool:
        """Whether workers are asked to stop."""
        return bool(self._rows[0])
