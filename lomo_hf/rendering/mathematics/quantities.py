r"""Numbers and quantities: siunitx (`\num`, `\SI`, `\qty`, `\ang`, ranges and lists; versions 2 and 3) and `\pu`.

A number that is not one, as in `\SI{x}{m}`, is set as the mathematics that it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import Context, Handler
from lomo_hf.rendering.mathematics.rewrite import rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor, source, tokenise
from lomo_hf.rendering.mathematics.units import is_angle, unit_to_latex

__all__ = ["QUANTITY_HANDLERS", "number_to_latex", "quantity"]

_DIGITS = frozenset("0123456789")
_COMPARATORS = {
    "<": "<", ">": ">", "\\le": "\\le ", "\\leq": "\\le ", "\\ge": "\\ge ", "\\geq": "\\ge ", "\\ll": "\\ll ",
    "\\gg": "\\gg ", "\\sim": "\\sim ", "\\approx": "\\approx ", "~": "",
}  # fmt: skip
_HARMLESS = frozenset((
    "detect-all", "detect-weight", "detect-family", "detect-mode", "mode", "per-mode", "number-unit-product",
    "inter-unit-product", "separate-uncertainty", "exponent-product", "group-separator", "group-digits",
    "group-minimum-digits", "output-decimal-marker", "parse-numbers", "range-units", "list-units", "sticky-per",
    "bracket-unit-denominator", "input-decimal-markers", "retain-explicit-plus", "retain-zero-exponent", "unit-color",
    "number-color", "color", "reset-text-family", "reset-text-series", "propagate-math-font", "unit-font-command",
    "fraction-command", "per-symbol", "product-units", "uncertainty-mode", "allow-number-unit-breaks", "text-rm",
    "math-rm", "separate-uncertainty-units", "input-ignore", "input-digits", "table-format",
))  # fmt: skip
_IN_NUMBERS = _DIGITS | set("+-.,() ")
_GROUP = 3


@dataclass(frozen=True, slots=True)
class _Number:
    """A number read from its source: texts of digits, empty where there are none."""

    comparator: str = ""
    sign: str = ""
    whole: str = ""
    mark: str = "."
    point: str = ""
    uncertain: str = ""
    plus_minus: str = ""
    exponent: str = ""


def number_to_latex(tokens: Sequence[str]) -> str:
    r"""LaTeX for the argument of `\num`; what is no number stays as it is.

    >>> number_to_latex(list("-12345.6e-3")), number_to_latex(list("1.2+-0.3")), number_to_latex(list("x"))
    ('{-}12\\,345.6\\times 10^{-3}', '1.2\\pm 0.3', 'x')
    """
    number = _parsed([token for token in tokens if token != " "])
    if number is None:
        parts = _parts(tokens, ("x", "\\times"))
        parsed = [_parsed([token for token in part if token != " "]) for part in parts]
        return source(tokens) if None in parsed else "\\times ".join(map(number_to_latex, parts))
    digits = f"{number.comparator}{f'{{{number.sign}}}' if number.sign else ''}{_grouped(number)}"
    if number.plus_minus:
        digits += f"\\pm {number.plus_minus}"
        digits = f"({digits})" if number.exponent else digits
    if number.exponent:
        digits += ("" if digits in ("", "{-}") else "\\times ") + f"10^{{{number.exponent}}}"
    return digits


def _parts(tokens: Sequence[str], separators: Sequence[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token in separators:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _parsed(tokens: Sequence[str]) -> _Number | None:
    cursor = Cursor(tokens)
    comparator = "".join(_COMPARATORS[cursor.next() or ""] for _ in range(2) if cursor.peek() in _COMPARATORS)
    sign = (cursor.next() or "") if cursor.peek() in ("+", "-", "−") else ""
    if cursor.peek() == "\\pm":
        cursor.next()
        sign = "\\pm"
    whole, mark, point = _decimal(cursor)
    uncertain = plus_minus = exponent = ""
    if cursor.peek() == "(":
        uncertain = "".join(cursor.tokens[cursor.position : cursor.position + 12]).partition(")")[0][1:]
        cursor.position += len(uncertain) + 2
        if not uncertain or not _DIGITS.union(".").issuperset(uncertain):
            return None
    elif cursor.peek() == "\\pm" or list(cursor.tokens[cursor.position : cursor.position + 2]) == ["+", "-"]:
        cursor.position += 1 if cursor.peek() == "\\pm" else 2
        plus_minus = "".join(_decimal(cursor))
        if plus_minus in ("", "."):
            return None
    if (cursor.peek() or "") in ("e", "E", "d", "D"):
        cursor.next()
        minus = "-" if cursor.peek() in ("-", "−") else ""
        cursor.next() if cursor.peek() in ("+", "-", "−") else None
        exponent = minus + _decimal(cursor)[0]
        if exponent in ("", "-"):
            return None
    if cursor.peek() is not None or not (whole or point or exponent):
        return None
    return _Number(comparator, sign, whole, mark, point, uncertain, plus_minus, exponent)


def _decimal(cursor: Cursor) -> tuple[str, str, str]:
    """Digits, a point or a comma, and digits."""
    whole = mark = point = ""
    while (token := cursor.peek()) is not None and (token in _DIGITS or (token in (".", ",") and not mark)):
        if token not in _DIGITS:
            mark = token
        elif mark:
            point += token
        else:
            whole += token
        cursor.next()
    return whole, mark if point else "", point


def _grouped(number: _Number) -> str:
    """Digits in groups of three, where there are five or more of them."""
    whole, point = number.whole, number.point
    if len(whole) > 4:
        first = len(whole) % _GROUP or _GROUP
        whole = "\\,".join([whole[:first], *(whole[i : i + _GROUP] for i in range(first, len(whole), _GROUP))])
    if len(point) > 4:
        point = "\\,".join(point[i : i + _GROUP] for i in range(0, len(point), _GROUP))
    uncertain = f"({number.uncertain})" if number.uncertain else ""
    mark = "{,}" if number.mark == "," else number.mark
    return (f"{whole or '0'}{mark}{point}" if point else whole) + uncertain


def quantity(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\SI{1}{m}` and `\qty{1}{m}`, with options before and, in version 2, a unit before the number."""
    per_mode = _options(token, cursor)
    number = cursor.argument(token)
    before = cursor.optional() if token == "\\SI" else None
    unit = cursor.argument(token)
    prefix = "" if before is None else unit_to_latex(before, per_mode) + "\\,"
    return _set(prefix + _with_unit(number_to_latex(number), unit, per_mode), context)


