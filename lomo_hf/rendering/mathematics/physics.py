r"""Commands of the package `physics` that read their arguments in several ways: `\dv[2]{f}{x}`, `\qty(x)`, `\mqty`.

Those that are LaTeX in other words only are in `macros`.
"""

from collections.abc import Sequence
from typing import Final

from lomo_hf.rendering.mathematics.environments import environment
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.macros import expanded, fenced
from lomo_hf.rendering.mathematics.marks import Context, Handler
from lomo_hf.rendering.mathematics.quantities import quantity
from lomo_hf.rendering.mathematics.rewrite import formula_in, rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor
from lomo_hf.rendering.mathematics.text import text_to_typst

__all__ = ["PHYSICS_HANDLERS"]

_CLOSERS = {"(": ")", "[": "]", "|": "|"}
_DERIVATIVES = {
    "\\dv": "\\mathrm{d}", "\\derivative": "\\mathrm{d}", "\\pdv": "\\partial ", "\\pderivative": "\\partial ",
    "\\partialderivative": "\\partial ", "\\fdv": "\\delta ", "\\fderivative": "\\delta ",
    "\\functionalderivative": "\\delta ",
}  # fmt: skip
_DIFFERENTIALS = {
    "\\dd": "\\mathrm{d}", "\\differential": "\\mathrm{d}", "\\variation": "\\delta ",
}  # fmt: skip
_MATRICES = {
    "\\mqty": "matrix", "\\pmqty": "pmatrix", "\\bmqty": "bmatrix", "\\vmqty": "vmatrix", "\\Pmqty": "pmatrix",
    "\\matrixquantity": "matrix", "\\smqty": "smallmatrix", "\\mdet": "vmatrix", "\\matrixdeterminant": "vmatrix",
}  # fmt: skip
_WORDS = {
    "\\qif": "if", "\\qthen": "then", "\\qelse": "else", "\\qotherwise": "otherwise", "\\qunless": "unless",
    "\\qgiven": "given", "\\qusing": "using", "\\qassume": "assume", "\\qsince": "since", "\\qlet": "let",
    "\\qfor": "for", "\\qall": "for all", "\\qeven": "even", "\\qodd": "odd", "\\qinteger": "integer",
    "\\qand": "and", "\\qor": "or", "\\qas": "as", "\\qin": "in", "\\qcomma": ",", "\\qc": ",", "\\qcc": "c.c.",
}  # fmt: skip


def _group(cursor: Cursor) -> Sequence[str] | None:
    """The next argument if it stands in a group right here, without taking anything else."""
    return cursor.argument("") if cursor.look() == "{" else None


def _within(cursor: Cursor, opener: str) -> Sequence[str]:
    """The tokens up to the partner of a round or square bracket or a bar that was just read."""
    start, depth, braces, closer = cursor.position, 1, 0, _CLOSERS[opener]
    while (token := cursor.next()) is not None:
        braces += (token == "{") - (token == "}")
        if braces == 0 and token == closer:
            depth -= 1
            if depth == 0:
                return cursor.tokens[start : cursor.position - 1]
        elif braces == 0 and token == opener:
            depth += 1
    raise refuse("unbalanced", f"{opener} has no {closer}.")


