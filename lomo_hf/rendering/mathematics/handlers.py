r"""What each command of LaTeX becomes: LaTeX that math-core knows, with marks for what this package sets itself."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lomo_hf.rendering.mathematics.chemistry import chemistry_to_latex
from lomo_hf.rendering.mathematics.emit import call, character, em, string
from lomo_hf.rendering.mathematics.environments import environment
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import Context, Handler, Wrap
from lomo_hf.rendering.mathematics.measures import colour, factor, length
from lomo_hf.rendering.mathematics.rewrite import formula_in, rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor, tokenise
from lomo_hf.rendering.mathematics.symbols import (
    ATOMS,
    BAR_OPERATORS,
    DELIMITERS,
    DOTS,
    OPERATORS,
    RENAMED,
    SILENT,
    TEXT_SYMBOLS,
    WRAPS,
    atom_of,
)
from lomo_hf.rendering.mathematics.text import TEXT_COMMANDS, circled, text_to_typst

__all__ = ["HANDLERS"]

_SIZES = {"big": 1.2, "Big": 1.8, "bigg": 2.4, "Bigg": 3.0}
_SIDES = {"": "normal", "l": "opening", "r": "closing", "m": "relation"}
_BIG = {f"\\{name}{side}": (size, _SIDES[side]) for name, size in _SIZES.items() for side in _SIDES}
_DEFINITIONS = frozenset((
    "\\newcommand", "\\def", "\\let", "\\providecommand", "\\DeclareMathOperator", "\\edef", "\\gdef", "\\xdef",
    "\\newenvironment", "\\catcode", "\\input", "\\include", "\\csname", "\\expandafter", "\\newtheorem",
))  # fmt: skip
_AFTER_CENTRED_DOTS = frozenset("+-=<>×*÷·")


def _group(_token: str, cursor: Cursor, context: Context) -> str:
    content = cursor.until("{")
    if len(content) == 1 and len(content[0]) == 1 and atom_of(content[0]) in ("bin", "rel", "punct"):
        # A sign alone in braces is an ordinary atom: no space around it, as in 1{,}000 or a{=}b.
        sign = {"-": "−", "*": "∗"}.get(content[0], content[0])
        return context.leaf(call("class", '"normal"', character(sign)))
    return "{" + rewrite(content, context) + "}"


def _text(token: str, cursor: Cursor, context: Context) -> str:
    return context.leaf(text_to_typst(cursor.argument(token), context, formula_in, TEXT_COMMANDS[token]))


def _sign(token: str, _cursor: Cursor, context: Context) -> str:
    return context.leaf(string(TEXT_SYMBOLS[token]))


def _circled(token: str, cursor: Cursor, context: Context) -> str:
    return context.leaf(string(circled("".join(t for t in cursor.argument(token) if t not in ("{", "}")))))


def _left(_token: str, cursor: Cursor, context: Context) -> str:
    left = _delimiter("\\left", cursor)
    content = cursor.until("\\left")
    right = _delimiter("\\right", cursor)
    return context.wrap(Wrap(f"lmlr({_escaped(left)} ", f" {_escaped(right)})", "inner"), rewrite(content, context))


def _escaped(delimiter: str) -> str:
    return character(delimiter) if delimiter else "#lmnull()"


def _delimiter(command: str, cursor: Cursor) -> str:
    cursor.skip_spaces()
    token = cursor.next()
    if token == "{" and cursor.peek() in DELIMITERS:
        token = cursor.next()
        cursor.take("}")
    if token is None or token not in DELIMITERS:
        raise refuse("syntax", f"{command} needs a delimiter; found {token or 'the end'}.")
    return DELIMITERS[token]


def _opening(token: str, _cursor: Cursor, context: Context) -> str:
    # math-core looks for the partner of every opening bracket, and its time doubles with each that has none.
    return context.leaf(_OPENINGS[token], "open")


def _middle(_token: str, cursor: Cursor, context: Context) -> str:
    delimiter = _delimiter("\\middle", cursor)
    # Typst would set it as a relation; explicit space, even of no width, stands in for its own.
    return context.leaf(f"#h(0pt){call('mid', character(delimiter))}#h(0pt)" if delimiter else "")


def _big(token: str, cursor: Cursor, context: Context) -> str:
    size, side = _BIG[token]
    delimiter = _delimiter(token, cursor)
    if not delimiter:
        return ""
    sized = f"lr({character(delimiter)}, size: #{em(size)})"
    atom = {"opening": "open", "closing": "close", "relation": "rel"}.get(side, "ord")
    return context.leaf(call("class", f'"{side}"', sized), atom)


def _unpaired(token: str, _cursor: Cursor, _context: Context) -> str:
    raise refuse("unbalanced", f"{token} has no partner in its group.")


def _environment(_token: str, cursor: Cursor, context: Context) -> str:
    name = cursor.word("\\begin")
    body = cursor.until("\\begin")
    ending = cursor.word("\\end")
    if ending != name:
        raise refuse("unbalanced", f"\\begin{{{name}}} ends with \\end{{{ending}}}.")
    return environment(name, body, context)


def _plain_environment(token: str, cursor: Cursor, context: Context) -> str:
    """The environments of plain TeX, which take their rows as an argument."""
    name = {"\\eqalign": "aligned"}.get(token, token[1:])
    return environment(name, cursor.argument(token), context)


def _substack(token: str, cursor: Cursor, context: Context) -> str:
    return environment("subarray", ["{", "c", "}", *cursor.argument(token)], context)


def _root(_token: str, cursor: Cursor, context: Context) -> str:
    degree = cursor.optional()
    return "\\sqrt " if degree is None else f"\\sqrt[{{{rewrite(degree, context)}}}]"


def _general_fraction(token: str, cursor: Cursor, context: Context) -> str:
    left, right = (_delimiter(token, Cursor(list(cursor.argument(token)) or ["."])) for _ in range(2))
    thickness, style = cursor.word(token), cursor.word(token)
    above, below = (rewrite(cursor.argument(token), context) for _ in range(2))
    flat = thickness != "" and length(thickness) == 0
    opening = {"": "", "0": "\\displaystyle ", "1": "\\textstyle ", "2": "\\scriptstyle "}.get(
        style, "\\scriptscriptstyle "
    )
    fraction = f"{{{above}\\atop {below}}}" if flat else f"\\frac{{{above}}}{{{below}}}"
    if not left and not right:
        return f"{{{opening}{fraction}}}"
    return context.wrap(Wrap(f"lmlr({_escaped(left)} ", f" {_escaped(right)})"), opening + fraction)


def _optional_dropped(token: str, cursor: Cursor, _context: Context) -> str:
    cursor.optional()
    return "" if token == "\\smash" else token + " "


def _wrapped(token: str, cursor: Cursor, context: Context) -> str:
    before, after, atom = WRAPS[token]
    return context.wrap(
        Wrap(before, after, atom, 0 if "display(" in before else None), rewrite(cursor.argument(token), context)
    )


def _framebox(token: str, cursor: Cursor, context: Context) -> str:
    cursor.optional(), cursor.optional()
    return context.leaf(f"lmboxed({text_to_typst(cursor.argument(token), context, formula_in)})")


def _cancelto(token: str, cursor: Cursor, context: Context) -> str:
    target = formula_in(cursor.argument(token), context)
    return context.wrap(Wrap("lmcancelto(", f", {target or '#[]'})"), rewrite(cursor.argument(token), context))


def _arrow(token: str, cursor: Cursor, context: Context) -> str:
    below = cursor.optional()
    lower = formula_in(below, context) if below is not None else ""
    upper = formula_in(cursor.argument(token), context)
    return context.leaf(call("lmarrow", character(_ARROWS[token]), upper, lower), "rel")


def _stacked(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\overset{a}{=}` is a relation, and not the ordinary atom that a group with a sign alone is."""
    upper, base = (rewrite(cursor.argument(token), context) for _ in range(2))
    return f"{token}{{{upper}}}{{{base}}}"


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


