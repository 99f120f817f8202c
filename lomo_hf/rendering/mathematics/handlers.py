r"""What each command of LaTeX becomes: LaTeX that math-core knows, with marks for what this package sets itself.

Families of commands are in modules of their own; here are groups, environments, tags, definitions and single signs.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lomo_hf.rendering.mathematics.boxes import BOX_HANDLERS
from lomo_hf.rendering.mathematics.chemistry import chemistry_to_latex
from lomo_hf.rendering.mathematics.delimiters import DELIMITER_HANDLERS
from lomo_hf.rendering.mathematics.emit import call, character, string
from lomo_hf.rendering.mathematics.environments import environment, plain_cases
from lomo_hf.rendering.mathematics.fractions import FRACTION_HANDLERS
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.macros import MACRO_HANDLERS
from lomo_hf.rendering.mathematics.marks import Context, Handler, Wrap
from lomo_hf.rendering.mathematics.measures import factor
from lomo_hf.rendering.mathematics.operators import OPERATOR_HANDLERS
from lomo_hf.rendering.mathematics.physics import PHYSICS_HANDLERS
from lomo_hf.rendering.mathematics.quantities import QUANTITY_HANDLERS
from lomo_hf.rendering.mathematics.rewrite import formula_in, rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor, tokenise
from lomo_hf.rendering.mathematics.symbols import COMBINING, RENAMED, SIGNS, SILENT, TEXT_SYMBOLS, UNREAD, atom_of
from lomo_hf.rendering.mathematics.text import circled, text_to_typst

__all__ = ["HANDLERS"]

_DEFINITIONS = frozenset((
    "\\newcommand", "\\def", "\\let", "\\providecommand", "\\DeclareMathOperator", "\\edef", "\\gdef", "\\xdef",
    "\\newenvironment", "\\catcode", "\\input", "\\include", "\\csname", "\\expandafter", "\\newtheorem",
    "\\DeclarePairedDelimiter", "\\DeclareSIUnit", "\\sisetup", "\\definecolor", "\\newcolumntype",
    "\\renewenvironment", "\\futurelet", "\\global", "\\usepackage", "\\includegraphics",
))  # fmt: skip
_BEFORE_ARGUMENTS = frozenset(("(", "[", "\\{", "\\left", "\\big", "\\Big", "\\bigl", "\\Bigl", "_", "^"))


def _group(_token: str, cursor: Cursor, context: Context) -> str:
    content = cursor.until("{")
    if len(content) == 1 and len(content[0]) == 1 and atom_of(content[0]) in ("bin", "rel", "punct"):
        # A sign alone in braces is an ordinary atom: no space around it, as in 1{,}000 or a{=}b.
        sign = {"-": "−", "*": "∗"}.get(content[0], content[0])
        return context.leaf(call("class", '"normal"', character(sign)))
    return "{" + rewrite(content, context) + "}"


def _sign(token: str, _cursor: Cursor, context: Context) -> str:
    return context.leaf(string(TEXT_SYMBOLS[token]))


def _probability(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\P(A)` is a probability, by the macro that papers define; alone it is the sign of a paragraph, as in LaTeX."""
    if cursor.look() in _BEFORE_ARGUMENTS:
        return "{\\mathbb{P}}"
    return _sign(token, cursor, context)


def _unread(char: str, _cursor: Cursor, context: Context) -> str:
    """A sign of Unicode that math-core does not read."""
    atom = "ord" if char == "⊤" else atom_of(char)
    name = {"bin": "binary", "rel": "relation", "open": "opening", "close": "closing"}.get(atom, "normal")
    return context.leaf(call("class", f'"{name}"', character(char)), atom)


def _unicode_sign(token: str, cursor: Cursor, context: Context) -> str:
    """A command for a character that math-core has no name for."""
    return _unread(SIGNS[token], cursor, context)


def _upright_greek(token: str, _cursor: Cursor, context: Context) -> str:
    r"""`\upalpha` and `\Upgamma` of the package upgreek."""
    return context.leaf(call("upright", character(_UPRIGHT_GREEK[token])))


