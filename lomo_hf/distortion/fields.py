"""Smooth fields over a page, made on a coarse grid, and what is done with them: shading and displacing a page.

Everything here gives the same bytes on any machine: plain sums, products, quotients and roots in NumPy (its exp and
arctan2 differ between processors in the last bit, and matrix products in their order of summation), rounded to whole
numbers before OpenCV enlarges them and moves or shades pixels. There every product and sum has at most 24 bits, which
32-bit floats hold exactly, in whatever order a processor takes them; one rounding follows, to a level of grey.
"""

from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lomo_hf.randomness import philox

__all__ = ["Field", "Page", "centres", "displace", "lattices", "shade", "smoothstep", "texture"]

Page = NDArray[np.uint8]
Field = NDArray[np.floating[Any]]  # of 32 bits

WHITE = 255
SUBPIXELS = 32  # parts of a pixel by which a page is displaced
LIGHT = 256  # parts of the light that falls on a page


def centres(length: int, step: int) -> Field:
    """Positions, in pixels, of the samples of a grid that is `step` times coarser, until all of `length` is covered.

    >>> centres(12, 8).tolist()
    [3.5, 11.5]
    """
    return np.asarray(step * (np.arange(-(-length // step)) + 0.5) - 0.5, dtype=np.float32)


def texture(seed: int) -> np.random.Generator:
    """The generator of one texture; only its uniform numbers may be used, as these are the same everywhere."""
    return philox(seed)


def lattices(rng: np.random.Generator, y: Field, x: Field, cell: float, count: int) -> Field:
    """Smooth random fields in (-1, 1) at the positions `y` by `x`: cubic B-splines over random lattices.

    >>> lattices(texture(1), centres(64, 8), centres(96, 8), cell=40.0, count=2).shape
    (2, 8, 12)
    """
    rows, row_weights = _spline(y, cell)
    columns, column_weights = _spline(x, cell)
    knots = (2 * rng.random((count, int(rows[-1]) + 4, int(columns[-1]) + 4)) - 1).astype(np.float32)
    lines = reduce(add, (w[:, None] * knots[:, rows + k] for k, w in enumerate(row_weights)))
    return np.asarray(reduce(add, (w * lines[..., columns + k] for k, w in enumerate(column_weights))))


def _spline(positions: Field, cell: float) -> tuple[NDArray[np.intp], list[Field]]:
    scaled = (positions - positions[0]) / cell
    first = np.floor(scaled).astype(np.intp)
    t = scaled - first.astype(np.float32)
    s = 1 - t
    weights = [s * s * s, 3 * t * t * (t - 2) + 4, 3 * s * s * (s - 2) + 4, t * t * t]
    return first, [w / 6 for w in weights]


def smoothstep(t: Field) -> Field:
    """0 below 0, 1 above 1, and a smooth rise between."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def shade(page: Page, darkness: Field, step: int) -> Page:
    """A page under less light: each pixel times 1 - `darkness` (0 to 1, on a grid of `step` pixels)."""
    import cv2

    light = _enlarged(np.rint(LIGHT * (1 - np.clip(darkness, 0, 1))), step, page.shape)
    return np.asarray(cv2.multiply(page, light, scale=1 / LIGHT, dtype=cv2.CV_8U), dtype=np.uint8)


def displace(page: Page, shift_y: Field | None, shift_x: Field | None, pad: int, step: int) -> Page:
    """A page whose pixel at (y, x) comes from (y + shift_y, x + shift_x), on a canvas with `pad` more on each side.

    The shifts are in pixels, at most `pad` each way, on a grid of `step` pixels over the new canvas; None is no shift.
    What comes from beyond the page is white.
    """
    import cv2

    height, width = (side + 2 * pad for side in page.shape)
    x = _sources(shift_x, np.arange(-pad, width - pad, dtype=np.float32), step, (height, width))
    y = _sources(shift_y, np.arange(-pad, height - pad, dtype=np.float32)[:, None], step, (height, width))
    moved = cv2.remap(page, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(WHITE,))
    return np.asarray(moved, dtype=np.uint8)


def _sources(shift: Field | None, places: Field, step: int, shape: tuple[int, int]) -> Field:
    """Where each pixel of a canvas comes from along one axis, in whole parts of a pixel."""
    if shift is None:
        sources = np.empty(shape, np.float32)
        sources[:] = places
        return sources
    sources = _enlarged(np.rint(SUBPIXELS * shift), step, shape)
    np.rint(sources, out=sources)
    sources *= 1 / SUBPIXELS
    sources += places
    return sources


def _enlarged(coarse: Field, step: int, shape: tuple[int, ...]) -> Field:
    """A field of whole numbers on all pixels; `step` is a power of two, so that no weight is rounded."""
    import cv2

    size = (step * coarse.shape[1], step * coarse.shape[0])
    fine = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    return fine[: shape[0], : shape[1]]
