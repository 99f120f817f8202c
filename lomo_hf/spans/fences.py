r"""Fenced blocks of code (CommonMark 4.5), Asymptote figures, `[asy]…[/asy]`, and LaTeX documents.

One that never closes is text. A document, from `\documentclass` to `\end{document}`, is source and shown as it is
written; but it is no atom, for it may be cut as text is.
"""

from collections.abc import Iterator
from typing import NamedTuple

from lomo_hf.spans.atoms import Atom

__all__ = ["documents", "fences"]

_MAX_MARK = 64  # a longer run of backticks counts as if of this length


_DOCUMENT = (("\\documentclass", "\\begin{document}"), "\\end{document}")


class _Line(NamedTuple):
    """A line that can open or close a fence, or a mark of a figure: `prompt[start:end]`."""

    start: int
    end: int
    mark: str
    closes: bool  # holds nothing but its mark


def fences(prompt: str) -> Iterator[Atom]:
    r"""The fenced blocks of a prompt, in order.

    Args:
        prompt: Any text.

    Source: ours; the paper does not speak of code.

    Example:
        >>> [(fence.start, fence.end) for fence in fences("Run:\n```py\nx = 1\n```\nDone. ~~~")]
        [(5, 20)]
    """
    lines = sorted((*_fence_lines(prompt, "```"), *_fence_lines(prompt, "~~~"), *_figure_marks(prompt)))
    unclosed: dict[str, int] = {}  # the shortest mark of each sort that has no partner from here on
    index = 0
    while index < len(lines):
        opener = lines[index]
        index += 1
        sort = opener.mark[0]
        if opener.mark == "[/asy]" or len(opener.mark) >= unclosed.get(sort, _MAX_MARK + 1):
            continue
        close = next((at for at in range(index, len(lines)) if _is_partner(opener, lines[at])), None)
        if close is None:
            unclosed[sort] = len(opener.mark)
            continue
        yield _fence(prompt, opener, lines[close])
        index = close + 1


def documents(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    r"""Where LaTeX documents stand in `text[start:end]`, in order.

    Args:
        text: The prompt.
        start: What stands before this place is not looked at.
        end: Nor what stands from this place on.

    Example:
        >>> text = r"In \documentclass{a}\begin{document}$x$\end{document} why $y$?"
        >>> [text[start:end] for start, end in documents(text, 0, len(text))]
        ['\\documentclass{a}\\begin{document}$x$\\end{document}']
    """
    openers, closer = _DOCUMENT
    here = start
    while True:
        places = [place for place in (text.find(mark, here, end) for mark in openers) if place >= 0]
        close = text.find(closer, min(places), end) if places else -1
        if close < 0:
            return
        here = close + len(closer)
        yield min(places), here


def _is_partner(opener: _Line, other: _Line) -> bool:
    if opener.mark == "[asy]":
        return other.mark == "[/asy]"
    return other.closes and other.mark[0] == opener.mark[0] and len(other.mark) >= len(opener.mark)


def _fence(prompt: str, opener: _Line, close: _Line) -> Atom:
    """The body of a fence is its lines without the last newline; that of a figure, its whole source."""
    if opener.mark == "[asy]":
        return Atom("fence", opener.start, close.end, opener.start, close.end)
    body_start = min(opener.end + 1, close.start)
    end = close.start + len(prompt[close.start : close.end].rstrip())
    return Atom("fence", opener.start, end, body_start, max(body_start, close.start - 1))


def _figure_marks(prompt: str) -> Iterator[_Line]:
    for mark in ("[asy]", "[/asy]"):
        yield from (_Line(at, at + len(mark), mark, mark == "[/asy]") for at in _places(prompt, mark))


def _fence_lines(prompt: str, mark: str) -> Iterator[_Line]:
    """The lines that open with three or more of a mark, after at most three spaces."""
    last_end = -1
    for at in _places(prompt, mark):
        if at < last_end:
            continue
        start = max(prompt.rfind("\n", max(0, at - 4), at) + 1, at - 4, 0)
        if prompt[start:at].strip(" ") or at - start > 3 or (start > 0 and prompt[start - 1] != "\n"):
            continue
        newline = prompt.find("\n", at)
        last_end = len(prompt) if newline < 0 else newline
        stop = at
        while stop < last_end and prompt[stop] == mark[0]:
            stop += 1
        info = prompt[stop:last_end]
        if mark == "~~~" or "`" not in info:  # ```code``` on a single line is a code span
            yield _Line(start, last_end, mark[0] * min(stop - at, _MAX_MARK), not info.strip())


def _places(prompt: str, mark: str) -> Iterator[int]:
    here = prompt.find(mark)
    while here >= 0:
        yield here
        here = prompt.find(mark, here + len(mark))
