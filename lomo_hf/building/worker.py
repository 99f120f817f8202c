"""What happens in a worker process: it takes shards, one at a time, and leaves with its parent.

Nothing here starts processes or knows of other workers.
"""

import os
import signal
from collections.abc import Callable
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread

from lomo_hf.building.board import Board
from lomo_hf.building.planning import ShardSpec
from lomo_hf.building.receipts import Receipt
from lomo_hf.building.resume import trusted_receipt
from lomo_hf.building.shard import write_shard
from lomo_hf.errors import BuildError

__all__ = ["enter_worker", "finish_shard", "leave_with_parent", "work"]

# Shared memory can be handed to a process at its birth only, so it cannot travel with each shard.
_board: Board | None = None


def finish_shard(spec: ShardSpec, out: Path, on_row: Callable[[int], None]) -> tuple[Receipt, bool]:
    """The receipt of a shard, built unless it already is; and whether it was."""
    receipt = trusted_receipt(spec, out)
    return (receipt, True) if receipt else (write_shard(spec, out, on_row), False)


def enter_worker(board: Board) -> None:
    """Run once in a new worker process."""
    global _board
    _board = board
    # Ctrl-C reaches every process of a terminal; the parent decides and asks through the board.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=leave_with_parent, daemon=True).start()
    _keep_to_one_thread()


def work(spec: ShardSpec, out: Path) -> tuple[Receipt, bool]:
    """Run in a worker process for each shard."""
    board = _board
    if board is None:
        raise BuildError("a shard came to a process that is no worker; call build_shards instead.")

    def on_row(rows: int) -> None:
        board.note(spec.index, rows)
        if board.stopped():
            raise BuildError(f"{spec} was asked to stop.")

    on_row(0)
    return finish_shard(spec, out, on_row)


def leave_with_parent() -> None:
    """Run in a thread of a worker: one whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _keep_to_one_thread() -> None:
    import cv2
    import pyarrow as pa

    cv2.setNumThreads(1)
    pa.set_cpu_count(1)
