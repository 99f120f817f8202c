"""Lines of words and inline formulas: what stands on each row, where it is certain that Typst breaks them there.

To Typst a stretch of a formula is one character (Unicode's object, class CB of UAX #14): a line may be broken on
either side of it, but not before a mark that closes, nor behind one that opens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lomo_hf.rendering.formulas import Formula, Frame
from lomo_hf.rendering.markup import Line
from lomo_hf.rendering.prose.faces import Face, Shape
from lomo_hf.rendering.prose.gate import breaks_after_space, parts_of

__all__ = ["Row", "broken_mixed"]

Row = list[tuple[Shape | Frame, float]]  # what stands on a row, and where it begins, in em of text

_OPENING, _CLOSING = "([{\"'\u201c\u2018", ",.;:!?)]}\"'\u201d\u2019"
_GLUED = frozenset(".,:;)'\u2019")  # closing marks behind which no line is broken before a letter
_NEAR = 5e-4  # em; an end this close to the column's may fall on either side of it
_ADDRESSES = ("://", "www.")  # which Typst breaks in a way of its own


@dataclass(slots=True)
class _Unit:
    """A word, or what stands of a formula between two places to break it.

    Attributes:
        text: The word; "" of a formula.
        width: Of itself, in em of text.
        space: What is behind it and lost where a line ends.
        breaks: Whether a line may be broken behind it; None where that is not certain.
        parts: What it may be broken between itself; None where that is not certain.
    """

    text: str
    item: Shape | Frame
    width: float
    space: float = 0.0
    breaks: bool | None = None
    parts: tuple[str, ...] | None = ("",)


def broken_mixed(line: Line, formulas: Sequence[Formula], width: float, size: int, face: Face) -> list[Row] | None:
    """What stands on each row of a line with formulas, in a column of `width` em; None where that is not certain.

    `formulas` are those of the line, in order; `size` is that of text, in px.
    """
    if any(address in piece.text for piece in line.pieces if piece.kind == "text" for address in _ADDRESSES):
        return None
    units, start = _units(line, formulas, size, face)
    for unit, following in pairwise(units):
        if unit.breaks is None:
            unit.breaks = _may_break(unit, following)
    for number, unit in enumerate(units):
        unit.parts = _parts(unit, units[number - 1 : number], units[number + 1 : number + 2])
    rows: list[Row] = []
    for row in _rows(units, start, width, face):
        if row is None:
            return None
        rows.append(row)
    return rows


def _units(line: Line, formulas: Sequence[Formula], size: int, face: Face) -> tuple[list[_Unit], float]:
    """The units of a line with the spaces behind them, and the space before the first."""
    units: list[_Unit] = []
    blank, start = face.shape(" ").advance, 0.0
    waiting = iter(formulas)
    for piece in line.pieces:
        if piece.kind == "inline":
            formula = next(waiting)
            units += [
                _Unit("", frame, frame.width / size, space / size, True)
                for frame, space in zip(formula.frames, formula.spaces, strict=False)
            ]
            units.append(_Unit("", formula.frames[-1], formula.frames[-1].width / size))
            continue
        for number, word in enumerate(piece.text.split(" ")):
            if number and units:
                units[-1].space += blank
            elif number:
                start += blank
            if word:
                units.append(_Unit(word, shape := face.shape(word), shape.advance))
    return units, start


def _may_break(unit: _Unit, following: _Unit) -> bool | None:
    """Whether a line may be broken between two units, of which the first is not within a formula."""
    last, first = unit.text[-1:], following.text[:1]
    if unit.space:
        return breaks_after_space(unit.text or "x", following.text or "x") or None
    if not first and last:
        return False if last in _OPENING else (_is_plain(last) or None)
    if not last and first:
        return False if first in _CLOSING else (_is_plain(first) or None)
    return None


def _is_plain(char: str) -> bool:
    return char.isalpha() or char in "0123456789"


def _parts(unit: _Unit, before: Sequence[_Unit], after: Sequence[_Unit]) -> tuple[str, ...] | None:
    """What a unit may be broken between; a mark that stands right beside a formula is taken off first."""
    if isinstance(unit.item, Frame):
        return ("",) if unit.item.closed else None
    core = unit.text
    if before and not before[0].text and not before[0].space:
        core = core.lstrip(_CLOSING)
        marks = unit.text[: len(unit.text) - len(core)]
        if core and marks and not (_is_plain(core[0]) and _GLUED.issuperset(marks)):
            return None
    if after and not after[0].text and not unit.space:
        rest = core.rstrip(_OPENING)
        if rest and rest != core and not _is_plain(rest[-1]):
            return None
        core = rest
    inner = parts_of(core) if core else (core,)
    if inner is None or core == unit.text:
        return inner
    return (unit.text,) if len(inner) == 1 else None


def _rows(units: list[_Unit], start: float, width: float, face: Face) -> Iterator[Row | None]:
    """The rows, one after another; None where it is not certain what the next one holds."""
    here, x = 0, start
    while here < len(units):
        past, head = _row_end(units, here, width - x, face)
        if past is None or (x and not head and _length(units[here:past]) > width - x):
            yield None  # what is too long stands behind the spaces at the start of its line, where a row may end too
            return
        row: Row = []
        for unit in units[here:past]:
            row.append((unit.item, x))
            x += unit.width + unit.space
        if head:
            word = units[past].text
            row.append((face.shape(head), x))
            rest = face.shape(word[len(head) :])
            units[past] = _rest(units[past], word[len(head) :], rest)
        yield row
        here, x = past, 0.0


def _length(units: Sequence[_Unit]) -> float:
    return sum(unit.width + unit.space for unit in units) - units[-1].space


def _rest(unit: _Unit, word: str, shape: Shape) -> _Unit:
    return _Unit(word, shape, shape.advance, unit.space, unit.breaks, parts_of(word))


def _row_end(units: Sequence[_Unit], here: int, width: float, face: Face) -> tuple[int | None, str]:
    """The unit that begins the next row, and how much of it is still on this one; None where that is not certain."""
    x, end, certain = 0.0, None, True
    for at in range(here, len(units)):
        unit = units[at]
        last = at + 1 == len(units)
        # Spaces at the end of a paragraph take width, those where a row ends take none.
        right = x + unit.width + (unit.space if last else 0.0)
        if abs(right - width) < _NEAR:
            return None, ""
        if right > width:
            if unit.parts is None:
                return None, ""
            head = face.fitting(unit.parts, width - x) if len(unit.parts) > 1 else ""
            if head:
                return at, head
            if end is None and certain:
                return _overfull(units, at), ""
            return (end if certain else None), ""
        if last:
            return at + 1, ""
        x = right + unit.space
        if unit.breaks:
            end, certain = at + 1, True
        else:
            certain = certain and unit.breaks is False and unit.parts is not None and len(unit.parts) == 1
    return None, ""


def _overfull(units: Sequence[_Unit], at: int) -> int | None:
    """Where a row ends that is too long from its first unit on: as soon as it may."""
    for here in range(at, len(units)):
        unit = units[here]
        if unit.parts is None or len(unit.parts) > 1:
            return None
        if here + 1 == len(units) or unit.breaks:
            return here + 1
        if unit.breaks is None:
            return None
    return None
