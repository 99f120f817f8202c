r"""Boxes, frames, rules, what is raised or takes no room, colours: their commands become marks around their content.

What LaTeX's reader could not see is refused by name: text painted in the colour of the paper, moved away from its
line, or laid over other text (`displacement` has the rules for spaces and for what takes no room).
"""

from collections.abc import Sequence
from typing import Final

from lomo_hf.rendering.mathematics.emit import em, string
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import Context, Handler, Lap, Wrap
from lomo_hf.rendering.mathematics.measures import colour, factor, is_dark, length, width
from lomo_hf.rendering.mathematics.rewrite import formula_in, rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor, is_word
from lomo_hf.rendering.mathematics.symbols import WRAPS
from lomo_hf.rendering.mathematics.text import TEXT_COMMANDS, text_to_typst

__all__ = ["BOX_HANDLERS"]

_LAPS = {
    "\\mathrlap": "right", "\\rlap": "right", "\\textrlap": "right", "\\crampedrlap": "right", "\\mathllap": "left",
    "\\llap": "left", "\\textllap": "left", "\\crampedllap": "left", "\\mathclap": "centre", "\\clap": "centre",
    "\\textclap": "centre", "\\crampedclap": "centre",
}  # fmt: skip
_IN_TEXT = frozenset(("\\rlap", "\\llap", "\\clap", "\\textrlap", "\\textllap", "\\textclap"))
_UNSEEN = frozenset((
    " ", "{", "}", "^", "_", "&", "$", "\\", "\\quad", "\\qquad", "\\text", "\\mathrm", "\\mathbf", "\\textbf",
    "\\substack", "\\scriptstyle", "\\textstyle", "\\displaystyle", "\\mathstrut", "\\strut", "\\mbox", "\\hbox",
    "\\left", "\\right",
))  # fmt: skip
_PLACES = {"l": "right", "r": "left", "c": "centre", "": "centre"}
_STRIKES = {
    "box": "\\boxed", "updiagonalstrike": "\\cancel", "downdiagonalstrike": "\\bcancel", "horizontalstrike": "\\sout",
    "roundedbox": "\\boxed", "top": "\\overline", "bottom": "\\underline",
}  # fmt: skip
_LONG = 30
"""Characters from which a text in the outermost row of a formula may be broken."""
_HIGHEST = 1.0
"""em that something may be raised or lowered."""


def _wrapped(token: str, cursor: Cursor, context: Context) -> str:
    before, after, atom = WRAPS[token]
    content = rewrite(cursor.argument(token), context)
    return context.wrap(Wrap(before, after, atom, 0 if "display(" in before else None), content)


def _text(token: str, cursor: Cursor, context: Context) -> str:
    """`\\text{…}`; in the outermost row of a formula a long one may be broken."""
    if token == "\\hbox" and cursor.look() in ("t", "s"):
        _check_size(token, cursor)
    content, change = cursor.argument(token), TEXT_COMMANDS[token]
    return context.leaf(text_to_typst(content, context, formula_in, change, breaks=_LONG if context.depth == 1 else 0))


def _within_text(token: str, cursor: Cursor, context: Context) -> str:
    """`\\textsuperscript{…}` and what else belongs in text, where mathematics stands."""
    return context.leaf(text_to_typst([token, "{", *cursor.argument(token), "}"], context, formula_in))


def _check_size(token: str, cursor: Cursor) -> None:
    """`\\hbox to 3em{…}` leaves space; one of no width lays its content over others."""
    size = ""
    while (following := cursor.peek()) is not None and following != "{":
        size += following
        cursor.next()
    if length(size.replace("to", "", 1).replace("spread", "", 1).strip()) < _HIGHEST:
        raise refuse(f"displaced:{token}", f"a box of {size[:20]!r} would lay its content over another.")


def _framebox(token: str, cursor: Cursor, context: Context) -> str:
    cursor.optional(), cursor.optional()
    return context.leaf(f"lmboxed({text_to_typst(cursor.argument(token), context, formula_in) or '#[]'})")


