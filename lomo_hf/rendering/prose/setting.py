"""Lines of prose to a page: words beside one another until a line is full, lines under one another."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.markup import Line
from lomo_hf.rendering.prose.gate import breaks_after_space, is_prose, parts_of
from lomo_hf.rendering.prose.words import PHASES, Words, covered, shared_words
from lomo_hf.rendering.scripts import rooms_of

__all__ = ["set_prose"]

_RUNS = re.compile(" +|[^ ]+")
_TOLERANCE = 1e-6  # px by which Typst lets a line be too long


class _Placed(NamedTuple):
    word: str
    x: float
    row: int


@dataclass
class _Rows:
    """The words of a page with their places, and the room that each row needs above and below."""

    words: list[_Placed] = field(default_factory=list)
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)

    def open(self) -> None:
        self.above.append(0)
        self.below.append(0)

    def place(self, word: str, x: float, room: tuple[int, int]) -> None:
        self.words.append(_Placed(word, x, len(self.above) - 1))
        if room != (0, 0):
            self.above[-1], self.below[-1] = max(self.above[-1], room[0]), max(self.below[-1], room[1])


def set_prose(
    lines: Sequence[Line], width: int, style: RenderStyle, words: Words | None = None
) -> NDArray[np.uint8] | None:
    """The page of lines of prose in a column of `width` px, as Typst would set it; uint8, 255 is paper, untrimmed.

    None where that is not certain: another script, formulas, code, or a line whose end depends on more than is known
    here. The answer depends on the lines, the width and the style alone. `words` is the cache, by default the
    process's own.

    >>> from lomo_hf.rendering.markup import Line, Piece
    >>> page = set_prose([Line((Piece("text", "Plain prose."),))], 400, RenderStyle())
    >>> page is None, set_prose([Line((Piece("text", "x"), Piece("inline", "y")))], 400, RenderStyle())
    (False, None)
    """
    if not is_prose(lines, covered()):
        return None
    words = words or shared_words()
    rows = _Rows()
    for line in lines:
        text = line.pieces[0].text if line.pieces else ""
        if not _broken(text, (width + _TOLERANCE) / style.text_size, words, rows):
            return None
    if style.text_size % 20 and (any(rows.above) or any(rows.below)):
        return None  # rooms are whole pixels at 20 px only
    return _painted(rows, style, words) if rows.words else None


def _broken(text: str, width: float, words: Words, rows: _Rows) -> bool:
    """Place the words of one line of the prompt on as many rows as it takes; lengths in em. False: not certain."""
    rows.open()
    space, inner = words.advance(" "), text.rstrip(" ")
    tail = space * (len(text) - len(inner))  # spaces at the end of a paragraph take room, those where a row ends none
    x, before, left = 0.0, "", len(inner)
    for run, room in _runs(inner):
        left -= len(run)
        if run[0] == " ":
            x += len(run) * space
            continue
        word, advance = run, words.advance(run)
        while x + advance + (0 if left else tail) > width:
            parts = parts_of(word)
            if parts is None:
                return False
            head = _fitting(parts, width - x, words)
            if head:
                rows.place(head, x, room)
                word = word[len(head) :]
            elif not before or not breaks_after_space(before, word):
                return False
            rows.open()
            x, before, advance = 0.0, "", words.advance(word)
        rows.place(word, x, room)
        x, before = x + advance, word
    return True


def _runs(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Words and the spaces between them, each with the room that it needs."""
    for room, stretch in rooms_of(text):
        for run in _RUNS.findall(stretch):
            yield run, room


def _fitting(parts: Sequence[str], width: float, words: Words) -> str:
    """As many parts of a word as fit, in one; "" where none does."""
    for count in range(len(parts) - 1, 0, -1):
        head = "".join(parts[:count])
        if words.advance(head) <= width:
            return head
    return ""


def _painted(rows: _Rows, style: RenderStyle, words: Words) -> NDArray[np.uint8]:
    """All words on paper as large as their ink takes."""
    pitches = (style.line_height + up + down for up, down in zip(rows.above, [0, *rows.below], strict=False))
    baselines = list(accumulate(pitches))
    drawn: list[tuple[NDArray[np.uint8], int, int]] = []
    for word, x, row in rows.words:
        pixel, phase = divmod(round(x * style.text_size * PHASES), PHASES)
        picture = words.picture(word, style.text_size, phase)
        drawn.append((picture.pixels, pixel + picture.left, baselines[row] + picture.top))
    left, top = min(x for _, x, _ in drawn), min(y for _, _, y in drawn)
    right = max(x + pixels.shape[1] for pixels, x, _ in drawn)
    bottom = max(y + pixels.shape[0] for pixels, _, y in drawn)
    page = np.full((bottom - top, right - left), 255, np.uint8)
    for pixels, x, y in drawn:
        place = page[y - top : y - top + pixels.shape[0], x - left : x - left + pixels.shape[1]]
        np.minimum(place, pixels, out=place)
    return page
