"""What every child process does first: ignore Ctrl-C, end with its parent, keep to one thread, load little."""

import os
import signal
import sys
from importlib.abc import MetaPathFinder
from multiprocessing import parent_process
from threading import Thread

__all__ = ["init_child_process", "leave_pandas_unloaded", "leave_with_parent"]


def init_child_process() -> None:
    """What every child process does first: ignore Ctrl-C, leave with the parent, keep to one thread, load little."""
    # Ctrl-C reaches every process of a terminal; the parent decides and asks through the shared counters.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=leave_with_parent, daemon=True).start()
    _keep_to_one_thread()
    leave_pandas_unloaded()


def leave_with_parent() -> None:
    """Run in a thread of a worker: one whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


def leave_pandas_unloaded() -> None:
    """pyarrow imports pandas, where it is installed, to tell its columns from lists: 46 MB that no build uses.

    For processes that are ours alone: workers, and `lomo build` itself.

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
