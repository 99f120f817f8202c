"""Smooth fields over a page, made on a coarse grid, and what is done with them: shading and displacing a page.

Everything here gives the same bytes on any machine: plain sums, products and quotients of doubles in NumPy (its exp
and arctan2 differ between processors in the last bit, and matrix products in their order of summation), rounded to
whole numbers before OpenCV scales them up with INTER_LINEAR_EXACT and moves pixels with its fixed-point `remap`.
"""

from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

__all__ = ["Field", "Page", "centres", "displace", "lattice", "shade", "smoothstep", "texture"]

Page = NDArray[np.uint8]
Field = NDArray[np.float64]

WHITE = 255
SUBPIXELS = 32  # cv2.remap's fixed-point maps count in 1/32 pixel


def centres(length: int, step: int) -> Field:
    """Positions, in pixels, of the samples of a grid that is `step` times coarser than `length` pixels.

    >>> centres(8, 4).tolist()
    [1.5, 5.5]
    """
    count = max(1, -(-length // step))
    return np.asarray((np.arange(count) + 0.5) * (length / count) - 0.5, dtype=np.float64)


def texture(seed: int) -> np.random.Generator:
    """The generator of one texture; only its uniform numbers may be used, as these are the same everywhere."""
    return np.random.Generator(np.random.Philox(key=seed))


def lattice(rng: np.random.Generator, y: Field, x: Field, cell: float) -> Field:
    """A smooth random field in (-1, 1) at the positions `y` by `x`: cubic B-splines over a random lattice.

    >>> lattice(texture(1), centres(64, 8), centres(96, 8), cell=40.0).shape
    (8, 12)
    """
    rows, row_weights = _spline(y, cell)
    columns, column_weights = _spline(x, cell)
    knots = 2 * rng.random((int(rows[-1]) + 4, int(columns[-1]) + 4)) - 1
    lines = reduce(add, (w[:, None] * knots[rows + k] for k, w in enumerate(row_weights)))
    return np.asarray(reduce(add, (w * lines[:, columns + k] for k, w in enumerate(column_weights))))


def _spline(positions: Field, cell: float) -> tuple[NDArray[np.intp], list[Field]]:
    scaled = (positions - positions[0]) / cell
    first = np.floor(scaled).astype(np.intp)
    t = scaled - first
    s = 1 - t
    weights = [s * s * s, 3 * t * t * (t - 2) + 4, 3 * s * s * (s - 2) + 4, t * t * t]
    return first, [w / 6 for w in weights]


def smoothstep(t: Field) -> Field:
    """0 below 0, 1 above 1, and a smooth rise between."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def shade(page: Page, darkness: Field) -> Page:
    """A page under less light: each pixel times 1 - `darkness` (0 to 1, on a coarse grid over the whole page)."""
    import cv2

    light = np.rint(WHITE * (1 - np.clip(darkness, 0, 1))).astype(np.uint8)
    height, width = page.shape
    full = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    return np.asarray(cv2.multiply(page, full, scale=1 / WHITE), dtype=np.uint8)


def displace(page: Page, shift_y: Field | None, shift_x: Field | None, pad: int) -> Page:
    """A page whose pixel at (y, x) comes from (y + shift_y, x + shift_x), on a canvas with `pad` more on each side.

    The shifts are in pixels, at most `pad` each way, on a coarse grid over the new canvas; None is no shift. What
    comes from beyond the page is white.
    """
    import cv2

    height, width = (side + 2 * pad for side in page.shape)
    right, right_part = _split(shift_x, height, width)
    down, down_part = _split(shift_y, height, width)
    right += np.arange(-pad, width - pad, dtype=np.int16)
    down += np.arange(-pad, height - pad, dtype=np.int16)[:, None]
    down_part <<= 5
    down_part |= right_part
    whole, fraction = cv2.merge([right, down]), down_part.view(np.uint16)
    moved = cv2.remap(page, whole, fraction, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(WHITE,))
    return np.asarray(moved, dtype=np.uint8)


def _split(shift: Field | None, height: int, width: int) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """A coarse shift on a canvas of this size: its whole pixels, and the rest in parts of `SUBPIXELS`."""
    import cv2

    if shift is None:
        return np.zeros((height, width), np.int16), np.zeros((height, width), np.int16)
    coarse = np.rint(shift * SUBPIXELS).astype(np.int16)
    fine = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR_EXACT), dtype=np.int16)
    part = fine & (SUBPIXELS - 1)
    fine >>= 5
    return fine, part
