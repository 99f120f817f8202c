"""What is drawn on a page, before it is painted: glyphs as outlines at places, and rules."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lomo_hf.rendering.glyphs.coverage import Bitmap

__all__ = ["Drawing", "FontGlyph"]


class FontGlyph(Hashable, Protocol):
    """A glyph of a font at a size, which draws itself."""

    def path(self) -> bytes:
        """Its outline as the data of an SVG path, y upwards from the baseline."""

    def bitmap(self, right: float, down: float) -> Bitmap:
        """Its bitmap, with its pen at these parts of a pixel, 0 to 1, y downwards."""


@dataclass(frozen=True)
class Drawing:
    """Glyphs and rules; lengths in px, from the page's upper left corner, y downwards.

    Attributes:
        outlines: The outlines that occur: the data of an SVG path, y upwards from the baseline, or a glyph of a font.
        glyphs: int64 (glyphs,), the number of each glyph's outline.
        x, y: float64 (glyphs,), where its pen stands on the baseline.
        inks: uint8 (glyphs,), how dark it is: 255 is black; None where all are black.
        rules: float64 (rules, 4), the left, top, right and bottom of each bar.
        rule_inks: uint8 (rules,), as `inks`.
    """

    outlines: Sequence[bytes | FontGlyph]
    glyphs: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    inks: NDArray[np.uint8] | None
    rules: NDArray[np.float64]
    rule_inks: NDArray[np.uint8]
