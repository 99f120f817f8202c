"""Bitmaps of glyphs, kept within a bound of bytes.

A bitmap depends on the outline and on the part of a pixel that its pen stands at, on nothing else: whether it was kept
or is made again changes no pixel.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock

from lomo_hf.rendering.glyphs.coverage import Bitmap, bitmaps_of
from lomo_hf.rendering.glyphs.outlines import Curves, curves_of

__all__ = ["PHASES", "Bitmaps", "shared_bitmaps"]

PHASES = 8  # positions within a pixel, each way; a glyph is at most a sixteenth of a pixel off its place
_BYTES = 32_000_000  # what is kept in one process
_ENTRY = 700  # bytes that an entry takes beside its pixels

Key = tuple[bytes, int, int]


@dataclass
class Bitmaps:
    """Bitmaps by outline and phases; those used last are kept.

    Two halves: where the younger is full it becomes the older, and the older is let go. Threads may share it: at worst
    two make the same bitmap.
    """

    bound: int = _BYTES
    _young: dict[Key, Bitmap] = field(default_factory=dict)
    _old: dict[Key, Bitmap] = field(default_factory=dict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def of(self, keys: Sequence[Key]) -> list[Bitmap]:
        """The bitmap of each key: the data of an outline, and at which `PHASES`-th of a pixel its pen stands.

        Raises:
            ValueError: An outline is not one of lines and curves.
        """
        young = self._young
        found = [young.get(key) for key in keys]
        missing = dict.fromkeys(key for key, bitmap in zip(keys, found, strict=True) if bitmap is None)
        if not missing:
            return found  # type: ignore[return-value]
        known: dict[Key, Bitmap] = {}
        unknown = []
        for key in missing:
            kept = self._old.get(key)
            if kept is None:
                unknown.append(key)
            else:
                known[key] = kept
        if unknown:
            known.update(zip(unknown, _made(unknown), strict=True))
        for key, bitmap in known.items():
            self._keep(key, bitmap)
        return [known[key] if bitmap is None else bitmap for key, bitmap in zip(keys, found, strict=True)]

    def _keep(self, key: Key, bitmap: Bitmap) -> None:
        size = _ENTRY + 5 * len(bitmap.ink) + len(key[0])
        with self._lock:
            if self._bytes + size > self.bound // 2:
                self._old, self._young, self._bytes = self._young, {}, 0
            self._young[key] = bitmap
            self._bytes += size


def _made(keys: Sequence[Key]) -> list[Bitmap]:
    curves = [_curves(path) for path, _, _ in keys]
    return bitmaps_of(curves, [x / PHASES for _, x, _ in keys], [y / PHASES for _, _, y in keys])


@lru_cache(maxsize=2048)
def _curves(path: bytes) -> Curves:
    return curves_of(path)


def shared_bitmaps() -> Bitmaps:
    """The bitmaps of this process."""
    return _bitmaps_of(os.getpid())


@lru_cache(maxsize=1)
def _bitmaps_of(process: int) -> Bitmaps:
    return Bitmaps()