def _tag(token: str, cursor: Cursor, context: Context) -> str:
    starred = cursor.take("*")
    text = text_to_typst(cursor.argument(token), context, formula_in)
    context.tags.append(f"#h(2em){text}" if starred else f'#h(2em)"("{text}")"')
    return ""


def _dropped_argument(token: str, cursor: Cursor, _context: Context) -> str:
    cursor.take("*")
    cursor.optional()
    cursor.argument(token)
    return ""


def _renewcommand(token: str, cursor: Cursor, context: Context) -> str:
    name = "".join(cursor.argument(token)).strip()
    if name not in ("\\arraystretch", "\\baselinestretch"):
        raise refuse(f"definition:{token}", f"{token} defines a command; definitions are not followed.")
    value = cursor.word(token)
    if name == "\\arraystretch":
        context.stretch = factor(value)
    return ""


def _definition(token: str, _cursor: Cursor, _context: Context) -> str:
    raise refuse(f"definition:{token}", f"{token} defines or loads something; this is not followed.")


def _setlength(token: str, cursor: Cursor, _context: Context) -> str:
    cursor.argument(token), cursor.argument(token)
    return ""


def _space(token: str, cursor: Cursor, context: Context) -> str:
    cursor.take("*")
    return context.leaf(f"#h({em(length(cursor.word(token)))})", "space")


