"""Work that is counted, not timed: the lines of Python that run, and the characters that are copied or searched.

A count is the same on any machine and under any load, so a bound on it never fails by chance. Lines alone would miss a
text that is copied once for each of its marks, since one line copies it: so a text that is given as `CountedText`
counts what its own methods go through, and so do the parts that are cut from it.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["CountedText", "counted_work", "work_grows_with"]


class CountedText(str):
    """A text that adds to `characters` how many of its characters are copied or searched; its parts do as well."""

    characters = 0

    def __getitem__(self, key: Any) -> str:
        part = super().__getitem__(key)
        return _counted(part) if isinstance(key, slice) else part

    def __contains__(self, wanted: object) -> bool:
        return self.find(str(wanted)) >= 0

    def find(self, wanted: str, *bounds: Any) -> int:
        low, high, _ = slice(*bounds, *[None] * (2 - len(bounds))).indices(len(self))
        at = super().find(wanted, *bounds)
        CountedText.characters += max(0, (high if at < 0 else at) - low)
        return at

    def rfind(self, wanted: str, *bounds: Any) -> int:
        low, high, _ = slice(*bounds, *[None] * (2 - len(bounds))).indices(len(self))
        at = super().rfind(wanted, *bounds)
        CountedText.characters += max(0, high - (low if at < 0 else at))
        return at


def _counted(value: Any) -> Any:
    """A text or texts that a method gave back, counted, as what is cut from them will be."""
    if isinstance(value, str):
        CountedText.characters += len(value)
        return CountedText(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_counted, value))
    return value


def _goes_through_all(name: str) -> Callable[..., Any]:
    method = getattr(str, name)

    def counting(text: CountedText, *args: Any, **options: Any) -> Any:
        CountedText.characters += len(text)
        return _counted(method(text, *args, **options))

    return counting


for _name in (
    *("strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "partition", "rpartition", "replace", "count"),
    *("lower", "upper", "casefold", "translate", "encode", "expandtabs", "__add__", "__mul__", "join"),
):
    setattr(CountedText, _name, _goes_through_all(_name))


def counted_work(act: Callable[[], object]) -> int:
    """How many lines of Python an act runs, and how many characters of its `CountedText` it copies or searches."""
    lines, before = 0, sys.gettrace()

    def in_frame(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return in_frame

    def on_call(frame: FrameType, event: str, _: Any) -> Any:
        return None if frame.f_code.co_filename == __file__ else in_frame

    CountedText.characters = 0
    sys.settrace(on_call)
    try:
        act()
    finally:
        sys.settrace(before)
    return lines + CountedText.characters


def work_grows_with(act: Callable[[Any], object], small: Any, large: Any, times: int = 4) -> bool:
    """Whether the work of an act on `large`, `times` as much as `small`, is at most twice that many times as much.

    Work that grew with the square would be `times` as much again. An act on the small input first fills what is kept
    between calls, so that neither count holds it.
    """
    floor = 2_000  # what is done once, whatever comes, is no growth
    act(small)
    least, most = counted_work(lambda: act(small)), counted_work(lambda: act(large))
    return most < 2 * times * max(least, floor)