def _character(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\char"2032`, `\char65`, `\unicode{x2032}`, `\symbol{65}`."""
    digits = "".join(cursor.argument(token)) if cursor.look() == "{" else ""
    while not digits.endswith(" ") and token == "\\char" and (cursor.peek() or " ") in '"0123456789ABCDEFabcdef':
        digits += cursor.next() or " "
    base = 16 if digits[:1] in ('"', "x", "U", "+") else 10
    try:
        char = chr(int(digits.lstrip('"xU+').strip(), base))
    except (ValueError, OverflowError):
        raise refuse("syntax", f"{token} takes the number of a character.") from None
    if ord(char) >= 0xE000 or not char.isprintable():
        raise refuse(f"uncovered:U+{ord(char):04X}", "the number of a character that cannot be drawn.")
    return context.leaf(string(char))


def _circled(token: str, cursor: Cursor, context: Context) -> str:
    return context.leaf(string(circled("".join(t for t in cursor.argument(token) if t not in ("{", "}")))))


def _environment(_token: str, cursor: Cursor, context: Context) -> str:
    name = cursor.word("\\begin")
    body = cursor.until("\\begin")
    ending = cursor.word("\\end")
    if ending != name:
        raise refuse("unbalanced", f"\\begin{{{name}}} ends with \\end{{{ending}}}.")
    return environment(name, body, context)


def _plain_environment(token: str, cursor: Cursor, context: Context) -> str:
    """The environments of plain TeX, which take their rows as an argument."""
    if token == "\\cases":
        return plain_cases(cursor.argument(token), context)
    names = {
        "\\eqalign": "aligned",
        "\\displaylines": "gathered",
        "\\eqalignno": "eqalignno",
        "\\leqalignno": "eqalignno",
    }
    return environment(names.get(token, token[1:]), cursor.argument(token), context)


def _substack(token: str, cursor: Cursor, context: Context) -> str:
    return environment("subarray", ["{", "c", "}", *cursor.argument(token)], context)


def _cancelto(token: str, cursor: Cursor, context: Context) -> str:
    target = formula_in(cursor.argument(token), context)
    return context.wrap(Wrap("lmcancelto(", f", {target or '#[]'})"), rewrite(cursor.argument(token), context))


def _escaped_apostrophe(token: str, cursor: Cursor, context: Context) -> str:
    r"""`f\'(x)`: an accent in text, which mathematics does not have; before a letter it is left to be refused."""
    following = cursor.peek() or " "
    if following == "{" or following.isalpha():
        raise refuse("syntax", f"{token} is an accent of text.")
    context.repairs.add("mended-primes")
    return "'"


def _escaped_minus(_token: str, _cursor: Cursor, context: Context) -> str:
    r"""`\-` is a place to hyphenate, which mathematics has no use for: Markdown escapes a minus so."""
    context.repairs.add("mended-markdown")
    return "-"


def _combined(mark: str, _cursor: Cursor, _context: Context) -> str:
    raise refuse("syntax", f"the combining character U+{ord(mark):04X} has no letter before it.")


def _tag(token: str, cursor: Cursor, context: Context) -> str:
    starred = cursor.take("*")
    text = text_to_typst(cursor.argument(token), context, formula_in)
    context.tags.append(f"#h(2em){text}" if starred else f'#h(2em)"("{text}")"')
    return ""


def _equation_number(_token: str, cursor: Cursor, context: Context) -> str:
    r"""Plain TeX's `\eqno(1)`: all that follows is the number."""
    context.tags.append(f"#h(2em){formula_in(cursor.rest(), context)}")
    return ""


def _dropped_argument(token: str, cursor: Cursor, _context: Context) -> str:
    cursor.take("*")
    cursor.optional()
    cursor.argument(token)
    return ""


def _without_a_row(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\noalign` and `\intertext` where no row ends: spaces are left out, words are not."""
    content = cursor.argument(token)
    if token == "\\noalign" and not any(char.isalpha() and len(char) == 1 for char in content if char not in "pt"):
        return ""
    raise refuse(f"unsupported:{token}", f"{token} stands where there are no rows.")


def _renewcommand(token: str, cursor: Cursor, context: Context) -> str:
    name = "".join(cursor.argument(token)).strip()
    if name not in ("\\arraystretch", "\\baselinestretch"):
        raise refuse(f"definition:{token}", f"{token} defines a command; definitions are not followed.")
    value = cursor.word(token)
    if name == "\\arraystretch":
        context.stretch = min(4.0, max(0.5, factor(value)))
    return ""


def _definition(token: str, _cursor: Cursor, _context: Context) -> str:
    raise refuse(f"definition:{token}", f"{token} defines or loads something; this is not followed.")


def _setlength(token: str, cursor: Cursor, _context: Context) -> str:
    cursor.argument(token), cursor.argument(token)
    return ""


def _line_end(token: str, cursor: Cursor, _context: Context) -> str:
    if cursor.look() is not None:
        raise refuse("misplaced-line-end", f"{token} stands where there is no row to end.")
    return ""


def _chemistry(token: str, cursor: Cursor, context: Context) -> str:
    latex = chemistry_to_latex(cursor.argument(token), token)
    return "{" + rewrite(tokenise(latex), context) + "}"


def _renamed(token: str, _cursor: Cursor, _context: Context) -> str:
    return RENAMED[token] + " "


def _silent(_token: str, _cursor: Cursor, _context: Context) -> str:
    return ""


def _smash(_token: str, cursor: Cursor, _context: Context) -> str:
    cursor.optional()
    return ""


def _unpaired(token: str, _cursor: Cursor, _context: Context) -> str:
    raise refuse("unbalanced", f"{token} has no partner in its group.")


_UPRIGHT_GREEK = {
    f"\\{'Up' if capital else 'up'}{name}": letter.upper() if capital else letter
    for name, letter in zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon "
        "phi chi psi omega varepsilon vartheta varpi varrho varsigma varphi".split(),
        "αβγδϵζηθικλμνξοπρστυϕχψωεϑϖϱςφ",
        strict=True,
    )
    for capital in (False, True)
}


def _handlers() -> dict[str, Handler]:
    signs = [
        name
        for name in TEXT_SYMBOLS
        if name not in ("\\%", "\\$", "\\#", "\\&", "\\_", "\\{", "\\}", "\\lbrace", "\\rbrace")
    ]
    return {
        **dict.fromkeys(signs, _sign),
        **dict.fromkeys(SIGNS, _unicode_sign),
        **dict.fromkeys(UNREAD, _unread),
        **dict.fromkeys(COMBINING, _combined),
        **dict.fromkeys(_UPRIGHT_GREEK, _upright_greek),
        **dict.fromkeys(RENAMED, _renamed),
        **dict.fromkeys(SILENT, _silent),
        **MACRO_HANDLERS,
        **BOX_HANDLERS,
        **OPERATOR_HANDLERS,
        **FRACTION_HANDLERS,
        **DELIMITER_HANDLERS,
        **QUANTITY_HANDLERS,
        **PHYSICS_HANDLERS,
        **dict.fromkeys(_DEFINITIONS, _definition),
        **dict.fromkeys(("\\ce", "\\cee", "\\cf"), _chemistry),
        **dict.fromkeys(
            (
                "\\label",
                "\\vspace",
                "\\leftroot",
                "\\uproot",
                "\\pagecolor",
                "\\require",
                "\\cellcolor",
                "\\rowcolor",
                "\\columncolor",
                "\\raisetag",
                "\\skew",
            ),
            _dropped_argument,
        ),
        **dict.fromkeys(
            ("\\matrix", "\\pmatrix", "\\cases", "\\eqalign", "\\eqalignno", "\\leqalignno", "\\displaylines"),
            _plain_environment,
        ),
        **dict.fromkeys(("\\noalign", "\\intertext", "\\shortintertext"), _without_a_row),
        **dict.fromkeys(("\\eqno", "\\leqno"), _equation_number),
        **dict.fromkeys(("\\char", "\\unicode", "\\symbol"), _character),
        **dict.fromkeys(("\\textcircled", "\\circled"), _circled),
        **dict.fromkeys(("}", "\\end"), _unpaired),
        "\\'": _escaped_apostrophe,
        "\\-": _escaped_minus,
        "\\P": _probability,
        "{": _group,
        "\\begin": _environment,
        "\\substack": _substack,
        "\\cancelto": _cancelto,
        "\\smash": _smash,
        "\\tag": _tag,
        "\\renewcommand": _renewcommand,
        "\\setlength": _setlength,
        "\\\\": _line_end,
    }


HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType(_handlers())
