"""Building many shards on one machine: in this process, or in a few worker processes that share nothing.

Each worker has a pipe of its own, so one that is killed or hangs is noticed within a second, and costs its own shard's
work and nobody else's; `multiprocessing.Pool` would wait for it for ever. Workers are spawned, not forked: OpenCV and
the typesetter keep threads, which do not survive a fork, and spawning is the one way that is the same on Linux, macOS
and Windows. It costs a second for each worker, once.
"""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final

from lomo_hf.building.planning import ShardSpec
from lomo_hf.building.receipts import Receipt
from lomo_hf.building.resume import sweep_unfinished
from lomo_hf.building.workers.progress import SharedProgress
from lomo_hf.building.workers.rows import RowLimits
from lomo_hf.building.workers.worker import Task, finish_shard, serve
from lomo_hf.errors import BuildError

__all__ = ["ShardDone", "build_shards"]

_RETRIES: Final = 2
_POLL_SECONDS: Final = 0.25
_REPORT_EVERY: Final = 50

# One thread each: with as many workers as cores, a second thread only gets in the way. And Arrow takes memory from the
# system: a pool of its own holds ten megabytes more. Read when a library is loaded, so a worker must start with them.
_SETTINGS: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


@dataclass(frozen=True)
class ShardDone:
    """A shard is finished.

    Attributes:
        spec: Which.
        receipt: What it consists of.
        reused: Whether it was there already and needed no work.
    """

    spec: ShardSpec
    receipt: Receipt
    reused: bool


