r"""Operators, dots, arrows, negations and what stands above or below a sign."""

from typing import Final

from lomo_hf.rendering.mathematics.emit import call, character, string
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import Context, Handler, Wrap
from lomo_hf.rendering.mathematics.rewrite import formula_in, rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor
from lomo_hf.rendering.mathematics.symbols import ATOMS, BAR_OPERATORS, DOTS, OPERATORS

__all__ = ["OPERATOR_HANDLERS"]

_AFTER_CENTRED_DOTS = frozenset("+-=<>×*÷·")

_ARROWS = {
    "\\xrightarrow": "→", "\\xleftarrow": "←", "\\xleftrightarrow": "↔", "\\xRightarrow": "⇒", "\\xLeftarrow": "⇐",
    "\\xLeftrightarrow": "⇔", "\\xrightleftharpoons": "⇌", "\\xleftrightharpoons": "⇋", "\\xmapsto": "↦",
    "\\xhookrightarrow": "↪", "\\xhookleftarrow": "↩", "\\xlongequal": "=", "\\xrightharpoonup": "⇀",
    "\\xrightharpoondown": "⇁", "\\xleftharpoonup": "↼", "\\xleftharpoondown": "↽", "\\xtwoheadrightarrow": "↠",
    "\\xlongrightarrow": "→", "\\xlongleftarrow": "←", "\\xLongrightarrow": "⇒", "\\xLongleftarrow": "⇐",
    "\\xtwoheadleftarrow": "↞", "\\xtofrom": "⇄", "\\xrightleftarrows": "⇄",
}  # fmt: skip
_LONG_ARROWS = {"\\implies": "\\Longrightarrow", "\\impliedby": "\\Longleftarrow", "\\iff": "\\Longleftrightarrow"}


def _operator(token: str, cursor: Cursor, context: Context) -> str:
    starred = cursor.take("*")
    content = list(cursor.argument(token))
    while content and content[0] == " ":
        del content[0]
    inner = (
        formula_in(["\\mathrm", "{", *content, "}"], context)
        if token == "\\operatorname"
        else formula_in(content, context)
    )
    star = "*" if starred or token == "\\mathop" else ""
    return f"\\operatorname{star}{{{context.raw(inner, 'op')}}}"


def _named_operator(token: str, _cursor: Cursor, context: Context) -> str:
    name, limits = OPERATORS[token]
    return f"\\operatorname{'*' if limits else ''}{{{context.raw(string(name), 'op')}}}"


def _bar_operator(token: str, _cursor: Cursor, context: Context) -> str:
    return f"\\operatorname*{{{context.raw(BAR_OPERATORS[token], 'op')}}}"


def _surd(_token: str, _cursor: Cursor, context: Context) -> str:
    return context.leaf("lmsurd")


def _atom(token: str, cursor: Cursor, context: Context) -> str:
    atom, name = ATOMS[token]
    wrap = Wrap(f'class("{name}", ', ")", atom)
    return context.wrap(wrap, rewrite(cursor.argument(token), context))


def _dots(token: str, cursor: Cursor, context: Context) -> str:
    following = cursor.look()
    if token == "\\dots":
        centred = following is not None and (following in _AFTER_CENTRED_DOTS or following in DOTS["\\dots"])
    else:
        centred = token in DOTS["centred"]
    return context.leaf("lmcentred" if centred else "lmlow", "inner")


def _bmod(_token: str, _cursor: Cursor, context: Context) -> str:
    return context.leaf('class("binary", "mod")', "bin")


def _not(token: str, cursor: Cursor, _context: Context) -> str:
    """A negated sign; math-core has none of what LaTeX makes of several pieces, and would slash nothing."""
    following = cursor.look() or ""
    if following in _LONG_ARROWS:
        cursor.take(following)
        return f"\\;{token}{_LONG_ARROWS[following]}\\; "
    if following in _ARROWS:
        raise refuse("syntax", f"\\not stands before {following}, which cannot be slashed.")
    if following == "{":
        inside = [item for item in cursor.argument(token) if item != " "]
        if len(inside) != 1:
            raise refuse("syntax", "\\not stands before a group that cannot be slashed.")
        return f"{token} {inside[0]} "
    return token + " "


def _arrow(token: str, cursor: Cursor, context: Context) -> str:
    below = cursor.optional()
    lower = formula_in(below, context) if below is not None else ""
    upper = formula_in(cursor.argument(token), context)
    return context.leaf(call("lmarrow", character(_ARROWS[token]), upper, lower), "rel")


def _stacked(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\overset{a}{=}` is a relation, and not the ordinary atom that a group with a sign alone is."""
    below = cursor.optional() if token == "\\stackrel" else None
    upper, base = (rewrite(cursor.argument(token), context) for _ in range(2))
    if below is not None:
        base = f"\\underset{{{rewrite(below, context)}}}{{{base}}}"
    return f"{token}{{{upper}}}{{{base}}}"


def _built(token: str, cursor: Cursor, context: Context) -> str:
    r"""Plain TeX's `\buildrel a \over =`."""
    upper = cursor.before("\\over", token)
    base = rewrite(cursor.argument(token), context)
    return f"\\stackrel{{{rewrite(upper, context)}}}{{{base}}}"


def _bracket(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\underbracket[1pt][3pt]{x}`: how thick and how high the bracket is makes no difference here."""
    cursor.optional(), cursor.optional()
    return f"{token}{{{rewrite(cursor.argument(token), context)}}}"


def _smash_operator(token: str, cursor: Cursor, context: Context) -> str:
    cursor.optional()
    return rewrite(cursor.argument(token), context)


OPERATOR_HANDLERS: Final[dict[str, Handler]] = {
    **dict.fromkeys(_ARROWS, _arrow),
    **dict.fromkeys(OPERATORS, _named_operator),
    **dict.fromkeys(BAR_OPERATORS, _bar_operator),
    **dict.fromkeys(ATOMS, _atom),
    **dict.fromkeys(("\\dots", "\\ldots", "\\cdots", *DOTS["centred"], *DOTS["low"]), _dots),
    **dict.fromkeys(("\\operatorname", "\\mathop"), _operator),
    **dict.fromkeys(("\\overset", "\\underset", "\\stackrel"), _stacked),
    **dict.fromkeys(("\\underbracket", "\\overbracket"), _bracket),
    "\\buildrel": _built,
    "\\bmod": _bmod,
    "\\surd": _surd,
    "\\not": _not,
    "\\smashoperator": _smash_operator,
}
