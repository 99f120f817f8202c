"""Lines of prose or code to a drawing: words beside one another until a line is full, lines under one another."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, compress

import numpy as np

from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.fonts import MONO_ADVANCE
from lomo_hf.rendering.glyphs import Drawing
from lomo_hf.rendering.markup import HANGING, Line
from lomo_hf.rendering.prose.chinese import broken_chinese, is_chinese
from lomo_hf.rendering.prose.faces import Face, Faces, Shape, glyphs_of, shared_faces
from lomo_hf.rendering.prose.gate import breaks_after_space, is_code, is_prose, parts_of
from lomo_hf.rendering.scripts import Room, rooms_of

__all__ = ["set_prose"]

_TOLERANCE = 1e-6  # px by which Typst lets a line be too long


@dataclass
class _Rows:
    """The words of a page with their places, and the room that each row needs above and below."""

    shapes: list[Shape] = field(default_factory=list)
    x: list[float] = field(default_factory=list)  # em from the left
    at: list[int] = field(default_factory=list)  # which row
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)

    def open(self) -> None:
        self.above.append(0)
        self.below.append(0)

    def place(self, shapes: Sequence[Shape], x: Sequence[float], rooms: Sequence[Room]) -> None:
        self.shapes += shapes
        self.x += x
        self.at += [len(self.above) - 1] * len(shapes)
        if rooms:
            self.above[-1] = max(self.above[-1], max(up for up, _ in rooms))
            self.below[-1] = max(self.below[-1], max(down for _, down in rooms))


@dataclass(frozen=True)
class _Words:
    """The words of one line of the prompt: where each would start and end if all stood on one row, in em.

    Attributes:
        rooms: What each needs above and below; empty where none needs anything.
        end: Where the last one ends, with the spaces behind it.
    """

    texts: list[str]
    shapes: list[Shape]
    starts: list[float]
    ends: list[float]
    rooms: list[Room]
    end: float


def set_prose(lines: Sequence[Line], width: int, style: RenderStyle, faces: Faces | None = None) -> Drawing | None:
    """Lines of prose and code in a column of `width` px, as Typst would set them; from the column's left edge.

    None where that is not certain: another script, formulas, or a line whose end depends on more than is known here.
    The answer depends on the lines, the width and the style alone. `faces` hold what is kept, by default in the
    process.

    >>> from lomo_hf.rendering.markup import Line, Piece
    >>> drawing = set_prose([Line((Piece("text", "Plain prose."),))], 400, RenderStyle())
    >>> len(drawing.glyphs), set_prose([Line((Piece("text", "x"), Piece("inline", "y")))], 400, RenderStyle())
    (11, None)
    """
    faces = faces or shared_faces()
    if not all(_is_certain(line, faces) for line in lines):
        return None
    rows, column = _Rows(), (width + _TOLERANCE) / style.text_size
    for line in lines:
        text = line.pieces[0].text if line.pieces else ""
        if not (
            _add_chinese(text, column, faces, rows) if line.region else _add(text, line.mono, column, faces, rows)
        ):
            return None
    if style.text_size % 20 and (any(rows.above) or any(rows.below)):
        return None  # rooms are whole pixels at 20 px only
    return _drawing(rows, style, faces) if rows.shapes else None


def _is_certain(line: Line, faces: Faces) -> bool:
    """Whether a line is of a kind that is set here; where it ends may still be uncertain."""
    if not line.pieces:
        return True
    first = line.pieces[0]
    if line.rtl or len(line.pieces) > 1 or first.kind not in (("text", "mono") if line.mono else ("text",)):
        return False
    if line.region:
        return line.region == "SC" and not line.mono and is_chinese(first.text, faces.chinese)
    if line.mono:
        return is_code(first.text, faces.mono.covered)
    return is_prose(first.text, faces.latin.covered)


def _add(text: str, mono: bool, width: float, faces: Faces, rows: _Rows) -> bool:
    if not mono:
        return _broken(text, width, 0.0, faces.latin, rows)
    return _broken(text, width, MONO_ADVANCE * (len(text) - len(text.lstrip(" ")) + HANGING), faces.mono, rows)


def _add_chinese(text: str, width: float, faces: Faces, rows: _Rows) -> bool:
    broken = broken_chinese(text, width, faces)
    for row in broken or ():
        rows.open()
        rows.place([shape for shape, _ in row], [x for _, x in row], ())
    return broken is not None


def _broken(text: str, width: float, hang: float, face: Face, rows: _Rows) -> bool:
    """Place the words of one line of the prompt on as many rows as it takes; lengths in em. False: not certain.

    `hang` is how far all rows but the first stand in.
    """
    rows.open()
    line = _words(text, face)
    here, left, before = 0, 0.0, ""  # the next word, where its row begins, and the word in front of it on the row
    while here < len(line.texts):
        past = bisect_right(line.ends, left + width, here)
        if past == len(line.texts) and line.end - left > width:
            past -= 1
        rows.place(line.shapes[here:past], [start - left for start in line.starts[here:past]], line.rooms[here:past])
        if past == len(line.texts):
            return True
        before = line.texts[past - 1] if past > here else before
        word, shape, reach = line.texts[past], line.shapes[past], line.rooms[past : past + 1]
        x = line.starts[past] - left
        # Spaces at the end of a paragraph take room, those where a row ends take none.
        behind = line.end - line.ends[past] if past == len(line.texts) - 1 else 0.0
        while x + shape.advance + behind > width:
            parts = parts_of(word)
            if parts is None:
                return False
            head = _fitting(parts, width - x, face)
            if head:
                rows.place([face.shape(head)], [x], reach)
                word = word[len(head) :]
            elif not before or not breaks_after_space(before, word):
                return False
            rows.open()
            x, before, shape = hang, "", face.shape(word)
        rows.place([shape], [x], reach)
        here, left, before = past + 1, line.ends[past] - x - shape.advance, word
    return True


def _words(text: str, face: Face) -> _Words:
    inner, space, young = text.rstrip(" "), face.shape(" ").advance, face.young
    texts = inner.split(" ")
    shapes = [young.get(word) or face.shape(word) for word in texts]
    reached = list(accumulate(chain.from_iterable((shape.advance, space) for shape in shapes)))
    starts, ends = [0.0, *reached[1:-1:2]], reached[::2]
    end = ends[-1] + (len(text) - len(inner)) * space
    if "" in texts:  # between two spaces
        filled = list(map(bool, texts))
        texts, shapes = list(compress(texts, filled)), list(compress(shapes, filled))
        starts, ends = list(compress(starts, filled)), list(compress(ends, filled))
    return _Words(texts, shapes, starts, ends, _rooms(inner), end)


def _rooms(text: str) -> list[Room]:
    """What each word needs above and below; empty where none needs anything."""
    if text.isascii():
        return []
    rooms = [reach for reach, stretch in rooms_of(text) for word in stretch.split(" ") if word]
    return rooms if any(map(any, rooms)) else []


def _fitting(parts: Sequence[str], width: float, face: Face) -> str:
    """As many parts of a word as fit, in one; "" where none does."""
    for count in range(len(parts) - 1, 0, -1):
        head = "".join(parts[:count])
        if face.shape(head).advance <= width:
            return head
    return ""


def _drawing(rows: _Rows, style: RenderStyle, faces: Faces) -> Drawing:
    """All words where they stand."""
    size, shapes = style.text_size, rows.shapes
    pitches = (style.line_height + up + down for up, down in zip(rows.above, [0, *rows.below], strict=False))
    baselines = np.asarray(list(accumulate(pitches)), np.float64)[rows.at]
    counts = [shape.length for shape in shapes]
    numbers, right, up = glyphs_of(shapes)
    x, y = np.repeat(rows.x, counts) + right, np.repeat(baselines, counts) - size * up
    used, glyphs = np.unique(numbers.astype(np.int64), return_inverse=True)
    outlines = [faces.glyph(number, size) for number in used.tolist()]
    return Drawing(outlines, glyphs, size * x, y, None, np.zeros((0, 4)), np.zeros(0, np.uint8))
