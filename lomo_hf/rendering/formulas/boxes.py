"""Pieces of formulas as boxes: set by Typst the first time, many at once, and kept within a bound of bytes.

A box depends on its piece and on the size of mathematics alone. Whether it was kept or is made again changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from lomo_hf.errors import RenderError
from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.glyphs import Drawing, FontGlyph
from lomo_hf.rendering.kept import Kept
from lomo_hf.rendering.typesetter import (
    BLEED,
    BOX_PITCH,
    BOX_ROOM,
    FRAME_INK,
    LINE_INK,
    measured_display,
    measured_pieces,
)

__all__ = ["Bar", "Box", "Boxes", "displayed"]

Bar = tuple[float, float, float, float]

_BYTES = 16_000_000  # what is kept in one process
_ENTRY = 500  # bytes that an entry takes beside its outlines
_GLYPH = 150
_STROKE = 1.0  # px, of the frame that is drawn around a piece


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A piece of a formula as Typst sets it; lengths in px, from the left end of its baseline, y downwards.

    Attributes:
        outlines: The outline of each glyph, the data of an SVG path.
        x, y: Where each glyph's pen stands.
        rules: The left, top, right and bottom of each bar.
    """

    width: float
    ascent: float
    descent: float
    outlines: tuple[bytes | FontGlyph, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    rules: tuple[Bar, ...]

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        paths = sum(len(path) for path in dict.fromkeys(self.outlines) if isinstance(path, bytes))
        return paths + _GLYPH * (len(self.outlines) + len(self.rules))


class Boxes:
    """Boxes by piece and size; those used last are kept. None is kept of a piece that cannot be read off alone."""

    def __init__(self, bound: int = _BYTES) -> None:
        self._kept = Kept[tuple[str, int], tuple[Box | None]](bound, _size)

    def of(self, pieces: Iterable[str], style: RenderStyle) -> dict[str, Box | None]:
        """The box of each piece of an inline formula."""
        found: dict[str, Box | None] = {}
        missing: list[str] = []
        for piece in dict.fromkeys(pieces):
            kept = self._kept.get((piece, style.math_size))
            if kept is None:
                missing.append(piece)
            else:
                found[piece] = kept[0]
        if missing:
            for piece, box in zip(missing, _measured(missing, style), strict=True):
                found[piece] = box
                self._kept.keep((piece, style.math_size), (box,))
        return found


def displayed(body: str, style: RenderStyle) -> Box | None:
    """The box of a displayed formula, hanging from its line: nothing of it is above."""
    try:
        drawing = measured_display(body, style)
    except RenderError:
        return None
    if drawing is None or drawing.inks is not None:
        return None
    return _boxes(drawing, 1, inf)[0]


def _size(key: tuple[str, int], value: tuple[Box | None]) -> int:
    return _ENTRY + len(key[0]) + (0 if value[0] is None else value[0].size)


def _measured(pieces: Sequence[str], style: RenderStyle) -> list[Box | None]:
    """The boxes of pieces, all from one document; where that is not read, from one for each."""
    try:
        drawing = measured_pieces(pieces, style)
    except RenderError:
        drawing = None
    if drawing is not None and drawing.inks is None:
        boxes = _boxes(drawing, len(pieces), BOX_PITCH * style.math_size)
        room = BOX_ROOM * style.math_size
        return [None if box is None or box.ascent + box.descent > room else box for box in boxes]
    return [_measured([piece], style)[0] for piece in pieces] if len(pieces) > 1 else [None]


def _boxes(drawing: Drawing, count: int, pitch: float) -> list[Box | None]:
    """What stands in each of the bands of a height of `pitch` px, one below another, that the pieces were set in."""
    glyphs: list[list[int]] = [[] for _ in range(count)]
    bars: list[list[int]] = [[] for _ in range(count)]
    x, y, rules = drawing.x.tolist(), drawing.y.tolist(), drawing.rules.tolist()
    for number, down in enumerate(y):
        glyphs[int((down - BLEED) // pitch)].append(number)
    for number, rule in enumerate(rules):
        bars[int((rule[1] + _STROKE - BLEED) // pitch)].append(number)
    inks = drawing.rule_inks.tolist()
    boxes: list[Box | None] = []
    for mine, lines in zip(glyphs, bars, strict=True):
        frame = [rules[number] for number in lines if inks[number] == FRAME_INK]
        line = [rules[number] for number in lines if inks[number] == LINE_INK]
        if len(frame) != 4 or len(line) > 1:
            boxes.append(None)
            continue
        half = _STROKE / 2
        left, top = frame[0][0] + half, frame[0][1] + half
        right, bottom = frame[1][2] - half, frame[1][3] - half
        base = line[0][1] + half if line else top
        boxes.append(Box(
            right - left, base - top, bottom - base,
            tuple(drawing.outlines[number] for number in drawing.glyphs[mine].tolist()),
            tuple(x[number] - left for number in mine), tuple(y[number] - base for number in mine),
            tuple(
                (x0 - left, y0 - base, x1 - left, y1 - base)
                for number in lines if inks[number] not in (FRAME_INK, LINE_INK)
                for x0, y0, x1, y1 in (rules[number],)
            ),
        ))  # fmt: skip
    return boxes
