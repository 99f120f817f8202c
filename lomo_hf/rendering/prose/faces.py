"""Words before they are painted: shaped by HarfBuzz in one of three fonts, and kept, within a bound of bytes.

A shape depends on the font and the word alone; whether it was kept or is made again changes nothing.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lomo_hf.rendering.fonts import chinese_file, latin_file, mono_file
from lomo_hf.rendering.kept import Kept

if TYPE_CHECKING:
    import uharfbuzz

__all__ = ["Face", "Faces", "Shape", "shared_faces"]

GLYPHS = 65_536  # that a font has at most

_BYTES = 16_000_000  # what is kept of each font in one process
_ENTRY, _GLYPH = 400, 160  # bytes that an entry, and a glyph of a shape, take


class Shape(NamedTuple):
    """A word before it is drawn: how far it moves the pen, in em, and its glyphs with their places in em.

    The number of a glyph holds that of its face, times `GLYPHS`.
    """

    advance: float
    glyphs: tuple[int, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]


class Face:
    """A font at its default weight, the one that Typst takes; shapes of words that were used last are kept."""

    def __init__(self, number: int, file: Path, index: int = 0, language: str = "en", bound: int = _BYTES) -> None:
        self._first, self._file, self._index, self._language = number * GLYPHS, file, index, language
        self._kept = Kept[str, Shape](bound, lambda word, shape: _ENTRY + _GLYPH * len(shape.glyphs))
        self._outlines: dict[tuple[int, int], bytes] = {}

    @cached_property
    def _font(self) -> "uharfbuzz.Font":
        """Lengths are in its own units."""
        import uharfbuzz

        return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(self._file)), self._index))

    @cached_property
    def covered(self) -> frozenset[int]:
        """The code points for which it has a glyph."""
        return frozenset(self._font.face.unicodes)

    @property
    def young(self) -> Mapping[str, Shape]:
        """Shapes of words that were used of late."""
        return self._kept.young

    def shape(self, word: str) -> Shape:
        """A word's glyphs, and how far it moves the pen."""
        found = self._kept.get(word)
        if found is None:
            found = self._shaped(word)
            self._kept.keep(word, found)
        return found

    def outline(self, glyph: int, size: int) -> bytes:
        """A glyph's outline at `size` px, as the data of an SVG path, in the form in which Typst writes them."""
        found = self._outlines.get((glyph, size))
        if found is None:
            pen = _Pen(size / self._font.face.upem)
            self._font.draw_glyph(glyph, _pen_functions(), pen)
            found = "".join(pen.parts).encode()
            if len(self._outlines) < 20_000:
                self._outlines[glyph, size] = found
        return found

    @cached_property
    def _space(self) -> int:
        return int(self._font.get_nominal_glyph(ord(" ")) or 0)

    def _shaped(self, word: str) -> Shape:
        import uharfbuzz

        buffer = uharfbuzz.Buffer()
        buffer.add_str(word)
        buffer.guess_segment_properties()
        buffer.language = self._language
        uharfbuzz.shape(self._font, buffer, {"liga": False, "clig": False})
        here, em = 0, self._font.face.upem
        glyphs, x, y = [], [], []
        for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            if info.codepoint != self._space:
                glyphs.append(self._first + info.codepoint)
                x.append((here + place.x_offset) / em)
                y.append(place.y_offset / em)
            here += place.x_advance
        return Shape(here / em, tuple(glyphs), tuple(x), tuple(y))


class Faces(NamedTuple):
    """The fonts that pages are set in without Typst: that of text, the monospaced one, and the Chinese one."""

    latin: Face
    mono: Face
    chinese: Face

    @classmethod
    def of(cls, bound: int = _BYTES) -> "Faces":
        """New ones, with nothing kept yet, each within `bound` bytes."""
        file, index = chinese_file()
        return cls(
            Face(0, latin_file(), bound=bound),
            Face(1, mono_file(), bound=bound),
            Face(2, file, index, "zh-cn", bound),
        )

    def outline(self, glyph: int, size: int) -> bytes:
        """The outline of a glyph of a shape at `size` px, as the data of an SVG path."""
        face, number = divmod(glyph, GLYPHS)
        return self[face].outline(number, size)


def shared_faces() -> Faces:
    """Those of this process."""
    return _faces_of(os.getpid())


@lru_cache(maxsize=1)
def _faces_of(process: int) -> Faces:
    return Faces.of()


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
