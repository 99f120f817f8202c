r"""Units as siunitx writes them: `\kilo\gram\metre\squared\per\second`, `m.s^{-2}`, `\kWh`. LaTeX comes out.

What the documentation of siunitx 3 calls its defaults is followed: a power for `\per`, thin spaces between units.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.scanner import Cursor, is_word, source

__all__ = ["is_angle", "is_unit", "unit_to_latex"]

_PREFIXES = {
    "quecto": "q", "ronto": "r", "yocto": "y", "zepto": "z", "atto": "a", "femto": "f", "pico": "p", "nano": "n",
    "micro": "µ", "milli": "m", "centi": "c", "deci": "d", "deca": "da", "deka": "da", "hecto": "h", "kilo": "k",
    "mega": "M", "giga": "G", "tera": "T", "peta": "P", "exa": "E", "zetta": "Z", "yotta": "Y", "ronna": "R",
    "quetta": "Q", "kibi": "Ki", "mebi": "Mi", "gibi": "Gi", "tebi": "Ti", "pebi": "Pi", "exbi": "Ei",
}  # fmt: skip
_NAMES = {
    "kilogram": "kg", "metre": "m", "meter": "m", "mole": "mol", "second": "s", "ampere": "A", "kelvin": "K",
    "candela": "cd", "gram": "g", "becquerel": "Bq", "degreeCelsius": "°C", "celsius": "°C", "coulomb": "C",
    "farad": "F", "gray": "Gy", "hertz": "Hz", "henry": "H", "joule": "J", "katal": "kat", "lumen": "lm", "lux": "lx",
    "newton": "N", "ohm": "Ω", "pascal": "Pa", "radian": "rad", "siemens": "S", "sievert": "Sv", "steradian": "sr",
    "tesla": "T", "volt": "V", "watt": "W", "weber": "Wb", "astronomicalunit": "au", "bel": "B", "decibel": "dB",
    "dalton": "Da", "day": "d", "electronvolt": "eV", "hectare": "ha", "hour": "h", "litre": "L", "liter": "L",
    "minute": "min", "neper": "Np", "tonne": "t", "angstrom": "Å", "bar": "bar", "barn": "b", "knot": "kn",
    "mmHg": "mmHg", "nauticalmile": "M", "atomicmassunit": "u", "are": "a", "bit": "bit", "byte": "B", "curie": "Ci",
    "gal": "Gal", "rad": "rad", "rem": "rem", "roentgen": "R", "clight": "c", "elementarycharge": "e",
    "fahrenheit": "°F", "degF": "°F", "degC": "°C", "calorie": "cal", "cal": "cal", "atm": "atm",
    "inch": "in", "foot": "ft", "mile": "mi", "yard": "yd", "pound": "lb", "ounce": "oz", "torr": "Torr", "rpm": "rpm",
    "molar": "M", "Molar": "M", "gauss": "G", "dyne": "dyn", "erg": "erg", "poise": "P", "year": "yr", "week": "wk",
    "gon": "gon", "ppm": "ppm", "kWh": "kWh", "dB": "dB",
}  # fmt: skip
_ANGLES = {"degree": "°", "arcminute": "′", "arcsecond": "″", "arcmin": "′", "arcsec": "″"}
_SIGNS = {"percent": "%", "%": "%", "permille": "‰"}
_WRITTEN = {"°": "^{\\circ}", "′": "'", "″": "''", "%": "\\%", "‰": "‰"}
_SHORT = frozenset("A Hz mol V L l W J eV m K B F H C N Pa ohm s S T g Wb Bq Gy Sv bar".split())
_SHORT_PREFIXES = "qryzafpnumcdhkMGTPEZY"
_POWERS = {"squared": "2", "cubed": "3"}
_NEXT_POWERS = {"square": "2", "cubic": "3"}
_SEPARATORS = {".": "\\,", "~": "\\,", "\\,": "\\,", "\\cdot": "\\cdot ", "\\times": "\\times ", "*": "\\cdot "}
_PER_MODES = frozenset(("power", "reciprocal", "symbol", "repeated-symbol", "fraction", "symbol-or-fraction",
                        "power-positive-first"))  # fmt: skip


@dataclass(slots=True)
class _Factor:
    """One unit with its prefix, or a sign between units that was written out (`plain`)."""

    symbol: str
    power: str = ""
    divides: bool = False
    plain: bool = False
    of: str = ""


@dataclass(slots=True)
class _Reading:
    """What was read so far, and what the next unit takes."""

    factors: list[_Factor] = field(default_factory=list)
    prefix: str = ""
    power: str = ""
    divides: bool = False

    def add(self, symbol: str) -> None:
        self.factors.append(_Factor(self.prefix + symbol, self.power, self.divides))
        self.prefix, self.power, self.divides = "", "", False


def is_unit(command: str, *, short: bool = False) -> bool:
    r"""Whether a command is a unit or a prefix of siunitx; with `short`, an abbreviation such as `\nF` too.

    >>> is_unit("\\newton"), is_unit("\\nF"), is_unit("\\nF", short=True)
    (True, False, True)
    """
    name = command[1:]
    return name in _PREFIXES or name in _NAMES or name in _ANGLES or (short and bool(_symbol(name)))


def is_angle(tokens: Sequence[str]) -> bool:
    """Whether a unit begins with a sign that stands right after its number, as the degree."""
    first = Cursor(tokens).look() or ""
    return first[1:] in _ANGLES or first == "°"


def unit_to_latex(tokens: Sequence[str], per_mode: str = "power") -> str:
    r"""LaTeX for a unit.

    Args:
        tokens: The argument of `\si`, or the last of `\SI`.
        per_mode: What becomes of `\per`: a negative power, a slash ("symbol") or a fraction.

    Raises:
        FormulaError: The way of writing is none of siunitx.

    >>> from lomo_hf.rendering.mathematics.scanner import tokenise
    >>> unit_to_latex(tokenise(r"\metre\per\second\squared"))
    '\\mathrm{m}\\,\\mathrm{s}^{-2}'
    """
    if per_mode not in _PER_MODES:
        raise refuse("unsupported:per-mode", f"per-mode={per_mode[:20]!r} is not a way of writing units.")
    reading = _Reading()
    cursor = Cursor(tokens)
    while (token := cursor.next()) is not None:
        _read(token, cursor, reading)
    if reading.prefix:
        reading.add("")
    return _written(reading.factors, per_mode)


def _read(token: str, cursor: Cursor, reading: _Reading) -> None:
    name = token[1:] if is_word(token) or token == "\\%" else ""
    last = reading.factors[-1] if reading.factors else None
    if name in _PREFIXES:
        reading.prefix += _PREFIXES[name]
    elif name == "per":
        reading.divides = True
    elif name in _POWERS and last:
        last.power = _POWERS[name]
    elif name in _NEXT_POWERS:
        reading.power = _NEXT_POWERS[name]
    elif name == "tothe" and last:
        last.power = source(cursor.argument(token))
    elif name == "raiseto":
        reading.power = source(cursor.argument(token))
    elif name == "of" and last:
        last.of = source(cursor.argument(token))
    elif name in ("highlight", "cancel"):
        cursor.argument(token)
    elif symbol := _symbol(name):
        reading.add(symbol)
    else:
        _read_literal(token, cursor, reading, last)


def _symbol(name: str) -> str:
    """The symbol of a unit by its name, or by an abbreviation such as `kHz`."""
    known = _NAMES.get(name) or _ANGLES.get(name) or _SIGNS.get(name)
    if known:
        return known
    prefix, rest = (name[:1], name[1:]) if name[1:] in _SHORT and name[:1] in _SHORT_PREFIXES else ("", name)
    return prefix.replace("u", "µ") + {"ohm": "Ω", "l": "L"}.get(rest, rest) if rest in _SHORT else ""


def _read_literal(token: str, cursor: Cursor, reading: _Reading, last: _Factor | None) -> None:
    """Units as they are written: letters, powers, dots between them, a slash."""
    if token in _SEPARATORS:
        reading.factors.append(_Factor(_SEPARATORS[token], plain=True))
    elif token in ("^", "_"):
        script = source(cursor.argument(token))
        if last is None or last.plain:
            reading.factors.append(_Factor(f"{token}{{{script}}}", plain=True))
        elif token == "^":
            last.power = script
        else:
            last.of = script
    elif len(token) == 1 and token.isalpha():
        letters = token
        while (following := cursor.peek()) is not None and len(following) == 1 and following.isalpha():
            letters += following
            cursor.next()
        reading.add(letters)
    elif token in _WRITTEN:
        reading.add(token)
    elif token != " ":
        inside = [token] if token != "{" else ["{", *cursor.until("{"), "}"]
        while is_word(token) and cursor.peek() == "{":
            inside += ["{", *cursor.argument(token), "}"]
        reading.factors.append(_Factor(source(inside), plain=True))


def _written(factors: Sequence[_Factor], per_mode: str) -> str:
    below = [factor for factor in factors if factor.divides]
    above = [factor for factor in factors if not factor.divides]
    if not below or per_mode in ("power", "reciprocal"):
        return _product(factors)
    if per_mode == "power-positive-first":
        return _product([*above, *below])
    for factor in below:
        factor.divides = False
    upper, lower = _product(above) or "1", _product(below)
    if per_mode == "fraction":
        return f"\\frac{{{upper}}}{{{lower}}}"
    if per_mode == "repeated-symbol":
        return "/".join([upper, *(_product([factor]) for factor in below)])
    return f"{upper}/{f'({lower})' if len(below) > 1 else lower}"


def _product(factors: Sequence[_Factor]) -> str:
    out: list[str] = []
    for number, factor in enumerate(factors):
        if factor.plain:
            out.append(factor.symbol)
            continue
        if number and not factors[number - 1].plain:
            out.append("\\,")
        power = factor.power
        if factor.divides:
            power = power[1:] if power.startswith("-") else f"-{power or '1'}"
        of = f"_{{\\mathrm{{{factor.of}}}}}" if factor.of else ""
        out.append(f"{_upright(factor.symbol)}{of}{f'^{{{power}}}' if power else ''}")
    return "".join(out)


def _upright(symbol: str) -> str:
    if symbol in _WRITTEN:
        return _WRITTEN[symbol]
    return f"{{}}^{{\\circ}}\\mathrm{{{symbol[1:]}}}" if symbol[:1] == "°" else f"\\mathrm{{{symbol}}}"
