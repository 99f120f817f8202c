r"""Fractions and roots."""

from typing import Final

from lomo_hf.rendering.mathematics.delimiters import delimiter, escaped
from lomo_hf.rendering.mathematics.marks import Context, Handler, Wrap
from lomo_hf.rendering.mathematics.measures import length
from lomo_hf.rendering.mathematics.rewrite import formula_in, rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor

__all__ = ["FRACTION_HANDLERS"]


def _root(_token: str, cursor: Cursor, context: Context) -> str:
    degree = cursor.optional()
    return "\\sqrt " if degree is None else f"\\sqrt[{{{rewrite(degree, context)}}}]"


def _plain_root(token: str, cursor: Cursor, context: Context) -> str:
    r"""Plain TeX's `\root n \of x`."""
    degree = cursor.before("\\of", token)
    return f"\\sqrt[{{{rewrite(degree, context)}}}]{{{rewrite(cursor.argument(token), context)}}}"


def _sign_root(token: str, cursor: Cursor, context: Context) -> str:
    r"""`√{2}` is a root over a group; `√2` is the sign, and what follows it."""
    if cursor.peek() != "{":
        return context.leaf("lmsurd" if token == "√" else f'class("normal", lr(\\{token}, size: #1em))')
    degree = {"∛": "[3]", "∜": "[4]"}.get(token, "")
    return f"\\sqrt{degree}{{{rewrite(cursor.argument(token), context)}}}"


def _general_fraction(token: str, cursor: Cursor, context: Context) -> str:
    left, right = (delimiter(token, Cursor(list(cursor.argument(token)) or ["."])) for _ in range(2))
    thickness, style = cursor.word(token), cursor.word(token)
    above, below = (rewrite(cursor.argument(token), context) for _ in range(2))
    flat = thickness != "" and length(thickness) == 0
    opening = {"": "", "0": "\\displaystyle ", "1": "\\textstyle ", "2": "\\scriptstyle "}.get(
        style, "\\scriptscriptstyle "
    )
    fraction = f"{{{above}\\atop {below}}}" if flat else f"\\frac{{{above}}}{{{below}}}"
    if not left and not right:
        return f"{{{opening}{fraction}}}"
    return context.wrap(Wrap(f"lmlr({escaped(left)} ", f" {escaped(right)})"), opening + fraction)


def _slanted(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\nicefrac{a}{b}`, `\sfrac{a}{b}`, and with a value before it `\unitfrac[3]{m}{s}`."""
    before = cursor.optional()
    above, below = (cursor.argument(token) for _ in range(2))
    value = ""
    if token == "\\unitfrac":
        above, below = (["\\mathrm", "{", *part, "}"] for part in (above, below))
        value = f"{{{rewrite(before, context)}}}\\," if before is not None else ""
    pieces = (formula_in(part, context) or "#[]" for part in (above, below))
    return value + context.leaf(f"lmslanted({', '.join(pieces)})")


def _units(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\units[3]{m}`: a value, and its unit upright."""
    value = cursor.optional()
    unit = rewrite(["\\mathrm", "{", *cursor.argument(token), "}"], context)
    return unit if value is None else f"{{{rewrite(value, context)}}}\\,{unit}"


def _continued(token: str, cursor: Cursor, _context: Context) -> str:
    cursor.optional()
    return f"{token} "


FRACTION_HANDLERS: Final[dict[str, Handler]] = {
    **dict.fromkeys(("\\nicefrac", "\\sfrac", "\\unitfrac"), _slanted),
    **dict.fromkeys("√∛∜", _sign_root),
    "\\units": _units,
    "\\sqrt": _root,
    "\\root": _plain_root,
    "\\genfrac": _general_fraction,
    "\\cfrac": _continued,
}
