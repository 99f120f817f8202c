"""T(x) one row at a time, whatever threads `datasets` runs.

A shuffled `IterableDataset` of several shards prefetches each shard in a thread of its own, and one Typst compiler
cannot be entered by two threads ("Already borrowed"). Processes, not threads, are the way to render faster.
"""

import os
import threading

from lomo_hf.corpus import Conversation, Refusal
from lomo_hf.substitution import Row, Substituter

__all__ = ["substituted"]


class _Turn:
    """A lock that is free in a forked child even if a thread of the parent held it, since no such thread is there."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.lock = threading.Lock()


_TURN = _Turn()


def substituted(read: Conversation | Refusal, substituter: Substituter, place: float | None = None) -> Row | Refusal:
    """The row that a substituter of one recipe makes of what was read; a refusal stays one. `place`: as there.

    >>> from lomo_hf.recipe import Recipe
    >>> substituted(Refusal("train/1", "dialect", "No known columns."), Substituter([Recipe("mine")])).reason
    'dialect'
    """
    if isinstance(read, Refusal):
        return read
    with _TURN.lock:
        return substituter.rows(read, place)[0]
