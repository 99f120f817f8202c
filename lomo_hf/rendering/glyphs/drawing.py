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
        outlines: Of each glyph, the data of an SVG path, y upwards from the baseline.
        x, y: float64 (glyphs,), where the pen stands on the baseline.
        inks: uint8 (glyphs,), how dark each glyph is: 255 is black.
        rules: float64 (rules, 4), the left, top, right and bottom of each bar.
        rule_inks: uint8 (rules,), as `inks`.
    """

    outlines: Sequence[bytes]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    inks: NDArray[np.uint8]
    rules: NDArray[np.float64]
    rule_inks: NDArray[np.uint8]
