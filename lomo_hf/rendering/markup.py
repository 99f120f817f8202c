"""A span as Typst markup: every character of text goes through a string literal, so nothing in a prompt is ever run.

What the prompt says is what the page shows: spaces, indentation, line breaks, Markdown and code stay as they are
written, and only formulas are typeset. Code and lines drawn with characters get a monospaced face.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from lomo_hf.rendering.emoji import split_emoji
from lomo_hf.rendering.monospace import mono_lines
from lomo_hf.rendering.scripts import direction_is_rtl, is_wide, region_of, rooms_of
from lomo_hf.spans import Atom

__all__ = [
    "DISPLAY_ROOM", "FORMULAS", "HANGING", "TAB",
    "Line", "Piece", "display_body", "is_long_display", "line_markup", "lines_of", "literal",
]  # fmt: skip

PieceKind = Literal["text", "mono", "inline", "display"]

FORMULAS = ("inline", "display")
_DISPLAYS = ("$$", "\\[")
_ENDINGS, _LONGEST_ENDING = frozenset(("th", "st", "nd", "rd", "s")), 2
_CLOSING_MARKS = ".,;:!?。，；：！？"
TAB = 4
DISPLAY_ROOM = 4  # px above and below a displayed formula, beside what the boxes of lines overlap by
HANGING = 2  # columns by which the rest of a wrapped line of code stands in from its start
_ZERO_WIDTH_SPACE = "\u200b"
_WORD_JOINER = "\u2060"
_LINE_ENDS = str.maketrans({"\v": "\n", "\f": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})
_LITERAL = str.maketrans({"\\": "\\\\", '"': '\\"', "\t": " " * TAB, "\n": " ", "\r": " "})

# More than 30 characters without a place to break a line, in scripts that break at spaces only.
_UNBROKEN = re.compile(
    "[^ \\t\\n\u2000-\u2006\u2008-\u200b\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u2500-\u259f\u2e80-\ua4cf\uac00-\uffff\U0001f000-\U0010ffff]{31,}"
)
_JOINTS = re.compile(r"(?<=[/?&=_.,;:%#+|-])(?![/?&=_.,;:%#+|-])")
_LONG_PART = 30
_LONG_DISPLAY = 100  # bytes, for Chinese characters are wide; a shorter display fits the widest page
_IDLE_HYPHENS = re.compile("(?<![^\\W_])\u00ad|\u00ad(?![^\\W_])")  # soft ones that divide no word
_LATIN_WORD = re.compile("[0-9A-Za-z]+(?:[\u2019\u2013][0-9A-Za-z]+)+")
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0dff"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u2060-\u206f\u20d0-\u20ff\ufe00-\ufe2f"
)
_CLUSTERS = re.compile(f"[^{_MARKS}]")
_EIGHT_CLUSTERS = re.compile(f"(?:[^{_MARKS}][{_MARKS}]*){{1,8}}")
_SHAPED = re.compile("[\u0530-\u1dff]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line: text as it stands, or the body of a formula."""

    kind: PieceKind
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the prompt, to be wrapped on the page.

    Attributes:
        pieces: Text and formulas, in order.
        mono: It is code or drawn with characters.
        rtl: It is written from right to left.
        region: Whose forms of Chinese characters it wants (see `region_of`), or that and "-in-latin".
    """

    pieces: tuple[Piece, ...]
    mono: bool = False
    rtl: bool = False
    region: str = ""


def lines_of(prompt: str, start: int, end: int, atoms: Sequence[Atom]) -> list[Line]:
    r"""The lines of `prompt[start:end]`; a display formula is a line of its own, with the mark right behind it.

    >>> from lomo_hf.spans import scan
    >>> text = "Let $x$ be\n1."
    >>> [[(p.kind, p.text) for p in line.pieces] for line in lines_of(text, 0, len(text), scan(text))]
    [[('text', 'Let '), ('inline', 'x'), ('text', ' be')], [('text', '1.')]]
    """
    lines: list[list[Piece]] = [[]]
    for piece in _pieces(prompt, start, end, atoms):
        if piece.kind == "display":
            _drop_blank_tail(lines)
            lines += [[piece], []]
        elif piece.kind == "inline":
            lines[-1].append(piece)
        else:
            first, *others = _beside_display(lines, piece.text).split("\n")
            lines[-1].append(Piece(piece.kind, first))
            lines += [[Piece(piece.kind, other)] for other in others]
    return _with_looks(_without_gaps(lines))


def line_markup(line: Line, formulas: Sequence[str], *, broken: bool = False) -> str:
    """The Typst call that sets a line; `formulas` are the typeset bodies of its formulas, in order.

    `broken` lets a displayed formula that is wider than any page be broken; others stay as they are.
    """
    bodies = iter(formulas)
    if line.pieces and line.pieces[0].kind == "display":
        long = "long: true, " if broken and is_long_display(line) else ""
        return f"#D({long}$ {display_body(line, next(bodies))} $)"
    parts = []
    for piece in line.pieces:
        if piece.kind in FORMULAS:
            parts.append(f"${next(bodies)}$")
        else:
            parts += _text_markup(piece.text, line.mono or piece.kind == "mono", line.region)
    if not parts:
        return "#B()"
    region = f', cjk: "{line.region}"' if line.region else ""
    if line.mono:
        first = line.pieces[0].text
        return f"#C({len(first) - len(first.lstrip(' '))}{region})[{''.join(parts)}]"
    return f"#{'R' if line.rtl else 'L'}{f'({region[2:]})' if region else ''}[{''.join(parts)}]"


def display_body(line: Line, body: str) -> str:
    """A displayed formula as Typst mathematics, with the mark behind it."""
    return body + "".join(f' "{literal(piece.text)}"' for piece in line.pieces[1:])


def is_long_display(line: Line) -> bool:
    """Whether a line is a displayed formula that may be wider than any page."""
    first = line.pieces[0] if line.pieces else None
    return first is not None and first.kind == "display" and len(first.text.encode(errors="replace")) > _LONG_DISPLAY


def _text_markup(text: str, mono: bool, region: str) -> Iterator[str]:
    for is_emoji, part in split_emoji(text):
        if is_emoji:
            yield f'#E("{literal(part)}")'
            continue
        for (up, down), stretch in rooms_of(part):
            words = "".join(_mono_markup(stretch) if mono else _face_markup(stretch, region))
            yield f"#T({up}, {down})[{words}]" if up or down else words


def _face_markup(text: str, region: str) -> Iterator[str]:
    """Text in the face of its line; an apostrophe within a Latin word is Latin on a Chinese line too."""
    here = 0
    if not text.isascii() and region in ("SC", "TC", "JP"):
        for word in _LATIN_WORD.finditer(text):
            if word.start() > here:
                yield f'#"{literal(text[here : word.start()])}"'
            yield f'#Q("{literal(word.group())}")'
            here = word.end()
    if here < len(text):
        yield f'#"{literal(text[here:])}"'


def _mono_markup(text: str) -> Iterator[str]:
    if text.isascii():
        yield f'#M("{literal(text)}")'
        return
    for wide, stretch in groupby(text, is_wide):
        yield f'#{"W" if wide else "M"}("{literal("".join(stretch))}")'


def _pieces(prompt: str, start: int, end: int, atoms: Sequence[Atom]) -> Iterator[Piece]:
    """Text and formulas; a display formula that is set inline does not stick to the word beside it."""
    here = start
    for atom in atoms:
        before = _plain(prompt[here : atom.start])
        apart = atom.kind == "inline" and prompt.startswith(_DISPLAYS, atom.start)
        yield Piece("text", f"{before} " if apart and before[-1:].isalnum() else before)
        if atom.is_math:
            yield Piece("display" if atom.kind == "display" else "inline", prompt[atom.body_start : atom.body_end])
            if apart and _is_word(prompt[atom.end : min(atom.end + _LONGEST_ENDING + 1, end)]):
                yield Piece("text", " ")
        else:
            yield Piece("mono", _plain(prompt[atom.start : atom.end]))
        here = atom.end
    yield Piece("text", _plain(prompt[here:end]))


def _is_word(behind: str) -> bool:
    """Whether a word of its own begins right behind a formula, and not an ending, as in `$$n$$th`."""
    return behind[:1].isalnum() and behind.rstrip(" .,;:!?)\n") not in _ENDINGS


def _plain(text: str) -> str:
    if "\u00ad" in text:  # they show nothing, and Typst takes quadratic time for many of them
        text = _IDLE_HYPHENS.sub("", text)
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_LINE_ENDS)


def _beside_display(lines: list[list[Piece]], text: str) -> str:
    """A mark right behind a display formula goes onto its line; what is left of the text is returned."""
    left = text.lstrip(_CLOSING_MARKS)
    marks = text[: len(text) - len(left)]
    follows = len(lines) > 1 and not lines[-1] and [piece.kind for piece in lines[-2]] == ["display"]
    if not marks or not follows or left[:1].strip():
        return text
    lines[-2].append(Piece("text", marks))
    return left


def _drop_blank_tail(lines: list[list[Piece]]) -> None:
    """The line break that sets a display formula apart in the source is no blank line on the page."""
    if lines[-1] and not "".join(piece.text for piece in lines[-1]).strip():
        lines.pop()


def _without_gaps(lines: list[list[Piece]]) -> list[tuple[Piece, ...]]:
    """One line break after a display formula ends its line; further ones, and runs of them, make one blank line."""
    kept_lines: list[tuple[Piece, ...]] = []
    after_display = False
    blanks = 0
    for pieces in lines:
        if after_display and pieces and pieces[0].kind == "text":
            pieces = [Piece("text", pieces[0].text.lstrip(" ")), *pieces[1:]]
        kept = tuple(piece for piece in pieces if piece.text)
        blank = not "".join(piece.text for piece in kept).strip()
        blanks = blanks + 1 if blank else 0
        if not (blank and (after_display or blanks > 1 or not kept_lines)):
            kept_lines.append(() if blank else kept)
        after_display = bool(kept) and kept[0].kind == "display"
    while kept_lines and not kept_lines[-1]:
        kept_lines.pop()
    return kept_lines


def _with_tab_stops(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Tabs become spaces up to the next fourth column, counted from the start of the line."""
    column = 0
    for piece in pieces:
        if "\t" in piece.text and piece.kind not in FORMULAS:
            filler = " " * (column % TAB)
            piece = Piece(piece.kind, (filler + piece.text).expandtabs(TAB)[len(filler) :])
        column += len(piece.text)
        yield piece


