r"""`\ce{…}` of mhchem, as far as it can be done honestly: formulas, coefficients, charges, isotopes, arrows, states.

It rewrites to LaTeX that the rest of the package sets. What mhchem knows beyond this (bonds drawn with `\bond`, `#`
for triple bonds between letters, nested `\ce`, …) is refused by name.
"""

from collections.abc import Sequence
from itertools import pairwise

from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.scanner import Cursor, is_word

__all__ = ["chemistry_to_latex"]

_ARROWS = {
    "<=>": "\\xrightleftharpoons", "<-->": "\\xleftrightarrow", "<->": "\\xleftrightarrow", "->": "\\xrightarrow",
    "<-": "\\xleftarrow",
}  # fmt: skip
_PLAIN_ARROWS = {
    "<=>": "\\rightleftharpoons", "<-->": "\\longleftrightarrow", "<->": "\\leftrightarrow", "->": "\\longrightarrow",
    "<-": "\\longleftarrow",
}  # fmt: skip
_DIGITS = frozenset("0123456789")
_AFTER_SUBSCRIPT = frozenset(")]}")


def chemistry_to_latex(tokens: Sequence[str], command: str) -> str:
    r"""LaTeX for the content of `\ce{…}`.

    Raises FormulaError for what this converter does not know.

    >>> chemistry_to_latex(list("2H2O"), "\\ce")
    '2\\,\\mathrm{H}_{2}\\mathrm{O}'
    >>> chemistry_to_latex(list("SO4^2-"), "\\ce")
    '\\mathrm{SO}_{4}^{2-}'
    """
    out: list[str] = []
    cursor = Cursor(tokens)
    last = "start"
    while (token := cursor.peek()) is not None:
        last = _step(token, cursor, out, last, command)
    return "".join(out)


def _step(token: str, cursor: Cursor, out: list[str], last: str, command: str) -> str:
    arrow = next(
        (a for a in _ARROWS if list(cursor.tokens[cursor.position : cursor.position + len(a)]) == list(a)), None
    )
    if arrow and (len(arrow) > 2 or last in ("space", "start")):
        cursor.position += len(arrow)
        _arrow(arrow, cursor, out)
        return "space"
    cursor.next()
    if token == " ":
        return "space"
    if token in _DIGITS:
        return _digits(token, cursor, out, last)
    if token.isalpha() and token.isascii() and len(token) == 1:
        return _element(token, cursor, out, last)
    if token in ("^", "_"):
        return _script(token, cursor, out, last)
    if token in "()[]" and len(token) == 1:
        out.append(token)
        return "atom" if token in _AFTER_SUBSCRIPT else "open"
    if token in ("+", "-", "="):
        return _sign(token, cursor, out, last)
    if token in (".", "*", "\\cdot"):
        out.append("\\cdot ")
        return "start"
    if token == "$":
        return _mathematics(cursor, out)
    if token in (",", "/", ":", ";"):
        out.append(token)
        return "start"
    if token == "{":
        out.append("{" + chemistry_to_latex(cursor.until("{"), command) + "}")
        return "atom"
    if token in ("\\uparrow", "\\downarrow", "\\Delta", "\\alpha", "\\beta", "\\gamma", "\\delta", "\\pi", "\\sigma"):
        out.append(token + " ")
        return "atom"
    raise refuse(f"unsupported:{command}", f"{token[:20]!r} in {command} is not set.")


def _arrow(arrow: str, cursor: Cursor, out: list[str]) -> None:
    above = _condition(cursor)
    below = _condition(cursor)
    if above is None:
        out.append(_PLAIN_ARROWS[arrow] + " ")
    else:
        out.append(f"{_ARROWS[arrow]}{f'[{{{below}}}]' if below is not None else ''}{{{above}}}")


def _condition(cursor: Cursor) -> str | None:
    """What stands over or under an arrow: a formula, or words."""
    if cursor.peek() != "[":
        return None
    inside = list(cursor.optional() or ())
    if any(is_word(token) or token in ("$", "^", "_", "{") for token in inside):
        return chemistry_to_latex(inside, "\\ce")
    text = "".join(inside)
    return chemistry_to_latex(inside, "\\ce") if _is_formula(text) else f"\\text{{{text}}}"


def _is_formula(text: str) -> bool:
    return bool(text) and text[0].isupper() and not any(a.islower() and b.islower() for a, b in pairwise(text))


def _digits(first: str, cursor: Cursor, out: list[str], last: str) -> str:
    number = first
    while (token := cursor.peek()) is not None and (token in _DIGITS or (token == "." and last != "atom")):
        number += token
        cursor.next()
    if last == "atom":
        out.append(f"_{{{number}}}")
        return "subscript"
    if cursor.peek() == "/" and last != "atom":
        cursor.next()
        below = ""
        while (token := cursor.peek()) is not None and token in _DIGITS:
            below += token
            cursor.next()
        number = f"\\tfrac{{{number}}}{{{below or ' '}}}"
    out.append(number + "\\,")
    return "coefficient"


def _element(first: str, cursor: Cursor, out: list[str], last: str) -> str:
    word = first
    while (token := cursor.peek()) is not None and len(token) == 1 and token.isascii() and token.isalpha():
        word += token
        cursor.next()
    alone = last in ("space", "start") and cursor.peek() in (None, " ")
    if alone and word == "v":
        out.append("\\downarrow ")
    elif alone and len(word) == 1 and word.islower():
        out.append(word)
    else:
        out.append(f"\\mathrm{{{word}}}")
    return "atom"


def _script(token: str, cursor: Cursor, out: list[str], last: str) -> str:
    if last in ("space", "start", "coefficient") and token == "^" and cursor.peek() in (None, " "):
        out.append("\\uparrow ")
        return "atom"
    if last in ("space", "start", "coefficient", "open"):
        out.append("{}")
    if cursor.peek() == "{":
        cursor.next()
        inside = "".join(cursor.until("{"))
    else:
        inside = ""
        while (following := cursor.peek()) is not None and (following in _DIGITS or (following in "+-" and following)):
            inside += following
            cursor.next()
            if following in "+-":
                break
    if not inside or "\\" in inside or "$" in inside:
        raise refuse("unsupported:\\ce", "a script of \\ce holds more than a number and a sign.")
    letters = inside if all(char in _DIGITS or char in "+-" for char in inside) else f"\\mathrm{{{inside}}}"
    out.append(f"{token}{{{letters}}}")
    return "script" if last not in ("space", "start") else "prescript"


def _sign(token: str, cursor: Cursor, out: list[str], last: str) -> str:
    """A charge right after an atom and before a space or the end; otherwise a bond, or a plus between formulas."""
    following = cursor.peek()
    if token == "=":
        out.append("{=}" if last != "space" else "=")
        return "start"
    if last in ("atom", "subscript") and following in (None, " ", ")", "]", "}"):
        out.append(f"^{{{token}}}")
        return "script"
    if token == "-":
        if last == "space":
            raise refuse("unsupported:\\ce", "a minus between spaces in \\ce is not set.")
        out.append("\\text{–}")
        return "start"
    out.append("+")
    return "space"


def _mathematics(cursor: Cursor, out: list[str]) -> str:
    start = cursor.position
    while (token := cursor.next()) is not None:
        if token == "$":
            inside = cursor.tokens[start : cursor.position - 1]
            out.append("{" + "".join(item + " " if is_word(item) else item for item in inside) + "}")
            return "coefficient"
    raise refuse("unbalanced", "a formula inside \\ce is not closed.")
