"""How many tokens a page costs a model: the resizing of image processors, by the settings of each.

The function is `smart_resize` of the image processors of Qwen2-VL to Qwen3-VL (in `transformers`), which others of the
kind share; processors that resize every picture to one square are the other case.
"""

from dataclasses import dataclass
from math import inf
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

from lomo_hf.errors import UsageError

__all__ = ["QWEN2_5_VL", "QWEN3_VL", "Processor", "fixed_square", "image_tokens"]


@dataclass(frozen=True)
class Processor:
    """How an image processor cuts a picture.

    Attributes:
        patch: The side of a patch in px, as the model's name for the family.
        cell: The side in px of what becomes one token; 2 x 2 patches in the Qwen family.
        min_pixels, max_pixels: A picture of a smaller or larger area is scaled until it has that.
        square: The side in px to which every picture is resized, where it does that.

    Raises:
        UsageError: A number is not above 0.

    >>> Processor(16, 32, 256 * 256, 16_777_216) == QWEN3_VL
    True
    """

    patch: int
    cell: int
    min_pixels: float = 0
    max_pixels: float = inf
    square: int | None = None

    def __post_init__(self) -> None:
        sides = {"patch": self.patch, "cell": self.cell, "square": 1 if self.square is None else self.square}
        for name, value in sides.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UsageError(f"{name} must be a whole number of px, 1 or more; found {value!r}.")


QWEN2_5_VL: Final = Processor(14, 28, 56 * 56, 12_845_056)
"""Qwen2-VL and Qwen2.5-VL, LLaVA-OneVision-1.5."""

QWEN3_VL: Final = Processor(16, 32, 256 * 256, 16_777_216)
"""Qwen3-VL and Qwen3.5."""


def fixed_square(side: int, patch: int = 14) -> Processor:
    """A processor that resizes every picture to a square of `side` px and makes each patch a token, as CLIP does.

    Args:
        side: Pixels.
        patch: Side of a patch, in pixels.

    Returns:
        The processor, for `image_tokens`.

    >>> image_tokens(320, 60, fixed_square(384))
    729
    """
    return Processor(patch, patch, square=side)


@overload
def image_tokens(widths: int, heights: int, processor: Processor = QWEN2_5_VL) -> int: ...


@overload
def image_tokens(
    widths: NDArray[np.int64], heights: NDArray[np.int64], processor: Processor = QWEN2_5_VL
) -> NDArray[np.int64]: ...


def image_tokens(
    widths: int | NDArray[np.int64], heights: int | NDArray[np.int64], processor: Processor = QWEN2_5_VL
) -> int | NDArray[np.int64]:
    """Tokens of pages of these sizes.

    Both sides are rounded to the nearest multiple of a cell; where the area is then beyond a limit, both are scaled by
    the root of the excess and rounded inwards. Each cell is one token. Markers around a picture are not counted.

    Args:
        widths, heights: In px; numbers, or int64 arrays of the same shape.
        processor: `QWEN2_5_VL`, `QWEN3_VL`, or one of your own.

    Returns:
        As many numbers as were given.

    Raises:
        UsageError: A side is not 1 or more.

    >>> image_tokens(56, 40), image_tokens(56, 40, QWEN3_VL)
    (6, 70)
    >>> image_tokens(np.array([1000, 320]), np.array([700, 64]), QWEN2_5_VL).tolist()
    [900, 22]
    """
    sides = np.asarray(widths, dtype=np.float64), np.asarray(heights, dtype=np.float64)
    if any(side.size and not side.min() >= 1 for side in sides):
        raise UsageError("width and height must be 1 px or more; found less.")
    tokens = _tokens(*sides, processor)
    return tokens if isinstance(widths, np.ndarray) else int(tokens)


def _tokens(width: NDArray[np.float64], height: NDArray[np.float64], processor: Processor) -> NDArray[np.int64]:
    if processor.square is not None:
        return np.full(width.shape, (processor.square // processor.patch) ** 2, dtype=np.int64)
    area, cell = width * height, processor.cell
    # np.rint rounds halves to even, as Python's round does in the original, which then takes a cell at least.
    across, down = (np.maximum(np.rint(side / cell), 1) * cell for side in (width, height))
    high, low = across * down > processor.max_pixels, across * down < processor.min_pixels
    shrink, grow = np.where(high, np.sqrt(area / processor.max_pixels), 1), np.sqrt(processor.min_pixels / area)
    inwards = [np.maximum(cell, np.floor(side / shrink / cell) * cell) for side in (width, height)]
    outwards = [np.ceil(side * grow / cell) * cell for side in (width, height)]
    across, down = (
        np.select([high, low], choices, rounded)
        for *choices, rounded in zip(inwards, outwards, (across, down), strict=True)
    )
    tokens: NDArray[np.int64] = ((across / cell) * (down / cell)).astype(np.int64)
    return tokens