def _kern(token: str, cursor: Cursor, context: Context) -> str:
    cursor.skip_spaces()
    letters = ""
    while (
        (token_ := cursor.peek()) is not None
        and len(token_) == 1
        and token_ in " +-.0123456789abcdefghijklmnopqrstuvwxyz"
    ):
        letters += token_
        cursor.next()
        if len(letters.strip()) > 2 and letters.strip()[-2:] in ("em", "ex", "mu", "pt", "cm", "mm", "in", "pc", "px"):
            break
    return context.leaf(f"#h({em(length(letters.strip()))})", "space")


def _dropped_kern(token: str, cursor: Cursor, context: Context) -> str:
    _kern(token, cursor, context)
    return ""


def _line_end(token: str, cursor: Cursor, _context: Context) -> str:
    if cursor.look() is not None:
        raise refuse("misplaced-line-end", f"{token} stands where there is no row to end.")
    return ""


def _colour_switch(token: str, cursor: Cursor, context: Context) -> str:
    model = cursor.optional()
    value = colour("".join(model or ""), cursor.word(token))
    rest = cursor.tokens[cursor.position :]
    cursor.position = len(cursor.tokens)
    return context.wrap(Wrap(f"lmcolour(#{string(value)}, ", ")"), rewrite(rest, context))


def _coloured(token: str, cursor: Cursor, context: Context) -> str:
    model = cursor.optional()
    value = colour("".join(model or ""), cursor.word(token))
    return context.wrap(Wrap(f"lmcolour(#{string(value)}, ", ")"), rewrite(cursor.argument(token), context))


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
    return context.leaf('class("normal", \\√)')


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


def _chemistry(token: str, cursor: Cursor, context: Context) -> str:
    latex = chemistry_to_latex(cursor.argument(token), token)
    return "{" + rewrite(tokenise(latex), context) + "}"


def _renamed(token: str, _cursor: Cursor, _context: Context) -> str:
    return RENAMED[token] + " "


def _silent(_token: str, _cursor: Cursor, _context: Context) -> str:
    return ""


