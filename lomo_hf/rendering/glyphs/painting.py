"""A drawing to a grey page: glyphs by their bitmaps, rules by the exact share of each pixel that they cover."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lomo_hf.rendering.glyphs.bitmaps import PHASES, Bitmaps, shared_bitmaps
from lomo_hf.rendering.glyphs.coverage import Bitmap
from lomo_hf.rendering.glyphs.drawing import Drawing

__all__ = ["Placed", "placed"]

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Placed:
    """Bitmaps at whole pixels, and rules: a page of which the size is known, before it is painted.

    Attributes:
        left, top, right, bottom: The pixels, of the drawing's, that all ink lies in; all 0 where there is none.
    """

    drawing: Drawing
    bitmaps: list[Bitmap]
    x: Whole
    y: Whole
    left: int
    top: int
    right: int
    bottom: int

    def painted(self) -> NDArray[np.uint8]:
        """The ink on as much paper as it takes: uint8 (bottom - top, right - left), 255 is paper."""
        height, width = self.bottom - self.top, self.right - self.left
        ink = np.zeros(height * width, np.uint16)
        if self.bitmaps:
            self._add_glyphs(ink, width)
        if len(self.drawing.rules):
            self._add_rules(ink.reshape(height, width))
        return _greys()[np.minimum(ink, 255)].reshape(height, width)

    def _add_glyphs(self, ink: NDArray[np.uint16], width: int) -> None:
        counts = [len(bitmap.ink) for bitmap in self.bitmaps]
        where = np.repeat((self.y - self.top) * width + (self.x - self.left), counts)
        where += np.concatenate([bitmap.down for bitmap in self.bitmaps]).astype(np.int64) * width
        where += np.concatenate([bitmap.right for bitmap in self.bitmaps])
        dark = np.concatenate([bitmap.ink for bitmap in self.bitmaps]).astype(np.uint16)
        if (self.drawing.inks != 255).any():
            dark = dark * np.repeat(self.drawing.inks, counts).astype(np.uint16) // 255
        # What two glyphs cover of one pixel is added up: they touch more often than they overlap.
        np.add.at(ink, where, dark)

    def _add_rules(self, ink: NDArray[np.uint16]) -> None:
        for (left, top, right, bottom), dark in zip(self.drawing.rules, self.drawing.rule_inks, strict=True):
            across, x = _shares(left - self.left, right - self.left)
            along, y = _shares(top - self.top, bottom - self.top)
            cover = np.outer(along, across) * float(dark) + 1e-6
            ink[y : y + len(along), x : x + len(across)] += cover.astype(np.uint16)


def placed(drawing: Drawing, bitmaps: Bitmaps | None = None) -> Placed:
    """Where everything of a drawing comes to lie. `bitmaps` is the cache, by default the process's own.

    Raises:
        ValueError: An outline is not one of lines and curves.
    """
    across, x = _parts(drawing.x)
    down, y = _parts(drawing.y)
    keys = list(zip(drawing.outlines, across.tolist(), down.tolist(), strict=True))
    found = (bitmaps or shared_bitmaps()).of(keys)
    boxes = np.asarray([bitmap.box for bitmap in found], np.int64).reshape(-1, 4)
    boxes += np.stack([x, y, x, y], axis=1)
    rules = drawing.rules
    bars = np.stack([np.floor(rules[:, 0]), np.floor(rules[:, 1]), np.ceil(rules[:, 2]), np.ceil(rules[:, 3])], axis=1)
    every = np.concatenate([boxes, bars.astype(np.int64)])
    left, top = every[:, :2].min(axis=0).tolist() if len(every) else (0, 0)
    right, bottom = every[:, 2:].max(axis=0).tolist() if len(every) else (0, 0)
    return Placed(drawing, found, x, y, left, top, right, bottom)


def _parts(places: NDArray[np.float64]) -> tuple[Whole, Whole]:
    """Places in px as the nearest phase, and the pixel that it is in."""
    steps = np.floor(places * PHASES + 0.5).astype(np.int64)
    return steps % PHASES, steps // PHASES


def _shares(start: float, end: float) -> tuple[NDArray[np.float64], int]:
    """How much of each pixel lies between two places of a row, and the first of these pixels."""
    first, last = int(np.floor(start)), int(np.ceil(end))
    pixels = np.arange(first, last)
    return np.minimum(pixels + 1, end) - np.maximum(pixels, start), first


@cache
def _greys() -> NDArray[np.uint8]:
    """Coverage of a pixel -> grey, by the whole numbers of Typst's own blending, which rounds down twice."""
    covered = np.arange(256)
    greys = (255 * (256 - (255 * covered >> 8))) >> 8
    greys[255] = 0
    return greys.astype(np.uint8)
