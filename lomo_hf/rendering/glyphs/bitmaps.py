"""Bitmaps of glyphs, kept within a bound of bytes.

A bitmap depends on the outline and on the part of a pixel that its pen stands at, on nothing else: whether it was kept
or is made again changes no pixel.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from operator import floordiv, mod
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lomo_hf.rendering.glyphs.coverage import Bitmap, bitmaps_of
from lomo_hf.rendering.glyphs.drawing import FontGlyph
from lomo_hf.rendering.glyphs.outlines import Floats, edges_of

__all__ = ["PHASES", "Bitmaps", "Chosen", "shared_bitmaps"]

PHASES = 8  # positions within a pixel, each way; a glyph is at most a sixteenth of a pixel off its place
_BYTES = 32_000_000  # what is kept in one process
_ENTRY = 400  # bytes that an outline takes beside its numbers

Whole = NDArray[np.int64]


class Chosen(NamedTuple):
    """A bitmap for each of some glyphs, as parts of one long array of pixels.

    Attributes:
        pixels: int32, those of many bitmaps, as in a `Bitmap`.
        starts, counts: int64 (glyphs,), where in it each glyph's begin, and how many they are.
        boxes: int64 (glyphs, 4), that of each bitmap.
    """

    pixels: NDArray[np.int32]
    starts: Whole
    counts: Whole
    boxes: Whole


class Bitmaps:
    """Outlines with their bitmaps; where they exceed `bound` bytes, all are let go. Threads may share them."""

    def __init__(self, bound: int = _BYTES) -> None:
        self._bound = bound
        self._lock = Lock()
        self._let_go()

    def of(self, names: Sequence[bytes | FontGlyph], glyphs: Whole, right: Whole, down: Whole) -> Chosen:
        """The bitmap of each glyph: the number of its outline in `names`, and at which phases its pen stands.

        Raises:
            ValueError: An outline is not one of lines and curves, or reaches farther than any glyph does.
        """
        with self._lock:
            rows = np.asarray(self._rows(names), np.int64)[glyphs]
            phases = right * PHASES + down
            numbers = self._numbers[rows, phases]
            if (numbers < 0).any():
                wanted = np.unique((rows * PHASES**2 + phases)[numbers < 0]).tolist()
                self._make([divmod(row_and_phase, PHASES**2) for row_and_phase in wanted])
                numbers = self._numbers[rows, phases]
            places = self._places.held[numbers]
            chosen = Chosen(self._pixels.held, places[:, 0], places[:, 1], places[:, 2:])
            if self.size > self._bound:
                self._let_go()
            return chosen

    @property
    def size(self) -> int:
        """Bytes that are kept, about."""
        arrays = self._numbers.nbytes + self._places.nbytes + self._pixels.nbytes
        return _ENTRY * len(self._names) + self._edge_bytes + arrays

    def _let_go(self) -> None:
        self._names: list[bytes | FontGlyph] = []
        self._row_of: dict[bytes | FontGlyph, int] = {}
        self._edges: list[Floats | None] = []  # of each outline; None of a glyph of a font
        self._edge_bytes = 0
        self._numbers = np.zeros((0, PHASES**2), np.int32)  # that of each outline's bitmap by phase; -1: not made yet
        self._places = _Growing(np.zeros((0, 6), np.int64))  # of each bitmap: its start and count, and its box
        self._pixels = _Growing(np.zeros(0, np.int32), self._bound // np.dtype(np.int32).itemsize)

    def _rows(self, names: Sequence[bytes | FontGlyph]) -> list[int]:
        """The rows of outlines in `_numbers`."""
        unknown = list(dict.fromkeys(name for name in names if name not in self._row_of))
        if unknown:
            paths = [name for name in unknown if isinstance(name, bytes)]
            edges = dict(zip(paths, edges_of(paths), strict=True)) if paths else {}
            self._edge_bytes += sum(parts.nbytes for parts in edges.values())
            for name in unknown:
                self._row_of[name] = len(self._names)
                self._names.append(name)
                self._edges.append(edges[name] if isinstance(name, bytes) else None)
            if len(self._names) > len(self._numbers):
                more = np.full((len(self._names), PHASES**2), -1, np.int32)
                self._numbers = np.concatenate([self._numbers, more])
        return [self._row_of[name] for name in names]

    def _make(self, wanted: Sequence[tuple[int, int]]) -> None:
        """Make bitmaps, each by the row of its outline and its phase: right times `PHASES`, and down."""
        bitmaps: dict[tuple[int, int], Bitmap] = {}
        drawn: list[tuple[tuple[int, int], Floats]] = []
        for row, phase in wanted:
            name, edges = self._names[row], self._edges[row]
            if edges is not None:
                drawn.append(((row, phase), edges))
            elif not isinstance(name, bytes):
                bitmaps[row, phase] = name.bitmap(phase // PHASES / PHASES, phase % PHASES / PHASES)
        if drawn:
            right, down = ([part(phase, PHASES) / PHASES for (_, phase), _ in drawn] for part in (floordiv, mod))
            painted = bitmaps_of([edges for _, edges in drawn], right, down)
            bitmaps.update(zip((key for key, _ in drawn), painted, strict=True))
        counts = np.asarray([len(bitmap.pixels) for bitmap in bitmaps.values()])
        starts = len(self._pixels.held) + np.cumsum(counts) - counts
        rows, phases = zip(*bitmaps, strict=True)
        self._numbers[rows, phases] = len(self._places.held) + np.arange(len(bitmaps))
        boxes = np.asarray([bitmap.box for bitmap in bitmaps.values()])
        self._places.add(np.concatenate([starts[:, None], counts[:, None], boxes], axis=1))
        self._pixels.add(np.concatenate([bitmap.pixels for bitmap in bitmaps.values()]))


class _Growing:
    """An array to which rows are added; what was held before stays as it is, for those who still read it.

    There is room for `rows` from the start: it takes no memory until it is written, and a move would take it twice.
    """

    def __init__(self, empty: NDArray[np.signedinteger], rows: int = 0) -> None:
        self._room = np.empty((rows, *empty.shape[1:]), empty.dtype)
        self.held = self._room[:0]

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        return self.held.nbytes

    def add(self, rows: NDArray[np.signedinteger]) -> None:
        start, end = len(self.held), len(self.held) + len(rows)
        if end > len(self._room):
            self._room = np.empty((2 * end, *self.held.shape[1:]), self.held.dtype)
            self._room[:start] = self.held
        self._room[start:end] = rows
        self.held = self._room[:end]


def shared_bitmaps() -> Bitmaps:
    """The bitmaps of this process."""
    return _bitmaps_of(os.getpid())


@lru_cache(maxsize=1)
def _bitmaps_of(process: int) -> Bitmaps:
    return Bitmaps()
