"""Bitmaps of glyphs, kept within a bound of bytes.

A bitmap depends on the outline and on the part of a pixel that its pen stands at, on nothing else: whether it was kept
or is made again changes no pixel.
"""

import os
from collections.abc import Sequence
from functools import lru_cache

from lomo_hf.rendering.glyphs.coverage import Bitmap, bitmaps_of
from lomo_hf.rendering.glyphs.outlines import Floats, edges_of
from lomo_hf.rendering.kept import Kept

__all__ = ["PHASES", "Bitmaps", "shared_bitmaps"]

PHASES = 8  # positions within a pixel, each way; a glyph is at most a sixteenth of a pixel off its place
_BYTES = 32_000_000  # of bitmaps that are kept in one process
_EDGES = 8_000_000  # and of the edges of outlines
_ENTRY = 500  # bytes that an entry takes beside its numbers

Key = tuple[bytes, int, int]


class Bitmaps:
    """Bitmaps by outline and place within a pixel; those used last are kept."""

    def __init__(self, bound: int = _BYTES) -> None:
        self._kept = Kept[Key, Bitmap](bound, lambda key, bitmap: _ENTRY + len(key[0]) + bitmap.pixels.nbytes)
        self._edges = Kept[bytes, Floats](min(bound, _EDGES), lambda path, edges: _ENTRY + len(path) + edges.nbytes)

    def of(self, keys: Sequence[Key]) -> list[Bitmap]:
        """The bitmap of each key: the data of an outline, and at which part of a pixel its pen stands.

        The parts are counted in `PHASES`, to the right and downwards.

        Raises:
            ValueError: An outline is not one of lines and curves, or reaches farther than any glyph does.
        """
        young = self._kept.young
        found = [young.get(key) for key in keys]
        missing = dict.fromkeys(key for key, bitmap in zip(keys, found, strict=True) if bitmap is None)
        if not missing:
            return found  # type: ignore[return-value]
        known = {key: bitmap for key in missing if (bitmap := self._kept.get(key)) is not None}
        known.update(self._made([key for key in missing if key not in known]))
        return [known[key] if bitmap is None else bitmap for key, bitmap in zip(keys, found, strict=True)]

    def _made(self, keys: Sequence[Key]) -> dict[Key, Bitmap]:
        if not keys:
            return {}
        paths = dict.fromkeys(path for path, _, _ in keys)
        edges = {path: one for path in paths if (one := self._edges.get(path)) is not None}
        unknown = [path for path in paths if path not in edges]
        for path, one in zip(unknown, edges_of(unknown) if unknown else [], strict=True):
            edges[path] = one
            self._edges.keep(path, one)
        outlines = [edges[path] for path, _, _ in keys]
        bitmaps = bitmaps_of(outlines, [x / PHASES for _, x, _ in keys], [y / PHASES for _, _, y in keys])
        for key, bitmap in zip(keys, bitmaps, strict=True):
            self._kept.keep(key, bitmap)
        return dict(zip(keys, bitmaps, strict=True))


def shared_bitmaps() -> Bitmaps:
    """The bitmaps of this process."""
    return _bitmaps_of(os.getpid())


@lru_cache(maxsize=1)
def _bitmaps_of(process: int) -> Bitmaps:
    return Bitmaps()
