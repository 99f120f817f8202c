"""Bitmaps of glyphs, kept within a bound of bytes.

A bitmap depends on the outline and on the part of a pixel that its pen stands at, on nothing else: whether it was kept
or is made again changes no pixel.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lomo_hf.rendering.glyphs.coverage import Bitmap, bitmaps_of
from lomo_hf.rendering.glyphs.drawing import FontGlyph
from lomo_hf.rendering.glyphs.outlines import Floats, edges_of
from lomo_hf.rendering.kept import Kept

__all__ = ["PHASES", "Bitmaps", "shared_bitmaps"]

PHASES = 8  # positions within a pixel, each way; a glyph is at most a sixteenth of a pixel off its place
_BYTES = 48_000_000  # what is kept in one process
_ENTRY = 400  # bytes that an entry takes beside its numbers

Whole = NDArray[np.int64]


@dataclass(slots=True)
class _Outline:
    """An outline's edges, none for a glyph of a font, and its bitmaps by phase: right times `PHASES`, and down."""

    edges: Floats | None = None
    bitmaps: dict[int, Bitmap] = field(default_factory=dict)

    @property
    def size(self) -> int:
        numbers = 0 if self.edges is None else self.edges.nbytes
        return _ENTRY + numbers + sum(_ENTRY + bitmap.pixels.nbytes for bitmap in self.bitmaps.values())


class Bitmaps:
    """Outlines with their bitmaps; those used last are kept."""

    def __init__(self, bound: int = _BYTES) -> None:
        self._kept = Kept[bytes | FontGlyph, _Outline](bound, lambda name, outline: outline.size)

    def of(self, names: Sequence[bytes | FontGlyph], glyphs: Whole, right: Whole, down: Whole) -> list[Bitmap]:
        """The bitmap of each glyph: the number of its outline in `names`, and at which phases its pen stands.

        Raises:
            ValueError: An outline is not one of lines and curves, or reaches farther than any glyph does.
        """
        outlines = self._outlines(names)
        tables = [outline.bitmaps for outline in outlines]
        wanted = list(zip(glyphs.tolist(), (right * PHASES + down).tolist(), strict=True))
        kept = [tables[glyph].get(phase) for glyph, phase in wanted]
        missing = list(dict.fromkeys(key for key, bitmap in zip(wanted, kept, strict=True) if bitmap is None))
        drawn = _made(missing, names, outlines)
        if drawn:
            for (glyph, phase), bitmap in drawn.items():
                tables[glyph][phase] = bitmap
            self._kept.grow(sum(_ENTRY + bitmap.pixels.nbytes for bitmap in drawn.values()))
        return [drawn[key] if bitmap is None else bitmap for key, bitmap in zip(wanted, kept, strict=True)]

    def _outlines(self, names: Sequence[bytes | FontGlyph]) -> list[_Outline]:
        kept = [self._kept.get(name) for name in names]
        unknown = [name for name, outline in zip(names, kept, strict=True) if outline is None]
        paths = [name for name in unknown if isinstance(name, bytes)]
        edges = dict(zip(paths, edges_of(paths), strict=True)) if paths else {}
        new = {name: _Outline(edges[name] if isinstance(name, bytes) else None) for name in unknown}
        for name, outline in new.items():
            self._kept.keep(name, outline)
        return [new[name] if outline is None else outline for name, outline in zip(names, kept, strict=True)]


def _made(
    missing: Sequence[tuple[int, int]], names: Sequence[bytes | FontGlyph], outlines: Sequence[_Outline]
) -> dict[tuple[int, int], Bitmap]:
    """The bitmaps of outlines by their numbers, and phases."""
    places = {key: (key[1] // PHASES / PHASES, key[1] % PHASES / PHASES) for key in missing}
    bitmaps: dict[tuple[int, int], Bitmap] = {}
    drawn: list[tuple[tuple[int, int], Floats]] = []
    for key in missing:
        name, edges = names[key[0]], outlines[key[0]].edges
        if edges is not None:
            drawn.append((key, edges))
        elif not isinstance(name, bytes):
            bitmaps[key] = name.bitmap(*places[key])
    if drawn:
        x, y = zip(*(places[key] for key, _ in drawn), strict=True)
        bitmaps.update(zip((key for key, _ in drawn), bitmaps_of([edges for _, edges in drawn], x, y), strict=True))
    return bitmaps


def shared_bitmaps() -> Bitmaps:
    """The bitmaps of this process."""
    return _bitmaps_of(os.getpid())


@lru_cache(maxsize=1)
def _bitmaps_of(process: int) -> Bitmaps:
    return Bitmaps()
