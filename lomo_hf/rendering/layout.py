"""How wide a page is: from the amount of text, so that pages look like the paper's figure and not like ribbons."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import ceil, sqrt
from unicodedata import category

from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.fonts import MONO_ADVANCE
from lomo_hf.rendering.markup import FORMULAS, Line, Piece
from lomo_hf.rendering.scripts import is_wide

__all__ = ["columns_of", "estimated_height", "line_width", "text_width"]

_ASPECT = 2.4  # wanted width : height of a page of prose; the paper's worked picture has about that
_LONG_ROW, _RIBBON = 640, 10  # a row wider than this is wrapped rather than make a page of more than this aspect
_ROW_SLACK = 1.08
_SPACING = 1.04  # estimates run a little short; a page is trimmed afterwards
_NARROW = b"iljtfrI.,:;!'|()[] "
_WIDE = b"mwMWQO@%&"


def text_width(lines: Sequence[Line], widths: Sequence[float], style: RenderStyle) -> int:
    """The width in px of the column of text, between the style's bounds. Paper beside short lines is trimmed later.

    `widths` are those of the lines, as `line_width` gives them.

    >>> lines = [Line((Piece("text", "word " * 120),), False, False)]
    >>> 400 < text_width(lines, [line_width(lines[0], RenderStyle())], RenderStyle()) < 700
    True
    """
    slack = [1.0 if line.mono else _ROW_SLACK for line in lines]  # advances are exact only where all are the same
    measured = zip(widths, slack, lines, strict=True)
    rows = max((width * more for width, more, line in measured if _is_row(line)), default=0.0)
    if rows > _LONG_ROW:
        rows = max(_LONG_ROW, min(rows, sqrt(_RIBBON * rows * estimated_height(widths, rows, style))))
    width = max(float(style.min_width), rows)
    for _ in range(4):  # wrapping rounds up, so the wanted width is found by a few steps
        width = max(sqrt(_ASPECT * width * estimated_height(widths, width, style)), style.min_width, rows)
    return ceil(min(width, style.max_width))


def _is_row(line: Line) -> bool:
    """Whether a line is better not wrapped: a line of code, or a row of a table."""
    return line.mono or bool(line.pieces and line.pieces[0].text.startswith("|"))


def estimated_height(widths: Sequence[float], width: float, style: RenderStyle) -> float:
    """The height in px of lines of these widths wrapped at `width`."""
    return style.line_height * sum(max(1, ceil(line / max(width, 1.0))) for line in widths)


def line_width(line: Line, style: RenderStyle) -> float:
    """About how wide a line would be on one row, in px."""
    return _SPACING * sum(_piece_width(piece, line.mono, style) for piece in line.pieces)


def _piece_width(piece: Piece, mono: bool, style: RenderStyle) -> float:
    em = style.text_size
    if piece.kind in FORMULAS:
        return 0.52 * style.math_size * _formula_glyphs(piece.text)
    if mono or piece.kind == "mono":
        return columns_of(piece.text) * MONO_ADVANCE * em
    return _advance(piece.text) * em


def columns_of(text: str) -> int:
    """How many columns a text takes where all characters are equally wide, and Chinese ones twice as wide."""
    if text.isascii():
        return len(text)
    return len(text) + sum(count for char, count in Counter(text).items() if is_wide(char))


def _advance(text: str) -> float:
    """About how far a text moves the pen, in em."""
    if not text.isascii():
        return sum(count * _advance_of(char) for char, count in Counter(text).items())
    raw = text.encode()
    narrow, wide = (len(raw) - len(raw.translate(None, kind)) for kind in (_NARROW, _WIDE))
    return 0.57 * (len(raw) - narrow - wide) + 0.3 * narrow + 0.88 * wide


@lru_cache(8192)
def _advance_of(char: str) -> float:
    if char.isascii():
        return _advance(char)
    if is_wide(char):
        return 1.0 if char < "\U0001f000" else 1.25
    if category(char) in ("Mn", "Me", "Cf"):
        return 0.0
    return 0.47 if "\u0600" <= char <= "\u08ff" else 0.6


def _formula_glyphs(tex: str) -> float:
    """About how many glyphs of a formula stand beside each other: a command counts as one, and braces as none."""
    count, here = 0.0, 0
    while here < len(tex):
        char = tex[here]
        here += 1
        if char == "\\":
            start = here
            while here < len(tex) and tex[here].isalpha():
                here += 1
            count += 0.0 if tex[start:here] in ("left", "right", "frac", "mathrm", "text") else 1.0
        elif char not in "{}^_$& ":
            count += 0.85
    return count