def _with_unit(number: str, unit: Sequence[str], per_mode: str) -> str:
    latex = unit_to_latex(unit, per_mode)
    return number + ("\\," if number and latex and not is_angle(unit) else "") + latex


def _set(latex: str, context: Context) -> str:
    return "{" + rewrite(tokenise(latex), context) + "}"


def _options(token: str, cursor: Cursor) -> str:
    """The mode of `\\per`; options that change digits are refused."""
    per_mode = "power"
    for option in "".join(cursor.optional() or ()).split(","):
        key, _, value = (part.strip() for part in option.partition("="))
        if key and key not in _HARMLESS:
            raise refuse(f"unsupported:{token}", f"the option {key[:20]!r} of {token} is not followed.")
        per_mode = value if key == "per-mode" else per_mode
    return per_mode


def _number(token: str, cursor: Cursor, context: Context) -> str:
    _options(token, cursor)
    return _set(number_to_latex(cursor.argument(token)), context)


def _unit(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\si{m}`, `\unit{m}`, and `\unit[5]{m}` of the package units, whose option is a value."""
    start = cursor.position
    value = cursor.optional()
    if value and "=" not in value:
        return _set(_with_unit(number_to_latex(value), cursor.argument(token), "power"), context)
    cursor.position = start
    per_mode = _options(token, cursor)
    return _set(unit_to_latex(cursor.argument(token), per_mode), context)


def _range(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\qtyrange{1}{2}{m}`: 1 m to 2 m."""
    per_mode = _options(token, cursor)
    ends = [number_to_latex(cursor.argument(token)) for _ in range(2)]
    unit = () if token in ("\\numrange",) else cursor.argument(token)
    return _set("\\text{ to }".join(_with_unit(end, unit, per_mode) for end in ends), context)


def _list(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\qtylist{1;2;3}{m}`: 1 m, 2 m and 3 m; `\qtyproduct{1 x 2}{m}`: 1 m × 2 m."""
    per_mode = _options(token, cursor)
    product = token.endswith("product")
    numbers = _parts(cursor.argument(token), ("x", "\\times") if product else (";",))
    unit = () if token.startswith("\\num") else cursor.argument(token)
    parts = [_with_unit(number_to_latex(number), unit, per_mode) for number in numbers]
    if product:
        return _set("\\times ".join(parts), context)
    *first, last = parts
    return _set("\\text{, }".join(first) + ("\\text{ and }" if first else "") + last, context)


def _angle(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\ang{30}`, and `\ang{30;15;20}` in degrees, minutes and seconds."""
    _options(token, cursor)
    parts = _parts(cursor.argument(token), (";",))
    if len(parts) > 3:
        raise refuse("syntax", "\\ang takes degrees, minutes and seconds.")
    signs = zip(parts, ("^{\\circ}", "'", "''"), strict=False)
    return _set("".join(number_to_latex(part) + sign for part, sign in signs if part), context)


def _physical_unit(token: str, cursor: Cursor, context: Context) -> str:
    r"""`\pu{1.2e3 kJ mol-1}` of mhchem: a number, and units whose powers follow them as digits."""
    tokens = list(cursor.argument(token))
    while tokens and tokens[0] == " ":
        del tokens[0]
    stop = tokens.index(" ") if " " in tokens else len(tokens)
    if not _is_number(tokens[:stop]):
        stop = next((place for place, sign in enumerate(tokens) if sign not in _IN_NUMBERS), len(tokens))
    return _set(_with_unit(number_to_latex(tokens[:stop]), _with_powers(tokens[stop:]), "power"), context)


def _is_number(tokens: Sequence[str]) -> bool:
    """A number, or a product such as `1.2*10^3`."""
    return _parsed(tokens) is not None or (bool(tokens) and tokens[0] in _DIGITS and "^" in tokens)


def _with_powers(tokens: Sequence[str]) -> list[str]:
    r"""`kJ mol-1` is `kJ.mol^{-1}`."""
    cursor = Cursor(tokens)
    powered: list[str] = []
    while (token := cursor.next()) is not None:
        signed = token == "-" and (cursor.peek() or "") in _DIGITS
        if (token in _DIGITS or signed) and powered and powered[-1].isalpha():
            digits = [token]
            while (cursor.peek() or " ") in _DIGITS:
                digits.append(cursor.next() or "")
            powered += ["^", "{", *digits, "}"]
        elif token == " ":
            if powered and cursor.look() not in (None, "/", ".", "*") and powered[-1] not in "/.*":
                powered.append(".")
        elif not (token == "/" and powered and powered[-1] == "/"):
            powered.append(token)
    return powered


QUANTITY_HANDLERS: Final[dict[str, Handler]] = {
    **dict.fromkeys(("\\num", "\\tablenum"), _number),
    **dict.fromkeys(("\\si", "\\unit"), _unit),
    **dict.fromkeys(("\\numrange", "\\SIrange", "\\qtyrange"), _range),
    **dict.fromkeys(("\\numlist", "\\SIlist", "\\qtylist", "\\numproduct", "\\qtyproduct"), _list),
    "\\SI": quantity,
    "\\ang": _angle,
    "\\pu": _physical_unit,
}
