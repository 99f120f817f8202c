"""Inline formulas: pieces side by side with the spaces of their classes, parted where a line may be broken.

Typst ends a line of a formula behind a relation or a sign, unless what follows closes a bracket or is a relation too.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.formulas.boxes import Bar, Box, Boxes, displayed
from lomo_hf.rendering.formulas.classes import gap
from lomo_hf.rendering.formulas.pieces import Gap, Piece, pieces_of
from lomo_hf.rendering.glyphs import FontGlyph
from lomo_hf.rendering.kept import Kept

__all__ = ["Formula", "Formulas", "Frame", "shared_formulas"]

_BYTES = 16_000_000  # what is kept in one process
_DISPLAYS = 2_000_000
_ENTRY, _GLYPH = 800, 100  # bytes that an entry, and a glyph of it, take

_Key = tuple[str, int, int]  # body, size of mathematics, and that of text where it matters


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What stands between two places where a formula may be broken; a box as a whole, of which lengths are in px.

    Attributes:
        ascent, descent: How far it reaches above and below its line.
        closed: It is certain that no line ends within it.
        outlines, x, y, rules: As those of a `Box`; float64 (glyphs,), and (rules, 4).
    """

    width: float
    ascent: float
    descent: float
    closed: bool
    outlines: tuple[bytes | FontGlyph, ...]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    rules: NDArray[np.float64]

    @classmethod
    def of(
        cls, lengths: tuple[float, float, float], closed: bool, outlines: Iterable[bytes | FontGlyph],
        x: Sequence[float], y: Sequence[float], rules: Sequence[Bar],
    ) -> "Frame":  # fmt: skip
        """One of a width, an ascent and a descent."""
        across, down, bars = (np.asarray(places, np.float64) for places in (x, y, rules))
        return cls(*lengths, closed, tuple(outlines), across, down, bars.reshape(-1, 4))


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """Frames from left to right, and the space behind each but the last, in px, which is lost where a line ends."""

    frames: tuple[Frame, ...]
    spaces: tuple[float, ...]

    @property
    def size(self) -> int:
        """Bytes that it takes beside its outlines."""
        return sum(_ENTRY + _GLYPH * (len(frame.x) + len(frame.rules)) for frame in self.frames)

    @property
    def outlines_size(self) -> int:
        """Bytes that its outlines take."""
        outlines = {outline for frame in self.frames for outline in frame.outlines}
        return sum(len(outline) for outline in outlines if isinstance(outline, bytes))


class Formulas:
    """Formulas by what Typst is told and their size; those used last are kept."""

    def __init__(self, bound: int = _BYTES) -> None:
        self._boxes = Boxes(bound)
        self._kept = Kept[_Key, Formula](bound, lambda key, formula: len(key[0]) + formula.size)
        # Few displayed formulas come again, but a page may be set twice.
        self._displays = Kept[_Key, Formula](_DISPLAYS, lambda _, formula: formula.size + formula.outlines_size)

    def of(self, bodies: Sequence[str], style: RenderStyle) -> list[Formula] | None:
        """Inline formulas; None where one of them is not set here."""
        keys = [(body, style.math_size, 0) for body in bodies]
        formulas: dict[_Key, Formula | None] = {key: self._kept.get(key) for key in keys}
        missing = [key for key, formula in formulas.items() if formula is None]
        if missing:
            added = self._made([key[0] for key in missing], style)
            if added is None:
                return None
            for key, new in zip(missing, added, strict=True):
                formulas[key] = new
                self._kept.keep(key, new)
        return [formula for key in keys if (formula := formulas[key]) is not None]

    def displayed(self, body: str, style: RenderStyle) -> Formula | None:
        """A displayed formula, as one frame that hangs from its line; None where it is not set here."""
        key = (body, style.math_size, style.text_size)
        formula = self._displays.get(key)
        if formula is None:
            box = displayed(body, style)
            if box is None:
                return None
            lengths = box.width, box.ascent, box.descent
            formula = Formula((Frame.of(lengths, True, box.outlines, box.x, box.y, box.rules),), ())
            self._displays.keep(key, formula)
        return formula

    def _made(self, bodies: Sequence[str], style: RenderStyle) -> list[Formula] | None:
        rows = [pieces_of(body) for body in bodies]
        listed = [row for row in rows if row is not None]
        if len(listed) < len(rows):
            return None
        boxes = self._boxes.of((piece.source for row in listed for piece in row if isinstance(piece, Piece)), style)
        if None in boxes.values():
            return None
        known = {piece: box for piece, box in boxes.items() if box is not None}
        return [_formula(row, known, style.math_size) for row in listed]


def shared_formulas() -> Formulas:
    """The formulas of this process."""
    return _formulas_of(os.getpid())


@lru_cache(maxsize=1)
def _formulas_of(process: int) -> Formulas:
    return Formulas()


def _formula(pieces: Sequence[Piece | Gap], boxes: Mapping[str, Box], em: int) -> Formula:
    frames: list[Frame] = []
    spaces: list[float] = []
    row = list(_with_gaps(pieces))
    held: list[Piece | Gap] = []
    loose = False  # a line may be broken here, so that a space is one between frames
    for at, piece in enumerate(row):
        if loose and isinstance(piece, Gap):
            spaces[-1] += em * piece.em
            continue
        loose = False
        held.append(piece)
        if isinstance(piece, Piece) and _may_break(piece, row[at + 1 : at + 2]):
            frames.append(_frame(held, boxes, em))
            spaces.append(0.0)
            held, loose = [], True
    if held:
        frames.append(_frame(held, boxes, em))
    return Formula(tuple(frames), tuple(spaces[: len(frames) - 1]))


def _with_gaps(pieces: Sequence[Piece | Gap]) -> list[Piece | Gap]:
    """The pieces with the spaces of their classes; a space that is written out takes their place."""
    row: list[Piece | Gap] = []
    for piece in pieces:
        if row and isinstance(piece, Piece) and isinstance(row[-1], Piece):
            space = gap(row[-1].right, piece.left)
            if space:
                row.append(Gap(space))
        row.append(piece)
    return row


def _may_break(piece: Piece, following: Sequence[Piece | Gap]) -> bool:
    after = following[0] if following else None
    left = after.left if isinstance(after, Piece) else None
    if piece.right == "binary":
        return left != "closing"
    return piece.right == "relation" and left not in ("relation", "closing")


def _frame(row: Sequence[Piece | Gap], boxes: Mapping[str, Box], em: int) -> Frame:
    here = ascent = descent = 0.0
    closed = True
    outlines: list[bytes | FontGlyph] = []
    x: list[float] = []
    y: list[float] = []
    rules: list[Bar] = []
    for piece in row:
        if isinstance(piece, Gap):
            here += em * piece.em
            continue
        box = boxes[piece.source]
        ascent, descent = max(ascent, box.ascent), max(descent, box.descent)
        closed = closed and piece.closed
        outlines += box.outlines
        x += [here + right for right in box.x]
        y += box.y
        rules += [(here + left, top, here + right, bottom) for left, top, right, bottom in box.rules]
        here += box.width
    return Frame.of((here, ascent, descent), closed, outlines, x, y, rules)
