r"""Characters of a formula as it was found: eaten backslashes, control characters, spaces of other widths."""

import unicodedata

from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import FIRST_MARK

__all__ = ["repaired"]

_EATEN = {
    "\b": "b", "\f": "f", "\a": "a", "\v": "v", "\t": "t", "\r": "r", "\n": "n",
}  # fmt: skip
_CERTAIN = {
    "\b": ("ar", "egin", "eta", "inom", "mod", "oxed", "ot", "ullet", "ecause", "oldsymbol", "m", "f", "igcup",
           "igcap", "ackslash", "ig", "igg", "igl", "igr", "reve", "igstar", "igtriangleup"),
    "\f": ("rac", "orall", "rown", "lat", "box", "bar"),
    "\a": ("lpha", "ngle", "pprox", "rccos", "rcsin", "rctan", "st", "leph", "rg"),
    "\v": ("ec", "ee", "arphi", "arepsilon", "dots", "ert", "artheta", "arnothing"),
    "\t": ("ext", "extbf", "extit", "extrm", "imes", "heta", "frac", "riangle", "herefore", "ilde", "extstyle",
           "riangleq"),
    "\r": ("ight", "ightarrow", "angle", "floor", "ceil", "vert"),
    "\n": ("abla", "otin"),
}  # fmt: skip
_WIDE_SPACES = {"\u2009": "\\,", "\u202f": "\\,", "\u2003": "\\quad ", "\u3000": "\\quad "}


def repaired(tex: str, repairs: set[str]) -> str:
    r"""The formula with eaten backslashes put back and other control characters made spaces.

    What was put back is named in `repairs`. Raises FormulaError for characters that can be no part of a formula.

    >>> repaired("z\x08ar{z}", set()), repaired("a\x00b", set())
    ('z\\bar{z}', 'a b')
    """
    if tex.isascii() and tex.isprintable():
        return tex
    out: list[str] = []
    for position, char in enumerate(tex):
        if char in _CERTAIN and _word_after(tex, position) in _CERTAIN[char]:
            repairs.add("mended-eaten-backslashes")
            out.append("\\" + _EATEN[char])
        elif char in _WIDE_SPACES:
            out.append(_WIDE_SPACES[char])
        elif char == "\xa0" and _is_digit(tex, position - 1) and _is_digit(tex, position + 1):
            out.append("\\,")
        elif char.isprintable() or char == "\n":
            out.append(_printable(char))
        elif char.isspace() or unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp"):
            out.append("\n" if char == "\r" else " ")
        else:
            raise refuse(f"uncovered:U+{ord(char):04X}", f"U+{ord(char):04X} is not a character that can be drawn.")
    return "".join(out)


def _is_digit(tex: str, position: int) -> bool:
    return 0 <= position < len(tex) and tex[position].isdigit()


def _printable(char: str) -> str:
    if ord(char) >= FIRST_MARK:
        raise refuse(f"uncovered:U+{ord(char):04X}", "a character for private use cannot be drawn.")
    return char


def _word_after(tex: str, position: int) -> str:
    stop = position + 1
    while stop < len(tex) and stop < position + 16 and tex[stop].isascii() and tex[stop].isalpha():
        stop += 1
    return tex[position + 1 : stop]
