"""Words as pictures: shaped and drawn by HarfBuzz in the text font, and kept, within a bound of bytes.

A picture depends on the word, the size and the part of a pixel at which the word begins, on nothing else; whether it
was kept or is drawn again changes no pixel.
"""

import os
from dataclasses import dataclass, field
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lomo_hf.rendering.fonts import latin_file

if TYPE_CHECKING:
    import uharfbuzz

__all__ = ["PHASES", "Picture", "Words", "covered", "shared_words"]

PHASES = 8  # positions within a pixel; a word is at most a sixteenth of a pixel off its place
_BYTES = 16_000_000  # what is kept in one process; twice as much would save a seventh of a millisecond a page
_ENTRY, _GLYPH = 400, 160  # bytes that an entry, and a glyph of a shape, take beside pixels


class Picture(NamedTuple):
    """A word in ink, from its pen's pixel.

    Attributes:
        pixels: uint8 (height, width), 255 is paper.
        left, top: Where the first column and row lie from the pixel in which the word begins on the baseline.
    """

    pixels: NDArray[np.uint8]
    left: int
    top: int


class Shape(NamedTuple):
    """A word before it is drawn: how far it moves the pen, in em, and its glyphs with their places in font units."""

    advance: float
    glyphs: tuple[tuple[int, int, int], ...]


@dataclass
class Words:
    """Shapes and pictures of words in the Latin text font; those used last are kept.

    Two halves: where the younger is full it becomes the older, and the older is let go. Threads may share it: at worst
    two draw the same word.
    """

    bound: int = _BYTES
    _young: dict[object, Any] = field(default_factory=dict)
    _old: dict[object, Any] = field(default_factory=dict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def advance(self, word: str) -> float:
        """How far a word moves the pen, in em."""
        return self._shape(word).advance

    def picture(self, word: str, size: int, phase: int) -> Picture:
        """A word at `size` px that begins `phase` / `PHASES` of a pixel behind the border of one."""
        key = (word, size, phase)
        found: Picture | None = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                found = _drawn(self._shape(word), size, phase)
            self._keep(key, found, _ENTRY + found.pixels.nbytes)
        return found

    def _shape(self, word: str) -> Shape:
        found: Shape | None = self._young.get(word)
        if found is None:
            found = self._old.get(word)
            if found is None:
                found = _shaped(word)
            self._keep(word, found, _ENTRY + _GLYPH * len(found.glyphs))
        return found

    def _keep(self, key: object, value: Any, size: int) -> None:
        with self._lock:
            if self._bytes + size > self.bound // 2:
                self._old, self._young, self._bytes = self._young, {}, 0
            self._young[key] = value
            self._bytes += size


def shared_words() -> Words:
    """The words of this process."""
    return _words_of(os.getpid())


@lru_cache(maxsize=1)
def _words_of(process: int) -> Words:
    return Words()


@cache
def covered() -> frozenset[int]:
    """The code points for which the Latin text font has a glyph."""
    return frozenset(_font().face.unicodes)


@cache
def _font() -> "uharfbuzz.Font":
    """The font at its default weight, which is the one that Typst takes; lengths are in its own units."""
    import uharfbuzz

    return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(latin_file()))))


def _shaped(word: str) -> Shape:
    import uharfbuzz

    buffer = uharfbuzz.Buffer()
    buffer.add_str(word)
    buffer.guess_segment_properties()
    buffer.language = "en"
    uharfbuzz.shape(_font(), buffer, {"liga": False, "clig": False})
    here, glyphs = 0, []
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        glyphs.append((info.codepoint, here + place.x_offset, place.y_offset))
        here += place.x_advance
    return Shape(here / _font().face.upem, tuple(glyphs))


def _drawn(shape: Shape, size: int, phase: int) -> Picture:
    import uharfbuzz

    scale = size / _font().face.upem
    canvas = uharfbuzz.RasterDraw()
    for glyph, x, y in shape.glyphs:
        canvas.transform = (scale, 0.0, 0.0, scale, x * scale + phase / PHASES, y * scale)
        canvas.draw_glyph(_font(), glyph)
    image = canvas.render()
    box = image.extents
    rows = np.frombuffer(image.buffer, np.uint8).reshape(box.height, box.stride)
    # HarfBuzz begins with the lowest row.
    return Picture(_greys()[rows[::-1, : box.width]], box.x_origin, -(box.y_origin + box.height))


@cache
def _greys() -> NDArray[np.uint8]:
    """Coverage of a pixel -> grey. Typst rounds down twice, so its ink is one or two greys lighter than is covered."""
    covered = np.arange(256)
    lighter = np.where((covered > 1) & (covered < 255), 2, 1)
    return np.minimum(255 - covered + lighter, 255).astype(np.uint8)
