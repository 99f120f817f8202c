"""A board that every worker chalks its progress on and the parent reads: shared memory, three cells for each shard.

No queue and no lock: a worker killed in the middle of a word could hold a lock for ever. Each cell has one writer at a
time, and a whole number of 8 bytes is written at once.
"""

import time
from collections.abc import Iterable, Sequence
from multiprocessing.context import SpawnContext
from typing import Any

__all__ = ["Board"]


class Board:
    """Rows read of each shard, since when the row at hand is worked on, the last sign of life; and a word to stop.

    >>> from multiprocessing import get_context
    >>> board = Board(get_context("spawn"), [4, 7])
    >>> board.note(7, 12)
    >>> board.rows(7), board.begun(4), board.rows_in_work([4, 7]), board.seconds_at_row(7)
    (12, False, 12, 0.0)
    """

    def __init__(self, context: SpawnContext, indexes: Sequence[int]) -> None:
        self._place = {index: place for place, index in enumerate(indexes, 1)}
        # Cell 0 says stop. The others hold rows read plus one, and 0 while the shard is not begun.
        self._cells: Any = context.RawArray("q", len(indexes) + 1)
        self._since: Any = context.RawArray("q", len(indexes) + 1)
        self._heard: Any = context.RawArray("q", len(indexes) + 1)

    def note(self, index: int, rows: int) -> None:
        """Say how many rows of a shard were read; 0 says that it is begun."""
        self._cells[self._place[index]] = rows + 1
        self.hear(index)

    def hear(self, index: int) -> None:
        """Say that the shard's worker lives; its parent says so when it hands out the shard."""
        self._heard[self._place[index]] = time.monotonic_ns()

    def begun(self, index: int) -> bool:
        """Whether a worker has taken the shard up."""
        return bool(self._cells[self._place[index]])

    def rows(self, index: int) -> int:
        """Rows read of a shard."""
        return max(0, int(self._cells[self._place[index]]) - 1)

    def rows_in_work(self, indexes: Iterable[int]) -> int:
        """Rows read of these shards together."""
        return sum(map(self.rows, indexes))

    def enter_row(self, index: int) -> None:
        """Say that work on a row of the shard begins."""
        self._since[self._place[index]] = time.monotonic_ns()

    def leave_row(self, index: int) -> None:
        """Say that no row of the shard is worked on: it is read, written, or given up."""
        self._since[self._place[index]] = 0
        self.hear(index)

    def seconds_at_row(self, index: int) -> float:
        """How long the row at hand has been worked on; 0 between rows."""
        since = int(self._since[self._place[index]])
        return (time.monotonic_ns() - since) / 1e9 if since else 0.0

    def seconds_silent(self, index: int) -> float:
        """How long the shard's worker has given no sign of life between rows; 0 while it works on one."""
        place = self._place[index]
        return 0.0 if self._since[place] else (time.monotonic_ns() - int(self._heard[place])) / 1e9

    def stop(self) -> None:
        """Ask all workers to leave their shards after the row they are at."""
        self._cells[0] = 1

    def stopped(self) -> bool:
        """Whether workers are asked to stop."""
        return bool(self._cells[0])
