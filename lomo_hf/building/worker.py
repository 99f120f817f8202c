"""What happens in a worker process: it takes shards, one at a time, and leaves with its parent.

Nothing here starts processes, but for the row guard of an isolated shard, or knows of other workers.
"""

import os
import pickle
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from lomo_hf.building.board import Board
from lomo_hf.building.isolation import RowGuard
from lomo_hf.building.planning import ShardSpec
from lomo_hf.building.receipts import Receipt
from lomo_hf.building.resume import trusted_receipt
from lomo_hf.building.row_work import MakeRows, RowLimits, rows_in_this_process
from lomo_hf.building.shard import write_shard
from lomo_hf.corpus import Conversation, Refusal
from lomo_hf.errors import BuildError
from lomo_hf.substitution import Row

__all__ = ["Task", "finish_shard", "leave_with_parent", "serve", "settle_in"]


@dataclass(frozen=True)
class Task:
    """A shard to be finished below a folder; `isolated`: its rows one by one, under limits."""

    spec: ShardSpec
    out: Path
    isolated: bool = False


def finish_shard(
    spec: ShardSpec, out: Path, on_row: Callable[[int], None], make_rows: MakeRows | None = None
) -> tuple[Receipt, bool]:
    """The receipt of a shard, built unless it already is; and whether it was."""
    receipt = trusted_receipt(spec, out)
    return (receipt, True) if receipt else (write_shard(spec, out, on_row, make_rows), False)


def serve(connection: "Connection[Any, Any]", board: Board, limits: RowLimits) -> None:
    """Run in a new worker process: answer each task with a receipt and whether it was reused, or with an error."""
    settle_in()
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer: object = _finish(task, board, limits)
        except MemoryError:
            os._exit(1)  # as if the system had ended it: the shard is tried again, and then row by row
        except BaseException as error:
            answer = _sendable(error)
        try:
            connection.send(answer)
        except OSError:
            return  # the parent has stopped, and no longer listens


def settle_in() -> None:
    """What every child process does first: ignore Ctrl-C, leave with the parent, keep to one thread, load little."""
    # Ctrl-C reaches every process of a terminal; the parent decides and asks through the board.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=leave_with_parent, daemon=True).start()
    _keep_to_one_thread()
    _leave_pandas_unloaded()


def _finish(task: Task, board: Board, limits: RowLimits) -> tuple[Receipt, bool]:
    index = task.spec.index

    def on_row(rows: int) -> None:
        board.note(index, rows)
        if board.stopped():
            raise BuildError(f"{task.spec} was asked to stop.")

    on_row(0)
    if not task.isolated:
        return finish_shard(task.spec, task.out, on_row, _watched(rows_in_this_process(task.spec), board, index))
    with RowGuard(task.spec.recipes, limits) as guard:
        return finish_shard(task.spec, task.out, on_row, _watched(guard.rows, board, index))


def _watched(make_rows: MakeRows, board: Board, index: int) -> MakeRows:
    """The same, with a note on the board while it works."""

    def make(conversation: Conversation, place: float | None) -> list[Row | Refusal]:
        board.enter_row(index)
        try:
            return make_rows(conversation, place)
        finally:
            board.leave_row(index)

    return make


def _sendable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return BuildError(f"{type(error).__name__}: {error}")
    return error


def leave_with_parent() -> None:
    """Run in a thread of a worker: one whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _leave_pandas_unloaded() -> None:
    """pyarrow imports pandas, where it is installed, to tell its columns from lists: 46 MB that no worker uses.

    It looks for pandas once, and this once finds none; any other import of pandas works as ever.
    """
    import pyarrow as pa

    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)


class _NoPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is left unloaded", name=fullname)


def _keep_to_one_thread() -> None:
    import cv2
    import pyarrow as pa

    cv2.setNumThreads(1)
    pa.set_cpu_count(1)