def _with_looks(lines: Sequence[tuple[Piece, ...]]) -> list[Line]:
    texts = ["".join(piece.text for piece in pieces if piece.kind not in FORMULAS) for pieces in lines]
    has_formula = [any(piece.kind in FORMULAS for piece in pieces) for pieces in lines]
    mono = mono_lines(texts, has_formula)
    region = region_of("".join(texts))
    styled = []
    for pieces, is_mono, text in zip(lines, mono, texts, strict=True):
        fenced = bool(pieces) and all(piece.kind == "mono" for piece in pieces)
        stopped = tuple(_with_tab_stops(pieces)) if "\t" in text else pieces
        styled.append(Line(stopped, is_mono or fenced, direction_is_rtl(text), _face(text, region)))
    return styled


def _face(text: str, default: str) -> str:
    """The region of a line, and whether its Chinese characters are only guests in it."""
    region = region_of(text, default)
    if region and sum(map(is_wide, text)) < sum(char.isascii() and char.isalpha() for char in text) / 3:
        return f"{region}-in-latin"
    return region


def literal(text: str) -> str:
    r"""The inside of a Typst string literal; long runs without a place to break get one.

    >>> literal('say "hi"')
    'say \\"hi\\"'
    """
    if len(text) > _LONG_PART:
        text = _UNBROKEN.sub(_with_breaks, text)
    if "\\\\" in text:  # Unicode allows a break between two backslashes
        text = re.sub(r"\\(?=\\)", f"\\\\{_WORD_JOINER}", text)
    return text.translate(_LITERAL)


def _with_breaks(match: re.Match[str]) -> str:
    """Places to break: behind punctuation, as in addresses; between letters where that is not enough."""
    return _ZERO_WIDTH_SPACE.join(
        part if len(part) <= _LONG_PART else _between_letters(part) for part in _JOINTS.split(match.group())
    )


def _between_letters(part: str) -> str:
    """Between any two letters of Latin, Greek and Cyrillic, and after every eighth of other scripts, whose letters
    Typst shapes piece by piece, each for up to 0.4 ms."""
    letters = _EIGHT_CLUSTERS if _SHAPED.search(part) else _CLUSTERS
    return letters.sub(f"{_ZERO_WIDTH_SPACE}\\g<0>", part)
