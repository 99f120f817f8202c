"""Trees as digests, and sources that do harm at a chosen row: kill the worker or its parent, interrupt, or run short.

Each source passes itself off as the source it wraps (same digest), so what it leads to must be the same tree.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from lomo_hf.corpus import Conversation, Refusal, Source

Tree = dict[str, str]


def tree_of(folder: Path) -> Tree:
    """Relative path -> SHA-256 of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


@dataclass(frozen=True)
class Harmful:
    """Does `harm` before it gives row `at`; `times` times in all, counted by files in `marks`."""

    inner: Source
    harm: str
    at: int
    marks: Path
    times: int = 1

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "inner":  # a pickle asks before there is an inner source
            raise AttributeError(name)
        return getattr(self.inner, name)

    def __len__(self) -> int:
        return len(self.inner)

    def conversations(self, start: int, stop: int) -> Iterator[Conversation | Refusal]:
        (self.marks / f"process-{os.getpid()}").touch()
        for index, item in enumerate(self.inner.conversations(start, stop), start):
            if index == self.at and len(list(self.marks.glob("harm-*"))) < self.times:
                (self.marks / f"harm-{time.monotonic_ns()}").touch()
                if not self._do_harm():
                    return
            yield item

    def _do_harm(self) -> bool:
        match self.harm:
            case "kill-self":
                os.kill(os.getpid(), signal.SIGKILL)
            case "kill-parent":
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(30)
            case "interrupt":
                raise KeyboardInterrupt
            case "hang":
                time.sleep(600)
            case "end-early":
                return False
        return True


class Trap(str):
    """A prompt that does harm when it is measured, as T(x) does and keeping it as text does not.

    `harm`: "kill" the process, never "end", "wait" for ever, take all "memory", or "fail" in a way nobody foresaw.
    """

    harm: str
    marks: Path
    times: int

    def __reduce__(self) -> tuple[Any, ...]:
        return _trap, (str(self), self.harm, self.marks, self.times)

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        if len(list(self.marks.glob("harm-*"))) < self.times:
            (self.marks / f"harm-{time.monotonic_ns()}").touch()
            self._do_harm()
        return super().__len__()

    def _do_harm(self) -> None:
        match self.harm:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "end":
                while True:
                    pass
            case "wait":
                time.sleep(600)
            case "memory":
                held = [bytearray(1 << 28) for _ in range(64)]
                raise AssertionError(f"{len(held)} pieces of memory were given")
            case "fail":
                raise ZeroDivisionError("nobody foresaw this")


def _trap(text: str, harm: str, marks: Path, times: int) -> Trap:
    trap = Trap(text)
    trap.harm, trap.marks, trap.times = harm, marks, times
    return trap


@dataclass(frozen=True)
class Trapped:
    """The prompts of some rows do harm while their pages are made: row -> harm; `times` times each."""

    inner: Source
    harms: dict[int, str]
    marks: Path
    times: int = 99

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)

    def conversations(self, start: int, stop: int) -> Iterator[Conversation | Refusal]:
        for index, item in enumerate(self.inner.conversations(start, stop), start):
            if index in self.harms and isinstance(item, Conversation):
                turns = list(item.turns)
                place = item.user_turns[0]
                marks = self.marks / str(index)
                marks.mkdir(parents=True, exist_ok=True)
                turns[place] = replace(
                    turns[place], text=_trap(turns[place].text, self.harms[index], marks, self.times)
                )
                item = replace(item, turns=tuple(turns))
            yield item