def _makebox(token: str, cursor: Cursor, context: Context) -> str:
    """`\\makebox[2em][l]{…}`; a box narrower than half an em hangs over like a lap."""
    size, place = (cursor.optional() for _ in range(2))
    content = cursor.argument(token)
    latex = rewrite(content, context) if token == "\\mathmakebox" else context.leaf(
        text_to_typst(content, context, formula_in))  # fmt: skip
    if size is None or width("".join(size)) >= 0.5:
        return f"{{{latex}}}"
    return context.wrap(Lap(token, _PLACES.get("".join(place or ""), "centre"), _glyphs(content)), latex)


def _parbox(token: str, cursor: Cursor, context: Context) -> str:
    """Text broken in a box of a width."""
    for _ in range(3):
        cursor.optional()
    size = width("".join(cursor.argument(token)))
    body = text_to_typst(cursor.argument(token), context, formula_in, breaks=1)
    return context.leaf(f"lmparbox(#{em(max(size, 2.0))}, #(0.5em - 50%), {body or '#[]'})")


def _lap(token: str, cursor: Cursor, context: Context) -> str:
    content = cursor.argument(token)
    lap = Lap(token, _LAPS[token], _glyphs(content))
    if token in _IN_TEXT:
        content = ["\\text", "{", *content, "}"]
    return context.wrap(lap, rewrite(content, context))


def _glyphs(tokens: Sequence[str]) -> int:
    """About how many signs tokens are; rules and boxes count as many."""
    return sum(
        20 if "rule" in token or "box" in token else len(token) == 1 or is_word(token)
        for token in tokens
        if token not in _UNSEEN
    )


