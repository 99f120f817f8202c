"""How much of each pixel an outline covers: exact areas under its edges, for many outlines at once.

Each edge adds to the row of pixels that it crosses how much lies to its right; the sum along the row is the coverage.
What comes out for an outline depends on it and its place alone, whatever it is computed together with.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lomo_hf.rendering.glyphs.outlines import Curves, Floats, Whole, edges_of

__all__ = ["Bitmap", "bitmaps_of"]

_SLACK = 0.01  # px at the sides of an outline
_LEVEL = 1e-7  # px; an edge less steep covers nothing
_MOST_CELLS = 400_000  # pixels that are held at once


class Bitmap(NamedTuple):
    """The pixels that a glyph covers, from the pixel that its pen stands in.

    Attributes:
        down, right: int16, where each covered pixel lies.
        ink: uint8, how much of it is covered; 255 is all.
        box: The left, top, right and bottom of all of them; right and bottom lie behind the last.
    """

    down: NDArray[np.int16]
    right: NDArray[np.int16]
    ink: NDArray[np.uint8]
    box: tuple[int, int, int, int]


def bitmaps_of(outlines: Sequence[Curves], x: Sequence[float], y: Sequence[float]) -> list[Bitmap]:
    """The bitmap of each outline, its pen at the parts `x` and `y` of a pixel (0 to 1, y downwards).

    >>> from lomo_hf.rendering.glyphs.outlines import curves_of
    >>> bitmap = bitmaps_of([curves_of(b"M 0 0h 2v 1h -2Z")], [0.5], [0.0])[0]
    >>> bitmap.right.tolist(), bitmap.down.tolist(), bitmap.ink.tolist()
    ([0, 1, 2], [-1, -1, -1], [127, 255, 127])
    """
    edges, counts = edges_of(outlines)
    owner = np.repeat(np.arange(len(outlines)), counts)
    edges = np.stack([edges[:, :, 0] + np.asarray(x)[owner, None], np.asarray(y)[owner, None] - edges[:, :, 1]], axis=2)
    made: list[Bitmap] = []
    for first, last in _batches(edges, counts):
        begin, end = int(counts[:first].sum()), int(counts[:last].sum())
        made += _covered(edges[begin:end], counts[first:last])
    return made


def _batches(edges: Floats, counts: Whole) -> Iterator[tuple[int, int]]:
    """Stretches of the outlines that are computed at once: a long arrow is as wide as a page."""
    boxes = _boxes(edges, counts)
    first, rows, widest = 0, 0, 0
    for at, (left, top, right, bottom) in enumerate(boxes.tolist()):
        rows, widest = rows + bottom - top, max(widest, right - left)
        if at > first and rows * widest > _MOST_CELLS:
            yield first, at
            first, rows, widest = at, bottom - top, right - left
    yield first, len(counts)


def _boxes(edges: Floats, counts: Whole) -> Whole:
    """The left, top, right and bottom pixel of each outline; nothing for one without edges."""
    boxes = np.zeros((len(counts), 4), np.int64)
    full = np.flatnonzero(counts)
    if full.size:
        starts = (np.cumsum(counts) - counts)[full]
        low, high = np.minimum.reduceat(edges.min(axis=1), starts), np.maximum.reduceat(edges.max(axis=1), starts)
        boxes[full, 0] = np.floor(low[:, 0] - _SLACK)
        boxes[full, 1] = np.floor(low[:, 1])
        boxes[full, 2] = np.ceil(high[:, 0] + _SLACK)
        boxes[full, 3] = np.ceil(high[:, 1])
    return boxes


def _covered(edges: Floats, counts: Whole) -> list[Bitmap]:
    boxes = _boxes(edges, counts)
    heights = boxes[:, 3] - boxes[:, 1]
    first = np.cumsum(heights) - heights  # the row at which each outline begins, one below the other
    rows, width = int(heights.sum()), int((boxes[:, 2] - boxes[:, 0]).max(initial=0)) + 1
    owner = np.repeat(np.arange(len(counts)), counts)
    moved = edges - np.stack([boxes[owner, 0], boxes[owner, 1] - first[owner]], axis=1)[:, None, :]
    areas = _areas(moved, rows, width)
    ink = np.minimum(255.0 * np.abs(np.cumsum(areas, axis=1)) + 1e-6, 255.0).astype(np.uint8)
    down, right = np.nonzero(ink)
    dark = ink[down, right]
    ends = np.searchsorted(down, np.append(first, rows))
    made = []
    for at, (left, top, end, bottom) in enumerate(boxes.tolist()):
        part = slice(ends[at], ends[at + 1])
        made.append(
            Bitmap(
                (down[part] - first[at] + top).astype(np.int16),
                (right[part] + left).astype(np.int16),
                dark[part].copy(),
                (left, top, end, bottom),
            )
        )
    return made


def _areas(edges: Floats, rows: int, width: int) -> Floats:
    """What each pixel's coverage is more than that of the pixel on its left: float64 (rows, width)."""
    (x0, y0), (x1, y1) = edges[:, 0].T, edges[:, 1].T
    up = y1 < y0
    above, below = np.where(up, y1, y0), np.where(up, y0, y1)
    start, end = np.where(up, x1, x0), np.where(up, x0, x1)
    steep = below - above > _LEVEL
    above, below, start, end, up = above[steep], below[steep], start[steep], end[steep], up[steep]

    # Each edge by rows of pixels,
    top = np.floor(above).astype(np.int64)
    which, row = _spread(top, np.ceil(below).astype(np.int64) - top)
    slope = ((end - start) / (below - above))[which]
    upper, lower = np.maximum(row, above[which]), np.minimum(row + 1, below[which])
    enters = start[which] + (upper - above[which]) * slope
    leaves = enters + (lower - upper) * slope
    height = np.where(up[which], upper - lower, lower - upper)

    # and each part in a row by pixels.
    left, right = np.minimum(enters, leaves), np.maximum(enters, leaves)
    column = np.floor(left).astype(np.int64)
    part, pixel = _spread(column, np.maximum(np.ceil(right).astype(np.int64) - column, 1))
    begin, stop = np.maximum(pixel, left[part]), np.minimum(pixel + 1, right[part])
    across = (right - left)[part]
    whole = across <= 1e-9  # an upright edge
    share = np.where(whole, 1.0, (stop - begin) / np.where(whole, 1.0, across))
    cover = height[part] * share
    beside = cover * ((begin + stop) / 2 - pixel)  # what of it lies in the pixel to the right
    cell = row[part] * width + pixel
    size = rows * width + 2
    areas = np.bincount(cell, cover - beside, size)
    areas[1:] += np.bincount(cell, beside, size)[:-1]
    return np.asarray(areas[: rows * width].reshape(rows, width), dtype=np.float64)


def _spread(first: Whole, counts: Whole) -> tuple[Whole, Whole]:
    """Each item as often as it counts: which item, and `first`, `first + 1`, ... of it."""
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
