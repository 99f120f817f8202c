"""How many tokens a page costs a model: the resizing of the Qwen vision models, which others of the kind share."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["PATCH_14", "PATCH_16", "Patches", "image_tokens"]


@dataclass(frozen=True)
class Patches:
    """How a family of models cuts a picture: `cell` px a side for each token (2 x 2 patches), and its limits in px."""

    patch: int
    cell: int
    min_pixels: int
    max_pixels: int


PATCH_14: Final = Patches(14, 28, 56 * 56, 12_845_056)
"""Qwen2-VL and Qwen2.5-VL, LLaVA-OneVision-1.5."""

PATCH_16: Final = Patches(16, 32, 256 * 256, 16_777_216)
"""Qwen3-VL."""


def image_tokens(widths: NDArray[np.int64], heights: NDArray[np.int64], patches: Patches) -> NDArray[np.int64]:
    """Tokens of pages of these sizes (px, same shape).

    `smart_resize` of the image processors of Qwen2.5-VL and Qwen3-VL (in `transformers`): both sides are rounded to
    the nearest multiple of a cell; where the area is then beyond a limit, both are scaled by the root of the excess
    and rounded inwards. Each cell of 2 x 2 merged patches is one token. Markers around a picture are not counted.

    >>> image_tokens(np.array([1000, 320]), np.array([700, 64]), PATCH_14).tolist()
    [900, 22]
    >>> image_tokens(np.array([1000, 320]), np.array([700, 64]), PATCH_16).tolist()
    [682, 72]
    """
    w, h = widths.astype(np.float64), heights.astype(np.float64)
    area, cell = w * h, patches.cell
    # np.rint rounds halves to even, as Python's round does in the original.
    across, down = (np.rint(side / cell) * cell for side in (w, h))
    shrink, grow = np.sqrt(area / patches.max_pixels), np.sqrt(patches.min_pixels / area)
    high, low = across * down > patches.max_pixels, across * down < patches.min_pixels
    across, down = (
        np.select(
            [high, low],
            [np.maximum(cell, np.floor(side / shrink / cell) * cell), np.ceil(side * grow / cell) * cell],
            rounded,
        )
        for side, rounded in ((w, across), (h, down))
    )
    tokens: NDArray[np.int64] = ((across / cell) * (down / cell)).astype(np.int64)
    return tokens
