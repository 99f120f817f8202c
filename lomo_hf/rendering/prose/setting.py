"""Lines of prose or code to a drawing: words beside one another until a line is full, lines under one another."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, compress, islice

from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.fonts import MONO_ADVANCE
from lomo_hf.rendering.formulas import Formula, shared_formulas
from lomo_hf.rendering.glyphs import Drawing
from lomo_hf.rendering.markup import FORMULAS, HANGING, Line, display_body
from lomo_hf.rendering.prose.chinese import broken_chinese, is_chinese
from lomo_hf.rendering.prose.faces import Face, Faces, Shape, shared_faces
from lomo_hf.rendering.prose.gate import breaks_after_space, is_code, is_prose, parts_of
from lomo_hf.rendering.prose.mixed import broken_mixed
from lomo_hf.rendering.prose.rows import Rows
from lomo_hf.rendering.scripts import Room, rooms_of

__all__ = ["set_prose"]

_TOLERANCE = 1e-6  # px by which Typst lets a line be too long


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
    rows, column, waiting = Rows(), (width + _TOLERANCE) / style.text_size, iter(formulas)
    for line in lines:
        if not _add_line(line, column, waiting, style, faces, rows):
            return None
    if style.text_size % 20 and rows.has_tall_words:
        return None  # rooms are whole pixels at 20 px only
    return rows.drawing(style, faces) if rows.shapes or rows.frames else None


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
    line: Line, width: float, formulas: Iterator[Formula], style: RenderStyle, faces: Faces, rows: Rows
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


def _add(text: str, mono: bool, width: float, faces: Faces, rows: Rows) -> bool:
    if not mono:
        return _broken(text, width, 0.0, faces.latin, rows)
    return _broken(text, width, MONO_ADVANCE * (len(text) - len(text.lstrip(" ")) + HANGING), faces.mono, rows)


def _broken(text: str, width: float, hang: float, face: Face, rows: Rows) -> bool:
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
    inner, space, young = text.rstrip(" "), face.shape(" ").advance, face.young
    texts = inner.split(" ")
    shapes = [young.get(word) or face.shape(word) for word in texts]
    steps = [space] * (2 * len(shapes))
    steps[::2] = [shape.advance for shape in shapes]
    reached = list(accumulate(steps))
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
