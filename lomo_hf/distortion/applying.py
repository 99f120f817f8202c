"""Applying a distortion to a page: pure, and the record that it returns gives the same pixels again."""

import numpy as np
from numpy.typing import NDArray

from lomo_hf.distortion.drawing import Distortion
from lomo_hf.distortion.registry import OPERATIONS
from lomo_hf.errors import RenderError

__all__ = ["distort"]

SMALLEST = 8  # pixels a side; the renderer's pages have 32 or more


def distort(
    page: NDArray[np.uint8], distortion: Distortion, *, max_pixels: int = 2_560_000
) -> tuple[NDArray[np.uint8], Distortion]:
    """A new page, and the distortion as it was applied.

    Args:
        page: uint8, (height, width), dark ink on paper of 255, both sides 32 or more; it is not changed.
        distortion: What was drawn, or what an earlier call returned: that replays to the same bytes.
        max_pixels: A rotation that would need a larger canvas turns less far; `params` then holds the angle applied
            as `degrees` and the one drawn as `drawn_degrees`. Nothing else grows a side by more than 64 pixels.

    Returns:
        The page, uint8, no side smaller than it was, and the distortion as applied.

    Raises:
        RenderError: `page` is not such an array.

    Source: A(.) of section 3, algorithm 1.

    >>> page, applied = distort(np.full((40, 90), 255, np.uint8), Distortion("rotate_small", {"degrees": 3.0}))
    >>> page.shape, applied.params
    ((47, 95), {'degrees': 3.0})
    """
    if page.dtype != np.uint8 or page.ndim != 2 or min(page.shape) < SMALLEST:
        raise RenderError(
            "not-a-page",
            f"page must be uint8, (height, width), {SMALLEST} or more a side; found {page.dtype}, {page.shape}.",
        )
    operation = OPERATIONS[distortion.op]
    params = dict(distortion.params)
    if operation.limit:
        params = operation.limit((page.shape[0], page.shape[1]), params, max_pixels)
    arguments = {name: params[name] for name in operation.parameters}
    return operation.pixels(page, **arguments), Distortion(distortion.op, params)
