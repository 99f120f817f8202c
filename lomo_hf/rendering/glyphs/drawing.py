"""What is drawn on a page, before it is painted: glyphs as outlines at places, and rules."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Drawing"]


@dataclass(frozen=True)
class Drawing:
    """Glyphs and rules; lengths in px, from the page's upper left corner, y downwards.

    Attributes:
        outlines: The outlines that occur: of each the data of an SVG path, y upwards from the baseline.
        glyphs: int64 (glyphs,), the number of each glyph's outline.
        x, y: float64 (glyphs,), where its pen stands on the baseline.
        inks: uint8 (glyphs,), how dark it is: 255 is black; None where all are black.
        rules: float64 (rules, 4), the left, top, right and bottom of each bar.
        rule_inks: uint8 (rules,), as `inks`.
    """

    outlines: Sequence[bytes]
    glyphs: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    inks: NDArray[np.uint8] | None
    rules: NDArray[np.float64]
    rule_inks: NDArray[np.uint8]
