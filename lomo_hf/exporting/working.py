"""The parts of an export, written in this process or in a small pool; what is written does not depend on it."""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from threading import Thread

from lomo_hf.building.workers.child_process import leave_with_parent
from lomo_hf.errors import BuildError
from lomo_hf.exporting.formats import FORMATS
from lomo_hf.exporting.planning import Part
from lomo_hf.exporting.receipts import PartReceipt, load_receipt, save_receipt
from lomo_hf.exporting.rows import StoredRow, read_rows
from lomo_hf.storage import Folder

__all__ = ["Job", "write_parts"]


@dataclass(frozen=True)
class Job:
    """One part, as it travels to a worker."""

    folder: Path
    out: Path
    form: str
    export: str
    part: Part


def write_parts(
    jobs: Sequence[Job], num_proc: int, progress: Callable[[int, int], None]
) -> tuple[list[PartReceipt], int]:
    """All receipts, in order, and how many parts were there already."""
    total, done, reused = sum(job.part.rows for job in jobs), 0, 0
    receipts = []
    for receipt, kept in _results(jobs, min(num_proc, len(jobs))):
        receipts.append(receipt)
        reused += kept
        done += receipt.rows
        progress(done, total)
    return receipts, reused


def _results(jobs: Sequence[Job], num_proc: int) -> Iterator[tuple[PartReceipt, bool]]:
    if num_proc == 1:
        yield from map(_write_part, jobs)
        return
    with ProcessPoolExecutor(num_proc, get_context("spawn"), initializer=_enter_worker) as pool:
        try:
            yield from pool.map(_write_part, jobs)
        except BrokenProcessPool as error:
            raise BuildError(
                "a worker was killed, perhaps for want of memory. What is done stays; give the command again, or "
                "with fewer workers. A script needs `if __name__ == '__main__':` around its call."
            ) from error
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _enter_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent decides
    Thread(target=leave_with_parent, daemon=True).start()


def _write_part(job: Job) -> tuple[PartReceipt, bool]:
    """Run here or in a worker: the receipt of a part, written unless it already was; and whether it was."""
    out = Folder(job.out)
    earlier = load_receipt(job.export, job.part.index, out)
    if earlier:
        return earlier, True
    counted = [0, 0]

    def rows() -> Iterator[StoredRow]:
        for row in read_rows(job.folder, job.part.groups):
            counted[0] += 1
            counted[1] += len(row.images)
            yield row

    files = FORMATS[job.form].write_part(job.part.index, rows(), out)
    receipt = PartReceipt(job.export, job.part.index, counted[0], counted[1], tuple(files))
    save_receipt(receipt, out)
    return receipt, False