def _derivative(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\dv{x}`, `\dv{f}{x}`, `\dv[n]{f}{x}`, `\pdv{f}{x}{y}`, and `\dv{x}(f)`."""
    sign = _DERIVATIVES[token]
    cursor.take("*")
    order = cursor.optional()
    first = cursor.argument(token)
    second = _group(cursor)
    third = _group(cursor) if second is not None and sign == "\\partial " else None
    power = "" if order is None else "^{#4}"
    arguments = [first, second or (), third or (), order or ()]
    if third is not None:
        return expanded(f"\\frac{{{sign}^2 #1}}{{{sign}#2\\,{sign}#3}}", arguments, context)
    if second is not None:
        return expanded(f"\\frac{{{sign}{power}#1}}{{{sign}#2{power}}}", arguments, context)
    if cursor.peek() == "(":
        cursor.next()
        arguments[1] = _within(cursor, "(")
        return expanded(f"\\frac{{{sign}{power}}}{{{sign}#1{power}}}\\left(#2\\right)", arguments, context)
    return expanded(f"\\frac{{{sign}{power}}}{{{sign}#1{power}}}", arguments, context)


def _differential(token: str, cursor: Cursor, context: Context) -> str:
    """`\\dd{x}`, `\\dd[3]{x}`, `\\dd(\\cos t)`, or a lone `\\dd` before its variable."""
    order = cursor.optional()
    power = "" if order is None else "^{#1}"
    sign = _DIFFERENTIALS[token]
    if cursor.peek() == "(":
        cursor.next()
        return expanded(f"{sign}{power}(#2)", [order or (), _within(cursor, "(")], context)
    variable = _group(cursor)
    if variable is None:
        return expanded(f"{sign}{power}", [order or ()], context)
    return expanded(f"\\,{sign}{power}#2", [order or (), variable], context)


def _quantity(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\qty{3}{m}` is siunitx; `\qty(x)`, `\qty[x]`, `\qty|x|` and a lone `\qty{x}` are brackets that grow."""
    start = cursor.position
    cursor.take("*")
    for name in ("\\big", "\\Big", "\\bigg", "\\Bigg"):
        cursor.take(name)
    opener = cursor.look()
    if opener in ("(", "|"):
        cursor.take(opener)
        return fenced(opener, _CLOSERS[opener], _within(cursor, opener), context)
    cursor.optional()
    first = _group(cursor)
    if first is not None and cursor.look() != "{":
        return fenced("\\{", "\\}", first, context)
    cursor.position = start
    if first is None and opener == "[":
        cursor.take("[")
        return fenced("[", "]", _within(cursor, "["), context)
    return quantity(token, cursor, context)


def _bracket(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\braket{a|b}`, and with two arguments `\braket{a}{b}`."""
    cursor.take("*")
    first = cursor.argument(token)
    if cursor.peek() == "{" and not {"|", "\\vert", "\\mid", "\\middle"}.intersection(first):
        return expanded(r"\left\langle #1\middle|#2\right\rangle", [first, cursor.argument(token)], context)
    return f"{token}{{{rewrite(first, context)}}}"


def _evaluated(token: str, cursor: Cursor, context: Context) -> str:
    """`\\eval{f}_a^b`: a bar on the right that grows with what it follows."""
    cursor.take("*")
    opener = cursor.look()
    if opener in ("(", "["):
        cursor.take(opener)
        return fenced(opener, "|", cursor.before("|", token), context)
    return fenced(".", "|", cursor.argument(token), context)


def _matrix(token: str, cursor: Cursor, context: Context) -> str:
    cursor.take("*")
    opener = cursor.look()
    if opener in _CLOSERS:
        cursor.take(opener or "")
        brackets = {"(": "pmatrix", "[": "bmatrix", "|": "vmatrix"}
        return environment(brackets[opener or ""], _within(cursor, opener or ""), context)
    return environment(_MATRICES[token], cursor.argument(token), context)


def _words(token: str, cursor: Cursor, context: Context) -> str:
    """`\\qif` and `\\qq{…}`: words between spaces; after a star there is none before them."""
    starred = cursor.take("*")
    words = list(_WORDS[token]) if token in _WORDS else cursor.argument(token)
    before = "" if starred or token in ("\\qcomma", "\\qc") else context.space(1.0)
    return f"{before}{context.leaf(text_to_typst(words, context, formula_in))}{context.space(1.0)}"


PHYSICS_HANDLERS: Final[dict[str, Handler]] = {
    **dict.fromkeys(_DERIVATIVES, _derivative),
    **dict.fromkeys(("\\dd", "\\differential", "\\variation"), _differential),
    **dict.fromkeys(_MATRICES, _matrix),
    **dict.fromkeys((*_WORDS, "\\qq", "\\qqtext"), _words),
    "\\qty": _quantity,
    "\\braket": _bracket,
    "\\eval": _evaluated,
    "\\evaluated": _evaluated,
}
