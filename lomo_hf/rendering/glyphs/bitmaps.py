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
from lomo_hf.rendering.glyphs.outlines import Floats, edges_of
from lomo_hf.rendering.kept import Kept

__all__ = ["PHASES", "Bitmaps", "shared_bitmaps"]

PHASES = 8  # positions within a pixel, each way; a glyph is at most a sixteenth of a pixel off its place
_BYTES = 48_000_000  # what is kept in one process
_ENTRY = 400  # bytes that an entry takes beside its numbers

Whole = NDArray[np.int64]


@dataclass(slots=True)
class _Outline:
    """An outline's edges, and its bitmaps by phase: right times `PHASES`, and down."""

    edges: Floats
    bitmaps: dict[int, Bitmap] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return _ENTRY + self.edges.nbytes + sum(_ENTRY + bitmap.pixels.nbytes for bitmap in self.bitmaps.values())


class Bitmaps:
    """Outlines with their bitmaps; those used last are kept."""

    def __init__(self, bound: int = _BYTES) -> None:
        self._kept = Kept[bytes, _Outline](bound, lambda path, outline: len(path) + outline.size)

    def of(self, paths: Sequence[bytes], glyphs: Whole, right: Whole, down: Whole) -> list[Bitmap]:
        """The bitmap of each glyph: the number of its outline in `paths`, and at which phases its pen stands.

        Raises:
            ValueError: An outline is not one of lines and curves, or reaches farther than any glyph does.
        """
        outlines = self._outlines(paths)
        tables = [outline.bitmaps for outline in outlines]
        wanted = list(zip(glyphs.tolist(), (right * PHASES + down).tolist(), strict=True))
        found = [tables[glyph].get(phase) for glyph, phase in wanted]
        missing = dict.fromkeys(key for key, bitmap in zip(wanted, found, strict=True) if bitmap is None)
        if not missing:
            return found  # type: ignore[return-value]
        x, y = ([phase // PHASES / PHASES for _, phase in missing], [phase % PHASES / PHASES for _, phase in missing])
        made = dict(zip(missing, bitmaps_of([outlines[glyph].edges for glyph, _ in missing], x, y), strict=True))
        for (glyph, phase), bitmap in made.items():
            tables[glyph][phase] = bitmap
        self._kept.grow(sum(_ENTRY + bitmap.pixels.nbytes for bitmap in made.values()))
        return [made[key] if bitmap is None else bitmap for key, bitmap in zip(wanted, found, strict=True)]

    def _outlines(self, paths: Sequence[bytes]) -> list[_Outline]:
        found = [self._kept.get(path) for path in paths]
        unknown = [path for path, outline in zip(paths, found, strict=True) if outline is None]
        if not unknown:
            return found  # type: ignore[return-value]
        made = {path: _Outline(edges) for path, edges in zip(unknown, edges_of(unknown), strict=True)}
        for path, outline in made.items():
            self._kept.keep(path, outline)
        return [made[path] if outline is None else outline for path, outline in zip(paths, found, strict=True)]


def shared_bitmaps() -> Bitmaps:
    """The bitmaps of this process."""
    return _bitmaps_of(os.getpid())


@lru_cache(maxsize=1)
def _bitmaps_of(process: int) -> Bitmaps:
    return Bitmaps()
