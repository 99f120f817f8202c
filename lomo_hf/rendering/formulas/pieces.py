r"""A formula in Typst's words -> the pieces of its outermost row, with their classes; None where one is not listed.

What the package `mathematics` writes is read by the few forms that it writes: characters behind a backslash, letters,
numbers, texts, spaces and calls. A piece is one of these, and whatever stands within a call is Typst's own matter.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from lomo_hf.rendering.formulas.classes import MathClass, class_of, is_listed
from lomo_hf.rendering.mathematics.coverage import is_mathematics

__all__ = ["Gap", "Piece", "pieces_of"]


class Gap(NamedTuple):
    """A space that is written out, in em of mathematics."""

    em: float


class Piece(NamedTuple):
    """What is set as one.

    Attributes:
        source: In Typst's words.
        left, right: Its class towards what stands on either side.
        closed: A line is never broken within it.
    """

    source: str
    left: MathClass
    right: MathClass
    closed: bool = True


_LONGEST = 1000  # characters of a formula that is looked at
_DEEPEST = 6
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = frozenset("0123456789")
_KINDS: Final = {  # by its first character, what a longer element goes on with
    **dict.fromkeys(_LETTERS, _LETTERS),
    **dict.fromkeys(_DIGITS, _DIGITS | {"."}),
    "#": _LETTERS | _DIGITS | frozenset(".%"),
}
_CLASS_OF_FIRST: Final = frozenset(("attach", "accent", "lmover", "lmvector", "overline", "underline"))
_NORMAL: Final = frozenset(("frac", "sqrt", "root", "mat", "lmtextbold", "lmtextitalic"))
_STYLES: Final = frozenset(("upright", "cal", "scr", "scripts", "display", "inline"))
_WITHIN: Final = frozenset((*_CLASS_OF_FIRST, *_NORMAL, *_STYLES, "class", "op", "binom", "lmlr", "lmstrut"))
_NAMED: Final = frozenset(("t", "b", "size", "delim", "gap", "column", "row", "index"))
_WORDS: Final = frozenset(("lmlow", "lmcentred"))
_NULL: Final = "#lmnull()"  # a delimiter that is not there
_CODE: Final = (_NULL, "#h(", "#0%", "#[]", "#none", "#0em", "#1em", "#0.3em")
_LAST_OF_TEXT = "\u024f"  # of the Latin characters
_ACCENTS: Final = (range(0x300, 0x370), range(0x20D0, 0x2100))
_CLASS_NAMES: Final[dict[str, MathClass]] = {
    '"normal"': "normal", '"binary"': "binary", '"relation"': "relation", '"punctuation"': "punctuation",
    '"opening"': "opening", '"closing"': "closing",
}  # fmt: skip


@lru_cache(4096)
def pieces_of(body: str) -> tuple[Piece | Gap, ...] | None:
    r"""The pieces of a formula, from left to right; None where one of them is of no kind that is set here.

    >>> [getattr(piece, "source", piece) for piece in pieces_of(r"2 attach(x, t: 2)\=12#h(1em)")]
    ['2', 'attach(x, t: 2)', '\\=', '1', '2', Gap(em=1.0)]
    >>> pieces_of("cancel(x)") is None
    True
    """
    if len(body) > _LONGEST or not is_mathematics(body):
        return None
    pieces: list[Piece | Gap] = []
    spaced = False  # a space shows beside a text
    for element in _elements(body):
        if element in (" ", "/**/"):
            spaced = element == " "
            continue
        new = _of_element(element, 0)
        if new is None or (spaced and _shows_spaces(pieces, new)):
            return None
        pieces += new
        spaced = False
    if not pieces or spaced or (isinstance(pieces[-1], Gap) and not _ends_whole(pieces)):
        return None
    return tuple(pieces)


def _ends_whole(pieces: list[Piece | Gap]) -> bool:
    """Whether the space at the end of a formula is not one where a line may be broken."""
    last = next((piece for piece in reversed(pieces) if isinstance(piece, Piece)), None)
    return last is None or last.right not in ("binary", "relation")


def _shows_spaces(before: list[Piece | Gap], after: list[Piece | Gap]) -> bool:
    beside = (before[-1] if before else None, after[0])
    return any(isinstance(piece, Piece) and (piece.source[0] == '"' or piece.left == "fence") for piece in beside)


def _of_element(element: str, depth: int) -> list[Piece | Gap] | None:
    """An element as pieces: a number by its digits, anything else as one; None where it is not listed."""
    first = element[0]
    if first in _DIGITS:
        return [Piece(digit if digit != "." else "\\.", "normal", "normal") for digit in element]
    if first == "\\":
        kind = class_of(element[1]) if len(element) == 2 else None
        return None if kind is None else [Piece(element, kind, kind)]
    if first == '"':
        return [Piece(element, "normal", "normal")] if max(element) <= _LAST_OF_TEXT else None
    if element.startswith("#h(") and element.endswith("em)"):
        return [Gap(float(element[3:-3]))]
    if element in _WORDS or element == _NULL or (len(element) == 1 and first in _LETTERS):
        return [Piece(element, "normal", "normal")]
    return _of_call(element, depth) if element[-1] == ")" and depth < _DEEPEST else None


def _of_call(call: str, depth: int) -> list[Piece | Gap] | None:
    name, _, inside = call[:-1].partition("(")
    if not _is_listed(inside, depth):
        return None
    if name in _NORMAL:
        return [Piece(call, "normal", "normal")]
    if name == "op":
        return [Piece(call, "large", "large")]
    first = _first(inside)
    if name == "binom":
        return [Piece(call, "opening", "closing")]
    if name in _STYLES:  # through which the class of a single character is seen
        inner = _of_element(first[0], depth + 1) if len(first) == 1 else None
        return None if inner is None or len(inner) != 1 else [_renamed(inner[0], call)]
    if name == "class":
        kind = _CLASS_NAMES.get(first[0])
        return None if kind is None else [Piece(call, kind, kind)]
    if name == "lmlr":
        left: MathClass = "normal" if inside.startswith(_NULL) else "opening"
        right: MathClass = "normal" if inside.endswith(_NULL) else "closing"
        return [Piece(call, left, right, closed=_is_closed(inside, depth))]
    if name not in _CLASS_OF_FIRST or not first:
        return None
    if len(first) > 1 or first[0][0] in _DIGITS or first[0] == "#[]" or first[0].startswith(("lmlr(", "binom(")):
        return [Piece(call, "normal", "normal")]
    inner = _of_element(first[0], depth + 1)
    if inner is None or len(inner) != 1 or not isinstance(inner[0], Piece):
        return None
    return [_renamed(inner[0], call)] if inner[0].closed else None


def _is_closed(inside: str, depth: int) -> bool:
    """Whether no relation or sign stands between delimiters, other than within a piece there."""
    for element in _elements(inside):
        inner = [] if element in (" ", "/**/") else _of_element(element, depth + 1)
        if inner is None or any(
            isinstance(piece, Piece) and (piece.right in ("relation", "binary") or not piece.closed) for piece in inner
        ):
            return False
    return True


def _renamed(piece: Piece | Gap, source: str) -> Piece | Gap:
    return piece._replace(source=source) if isinstance(piece, Piece) else piece


def _first(inside: str) -> list[str]:
    """The elements of the first argument."""
    elements: list[str] = []
    for element in _elements(inside):
        if element == ",":
            break
        if element not in (" ", "/**/"):
            elements.append(element)
    return elements


def _is_listed(inside: str, depth: int) -> bool:
    """Whether all that stands within a call is of a known font, whatever the region of the text around it."""
    if depth >= _DEEPEST:
        return False
    for element in _elements(inside):
        first = element[0]
        if first == "\\":
            accent = element[2:].strip("{}")
            known = is_listed(element[1]) if len(element) == 2 else _is_accent(accent)
        elif first == '"':
            known = max(element) <= _LAST_OF_TEXT
        elif first == "#":
            known = element.startswith(_CODE)
        elif element[-1] == ")" and len(element) > 1:
            name, _, within = element[:-1].partition("(")
            known = name in _WITHIN and _is_listed(within, depth + 1)
        else:
            known = (
                first in _DIGITS or len(element) == 1 or element in _NAMED or element in _WORDS or element == "/**/"
            )
        if not known:
            return False
    return True


def _is_accent(code: str) -> bool:
    return any(int(code, 16) in accents for accents in _ACCENTS)


def _elements(body: str) -> Iterator[str]:
    """Characters behind a backslash, texts, numbers, words, calls and code, whole; anything else by characters."""
    here = 0
    while here < len(body):
        past = _past(body, here)
        yield body[here:past]
        here = past


def _past(body: str, here: int) -> int:
    """Where the element that begins here ends."""
    char = body[here]
    if char == "\\":
        return (body.find("}", here) + 1 or len(body)) if body.startswith("\\u{", here) else here + 2
    if char == '"':
        here += 1
        while body[here : here + 1] not in ('"', ""):
            here += 2 if body[here] == "\\" else 1
        return here + 1
    if body.startswith(("/**/", "#[]"), here):
        return here + (4 if char == "/" else 3)
    kind = _KINDS.get(char, frozenset())
    past = here + 1
    while past < len(body) and body[past] in kind:
        past += 1
    if kind and char not in _DIGITS and body[past : past + 1] == "(":
        return _past_brackets(body, past)
    return past


def _past_brackets(body: str, here: int) -> int:
    depth = 0
    while here < len(body):
        char = body[here]
        depth += (char == "(") - (char == ")")
        if char == ")" and not depth:
            return here + 1
        here = _past(body, here) if char in '\\"' else here + 1
    return here