def build_shards(
    specs: Sequence[ShardSpec],
    out: Path,
    *,
    num_proc: int = 1,
    guarded: bool = False,
    limits: RowLimits | None = None,
    progress: Callable[[ShardDone], None] | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> list[Receipt]:
    """Build what is missing or damaged of these shards below `out`; the receipts of all, in order of their numbers.

    The files are the same bytes whatever `num_proc` is, and whether the build was interrupted. `progress` hears of
    every finished shard; `on_rows` hears several times a second how many rows of the source are done (the number falls
    when a killed worker's shard starts over). Both are called in this process and thread.

    When a worker is killed, or neither reads a row nor is done for `limits.silence_seconds`, its shard is tried twice
    more; after that, or when a row takes longer than `limits.hang_seconds`, the shard's rows are made one by one under
    `limits`, and the one that fails stays text with the reason "killed", "time" or "memory". Scripts that use workers
    need the usual `if __name__ == "__main__":`.

    Args:
        specs: Shards of one plan.
        out: The dataset folder.
        num_proc: Worker processes; with 1, rows are made in this process.
        guarded: With one process, make rows in a worker all the same, which may be killed.
        limits: What one row, or a silent worker, may take.
        progress: Called with every finished shard.
        on_rows: Called with the number of rows done.

    Returns:
        The receipts of all shards, in order of their numbers.

    Raises:
        BuildError: The disk is full, reading or writing a shard kills or hangs its worker again and again, or workers
            cannot start. Finished shards stay, and the next call goes on from there. So it is after a
            KeyboardInterrupt.
        SourceError: As `build_shard`.
        IntegrityError: As `build_shard`.

    >>> import tempfile
    >>> from lomo_hf.building import plan
    >>> from lomo_hf.corpus import open_corpus
    >>> from lomo_hf.recipes import Recipe
    >>> specs = plan(open_corpus(), [Recipe("mine")], limit=3)
    >>> [receipt.counts["mine"].rows for receipt in build_shards(specs, Path(tempfile.mkdtemp()))]
    [3]
    """
    indexes = [spec.number for spec in specs]
    if len(set(indexes)) != len(indexes):
        raise BuildError(f"shards must be distinct; found a number twice in {sorted(indexes)[:20]}. Give one plan.")
    if num_proc < 1:
        raise BuildError(f"num_proc must be 1 or more; found {num_proc}. Leave it out to build in this process.")
    sweep_unfinished(specs, out)
    build = _Build(out, progress or (lambda done: None), on_rows or (lambda rows: None))
    if num_proc == 1 and not guarded:
        build.in_process(specs)
    elif specs:
        build.in_workers(specs, num_proc, limits or RowLimits())
    return [build.receipts[index] for index in sorted(indexes)]


class _Build:
    """One call of `build_shards`: what is finished so far, and whom to tell."""

    def __init__(self, out: Path, progress: Callable[[ShardDone], None], on_rows: Callable[[int], None]) -> None:
        self.out = out
        self.receipts: dict[int, Receipt] = {}
        self._progress = progress
        self._on_rows = on_rows
        self._rows_finished = 0

    def in_process(self, specs: Sequence[ShardSpec]) -> None:
        """One shard after the other."""
        for spec in specs:
            self.finished(spec, *finish_shard(spec, self.out, self._report_some))

    def in_workers(self, specs: Sequence[ShardSpec], num_proc: int, limits: RowLimits) -> None:
        """As many workers as asked for, each with one shard at a time."""
        progress = SharedProgress(get_context("spawn"), [spec.number for spec in specs])
        queue = _Queue(specs, self.out)
        workers = [_Worker(progress, limits) for _ in range(min(num_proc, len(specs)))]
        try:
            while queue.todo or any(worker.task for worker in workers):
                for worker in workers:
                    if worker.task is None and queue.todo:
                        worker.give(queue.todo.popleft())
                wait([worker.connection for worker in workers if worker.task], _POLL_SECONDS)
                for worker in workers:
                    self._attend(worker, queue)
                self.report(progress.rows_in_work(worker.task.spec.number for worker in workers if worker.task))
        except BaseException:
            progress.stop()
            raise
        finally:
            for worker in workers:
                worker.leave(limits.hang_seconds)
            sweep_unfinished(specs, self.out)

    def _attend(self, worker: "_Worker", queue: "_Queue") -> None:
        """Take what a worker has to say, or notice that it will never say anything."""
        task = worker.task
        if task is None:
            return
        if worker.hangs():
            worker.replace()
            queue.hung(task)
        elif worker.connection.poll():
            try:
                answer = worker.connection.recv()
            except (EOFError, OSError):
                self._lost(worker, task, queue)
            else:
                worker.task = None
                if isinstance(answer, BaseException):
                    raise answer
                self.finished(task.spec, *answer)
        elif worker.is_silent():
            self._lost(worker, task, queue)

    def _lost(self, worker: "_Worker", task: Task, queue: "_Queue") -> None:
        begun, row = worker.state()
        worker.replace()
        sweep_unfinished([task.spec], self.out)
        queue.lost(task, begun, row)

    def finished(self, spec: ShardSpec, receipt: Receipt, reused: bool) -> None:
        """Note a shard and tell of it."""
        self.receipts[spec.number] = receipt
        self._rows_finished += spec.rows
        self._progress(ShardDone(spec, receipt, reused))
        self._on_rows(self._rows_finished)

    def report(self, rows_in_work: int) -> None:
        """Tell how many rows are done."""
        self._on_rows(self._rows_finished + rows_in_work)

    def _report_some(self, rows_in_work: int) -> None:
        if rows_in_work % _REPORT_EVERY == 0:
            self.report(rows_in_work)


class _Queue:
    """Which shards wait to be done, and what has happened to those that were tried."""

    def __init__(self, specs: Sequence[ShardSpec], out: Path) -> None:
        self.todo = deque(Task(spec, out) for spec in specs)
        self._lost = Counter[int]()
        self._failed_starts = 0

    def hung(self, task: Task) -> None:
        """One row took too long: no use in waiting for it twice."""
        self.todo.append(Task(task.spec, task.out, isolated=True))

    def lost(self, task: Task, begun: bool, row: int) -> None:
        """The worker is gone, or waits for ever: try again, at last row by row."""
        index = task.spec.number
        self._lost[index] += begun
        self._failed_starts = 0 if begun else self._failed_starts + 1
        if self._failed_starts > _RETRIES:
            raise BuildError(
                "workers end before they begin. A script needs `if __name__ == '__main__':` around its call; "
                "or memory is short, or build with num_proc=1."
            )
        if task.isolated and begun:
            raise BuildError(
                f"{task.spec} killed or hung its worker {self._lost[index]} times, the last time at row {row}, while "
                "reading or writing. Look for that row in the source, for a disk that hangs, or for too little memory."
            )
        self.todo.append(Task(task.spec, task.out, isolated=self._lost[index] > _RETRIES))


class _Worker:
    """One worker process, and the task that it has. A dead one is replaced by a new one at the next task."""

    def __init__(self, progress: SharedProgress, limits: RowLimits) -> None:
        self.task: Task | None = None
        self._progress, self._limits = progress, limits
        self._start()

    def give(self, task: Task) -> None:
        """Hand it a shard."""
        self.task = task
        self._progress.mark_alive(task.spec.number)
        with suppress(OSError):  # it is dead, which the next look at the connection tells
            self.connection.send(task)

    def state(self) -> tuple[bool, int]:
        """Whether it has begun its shard, and at which row of the source it is."""
        spec = self.task.spec if self.task else None
        return (
            (self._progress.has_begun(spec.number), spec.start + self._progress.rows(spec.number))
            if spec
            else (False, 0)
        )

    def hangs(self) -> bool:
        """Whether a row takes longer than any can. Isolated rows are watched by their guard."""
        if self.task is None or self.task.isolated:
            return False
        return self._progress.seconds_at_row(self.task.spec.number) > self._limits.hang_seconds

    def is_silent(self) -> bool:
        """Whether it has been reading or writing longer than that can take."""
        return (
            self.task is not None
            and self._progress.seconds_silent(self.task.spec.number) > self._limits.silence_seconds
        )

    def replace(self) -> None:
        """A fresh process in place of one that is dead or has to go."""
        if self.task:
            self._progress.leave_row(self.task.spec.number)
        self.task = None
        self._end()
        self._start()

    def leave(self, seconds: float) -> None:
        """Let it finish the row it is at, no longer."""
        self.connection.close()
        self._process.join(seconds if self.task else 10)
        self._end()

    def _start(self) -> None:
        context = get_context("spawn")
        self.connection: Connection[Any, Any]
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self._progress, self._limits), name="lomo-worker")
        with _settings_for_children():
            self._process.start()
        theirs.close()

    def _end(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()


@contextmanager
def _settings_for_children() -> Iterator[None]:
    """Processes started meanwhile have the settings of workers, where the user has not said otherwise."""
    added = {name: value for name, value in _SETTINGS.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
