"""Lines of Chinese in simplified characters: a character or a Latin word at a time, with Chinese punctuation.

A line is set as Typst sets it: marks beside one another share their space, an opening mark that begins a row and a
closing one that ends it lose theirs, and a row is broken between two characters wherever no mark forbids it
(Unicode, UAX #14; W3C, clreq, 3.1.6). Where a row would end next to anything else, nothing is certain.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lomo_hf.rendering.formulas import Formula, Frame
from lomo_hf.rendering.markup import Line
from lomo_hf.rendering.prose.faces import Face, Faces, Shape
from lomo_hf.rendering.prose.gate import breaks_after_space, parts_of

__all__ = ["Placed", "broken_chinese", "is_chinese"]

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_CLOSING = "，。、；：？！．）》〉】」』〕”"
_OPENING = "（《〈【「『〔“"
_SINGLE = "·①-⑳"  # set alone; where a row would end beside one of these, or beside a dash or dots, is not certain
_LISTED = re.compile(f"[{_HAN}{_CLOSING}{_OPENING}{_SINGLE}—…\u3000 -~]*")
_AMONG_LATIN = re.compile(
    f"[{_HAN}，。、；：？！．）》〉】」』〔〕（《〈【「『 -~]*"
)  # without those that Latin has too
_UNITS = re.compile(
    f"(?P<han>[{_HAN}])|(?P<closing>[{_CLOSING}])|(?P<opening>[{_OPENING}])|(?P<blank>\u3000)"
    f"|(?P<space> +)|(?P<latin>[!-~]+)|(?P<other>[{_SINGLE}]|—+|…+)"
)
_LETTER = re.compile("[A-Za-z]")
_ENDS = ",.;:!?)]}%"  # no row begins with these
_STARTS = "([{"  # and none ends with these
_COLONS = "：；"  # no row begins with these either, but behind a formula
_PAUSES = ",.;:!?)"  # with a space behind them, a row may end before a Chinese character
_MARKS = ("closing", "opening")
_QUOTES = "“”"

Placed = tuple[Shape | Frame, float]  # a shape or a part of a formula, and where it begins, in em


@dataclass(slots=True)
class _Unit:
    """A character, a Latin word or a part of a formula as it is placed.

    Attributes:
        kind: "han", "closing", "opening", "blank" (a wide one), "space", "latin", "formula" or "other" (a sign).
        shapes: What it is made of, each with how far it stands to the right of the unit's start, in em.
        advance: How far it moves the pen.
        left, right: How much of it may still be lost at the start of a row, and at the end of one.
        lost: How much has been lost on the left.
    """

    kind: str
    text: str
    shapes: Sequence[Placed]
    advance: float
    left: float = 0.0
    right: float = 0.0
    lost: float = 0.0

    def lose_left(self, amount: float) -> None:
        self.lost, self.advance, self.left = self.lost + amount, self.advance - amount, self.left - amount


def is_chinese(text: str, face: Face, *, among_latin: bool = False) -> bool:
    """Whether a text is of Chinese characters that the font has, the marks that go with them, and ASCII.

    Where Chinese characters are few among Latin ones, signs that both have are Latin, and are not listed.
    """
    others = {char for char in set(text) if not char.isascii()}
    listed = _AMONG_LATIN if among_latin else _LISTED
    return listed.fullmatch(text) is not None and face.covered.issuperset(map(ord, others))


def broken_chinese(
    line: Line, formulas: Sequence[Formula], width: float, size: int, faces: Faces
) -> list[list[Placed]] | None:
    """What stands on each row of a line of the prompt, lengths in em; None where that is not certain.

    `formulas` are those of the line, in order; `size` is that of text, in px.

    >>> from lomo_hf.rendering.markup import Line, Piece
    >>> from lomo_hf.rendering.prose.faces import shared_faces
    >>> line = Line((Piece("text", "求面积（平方米）。"),))
    >>> [len(row) for row in broken_chinese(line, [], 5.0, 20, shared_faces())]
    [5, 4]
    """
    units: list[_Unit] = []
    waiting = iter(formulas)
    for piece in line.pieces:
        new = _units(piece.text, faces) if piece.kind == "text" else list(_of_formula(next(waiting), size))
        if new is None:
            return None
        units += new
    tail = units.pop().advance if units and units[-1].kind == "space" else 0.0
    rows: list[list[Placed]] = []
    here = 0
    while here < len(units):
        if units[here].kind == "opening":
            units[here].lose_left(units[here].left)
        past = _row_end(units, here, width, tail)
        if past is None:
            return None
        rows.append(list(_placed(units[here:past])))
        here = past
    return rows or [[]]


def _units(text: str, faces: Faces) -> list[_Unit] | None:
    """The units of a line; marks beside one another have lost what they share. None: not certain."""
    units: list[_Unit] = []
    script = ""  # of the stretch that Typst shapes as one
    for match in _UNITS.finditer(text):
        kind, part = match.lastgroup or "", match.group()
        if kind == "space":
            units.append(_Unit(kind, part, (), len(part) * faces.latin.shape(" ").advance))
        elif kind == "latin":
            units.append(_latin(part, script, faces.latin))
            script = "latin" if _LETTER.search(part) else script
        else:
            script = kind if kind == "han" else script
            if script == "latin" and part in _QUOTES:  # among Latin letters the font has others
                return None
            unit = _chinese(kind, part, faces.chinese)
            if units and units[-1].kind in _MARKS and kind in _MARKS:
                _share(units[-1], unit)
            units.append(unit)
    return units if all(map(_is_shaped_alone, [None, *units], units, [*units[1:], None])) else None


def _is_shaped_alone(before: _Unit | None, unit: _Unit, after: _Unit | None) -> bool:
    """Whether what stands beside a sign changes nothing: a dot shares its room with a mark, a dash takes a script."""
    if unit.text[0] not in "·—":
        return True
    beside = {neighbour.kind for neighbour in (before, after) if neighbour is not None}
    return "han" in beside if unit.text[0] == "—" else not beside & {*_MARKS}


def _of_formula(formula: Formula, size: int) -> Iterator[_Unit]:
    """The parts of a formula between which a row may be broken; the space there is lost where it is."""
    for frame, space in zip(formula.frames, (*formula.spaces, None), strict=True):
        yield _Unit("formula", "x" if frame.closed else "", ((frame, 0.0),), frame.width / size)
        if space is not None:
            yield _Unit("space", "", (), space / size)


def _chinese(kind: str, char: str, face: Face) -> _Unit:
    shape = face.shape(char)
    half = shape.advance / 2
    return _Unit(
        kind, char, () if kind == "blank" else ((shape, 0.0),), shape.advance,
        left=half if kind == "opening" else 0.0, right=half if kind == "closing" else 0.0,
    )  # fmt: skip


def _latin(word: str, script: str, face: Face) -> _Unit:
    """A Latin word. What stands before its first letter goes with the Chinese before it, and is shaped apart."""
    letter = _LETTER.search(word)
    if script == "han" and letter is not None and letter.start() > 0:
        lead, rest = face.shape(word[: letter.start()]), face.shape(word[letter.start() :])
        return _Unit("latin", word, ((lead, 0.0), (rest, lead.advance)), lead.advance + rest.advance)
    shape = face.shape(word)
    return _Unit("latin", word, ((shape, 0.0),), shape.advance)


def _share(first: _Unit, second: _Unit) -> None:
    """Of two marks beside one another, half of the first is lost, on the sides where they face each other."""
    half = first.advance / 2
    narrowed = first.text in _QUOTES and first.lost > 0  # then Typst no longer takes it for a Chinese one
    if not narrowed and first.right + second.left >= half:
        lost = min(first.right, half)
        first.advance, first.right = first.advance - lost, first.right - lost
        second.lose_left(half - lost)


def _row_end(units: Sequence[_Unit], here: int, width: float, tail: float) -> int | None:
    """The unit that begins the next row; None where it is not certain which one does."""
    x, ink, end = 0.0, 0.0, None
    certain = True
    for at in range(here, len(units)):
        unit = units[at]
        x += unit.advance
        if unit.kind != "space":
            ink = x - unit.right  # a closing mark at the end of a row loses its space
            certain = certain and _is_whole(unit)
        last = at + 1 == len(units)
        may_break = True if last else _may_break(units, at)
        if may_break is False:
            continue
        if (x + tail if last and tail else ink) > width:
            return end if certain else None
        if last:
            return at + 1
        if may_break:
            end, certain = at + 1, True
        else:
            certain = False
    return None


def _is_whole(unit: _Unit) -> bool:
    """Whether a row is never broken within a unit."""
    if unit.kind == "formula":
        return unit.text != ""
    return unit.kind != "latin" or parts_of(unit.text) == (unit.text,) or not unit.text.strip(_ENDS)


def _may_break(units: Sequence[_Unit], at: int) -> bool | None:
    """Whether a row may be broken behind a unit that is not the last; None where that is not certain."""
    before, after = units[at], units[at + 1]
    if before.kind == "space":
        return (after.kind != "closing" and at > 0 and _may_break_at_space(units[at - 1], after)) or None
    if before.kind == "formula" and after.text in _COLONS:
        return True
    if after.kind in ("space", "closing") or before.kind == "opening":
        return False
    if {"blank", "other"} & {before.kind, after.kind}:
        return None
    if "formula" in (before.kind, after.kind):
        return _beside_formula(before, after)
    if after.kind == "latin":
        return _before_latin(before, after.text[0])
    if before.kind == "latin":
        return (after.kind == "han" and (before.text[-1].isalnum() or before.text[-1] in _ENDS)) or None
    return True


def _beside_formula(before: _Unit, after: _Unit) -> bool | None:
    """To Unicode a formula is an object: a line may be broken on either side, but not where a mark forbids it."""
    if before.kind == "latin":
        return False if before.text[-1] in _STARTS else (before.text[-1].isalnum() or None)
    if after.kind == "latin":
        return False if after.text[0] in _ENDS.replace("%", "") else (after.text[0].isalnum() or None)
    return (before.kind != after.kind and before.text != "”") or None


def _may_break_at_space(before: _Unit, after: _Unit) -> bool:
    if {before.kind, after.kind} <= {"latin", "formula"}:
        return breaks_after_space(before.text or "x", after.text or "x")
    if "other" in (before.kind, after.kind):
        return False
    if after.kind == "formula":
        return before.kind != "opening"
    if before.kind == "formula":
        return after.kind != "blank"
    if after.kind == "latin":
        return before.kind != "opening" and (after.text[0].isalnum() or after.text[0] == "(")
    if before.kind == "latin" and before.text[-1] in _PAUSES:
        return after.kind == "han"
    return after.kind != "blank" and (
        before.kind in ("han", "closing") or (before.kind == "latin" and before.text[-1].isalnum())
    )


def _before_latin(before: _Unit, first: str) -> bool | None:
    if before.kind == "han" and first in _ENDS:
        return False
    if before.kind == "han" and first == "(":
        return True
    return (before.kind in ("han", "closing") and before.text != "”" and first.isalnum()) or None


def _placed(units: Sequence[_Unit]) -> Iterator[Placed]:
    x = 0.0
    for unit in units:
        for shape, right in unit.shapes:
            yield shape, x + right - unit.lost
        x += unit.advance
