"""Building many shards on one machine: in this process, or in a small pool of processes that share nothing.

`concurrent.futures` notices a killed worker within a second, where `multiprocessing.Pool` waits for ever. Workers are
spawned, not forked: OpenCV, BLAS and the typesetter keep threads, which do not survive a fork, and spawning is the one
way that is the same on Linux, macOS and Windows. It costs a second for each worker, once.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from lomo_hf.building.board import Board
from lomo_hf.building.planning import ShardSpec
from lomo_hf.building.receipts import Receipt
from lomo_hf.building.resume import sweep_unfinished
from lomo_hf.building.worker import enter_worker, finish_shard, work
from lomo_hf.errors import BuildError

__all__ = ["ShardDone", "build_shards"]

_RETRIES: Final = 2
_POLL_SECONDS: Final = 0.25
_REPORT_EVERY: Final = 50

# One thread each: with as many workers as cores, a second thread only gets in the way. Read when a library is loaded,
# so a worker must be born with them.
_ONE_THREAD: Final = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip


@dataclass(frozen=True)
class ShardDone:
    """Said once for every shard: it is finished, with its receipt; `reused` if it needed no work."""

    spec: ShardSpec
    receipt: Receipt
    reused: bool


def build_shards(
    specs: Sequence[ShardSpec],
    out: Path,
    *,
    num_proc: int = 1,
    progress: Callable[[ShardDone], None] | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> list[Receipt]:
    """Build what is missing or damaged of these shards below `out`; the receipts of all, in order of index.

    The files are the same bytes whatever `num_proc` is, and whether the build was interrupted. `progress` hears of
    every finished shard; `on_rows` hears several times a second how many rows of the source are done (the number falls
    when a killed worker's shard starts over). Both are called in this process and thread.

    When a worker is killed, the shards it had begun are tried twice more, then each alone. Scripts that ask for more
    than one process need the usual `if __name__ == "__main__":`.

    Raises:
        BuildError: The disk is full, a shard kills its worker again and again, or workers cannot start. Finished
            shards stay, and the next call goes on from there. So it is after a KeyboardInterrupt.
        SourceError, IntegrityError: As `build_shard`.
    """
    indexes = [spec.index for spec in specs]
    if len(set(indexes)) != len(indexes):
        raise BuildError(f"shards must be distinct; found an index twice in {sorted(indexes)[:20]}. Give one plan.")
    if num_proc < 1:
        raise BuildError(f"num_proc must be 1 or more; found {num_proc}. Leave it out to build in this process.")
    sweep_unfinished(specs, out)
    build = _Build(out, progress or (lambda done: None), on_rows or (lambda rows: None))
    if num_proc == 1:
        build.in_process(specs)
    else:
        build.in_pool(specs, num_proc)
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
            self._finished(spec, *finish_shard(spec, self.out, self._report_some))

    def in_pool(self, specs: Sequence[ShardSpec], num_proc: int) -> None:
        """Rounds of a pool: each ends when all is done, or when a worker was killed."""
        todo, killed = list(specs), Counter[int]()
        while todo:
            begun = self._round(todo, min(num_proc, len(todo)))
            killed.update(begun.keys())
            suspects = [spec for spec in todo if killed[spec.index] > _RETRIES]
            for spec in suspects:
                self._alone(spec)
            todo = [spec for spec in todo if spec.index not in self.receipts]

    def _alone(self, spec: ShardSpec) -> None:
        """The last try, with nobody else to blame. This is where a shard's rows would be isolated one by one."""
        begun = self._round([spec], 1)
        if begun:
            row = spec.start + begun[spec.index]
            raise BuildError(
                f"{spec} killed its worker {_RETRIES + 2} times, the last time at row {row}. "
                "Look for that row in the source, or for too little memory."
            )

    def _round(self, specs: Sequence[ShardSpec], num_proc: int) -> dict[int, int]:
        """Run a pool until all is done or a worker is killed: index -> rows read, of shards that were broken off."""
        context = get_context("spawn")
        board = Board(context, [spec.index for spec in specs])
        finished: SimpleQueue[Future[tuple[Receipt, bool]]] = SimpleQueue()
        with (
            _one_thread_for_children(),
            ProcessPoolExecutor(num_proc, context, initializer=enter_worker, initargs=(board,)) as pool,
        ):
            try:
                pending = {pool.submit(work, spec, self.out): spec for spec in specs}
                for future in pending:
                    future.add_done_callback(finished.put)
                broken = self._drain(pending, finished, board)
            except BrokenProcessPool:  # while there still was something to submit
                broken = [spec for spec in specs if spec.index not in self.receipts]
            except BaseException:
                board.stop()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        if broken and not board.anything_begun():
            raise BuildError(
                "workers end before they begin. A script needs `if __name__ == '__main__':` around its call; "
                "or memory is short, or build with num_proc=1."
            )
        sweep_unfinished(specs, self.out)
        return {spec.index: board.rows(spec.index) for spec in broken if board.begun(spec.index)}

    def _drain(
        self,
        pending: dict[Future[tuple[Receipt, bool]], ShardSpec],
        finished: "SimpleQueue[Future[tuple[Receipt, bool]]]",
        board: Board,
    ) -> list[ShardSpec]:
        """Take results as they come; the shards that a killed worker left undone."""
        broken = []
        while pending:
            self._report(board.rows_in_work(spec.index for spec in pending.values()))
            try:
                future = finished.get(timeout=_POLL_SECONDS)
            except Empty:
                continue
            spec = pending.pop(future)
            try:
                receipt, reused = future.result()
            except BrokenProcessPool:
                broken.append(spec)
            else:
                self._finished(spec, receipt, reused)
        return broken

    def _finished(self, spec: ShardSpec, receipt: Receipt, reused: bool) -> None:
        self.receipts[spec.index] = receipt
        self._rows_finished += spec.rows
        self._progress(ShardDone(spec, receipt, reused))
        self._on_rows(self._rows_finished)

    def _report_some(self, rows_in_work: int) -> None:
        if rows_in_work % _REPORT_EVERY == 0:
            self._report(rows_in_work)

    def _report(self, rows_in_work: int) -> None:
        self._on_rows(self._rows_finished + rows_in_work)


@contextmanager
def _one_thread_for_children() -> Iterator[None]:
    """Processes started meanwhile are told to keep to one thread, unless the user has said otherwise."""
    added = [name for name in _ONE_THREAD if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
