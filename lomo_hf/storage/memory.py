"""Releasing idle memory to the system, so that what a worker holds stays flat however many rows it makes.

Pages are large and come in every size; what they leave free between other blocks the C library keeps for later.
"""

import ctypes
import sys
from collections.abc import Callable
from functools import cache

__all__ = ["release_memory"]


def release_memory() -> None:
    """Return what is free to the system, where the system knows how (Arrow's pool everywhere, the heap with glibc)."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    if sys.platform != "linux":
        return None
    try:
        malloc_trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library
        return None
    return malloc_trim
