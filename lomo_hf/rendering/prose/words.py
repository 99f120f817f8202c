"""Words before they are painted: shaped by HarfBuzz in the text font, and kept, within a bound of bytes.

A shape depends on the word alone; whether it was kept or is made again changes nothing.
"""

import os
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from lomo_hf.rendering.fonts import latin_file
from lomo_hf.rendering.kept import Kept

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


class Words:
    """Shapes of words in the Latin text font; those used last are kept."""

    def __init__(self, bound: int = _BYTES) -> None:
        self._kept = Kept[str, Shape](bound, lambda word, shape: _ENTRY + _GLYPH * len(shape.glyphs))

    def shape(self, word: str) -> Shape:
        """A word's glyphs, and how far it moves the pen."""
        found = self._kept.get(word)
        if found is None:
            found = _shaped(word)
            self._kept.keep(word, found)
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
    """A glyph's outline at `size` px, as the data of an SVG path, in the form in which Typst writes them."""
    pen = _Pen(size / _font().face.upem)
    _font().draw_glyph(glyph, _pen_functions(), pen)
    return "".join(pen.parts).encode()


@dataclass
class _Pen:
    """Writes an outline that HarfBuzz draws in font units."""

    scale: float
    x: float = 0.0
    y: float = 0.0
    start: tuple[float, float] = (0.0, 0.0)
    parts: list[str] = field(default_factory=lambda: ["M 0 0"])

    def to(self, command: str, *places: float) -> None:
        origins = (self.x, self.y) * (len(places) // 2)
        steps = [(place - origin) * self.scale for place, origin in zip(places, origins, strict=True)]
        self.parts.append(command + " " + " ".join(f"{step:.9f}" for step in steps))
        self.x, self.y = places[-2:]
        if command == "m":
            self.start = (self.x, self.y)

    def close(self) -> None:
        self.parts.append("Z ")
        self.x, self.y = self.start


@cache
def _pen_functions() -> "uharfbuzz.DrawFuncs":
    import uharfbuzz

    functions = uharfbuzz.DrawFuncs()
    functions.set_move_to_func(lambda x, y, pen: pen.to("m", x, y))
    functions.set_line_to_func(lambda x, y, pen: pen.to("l", x, y))
    functions.set_quadratic_to_func(lambda a, b, x, y, pen: pen.to("q", a, b, x, y))
    functions.set_cubic_to_func(lambda a, b, c, d, x, y, pen: pen.to("c", a, b, c, d, x, y))
    functions.set_close_path_func(lambda pen: pen.close())
    return functions


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
