"""A drawing to a grey page: glyphs by their bitmaps, rules by the exact share of each pixel that they cover."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lomo_hf.rendering.glyphs.bitmaps import PHASES, Bitmaps, Chosen, shared_bitmaps
from lomo_hf.rendering.glyphs.coverage import unpacked
from lomo_hf.rendering.glyphs.drawing import Drawing

__all__ = ["Placed", "placed"]

_PHASE_BITS = PHASES.bit_length() - 1

Whole = NDArray[np.int64]
Ink = NDArray[np.uint16] | NDArray[np.uint32]


@dataclass(frozen=True)
class Placed:
    """Bitmaps at whole pixels, and rules: a page of which the size is known, before it is painted.

    Attributes:
        left, top, right, bottom: The pixels, of the drawing's, that all ink lies in; all 0 where there is none.
    """

    drawing: Drawing
    bitmaps: Chosen
    x: Whole
    y: Whole
    left: int
    top: int
    right: int
    bottom: int

    def painted(self) -> NDArray[np.uint8]:
        """The ink on as much paper as it takes: uint8 (bottom - top, right - left), 255 is paper."""
        height, width = self.bottom - self.top, self.right - self.left
        # A pixel holds 255 of each that covers it: two bytes hold 256 of them.
        few = len(self.x) + len(self.drawing.rules) < 256
        ink: Ink = np.zeros(height * width, np.uint16) if few else np.zeros(height * width, np.uint32)
        if len(self.x):
            self._add_glyphs(ink, width)
        if len(self.drawing.rules):
            self._add_rules(ink.reshape(height, width))
        if ink.max(initial=0) > 255:  # hardly ever
            ink[ink > 255] = 255
        grey: NDArray[np.uint8] = 255 - ink.astype(np.uint8)
        return grey.reshape(height, width)

    def _add_glyphs(self, ink: Ink, width: int) -> None:
        pixels, starts, counts, _ = self.bitmaps
        skipped = starts - (np.cumsum(counts) - counts)  # in the array of all pixels, less those that came before
        down, right, dark = unpacked(pixels[np.arange(counts.sum()) + np.repeat(skipped, counts)])
        where = np.repeat((self.y - self.top) * width + (self.x - self.left), counts)
        where += down * np.int32(width) + right
        if self.drawing.inks is not None:
            dark = dark * np.repeat(self.drawing.inks, counts) // 255
        # What two glyphs cover of one pixel is added up: they touch more often than they overlap.
        np.add.at(ink, where, dark.astype(ink.dtype))

    def _add_rules(self, ink: Ink) -> None:
        for (left, top, right, bottom), dark in zip(self.drawing.rules, self.drawing.rule_inks, strict=True):
            across, x = _shares(left - self.left, right - self.left)
            along, y = _shares(top - self.top, bottom - self.top)
            cover = np.outer(along, across) * float(dark) + 1e-6
            ink[y : y + len(along), x : x + len(across)] += cover.astype(ink.dtype)


def placed(drawing: Drawing, bitmaps: Bitmaps | None = None) -> Placed:
    """Where everything of a drawing comes to lie. `bitmaps` is the cache, by default the process's own.

    Raises:
        ValueError: An outline is not one of lines and curves.
    """
    across, x = _parts(drawing.x)
    down, y = _parts(drawing.y)
    kept = (bitmaps or shared_bitmaps()).of(drawing.outlines, drawing.glyphs, across, down)
    ends = [kept.boxes[:, 0] + x, kept.boxes[:, 1] + y, kept.boxes[:, 2] + x, kept.boxes[:, 3] + y]
    if len(drawing.rules):
        bars = np.concatenate([np.floor(drawing.rules[:, :2]), np.ceil(drawing.rules[:, 2:])], axis=1).astype(np.int64)
        ends = [np.concatenate([end, bars[:, side]]) for side, end in enumerate(ends)]
    if not ends[0].size:
        return Placed(drawing, kept, x, y, 0, 0, 0, 0)
    left, top, right, bottom = int(ends[0].min()), int(ends[1].min()), int(ends[2].max()), int(ends[3].max())
    return Placed(drawing, kept, x, y, left, top, right, bottom)


def _parts(places: NDArray[np.float64]) -> tuple[Whole, Whole]:
    """Places in px: the nearest phase within a pixel, and the pixel that it is in."""
    steps = np.floor(places * PHASES + 0.5).astype(np.int64)
    return steps & PHASES - 1, steps >> _PHASE_BITS


def _shares(start: float, end: float) -> tuple[NDArray[np.float64], int]:
    """How much of each pixel lies between two places of a row, and the first of these pixels."""
    first, last = int(np.floor(start)), int(np.ceil(end))
    pixels = np.arange(first, last)
    return np.minimum(pixels + 1, end) - np.maximum(pixels, start), first
