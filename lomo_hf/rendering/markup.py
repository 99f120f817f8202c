"""A span as Typst markup: every character of text goes through a string literal, so nothing in a prompt is ever run.

What the prompt says is what the page shows: spaces, indentation, line breaks, Markdown and code stay as they are
written, and only formulas are typeset. Code and lines drawn with characters get a monospaced face.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lomo_hf.spans import Atom

__all__ = ["Line", "Piece", "line_markup", "lines_of", "literal"]

PieceKind = Literal["text", "mono", "inline", "display"]

_TAB = 4
_BREAKABLE_RUN = 30  # a run of letters longer than this may be broken anywhere
_ZERO_WIDTH_SPACE = "\u200b"
_WORD_JOINER = "\u2060"
_LINE_ENDS = str.maketrans({"\v": "\n", "\f": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n"})
_LITERAL = str.maketrans({"\\": "\\\\", '"': '\\"', "\t": " " * _TAB, "\n": " ", "\r": " "})


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line: text as it stands, or the body of a formula."""

    kind: PieceKind
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the prompt, to be wrapped on the page; `mono` where it is code or drawn with characters."""

    pieces: tuple[Piece, ...]
    mono: bool
    rtl: bool

    @property
    def text(self) -> str:
        """The line's characters, formulas as their sources."""
        return "".join(piece.text for piece in self.pieces)


def lines_of(prompt: str, start: int, end: int, atoms: Sequence[Atom]) -> list[Line]:
    r"""The lines of `prompt[start:end]`; a display formula is a line of its own.

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
            first, *others = piece.text.split("\n")
            lines[-1].append(Piece(piece.kind, first))
            lines += [[Piece(piece.kind, other)] for other in others]
    return _as_lines(lines)


def line_markup(line: Line, formulas: Sequence[str]) -> str:
    """The Typst call that sets a line; `formulas` are the typeset bodies of its formulas, in order."""
    bodies = iter(formulas)
    if len(line.pieces) == 1 and line.pieces[0].kind == "display":
        return f"#D($ {next(bodies)} $)"
    parts = []
    for piece in line.pieces:
        if piece.kind in ("inline", "display"):
            parts.append(f"${next(bodies)}$")
        elif piece.text:
            quoted = literal(piece.text)
            parts.append(f'#M("{quoted}")' if line.mono or piece.kind == "mono" else f'#"{quoted}"')
    if not any(piece.text.strip() for piece in line.pieces):
        return "#B()"
    return f"#{'R' if line.rtl else 'L'}[{''.join(parts)}]"


def _pieces(prompt: str, start: int, end: int, atoms: Sequence[Atom]) -> Iterator[Piece]:
    here = start
    for atom in atoms:
        yield Piece("text", _plain(prompt[here : atom.start]))
        if atom.is_math:
            yield Piece("display" if atom.kind == "display" else "inline", prompt[atom.body_start : atom.body_end])
        else:
            yield Piece("mono", _plain(prompt[atom.start : atom.end]))
        here = atom.end
    yield Piece("text", _plain(prompt[here:end]))


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_LINE_ENDS)


def _drop_blank_tail(lines: list[list[Piece]]) -> None:
    """The line break that sets a display formula apart in the source is no blank line on the page."""
    if lines[-1] and not "".join(piece.text for piece in lines[-1]).strip():
        lines.pop()


def _as_lines(lines: list[list[Piece]]) -> list[Line]:
    made: list[Line] = []
    after_display = False
    blanks = 0
    for pieces in lines:
        if after_display and pieces and pieces[0].kind == "text":
            pieces = [Piece("text", pieces[0].text.lstrip(" ")), *pieces[1:]]
        kept = tuple(piece for piece in pieces if piece.text)
        blank = not "".join(piece.text for piece in kept).strip()
        blanks = blanks + 1 if blank else 0
        # One line break after a display formula ends its line; further ones, and runs of them, make one blank line.
        if not (blank and (after_display or blanks > 1 or not made)):
            made.append(Line(() if blank else kept, not blank and _is_mono(kept), not blank and _is_rtl(kept)))
        after_display = bool(kept) and kept[0].kind == "display"
    while made and not made[-1].pieces:
        made.pop()
    return [replace(line, mono=True) if _joins_code(made, index) else line for index, line in enumerate(made)]


def _joins_code(lines: Sequence[Line], index: int) -> bool:
    """Whether a line that does not look like code goes with its neighbours that do, so that indentation agrees."""
    line = lines[index]
    if line.mono or not line.pieces or any(piece.kind in ("inline", "display") for piece in line.pieces):
        return False
    before = index > 0 and lines[index - 1].mono
    after = index + 1 < len(lines) and lines[index + 1].mono
    return (before and after) or (
        (before or after) and (line.text[0] in " \t" or not any(map(str.isalpha, line.text)))
    )


def _is_mono(pieces: Sequence[Piece]) -> bool:
    """Whether a line is code, or drawn with characters, so that its columns mean something."""
    if any(piece.kind in ("inline", "display") for piece in pieces):
        return False
    text = "".join(piece.text for piece in pieces)
    stripped = text.lstrip(" \t")
    indent = len(text.expandtabs(_TAB)) - len(stripped.expandtabs(_TAB))
    return (
        indent >= 4
        or text.startswith("\t")
        or stripped.startswith(_CODE_STARTS)
        or (
            len(stripped) > 2
            and stripped[-1] in "{};"
            and stripped[0] != "\\"
            and not any("\u2e80" <= char for char in stripped)
        )
        or any("\u2500" <= char <= "\u259f" for char in text)
    )


_CODE_STARTS = (
    "def ", "class ", "import ", "from __", "return ", ">>> ", "... ", "#include", "public ", "private ", "elif ",
    "else:", "try:", "except ", "SELECT ", "function ", "const ", "let ", "var ", "```", "~~~", "print(",
)  # fmt: skip


def _is_rtl(pieces: Sequence[Piece]) -> bool:
    """Whether the first letter of a line with a direction is of a script written from right to left."""
    for piece in pieces:
        if piece.kind not in ("inline", "display"):
            for char in piece.text:
                if char.isalpha():
                    return "\u0590" <= char <= "\u08ff" or "\ufb1d" <= char <= "\ufdff" or "\ufe70" <= char <= "\ufefe"
    return False


def literal(text: str) -> str:
    r"""The inside of a Typst string literal; long runs without a place to break get one.

    >>> literal('say "hi"')
    'say \\\\"hi\\\\"'
    """
    if len(text) > _BREAKABLE_RUN and any(len(word) > _BREAKABLE_RUN for word in text.split()):
        text = "".join(_with_breaks(text))
    if "\\\\" in text:
        text = text.replace("\\\\", f"\\{_WORD_JOINER}\\")  # Unicode allows a break between two backslashes
    return text.translate(_LITERAL)


def _with_breaks(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        stop = start
        while stop < len(text) and not text[stop].isspace():
            stop += 1
        word = text[start:stop]
        if len(word) > _BREAKABLE_RUN:
            for char, following in zip(word, word[1:] + " ", strict=True):
                yield char + _ZERO_WIDTH_SPACE if char.isascii() and following.isascii() else char
        else:
            yield word
        yield text[stop : stop + 1]
        start = stop + 1
