"""Words before they are painted: shaped by HarfBuzz in one of three fonts, and kept, within a bound of bytes.

A shape depends on the font and the word alone; whether it was kept or is made again changes nothing.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lomo_hf.rendering.fonts import chinese_file, latin_file, mono_file
from lomo_hf.rendering.glyphs import Bitmap
from lomo_hf.rendering.kept import Kept

if TYPE_CHECKING:
    import uharfbuzz

__all__ = ["Face", "FaceGlyph", "Faces", "Shape", "glyphs_of", "lengths_of", "shared_faces"]

GLYPHS = 65_536  # that a font has at most

_BYTES = 16_000_000  # what is kept of each font in one process
_ENTRY, _GLYPH = 400, 24  # bytes that an entry, and a glyph of a shape, take


class Shape(NamedTuple):
    """A word before it is drawn.

    Attributes:
        advance: How far it moves the pen, in em.
        glyphs: Three float64 for each glyph, as `glyphs_of` reads them. In one piece of memory, for it is looked up
            where a hundred thousand others lie.
    """

    advance: float
    glyphs: bytes


def glyphs_of(shapes: Iterable[Shape]) -> NDArray[np.float64]:
    """Of all glyphs of some words: their numbers, each with that of its face times `GLYPHS`, and x and y in em."""
    return np.frombuffer(b"".join([shape.glyphs for shape in shapes]), np.float64).reshape(-1, 3).T


def lengths_of(shapes: Iterable[Shape]) -> NDArray[np.int64]:
    """How many glyphs each of some words has."""
    return np.asarray([len(shape.glyphs) for shape in shapes], np.int64) // _GLYPH


class Face:
    """A font at its default weight, the one that Typst takes; shapes of words that were used last are kept."""

    def __init__(self, number: int, file: Path, index: int = 0, language: str = "en", bound: int = _BYTES) -> None:
        self._first, self._file, self._index, self._language = number * GLYPHS, file, index, language
        self._kept = Kept[str, Shape](bound, lambda word, shape: _ENTRY + len(shape.glyphs))

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
        shape = self._kept.get(word)
        if shape is None:
            shape = self._shaped(word)
            self._kept.keep(word, shape)
        return shape

    def fitting(self, parts: Sequence[str], width: float) -> str:
        """As many parts of a word as fit into `width` em, in one, but not all; "" where none does."""
        for count in range(len(parts) - 1, 0, -1):
            head = "".join(parts[:count])
            if self.shape(head).advance <= width:
                return head
        return ""

    def path(self, glyph: int, size: int) -> bytes:
        """The outline of a glyph at `size` px as the data of an SVG path, in relative lines and curves."""
        import uharfbuzz

        scale, parts = size / self._font.face.upem, ["M 0 0"]
        here = [0.0, 0.0]

        def add(name: str, *points: float) -> None:
            numbers = [scale * number - here[at % 2] for at, number in enumerate(points)]
            parts.append(name + " ".join(f"{number:.6f}" for number in numbers))
            here[:] = scale * points[-2], scale * points[-1]

        draw = uharfbuzz.DrawFuncs()
        draw.set_move_to_func(lambda x, y, _: add("m", x, y))
        draw.set_line_to_func(lambda x, y, _: add("l", x, y))
        draw.set_quadratic_to_func(lambda *points: add("q", *points[:4]))
        draw.set_cubic_to_func(lambda *points: add("c", *points[:6]))
        draw.set_close_path_func(lambda _: parts.append("Z"))
        self._font.draw_glyph(glyph, draw)
        return "".join(parts).encode()

    def bitmap(self, glyph: int, size: int, right: float, down: float) -> Bitmap:
        """How a glyph at `size` px covers the pixels, its pen at these parts of one."""
        import uharfbuzz

        scale = size / self._font.face.upem
        canvas = uharfbuzz.RasterDraw()
        canvas.transform = (scale, 0.0, 0.0, scale, right, -down)
        canvas.draw_glyph(self._font, glyph)
        image = canvas.render()
        box = image.extents
        rows = np.frombuffer(image.buffer, np.uint8).reshape(box.height, box.stride)
        # HarfBuzz begins with the lowest row, and rounds up where Typst rounds down.
        return Bitmap.of(_rounded_down()[rows[::-1, : box.width]], box.x_origin, -(box.y_origin + box.height))

    @cached_property
    def _space(self) -> int:
        return int(self._font.get_nominal_glyph(ord(" ")) or 0)

    def _shaped(self, word: str) -> Shape:
        import uharfbuzz

        buffer = uharfbuzz.Buffer()
        buffer.add_str(word)
        buffer.guess_segment_properties()
        if word[:1] == "—" and self._language == "zh-cn":  # beside a Chinese character, so it is of that script
            buffer.script = "Hani"
        buffer.language = self._language
        uharfbuzz.shape(self._font, buffer, {"liga": False, "clig": False})
        here, em = 0, self._font.face.upem
        glyphs: list[float] = []
        for info, place in zip(buffer.glyph_infos, buffer.glyph_positions or (), strict=True):
            if info.codepoint != self._space:
                glyphs += (self._first + info.codepoint, (here + place.x_offset) / em, place.y_offset / em)
            here += place.x_advance
        return Shape(here / em, np.asarray(glyphs, np.float64).tobytes())


class Faces(NamedTuple):
    """The fonts that pages are set in without Typst: that of text, the monospaced one, and the Chinese one.

    `drawn` holds their glyphs that were asked for, by number and size.
    """

    latin: Face
    mono: Face
    chinese: Face
    drawn: dict[tuple[int, int], "FaceGlyph"]

    @classmethod
    def of(cls, bound: int = _BYTES) -> "Faces":
        """New ones, with nothing kept yet, each within `bound` bytes."""
        file, index = chinese_file()
        return cls(
            Face(0, latin_file(), bound=bound),
            Face(1, mono_file(), bound=bound),
            Face(2, file, index, "zh-cn", bound),
            {},
        )

    def glyphs(self, numbers: Iterable[int], size: int) -> list["FaceGlyph"]:
        """Glyphs of shapes at `size` px, to be drawn."""
        drawn = self.drawn
        return [drawn.get((number, size)) or self._glyph(number, size) for number in numbers]

    def _glyph(self, number: int, size: int) -> "FaceGlyph":
        face = (self.latin, self.mono, self.chinese)[number // GLYPHS]
        return self.drawn.setdefault((number, size), FaceGlyph(face, number % GLYPHS, size))


@dataclass(frozen=True, slots=True, eq=False)
class FaceGlyph:
    """A glyph of a face at a size in px; there is one for each, so that it is told by what it is."""

    face: Face
    glyph: int
    size: int

    def path(self) -> bytes:
        """Its outline as the data of an SVG path, y upwards from the baseline."""
        return self.face.path(self.glyph, self.size)

    def bitmap(self, right: float, down: float) -> Bitmap:
        """Its bitmap, with its pen at these parts of a pixel."""
        return self.face.bitmap(self.glyph, self.size, right, down)


def shared_faces() -> Faces:
    """Those of this process."""
    return _faces_of(os.getpid())


@lru_cache(maxsize=1)
def _faces_of(process: int) -> Faces:
    return Faces.of()


@cache
def _rounded_down() -> NDArray[np.uint8]:
    covered = np.arange(256)
    return np.where(covered < 255, np.maximum(covered - 1, 0), 255).astype(np.uint8)
