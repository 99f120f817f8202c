"""How much of each pixel an outline covers: exact areas under its edges, for many outlines at once.

Each edge adds to the row of pixels that it crosses how much lies to its right; the sum along the row is the coverage.
What comes out for an outline depends on it and its place alone, whatever it is computed together with.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lomo_hf.rendering.glyphs.outlines import Floats, Whole

__all__ = ["Bitmap", "bitmaps_of", "unpacked"]

_SLACK = 0.01  # px at the sides of an outline
_MOST_CELLS = 400_000  # pixels that are held at once
_DOWN, _RIGHT = 1024, 4096  # px from its pen at which a pixel may lie, as they are packed into one number


class Bitmap(NamedTuple):
    """The pixels that a glyph darkens, from the pixel that its pen stands in.

    Attributes:
        pixels: int32, for each pixel in one number: how far down, how far right, and how dark it is; see `unpacked`.
        box: The left, top, right and bottom of all of them; right and bottom lie behind the last.
    """

    pixels: NDArray[np.int32]
    box: tuple[int, int, int, int]

    @classmethod
    def of(cls, covered: NDArray[np.uint8], left: int, top: int) -> "Bitmap":
        """From how much of each pixel is covered, (height, width), the first of them `left` and `top` of the pen's."""
        down, right = np.nonzero(covered > 1)
        packed = (down + top) << 21 | (right + left + _RIGHT) << 8 | _inks()[covered[down, right]]
        return cls(packed.astype(np.int32), (left, top, left + covered.shape[1], top + covered.shape[0]))


