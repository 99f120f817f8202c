"""Rows one by one in a child process under limits, so that the one that kills or never ends costs itself only.

Used for a shard that has killed its worker again and again, or hung: a few percent slower, and it always ends. A row
has to fail twice, each time in a fresh process or for another recipe, before it is kept as text.
"""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from lomo_hf.building.workers.child_process import init_child_process
from lomo_hf.building.workers.rows import RowLimits, kept_rows
from lomo_hf.corpus import Conversation, Refusal
from lomo_hf.errors import BuildError
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.row import Row
from lomo_hf.substitution import Steps, Substituter

__all__ = ["RowGuard"]


class RowGuard:
    """Makes rows in a child process and replaces the child when a row ends it. Close it, or use it in a `with`."""

    def __init__(self, recipes: Sequence[Recipe], limits: RowLimits) -> None:
        self._recipes, self._limits = tuple(recipes), limits
        self._child: Any = None
        self._connection: Connection[Any, Any] | None = None

    def __enter__(self) -> "RowGuard":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows(
        self, conversation: Conversation, corpus_place: float | None, recipes: Sequence[Recipe] | None = None
    ) -> list[Row | Refusal]:
        """One result for each recipe; "killed", "time", "memory" or "error:<type>" is the reason where none came.

        What fails for all recipes together is tried for each alone: one of them may ask for less. `recipes` stand in
        place of those that the guard was made for.
        """
        asked = self._recipes if recipes is None else tuple(recipes)
        together = self._try(conversation, corpus_place, asked)
        if not isinstance(together, str):
            return together
        results: list[Row | Refusal] = []
        for recipe in asked:
            alone = self._try(conversation, corpus_place, (recipe,))
            results += kept_rows([recipe], conversation, alone, corpus_place) if isinstance(alone, str) else alone
        return results

    def steps(self, conversation: Conversation, corpus_place: float | None) -> Steps:
        """The same as work in steps, of which there is one."""
        yield self.rows(conversation, corpus_place)

    def close(self) -> None:
        """End the child."""
        if self._connection:
            self._connection.close()
        if self._child:
            self._child.kill()
            self._child.join()
        self._child = self._connection = None

    def _try(
        self, conversation: Conversation, corpus_place: float | None, recipes: tuple[Recipe, ...]
    ) -> list[Row | Refusal] | str:
        """The rows, or why there are none; after a failure the child is no more."""
        connection = self._connection or self._start()
        try:
            connection.send((conversation, corpus_place, recipes))
            if not connection.poll(self._limits.wall_seconds):
                self.close()
                return "time"
            answer: list[Row | Refusal] | str = connection.recv()
        except (EOFError, OSError):
            answer = self._why_it_died()
        if isinstance(answer, str):
            self.close()
        return answer

    def _start(self) -> "Connection[Any, Any]":
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._child = context.Process(target=_serve, args=(theirs, self._limits), name="lomo-row")
        self._child.start()
        theirs.close()
        try:
            self._connection.recv()  # it is ready: what it took to start is nothing that a row may be blamed for
        except (EOFError, OSError) as error:
            self.close()
            raise BuildError("a process for one row cannot start; memory may be short. Build again.") from error
        return self._connection

    def _why_it_died(self) -> str:
        self._child.join()
        return "time" if -(self._child.exitcode or 0) == getattr(signal, "SIGXCPU", None) else "killed"


def _serve(connection: "Connection[Any, Any]", limits: RowLimits) -> None:
    """What the child does: rows, one conversation at a time, until its parent is gone."""
    init_child_process()
    _limit_memory(limits.memory)
    with suppress(EOFError, OSError):
        connection.send("ready")
        while True:
            conversation, corpus_place, recipes = connection.recv()
            _limit_time(limits.cpu_seconds)
            connection.send(_rows_or_reason(conversation, corpus_place, recipes))


def _rows_or_reason(
    conversation: Conversation, corpus_place: float | None, recipes: tuple[Recipe, ...]
) -> list[Row | Refusal] | str:
    try:
        return Substituter(recipes).rows(conversation, corpus_place)
    except MemoryError:
        return "memory"
    except BaseException as error:
        # OpenCV says it in its own way: -4 is its code for too little memory.
        return "memory" if getattr(error, "code", None) == -4 else f"error:{type(error).__name__}"


def _limit_memory(more: int) -> None:
    """Refuse allocations beyond what the process has now and `more` bytes, where the system knows how."""
    with suppress(ImportError, OSError, ValueError, AttributeError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with open("/proc/self/statm", encoding="ascii") as stream:
            now = int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + more, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _limit_time(seconds: int) -> None:
    """End the process by SIGXCPU after that much more processor time, where the system knows how."""
    with suppress(ImportError, OSError, ValueError, AttributeError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))
