"""Lines of prose or code to a drawing: words beside one another until a line is full, lines under one another."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.fonts import MONO_ADVANCE
from lomo_hf.rendering.formulas import Formula, Frame, shared_formulas
from lomo_hf.rendering.glyphs import Drawing, FontGlyph
from lomo_hf.rendering.markup import DISPLAY_ROOM, FORMULAS, HANGING, Line, display_body
from lomo_hf.rendering.prose.chinese import broken_chinese, is_chinese
from lomo_hf.rendering.prose.faces import Face, Faces, Shape, shared_faces
from lomo_hf.rendering.prose.gate import breaks_after_space, is_code, is_prose, parts_of
from lomo_hf.rendering.prose.mixed import Row, broken_mixed
from lomo_hf.rendering.scripts import Room, rooms_of
from lomo_hf.rendering.typesetter import line_box

__all__ = ["set_prose"]

_REACH = 0.7  # of the overlap of two rows, that a formula may not reach into the other
_TOLERANCE = 1e-6  # px by which Typst lets a line be too long


@dataclass
class _Rows:
    """The words and formulas of a page with their places, and the room in px that each row needs above and below."""

    shapes: list[Shape] = field(default_factory=list)
    x: list[float] = field(default_factory=list)  # em from the left
    at: list[int] = field(default_factory=list)  # which row
    above: list[float] = field(default_factory=list)
    below: list[float] = field(default_factory=list)
    frames: list[tuple[Frame, float, int]] = field(default_factory=list)  # with its place and its row
    rooms: bool = False  # some word needs room

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
            self.rooms = self.rooms or any(map(any, rooms))

    def place_mixed(self, row: Row, style: RenderStyle) -> None:
        """Words and formulas; a formula reaches into the rows above and below, and needs room for what is left."""
        above, below, overlap = line_box(style)
        for item, x in row:
            if isinstance(item, Shape):
                self.place((item,), (x,), ())
                continue
            self.frames.append((item, x, len(self.above) - 1))
            self.above[-1] = max(self.above[-1], item.ascent + _REACH * overlap - above)
            self.below[-1] = max(self.below[-1], item.descent + _REACH * overlap - below)

    def place_display(self, frame: Frame, style: RenderStyle) -> None:
        """A displayed formula on a row of its own, with room above and below it."""
        above, below, overlap = line_box(style)
        spare = overlap + DISPLAY_ROOM
        self.frames.append((frame, 0.0, len(self.above)))
        self.above.append(frame.ascent + spare - above)
        self.below.append(frame.descent + spare - below)


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


def set_prose(
    lines: Sequence[Line], width: int, style: RenderStyle, bodies: Sequence[str] = (), faces: Faces | None = None
) -> Drawing | None:
    """Lines of prose and code in a column of `width` px, as Typst would set them; from the column's left edge.

    None where that is not certain: another script, a displayed formula, or a line whose end depends on more than is
    known here. The answer depends on the lines, the width, the style and the `bodies` of the formulas, as Typst
    mathematics, alone. `faces` hold what is kept, by default in the process.

    >>> from lomo_hf.rendering.markup import Line, Piece
    >>> drawing = set_prose([Line((Piece("text", "Plain prose."),))], 400, RenderStyle())
    >>> inline = set_prose([Line((Piece("text", "Let "), Piece("inline", "y")))], 400, RenderStyle(), ["y"])
    >>> len(drawing.glyphs), len(inline.glyphs), set_prose([Line((Piece("text", "བོད"),))], 400, RenderStyle())
    (11, 4, None)
    """
    faces = faces or shared_faces()
    if not all(_is_certain(line, faces) for line in lines):
        return None
    formulas = _formulas(lines, bodies, style)
    if formulas is None:
        return None
    rows, column, waiting = _Rows(), (width + _TOLERANCE) / style.text_size, iter(formulas)
    for line in lines:
        if not _add_line(line, column, waiting, style, faces, rows):
            return None
    if style.text_size % 20 and rows.rooms:
        return None  # rooms are whole pixels at 20 px only
    return _drawing(rows, style, faces) if rows.shapes or rows.frames else None


def _formulas(lines: Sequence[Line], bodies: Sequence[str], style: RenderStyle) -> list[Formula] | None:
    """The formulas of all lines in order, displayed ones with the mark behind them; None where one is not set here."""
    pieces = [piece for line in lines for piece in line.pieces if piece.kind in FORMULAS]
    if len(pieces) != len(bodies):
        return None
    shared = shared_formulas()
    inline = shared.of([body for body, piece in zip(bodies, pieces, strict=True) if piece.kind == "inline"], style)
    if inline is None:
        return None
    waiting, bodies_left, formulas = iter(inline), iter(bodies), []
    for line in lines:
        for piece in line.pieces:
            if piece.kind == "display":
                displayed = shared.displayed(display_body(line, next(bodies_left)), style)
                if displayed is None:
                    return None
                formulas.append(displayed)
            elif piece.kind == "inline":
                next(bodies_left)
                formulas.append(next(waiting))
    return formulas


def _is_certain(line: Line, faces: Faces) -> bool:
    """Whether a line is of a kind that is set here; where it ends may still be uncertain."""
    if not line.pieces:
        return True
    first = line.pieces[0]
    if first.kind == "display":
        return True
    if line.mono:
        plain = len(line.pieces) == 1 and first.kind in ("text", "mono")
        return plain and not (line.rtl or line.region) and is_code(first.text, faces.mono.covered)
    texts = [piece.text for piece in line.pieces if piece.kind == "text"]
    alone = len(line.pieces) == 1 or any(piece.kind == "inline" for piece in line.pieces)
    if line.rtl or not alone or not all(piece.kind in ("text", "inline") for piece in line.pieces):
        return False
    if line.region:
        among_latin = line.region == "SC-in-latin"
        known = among_latin or line.region == "SC"
        return known and all(is_chinese(text, faces.chinese, among_latin=among_latin) for text in texts)
    return all(is_prose(text, faces.latin.covered) for text in texts)


def _add_line(
    line: Line, width: float, formulas: Iterator[Formula], style: RenderStyle, faces: Faces, rows: _Rows
) -> bool:
    """Place what a line of the prompt holds. False: not certain."""
    mine = list(islice(formulas, sum(piece.kind in FORMULAS for piece in line.pieces)))
    if line.pieces and line.pieces[0].kind == "display":
        rows.place_display(mine[0].frames[0], style)
        return True
    if not (mine or line.region):
        return _add(line.pieces[0].text if line.pieces else "", line.mono, width, faces, rows)
    if line.region:
        broken = broken_chinese(line, mine, width, style.text_size, faces)
    elif any(up or down for piece in line.pieces if piece.kind == "text" for (up, down), _ in rooms_of(piece.text)):
        return False
    else:
        broken = broken_mixed(line, mine, width, style.text_size, faces.latin)
    for row in broken or ():
        rows.open()
        rows.place_mixed(row, style)
    return broken is not None


def _add(text: str, mono: bool, width: float, faces: Faces, rows: _Rows) -> bool:
    if not mono:
        return _broken(text, width, 0.0, faces.latin, rows)
    return _broken(text, width, MONO_ADVANCE * (len(text) - len(text.lstrip(" ")) + HANGING), faces.mono, rows)


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
            head = face.fitting(parts, width - x)
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
    inner, space, x = text.rstrip(" "), face.shape(" ").advance, 0.0
    texts: list[str] = []
    shapes: list[Shape] = []
    starts: list[float] = []
    ends: list[float] = []
    rooms: list[Room] = []
    for reach, stretch in rooms_of(inner):
        for word in stretch.split(" "):
            if word:
                shape = face.young.get(word) or face.shape(word)
                texts.append(word)
                shapes.append(shape)
                starts.append(x)
                x += shape.advance
                ends.append(x)
                rooms.append(reach)
            x += space
        x -= space
    tail = (len(text) - len(inner)) * space
    return _Words(texts, shapes, starts, ends, rooms if not text.isascii() and any(map(any, rooms)) else [], x + tail)


def _drawing(rows: _Rows, style: RenderStyle, faces: Faces) -> Drawing:
    """All words and formulas where they stand."""
    size, shapes = style.text_size, rows.shapes
    pitches = (style.line_height + up + down for up, down in zip(rows.above, [0.0, *rows.below], strict=False))
    baselines = np.asarray(list(accumulate(pitches)), np.float64)
    counts = [len(shape.glyphs) for shape in shapes]
    x = size * (np.repeat(rows.x, counts) + _flat((shape.x for shape in shapes), np.float64))
    y = np.repeat(baselines[rows.at], counts) - size * _flat((shape.y for shape in shapes), np.float64)
    used, glyphs = np.unique(_flat((shape.glyphs for shape in shapes), np.int64), return_inverse=True)
    words = Drawing(
        [faces.glyph(number, size) for number in used.tolist()], glyphs, x, y, None,
        np.zeros((0, 4)), np.zeros(0, np.uint8),
    )  # fmt: skip
    return _with_frames(words, rows.frames, baselines, size) if rows.frames else words


def _with_frames(
    words: Drawing, frames: Sequence[tuple[Frame, float, int]], baselines: NDArray[np.float64], size: int
) -> Drawing:
    """The words, and behind them the glyphs and bars of the formulas."""
    number_of: dict[bytes | FontGlyph, int] = {}
    first = len(words.outlines)
    glyphs: list[int] = []
    for frame, _, _ in frames:
        glyphs += [number_of.setdefault(outline, first + len(number_of)) for outline in frame.outlines]
    left = size * np.asarray([x for _, x, _ in frames])
    down = baselines[[row for _, _, row in frames]]
    counts = [len(frame.outlines) for frame, _, _ in frames]
    bars = [len(frame.rules) for frame, _, _ in frames]
    rules = _flat((bar for frame, _, _ in frames for bar in frame.rules), np.float64).reshape(-1, 4)
    rules += np.repeat(np.stack([left, down, left, down], axis=1), bars, axis=0)
    return Drawing(
        [*words.outlines, *number_of],
        np.concatenate([words.glyphs, np.asarray(glyphs, np.int64)]),
        np.concatenate([words.x, np.repeat(left, counts) + _flat((frame.x for frame, _, _ in frames), np.float64)]),
        np.concatenate([words.y, np.repeat(down, counts) + _flat((frame.y for frame, _, _ in frames), np.float64)]),
        None, rules, np.full(len(rules), 255, np.uint8),
    )  # fmt: skip


def _flat(parts: Iterable[Iterable[float]], kind: type[np.generic]) -> NDArray[Any]:
    return np.fromiter(chain.from_iterable(parts), kind)