def unpacked(pixels: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Of each pixel: how far down and right it lies from the pen's, and its ink, 1 to 255."""
    return pixels >> 21, (pixels >> 8 & 0x1FFF) - _RIGHT, pixels & 0xFF


def bitmaps_of(outlines: Sequence[Floats], x: Sequence[float], y: Sequence[float]) -> list[Bitmap]:
    """The bitmap of each outline, its pen at the parts `x` and `y` of a pixel (0 to 1, y downwards).

    `outlines` are given by their edges, as `outlines.edges_of` makes them.

    Raises:
        ValueError: An outline reaches farther than any glyph does.

    >>> from lomo_hf.rendering.glyphs.outlines import edges_of
    >>> bitmap = bitmaps_of(edges_of([b"M 0 0m 0 0h 2v 1h -2Z "]), [0.5], [0.0])[0]
    >>> [part.tolist() for part in unpacked(bitmap.pixels)]
    [[-1, -1, -1], [0, 1, 2], [126, 255, 126]]
    """
    counts = np.asarray([len(edges) for edges in outlines], np.int64)
    upper, lower, begin, slope, sign = np.concatenate(outlines).T
    right, down = (np.asarray(places, np.float64).repeat(counts) for places in (x, y))
    edges = (upper + down, lower + down, begin + right, slope, sign)
    boxes = _boxes(edges, counts)
    if len(boxes) and (np.abs(boxes[:, ::2]).max() >= _RIGHT or np.abs(boxes[:, 1::2]).max() >= _DOWN):
        raise ValueError(f"an outline must stay within {_RIGHT} by {_DOWN} px of its pen.")
    bitmaps: list[Bitmap] = []
    ends = np.cumsum(counts)
    for first, last in _batches(boxes):
        some = slice(ends[first] - counts[first], ends[last - 1])
        bitmaps += _covered(tuple([part[some] for part in edges]), counts[first:last], boxes[first:last])
    return bitmaps


def _boxes(edges: tuple[Floats, ...], counts: Whole) -> Whole:
    """The left, top, right and bottom pixel of each outline; nothing for one without edges."""
    boxes = np.zeros((len(counts), 4), np.int64)
    full = np.flatnonzero(counts)
    if full.size:
        upper, lower, begin, slope, _ = edges
        end = begin + (lower - upper) * slope
        starts = (np.cumsum(counts) - counts)[full]
        boxes[full, 0] = np.floor(np.minimum.reduceat(np.minimum(begin, end), starts) - _SLACK)
        boxes[full, 1] = np.floor(np.minimum.reduceat(upper, starts))
        boxes[full, 2] = np.ceil(np.maximum.reduceat(np.maximum(begin, end), starts) + _SLACK)
        boxes[full, 3] = np.ceil(np.maximum.reduceat(lower, starts))
    return boxes


def _batches(boxes: Whole) -> list[tuple[int, int]]:
    """Stretches of the outlines that are computed at once: a long arrow is as wide as a page."""
    batches, first, rows, widest = [], 0, 0, 0
    for at, (left, top, right, bottom) in enumerate(boxes.tolist()):
        rows, widest = rows + bottom - top, max(widest, right - left)
        if at > first and rows * widest > _MOST_CELLS:
            batches.append((first, at))
            first, rows, widest = at, bottom - top, right - left
    return [*batches, (first, len(boxes))]


def _covered(edges: tuple[Floats, ...], counts: Whole, boxes: Whole) -> list[Bitmap]:
    heights = boxes[:, 3] - boxes[:, 1]
    last = heights.cumsum()
    first = last - heights  # the row at which each outline begins, one below the other
    rows, width = int(last[-1]), int((boxes[:, 2] - boxes[:, 0]).max()) + 1
    upper, lower, begin, slope, sign = edges
    down = (first - boxes[:, 1]).repeat(counts)
    areas = _areas(upper + down, lower + down, begin - boxes[:, 0].repeat(counts), slope, sign, rows, width)
    covered = np.minimum(255.0 * np.abs(np.cumsum(areas, axis=1)) + 1e-6, 255.0).astype(np.uint8)
    ink = _inks()[covered.ravel()]
    dark = np.flatnonzero(ink)
    row, column = np.divmod(dark, width)
    starts, ends = row.searchsorted(first), row.searchsorted(last)
    shifts = (boxes[:, 1] - first << 21) + (boxes[:, 0] + _RIGHT << 8)
    packed = ((row << 21 | column << 8 | ink[dark]) + shifts.repeat(ends - starts)).astype(np.int32)
    parts = zip(starts.tolist(), ends.tolist(), boxes.tolist(), strict=True)
    return [Bitmap(packed[start:end].copy(), tuple(box)) for start, end, box in parts]


@cache
def _inks() -> NDArray[np.int64]:
    """How much of a pixel is covered -> its ink, by the whole numbers of Typst's blending, which rounds down twice."""
    covered = np.arange(256)
    inks = 255 - ((255 * (256 - (255 * covered >> 8))) >> 8)
    inks[255] = 255
    return inks


def _areas(
    upper: Floats, lower: Floats, begin: Floats, slope: Floats, sign: Floats, rows: int, width: int
) -> Floats:  # fmt: skip
    """What each pixel's coverage is more than that of the pixel on its left: float64 (rows, width)."""
    # Each edge by rows of pixels,
    top = np.floor(upper).astype(np.int64)
    which, row = _spread(top, np.ceil(lower).astype(np.int64) - top)
    above, lean = upper[which], slope[which]
    enters_at, leaves_at = np.maximum(row, above), np.minimum(row + 1, lower[which])
    height = leaves_at - enters_at
    enters = begin[which] + (enters_at - above) * lean
    leaves = enters + height * lean

    # and each part in a row by pixels.
    left, right = np.minimum(enters, leaves), np.maximum(enters, leaves)
    column = np.floor(left).astype(np.int64)
    pixels = np.maximum(np.ceil(right).astype(np.int64) - column, 1)
    part, pixel = _spread(column, pixels)
    start, stop = np.maximum(pixel, left[part]), np.minimum(pixel + 1, right[part])
    across = np.where(pixels > 1, right - left, 1.0)[part]
    share = np.where(pixels[part] > 1, (stop - start) / across, 1.0)
    cover = (height * sign[which])[part] * share
    beside = cover * ((start + stop) / 2 - pixel)  # what of it lies in the pixel to the right
    cell = row[part] * width + pixel
    size = rows * width + 2
    areas = np.bincount(cell, cover - beside, size)
    areas[1:] += np.bincount(cell, beside, size)[:-1]
    return np.asarray(areas[: rows * width].reshape(rows, width), dtype=np.float64)


def _spread(first: Whole, counts: Whole) -> tuple[Whole, Whole]:
    """Each item as often as it counts: which item, and `first`, `first + 1`, ... of it."""
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) + (first - (np.cumsum(counts) - counts))[which]
