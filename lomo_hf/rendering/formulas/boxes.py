"""Pieces of formulas as boxes: set by Typst the first time, many at once, and kept within a bound of bytes.

A box depends on its piece and on the size of mathematics alone. Whether it was kept or is made again changes nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from sys import getsizeof

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
_Outline = bytes | FontGlyph

_BYTES = 16_000_000  # what is kept in one process
_ENTRY = 500  # bytes that an entry takes
_GLYPH = 150  # and each of its glyphs, whose outline is shared
_TOGETHER = 64  # pieces in one document: on a longer page, lengths would be less exact than they are written
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
    outlines: tuple[_Outline, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    rules: tuple[Bar, ...]


class Boxes:
    """Boxes by piece and size; those used last are kept. None is kept of a piece that cannot be read off alone."""

    def __init__(self, bound: int = _BYTES) -> None:
        self._kept = Kept[tuple[str, int], tuple[Box | None]](bound, _size)
        self._outlines = Kept[_Outline, _Outline](bound // 2, lambda outline, _: _ENTRY + getsizeof(outline))

    def of(self, pieces: Iterable[str], style: RenderStyle) -> dict[str, Box | None]:
        """The box of each piece of an inline formula."""
        boxes: dict[str, Box | None] = {}
        missing: list[str] = []
        for piece in dict.fromkeys(pieces):
            kept = self._kept.get((piece, style.math_size))
            if kept is None:
                missing.append(piece)
            else:
                boxes[piece] = kept[0]
        for at in range(0, len(missing), _TOGETHER):
            some = missing[at : at + _TOGETHER]
            for piece, box in zip(some, _measured(some, style), strict=True):
                boxes[piece] = box and self._with_shared_outlines(box)
                self._kept.keep((piece, style.math_size), (boxes[piece],))
        return boxes

    def _with_shared_outlines(self, box: Box) -> Box:
        """The box with one copy of every outline, which stands in many of them."""
        shared = []
        for outline in box.outlines:
            kept = self._outlines.get(outline)
            if kept is None:
                self._outlines.keep(outline, outline)
            shared.append(outline if kept is None else kept)
        return replace(box, outlines=tuple(shared))


def displayed(body: str, style: RenderStyle) -> Box | None:
    """The box of a displayed formula, hanging from its line: nothing of it is above."""
    return _boxes(partial(measured_display, body, style), 1, inf)[0]


def _size(key: tuple[str, int], value: tuple[Box | None]) -> int:
    box = value[0]
    return _ENTRY + len(key[0]) + (0 if box is None else _GLYPH * (len(box.outlines) + len(box.rules)))


def _measured(pieces: Sequence[str], style: RenderStyle) -> list[Box | None]:
    """The boxes of pieces, all from one document; where one of them is not read there, from one for each."""
    if len(pieces) > 1:
        pitch, highest = BOX_PITCH * style.math_size, BOX_ROOM * style.math_size
        boxes = _boxes(partial(measured_pieces, pieces, style), len(pieces), pitch)
        if all(box is not None and box.ascent + box.descent <= highest for box in boxes):
            return boxes
    return [_boxes(partial(measured_pieces, [piece], style), 1, inf)[0] for piece in pieces]


def _boxes(measure: Callable[[], Drawing | None], count: int, pitch: float) -> list[Box | None]:
    """What stands in each band of a document, of `pitch` px and one below another; None where it is not read."""
    try:
        drawing = measure()
    except RenderError:
        drawing = None
    if drawing is None or drawing.inks is not None:
        return [None] * count
    glyphs = _by_band(drawing.y.tolist(), count, pitch)
    bars = _by_band((drawing.rules[:, 1] + _STROKE).tolist(), count, pitch)
    if glyphs is None or bars is None:
        return [None] * count
    return [_box(drawing, mine, lines) for mine, lines in zip(glyphs, bars, strict=True)]


def _by_band(places: Sequence[float], count: int, pitch: float) -> list[list[int]] | None:
    """The numbers of what stands in each band; None where something stands in none."""
    bands: list[list[int]] = [[] for _ in range(count)]
    for number, place in enumerate(places):
        band = int((place - BLEED) // pitch)
        if not (0 <= band < count or pitch == inf):
            return None
        bands[band].append(number)
    return bands


def _box(drawing: Drawing, glyphs: Sequence[int], bars: Sequence[int]) -> Box | None:
    rules = list(zip(drawing.rule_inks[bars].tolist(), drawing.rules[bars].tolist(), strict=True))
    frame = [bar for ink, bar in rules if ink == FRAME_INK]
    line = [bar for ink, bar in rules if ink == LINE_INK]
    if len(frame) != 4 or len(line) > 1:
        return None
    half = _STROKE / 2
    left, top = frame[0][0] + half, frame[0][1] + half
    right, bottom = frame[1][2] - half, frame[1][3] - half
    base = line[0][1] + half if line else top
    return Box(
        _exact(right - left), _exact(base - top), _exact(bottom - base),
        tuple(drawing.outlines[number] for number in drawing.glyphs[glyphs].tolist()),
        tuple(_exact(x - left) for x in drawing.x[glyphs].tolist()),
        tuple(_exact(y - base) for y in drawing.y[glyphs].tolist()),
        tuple(
            (_exact(bar[0] - left), _exact(bar[1] - base), _exact(bar[2] - left), _exact(bar[3] - base))
            for ink, bar in rules if ink not in (FRAME_INK, LINE_INK)
        ),
    )  # fmt: skip


def _exact(length: float) -> float:
    """A length as Typst wrote it, of at most nine places: the same wherever on its page it was measured."""
    return round(length, 10)
