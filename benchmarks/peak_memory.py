"""The most memory that a process has held, as the system knows it."""

import resource
import sys
from pathlib import Path

__all__ = ["peak_megabytes_here"]


def peak_megabytes_here() -> float:
    """Of this process. What a parent held when it started this one does not count, where the system tells the two."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) / 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1 << 20 if sys.platform == "darwin" else 1 << 10)
