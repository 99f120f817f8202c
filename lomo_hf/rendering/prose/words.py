"""Words before they are painted: shaped by HarfBuzz in the text font, and kept, within a bound of bytes.

A shape depends on the word alone; whether it was kept or is made again changes nothing.
"""

import os
from dataclasses import dataclass, field
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from lomo_hf.rendering.fonts import latin_file

if TYPE_CHECKING:
    import uharfbuzz

__all__ = ["Shape", "Words", "covered", "outline", "shared_words"]

_BYTES = 16_000_000  # what is kept in one process
_ENTRY, _GLYPH = 400, 160  # bytes that an entry, and a glyph of a shape, take


class Shape(NamedTuple):
    """A word before it is drawn: how far it moves the pen, in em, and its glyphs with their places in em."""

    advance: float
    glyphs: tuple[int, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass
class Words:
    """Shapes of words in the Latin text font; those used last are kept.

    Two halves: where the younger is full it becomes the older, and the older is let go. Threads may share it: at worst
    two shape the same word.
    """

    bound: int = _BYTES
    _young: dict[str, Shape] = field(default_factory=dict)
    _old: dict[str, Shape] = field(default_factory=dict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def shape(self, word: str) -> Shape:
        """A word's glyphs, and how far it moves the pen."""
        found = self._young.get(word)
        if found is None:
            found = self._old.get(word) or _shaped(word)
            with self._lock:
                size = _ENTRY + _GLYPH * len(found.glyphs)
                if self._bytes + size > self.bound // 2:
                    self._old, self._young, self._bytes = self._young, {}, 0
                self._young[word] = found
                self._bytes += size
        return found


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


@lru_cache(maxsize=16_384)
def outline(glyph: int, size: int) -> bytes:
    """A glyph's outline at `size` px, as the data of an SVG path."""
    scale = size / _font().face.upem
    parts: list[str] = []
    _font().draw_glyph(glyph, _pen(), (parts, scale))
    return "".join(parts).encode()


@cache
def _pen() -> "uharfbuzz.DrawFuncs":
    import uharfbuzz

    def written(letter: str, *numbers: float, user: tuple[list[str], float]) -> None:
        parts, scale = user
        parts.append(letter + " ".join(f"{number * scale:.6g}" for number in numbers))

    pen = uharfbuzz.DrawFuncs()
    pen.set_move_to_func(lambda x, y, user: written("M", x, y, user=user))
    pen.set_line_to_func(lambda x, y, user: written("L", x, y, user=user))
    pen.set_quadratic_to_func(lambda a, b, x, y, user: written("Q", a, b, x, y, user=user))
    pen.set_cubic_to_func(lambda a, b, c, d, x, y, user: written("C", a, b, c, d, x, y, user=user))
    pen.set_close_path_func(lambda user: user[0].append("Z"))
    return pen


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
    here, em = 0, _font().face.upem
    glyphs, x, y = [], [], []
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        if info.codepoint != _space():
            glyphs.append(info.codepoint)
            x.append((here + place.x_offset) / em)
            y.append(place.y_offset / em)
        here += place.x_advance
    return Shape(here / em, tuple(glyphs), tuple(x), tuple(y))


@cache
def _space() -> int:
    return int(_font().get_nominal_glyph(ord(" ")) or 0)
