"""Applying a distortion to a page: pure, and the record that it returns gives the same pixels again."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lomo_hf.distortion.drawing import Distortion
from lomo_hf.distortion.registry import OPERATIONS
from lomo_hf.errors import RenderError
from lomo_hf.rendering.png import to_png

__all__ = ["distort", "distort_pages", "to_pngs"]

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
    applied = distortion if params == distortion.params else Distortion(distortion.op, params)
    return operation.pixels(page, **arguments), applied


def distort_pages(
    pages: Sequence[NDArray[np.uint8]], distortion: Distortion, *, max_pixels: int = 2_560_000
) -> tuple[list[NDArray[np.uint8]], Distortion]:
    """All pages of one row, distorted alike, so that one record is true of all of them.

    Where a page leaves no room for as much as was drawn, all pages take what that one could.

    Args:
        pages: As for `distort`; at least one.
        distortion: What was drawn.
        max_pixels: As for `distort`.

    Returns:
        The pages in their order, and the distortion as it was applied to each.

    Raises:
        RenderError: As `distort`.

    Source: algorithm 1, one operation a sample.

    >>> white = np.full((40, 90), 255, np.uint8)
    >>> distort_pages([white, white], Distortion("rotate_small", {"degrees": 3.0}))[1].params
    {'degrees': 3.0}
    """
    results = [distort(page, distortion, max_pixels=max_pixels) for page in pages]
    applied = min((record for _, record in results), key=_amount)
    if any(record != applied for _, record in results):
        results = [distort(page, applied, max_pixels=max_pixels) for page in pages]
    return [page for page, _ in results], applied


def to_pngs(pages: Sequence[NDArray[np.uint8]], applied: Distortion) -> list[bytes]:
    """Distorted pages as PNG files, each packed as suits what was done to it.

    Args:
        pages: From `distort_pages`.
        applied: The distortion as it was applied to them.

    >>> white = np.full((40, 90), 255, np.uint8)
    >>> [data[:4] for data in to_pngs([white], Distortion("clean", {}))]
    [b'\\x89PNG']
    """
    plain = OPERATIONS[applied.op].plain
    return [to_png(page, plain=plain) for page in pages]


def _amount(applied: Distortion) -> float:
    """How much of a distortion there is, by the parameter that its limit may lessen; 0 where it has none."""
    lessened = OPERATIONS[applied.op].lessened
    return abs(float(applied.params[lessened])) if lessened else 0.0