_ARROWS = {
    "\\xrightarrow": "→", "\\xleftarrow": "←", "\\xleftrightarrow": "↔", "\\xRightarrow": "⇒", "\\xLeftarrow": "⇐",
    "\\xLeftrightarrow": "⇔", "\\xrightleftharpoons": "⇌", "\\xleftrightharpoons": "⇋", "\\xmapsto": "↦",
    "\\xhookrightarrow": "↪", "\\xhookleftarrow": "↩", "\\xlongequal": "=", "\\xrightharpoonup": "⇀",
    "\\xrightharpoondown": "⇁", "\\xleftharpoonup": "↼", "\\xleftharpoondown": "↽", "\\xtwoheadrightarrow": "↠",
}  # fmt: skip


_LONG_ARROWS = {"\\implies": "\\Longrightarrow", "\\impliedby": "\\Longleftarrow", "\\iff": "\\Longleftrightarrow"}


_OPENINGS = {
    token: character(DELIMITERS[token])
    for token in ("(", "\\lparen", "[", "\\{", "\\lbrace", "\\lbrack", "\\langle", "\\lfloor", "\\lceil", "\\lgroup",
                  "\\ulcorner", "\\llcorner", "\\llbracket", "\\lmoustache", "⟨", "⌊", "⌈")
} | {"\\lvert": 'class("opening", \\|)', "\\lVert": 'class("opening", \\∥)'}  # fmt: skip


def _handlers() -> dict[str, Handler]:
    table: dict[str, Handler] = dict.fromkeys(TEXT_SYMBOLS, _sign)
    for kept in ("\\%", "\\$", "\\#", "\\&", "\\_", "\\{", "\\}", "\\lbrace", "\\rbrace"):
        del table[kept]
    table |= dict.fromkeys(TEXT_COMMANDS, _text)
    table |= dict.fromkeys(_BIG, _big)
    table |= dict.fromkeys(WRAPS, _wrapped)
    table |= dict.fromkeys(_ARROWS, _arrow)
    table |= dict.fromkeys(OPERATORS, _named_operator)
    table |= dict.fromkeys(BAR_OPERATORS, _bar_operator)
    table |= dict.fromkeys(ATOMS, _atom)
    table |= dict.fromkeys(RENAMED, _renamed)
    table |= dict.fromkeys(SILENT, _silent)
    table |= dict.fromkeys(_DEFINITIONS, _definition)
    table |= dict.fromkeys(("\\dots", "\\ldots", "\\cdots", *DOTS["centred"], *DOTS["low"]), _dots)
    table |= dict.fromkeys(("\\hspace", "\\hspace*"), _space)
    table |= dict.fromkeys(("\\kern", "\\mkern", "\\hskip", "\\mskip"), _kern)
    table |= dict.fromkeys(("\\ce", "\\cee", "\\cf"), _chemistry)
    table |= dict.fromkeys(("\\operatorname", "\\mathop"), _operator)
    table |= dict.fromkeys(
        ("\\label", "\\vspace", "\\noalign", "\\leftroot", "\\uproot", "\\pagecolor"), _dropped_argument
    )
    table |= dict.fromkeys(_OPENINGS, _opening)
    table |= dict.fromkeys(("\\overset", "\\underset", "\\stackrel"), _stacked)
    table |= dict.fromkeys(("\\matrix", "\\pmatrix", "\\cases", "\\eqalign"), _plain_environment)
    table |= {
        "{": _group, "}": _unpaired, "\\right": _unpaired, "\\end": _unpaired, "\\left": _left, "\\middle": _middle,
        "\\begin": _environment, "\\substack": _substack, "\\framebox": _framebox, "\\fbox": _framebox,
        "\\cancelto": _cancelto, "\\bmod": _bmod, "\\surd": _surd, "\\sqrt": _root, "\\not": _not,
        "\\genfrac": _general_fraction, "\\cfrac": _optional_dropped, "\\smash": _optional_dropped, "\\tag": _tag,
        "\\renewcommand": _renewcommand, "\\setlength": _setlength, "\\vskip": _dropped_kern, "\\\\": _line_end,
        "\\color": _colour_switch, "\\textcolor": _coloured, "\\textcircled": _circled, "\\circled": _circled,
    }  # fmt: skip
    return table


HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType(_handlers())