def _raised(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\raisebox{2pt}{…}`, and plain TeX's `\raise2pt\hbox{…}` and `\lower`."""
    if token == "\\raisebox":
        size = length(cursor.word(token))
        cursor.optional(), cursor.optional()
        latex = context.leaf(text_to_typst(cursor.argument(token), context, formula_in))
    else:
        size = length(_plain_length(cursor)) * (-1 if token == "\\lower" else 1)
        cursor.skip_spaces()
        box = cursor.next() or ""
        if box not in TEXT_COMMANDS and box != "\\vcenter":
            raise refuse("syntax", f"{token} raises a box; found {box[:20] or 'the end'}.")
        latex = rewrite([box, "{", *cursor.argument(box), "}"], context)
    if abs(size) > _HIGHEST:
        raise refuse(f"displaced:{token}", f"{token} moves a part of the formula {em(size)} from its line.")
    return context.wrap(Wrap(f"lmraised(#({em(size)}), ", ")"), latex)


def _plain_length(cursor: Cursor) -> str:
    """A length of plain TeX, which has no braces: it ends with its unit."""
    cursor.skip_spaces()
    letters = ""
    while (token := cursor.peek()) is not None and len(token) == 1 and token in _IN_LENGTHS:
        letters += token
        cursor.next()
        if len(letters.strip()) > 2 and letters.strip()[-2:] in _UNITS:
            break
    return letters.strip()


_IN_LENGTHS = " +-.0123456789abcdefghijklmnopqrstuvwxyz"
_UNITS = ("em", "ex", "mu", "pt", "cm", "mm", "in", "pc", "px")


def _rule(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\rule[lift]{width}{height}`: a black box, or a strut where a side is nothing."""
    lift = cursor.optional()
    across, up = (width(cursor.word(token)) for _ in range(2))
    if token in ("\\Rule", "\\Space"):
        cursor.argument(token)
    if across <= 0 or up <= 0 or token == "\\Space":
        return context.space(max(across, 0.0)) if across > 0 else ""
    size = f"width: {em(across)}, height: {em(up)}"
    return context.leaf(f"lmrule(#({size}, lift: {em(length(''.join(lift)) if lift else 0)}))")


def _colour_switch(token: str, cursor: Cursor, context: Context) -> str:
    model = cursor.optional()
    value = colour("".join(model or ""), cursor.word(token))
    return context.wrap(Wrap(f"lmcolour(#{string(value)}, ", ")"), rewrite(cursor.rest(), context))


def _coloured(token: str, cursor: Cursor, context: Context) -> str:
    model = cursor.optional()
    value = colour("".join(model or ""), cursor.word(token))
    return context.wrap(Wrap(f"lmcolour(#{string(value)}, ", ")"), rewrite(cursor.argument(token), context))


def _filled(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\colorbox{yellow}{…}` and `\fcolorbox`: a light ground is left out, a dark one would hide black text."""
    model = cursor.optional()
    grounds = [colour("".join(model or ""), cursor.word(token), ground=True) for _ in range(1 + (token[1] == "f"))]
    if is_dark(grounds[-1]):
        raise refuse(f"invisible:{token}", "black text on a dark ground cannot be read.")
    body = text_to_typst(cursor.argument(token), context, formula_in)
    return context.leaf(f"lmboxed({body or '#[]'})" if token[1] == "f" else body)


def _enclosed(token: str, cursor: Cursor, context: Context) -> str:
    """MathJax's `\\enclose{box}{…}` and `\\bbox[border: 1px]{…}`."""
    if token == "\\bbox":
        options = "".join(cursor.optional() or ())
        command = "\\boxed" if "border" in options else ""
    else:
        notation = cursor.word(token)
        cursor.optional()
        if notation not in _STRIKES:
            raise refuse(f"unsupported:{token}", f"{notation[:20]!r} is not drawn around a formula.")
        command = _STRIKES[notation]
    content: Sequence[str] = cursor.argument(token)
    return rewrite([command, "{", *content, "}"] if command else ["{", *content, "}"], context)


def _space(token: str, cursor: Cursor, context: Context) -> str:
    cursor.take("*")
    return context.space(length(cursor.word(token)))


def _kern(_token: str, cursor: Cursor, context: Context) -> str:
    return context.space(length(_plain_length(cursor)))


def _dropped_kern(_token: str, cursor: Cursor, _context: Context) -> str:
    length(_plain_length(cursor))
    return ""


def _penalty(_token: str, cursor: Cursor, _context: Context) -> str:
    while (cursor.peek() or " ") in "-0123456789":
        cursor.next()
    return ""


def _scaled(token: str, cursor: Cursor, context: Context) -> str:
    """`\\scalebox{0.8}{…}`: the size of letters on a page is the same everywhere."""
    if not 0.5 <= factor(cursor.word(token)) <= 2:
        raise refuse(f"unsupported:{token}", "letters are set in their own size only.")
    return context.leaf(text_to_typst(cursor.argument(token), context, formula_in))


def _moved(token: str, _cursor: Cursor, _context: Context) -> str:
    raise refuse(f"displaced:{token}", f"{token} moves a part of the formula off its place.")


BOX_HANDLERS: Final[dict[str, Handler]] = {
    **dict.fromkeys(WRAPS, _wrapped),
    **dict.fromkeys(TEXT_COMMANDS, _text),
    **dict.fromkeys(("\\textsuperscript", "\\textsubscript", "\\uline", "\\ul", "\\st"), _within_text),
    **dict.fromkeys(_LAPS, _lap),
    **dict.fromkeys(("\\framebox", "\\fbox"), _framebox),
    **dict.fromkeys(("\\makebox", "\\mathmakebox"), _makebox),
    **dict.fromkeys(("\\raisebox", "\\raise", "\\lower"), _raised),
    **dict.fromkeys(("\\rule", "\\Rule", "\\Space"), _rule),
    **dict.fromkeys(("\\colorbox", "\\fcolorbox"), _filled),
    **dict.fromkeys(("\\enclose", "\\bbox"), _enclosed),
    **dict.fromkeys(("\\hspace", "\\hspace*", "\\mspace"), _space),
    **dict.fromkeys(("\\kern", "\\mkern", "\\hskip", "\\mskip"), _kern),
    **dict.fromkeys(("\\moveleft", "\\moveright", "\\resizebox", "\\rotatebox"), _moved),
    "\\scalebox": _scaled,
    "\\vskip": _dropped_kern,
    "\\penalty": _penalty,
    "\\parbox": _parbox,
    "\\color": _colour_switch,
    "\\textcolor": _coloured,
}
