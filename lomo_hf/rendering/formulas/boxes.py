"""Pieces of formulas as boxes: set by Typst the first time, many at once, and kept within a bound of bytes.

A box depends on its piece and on the size of mathematics alone. Whether it was kept or is made again changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lomo_hf.errors import RenderError
from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.glyphs import Drawing, FontGlyph
from lomo_hf.rendering.kept import Kept
from lomo_hf.rendering.typesetter import BLEED, BOX_PITCH, BOX_ROOM, FRAME_INK, LINE_INK, drawing_of

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
        self._kept = Kept[tuple[str, int, int], tuple[Box | None]](bound, _size)

    def of(self, pieces: Iterable[str], style: RenderStyle) -> dict[str, Box | None]:
        """The box of each piece of an inline formula."""
        found: dict[str, Box | None] = {}
        missing: list[str] = []
        for piece in dict.fromkeys(pieces):
            kept = self._kept.get((piece, style.math_size, style.text_size))
            if kept is None:
                missing.append(piece)
            else:
                found[piece] = kept[0]
        if missing:
            for piece, box in zip(missing, _measured(missing, style), strict=True):
                found[piece] = box
                self._kept.keep((piece, style.math_size, style.text_size), (box,))
        return found


def displayed(body: str, style: RenderStyle) -> Box | None:
    """The box of a displayed formula, hanging from its line: nothing of it is above."""
    try:
        drawing = drawing_of([f"#Y($ {body} $)"], 0, style)
    except RenderError:
        return None
    if drawing is None or drawing.inks is not None:
        return None
    return _box(drawing, drawing.rules - BLEED, drawing.rule_inks, list(range(len(drawing.glyphs))))


def _size(key: tuple[str, int, int], value: tuple[Box | None]) -> int:
    return _ENTRY + len(key[0]) + (0 if value[0] is None else value[0].size)


def _measured(pieces: Sequence[str], style: RenderStyle) -> list[Box | None]:
    """The boxes of pieces, all from one document; where that is not read, from one for each."""
    try:
        drawing = drawing_of([f"#X(${piece}$)" for piece in pieces], 0, style)
    except RenderError:
        drawing = None
    if drawing is not None and drawing.inks is None:
        return list(_boxes(drawing, len(pieces), style))
    return [_measured([piece], style)[0] for piece in pieces] if len(pieces) > 1 else [None]


def _boxes(drawing: Drawing, count: int, style: RenderStyle) -> Iterator[Box | None]:
    """What stands in each of the bands, one below another, that the pieces were set in."""
    pitch = BOX_PITCH * style.text_size
    bars = drawing.rules - BLEED
    band_of_glyph = np.floor((drawing.y - BLEED) / pitch).astype(int).tolist()
    band_of_bar = np.floor((bars[:, 1] + _STROKE) / pitch).astype(int).tolist()
    glyphs: list[list[int]] = [[] for _ in range(count)]
    rules: list[list[int]] = [[] for _ in range(count)]
    for number, band in enumerate(band_of_glyph):
        glyphs[band].append(number)
    for number, band in enumerate(band_of_bar):
        rules[band].append(number)
    for mine, lines in zip(glyphs, rules, strict=True):
        box = _box(drawing, bars[lines], drawing.rule_inks[lines], mine)
        yield box if box is not None and box.ascent + box.descent <= BOX_ROOM * style.text_size else None


def _box(drawing: Drawing, bars: NDArray[np.float64], inks: NDArray[np.uint8], glyphs: list[int]) -> Box | None:
    """What stands within a frame; places are from the left end of its baseline or, where that is not drawn, its top."""
    frame, line = bars[inks == FRAME_INK], bars[inks == LINE_INK]
    if len(frame) != 4 or len(line) > 1:
        return None
    half = _STROKE / 2
    left, top = frame[:, 0].min() + half, frame[:, 1].min() + half
    right, bottom = frame[:, 2].max() - half, frame[:, 3].max() - half
    base = line[0, 1] + half if len(line) else top
    own = bars[(inks != FRAME_INK) & (inks != LINE_INK)] - (left, base, left, base)
    return Box(
        float(right - left), float(base - top), float(bottom - base),
        tuple(drawing.outlines[number] for number in drawing.glyphs[glyphs].tolist()),
        tuple((drawing.x[glyphs] - BLEED - left).tolist()), tuple((drawing.y[glyphs] - BLEED - base).tolist()),
        tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in own.tolist()),
    )  # fmt: skip
