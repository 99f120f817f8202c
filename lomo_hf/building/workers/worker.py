"""What happens in a worker process: it takes shards, one at a time, and leaves with its parent.

Nothing here starts processes, but for the row guard of an isolated shard, or knows of other workers.
"""

import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from lomo_hf.building.planning import ShardSpec
from lomo_hf.building.receipts import Receipt
from lomo_hf.building.resume import trusted_receipt
from lomo_hf.building.shard import write_shard
from lomo_hf.building.workers.child_process import init_child_process
from lomo_hf.building.workers.isolation import RowGuard
from lomo_hf.building.workers.progress import SharedProgress
from lomo_hf.building.workers.rows import MakeRows, RowLimits, rows_in_this_process
from lomo_hf.corpus import Conversation
from lomo_hf.errors import BuildError
from lomo_hf.substitution import Steps

__all__ = ["Task", "finish_shard", "serve"]


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


def serve(connection: "Connection[Any, Any]", progress: SharedProgress, limits: RowLimits) -> None:
    """Run in a new worker process: answer each task with a receipt and whether it was reused, or with an error."""
    init_child_process()
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer: object = _finish(task, progress, limits)
        except MemoryError:
            os._exit(1)  # as if the system had ended it: the shard is tried again, and then row by row
        except BaseException as error:
            answer = _sendable(error)
        try:
            connection.send(answer)
        except OSError:
            return  # the parent has stopped, and no longer listens


def _finish(task: Task, progress: SharedProgress, limits: RowLimits) -> tuple[Receipt, bool]:
    index = task.spec.number

    def on_row(rows: int) -> None:
        progress.set_rows(index, rows)
        if progress.is_stopped():
            raise BuildError(f"{task.spec} was asked to stop.")

    on_row(0)
    if not task.isolated:
        return finish_shard(task.spec, task.out, on_row, _watched(rows_in_this_process(task.spec), progress, index))
    with RowGuard(task.spec.recipes, limits) as guard:
        return finish_shard(task.spec, task.out, on_row, _watched(guard.steps, progress, index))


def _watched(make_rows: MakeRows, progress: SharedProgress, index: int) -> MakeRows:
    """The same, noted in the progress counters while it works."""

    def make(conversation: Conversation, corpus_place: float | None) -> Steps:
        steps, rows = make_rows(conversation, corpus_place), None
        while rows is None:
            progress.enter_row(index)
            try:
                rows = next(steps)
            finally:
                progress.leave_row(index)
            yield rows

    return make


def _sendable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return BuildError(f"{type(error).__name__}: {error}")
    return error
