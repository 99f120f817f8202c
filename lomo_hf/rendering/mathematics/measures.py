"""Lengths and colours as LaTeX writes them."""

from lomo_hf.rendering.mathematics.limits import refuse

__all__ = ["colour", "factor", "is_length", "length"]

# One em of the ten-point font that LaTeX documents are set in by default.
_UNITS = {
    "em": 1.0, "ex": 0.43, "mu": 1 / 18, "pt": 0.1, "bp": 0.1004, "px": 0.075, "mm": 0.28453, "cm": 2.8453,
    "in": 7.227, "pc": 1.2, "dd": 0.107, "cc": 1.284, "sp": 0.0,
}  # fmt: skip
_LARGEST = 40.0
_COLOURS = {
    "red": "ff0000", "green": "00ff00", "blue": "0000ff", "cyan": "00aeef", "magenta": "ec008c", "yellow": "fff200",
    "black": "000000", "white": "ffffff", "gray": "808080", "grey": "808080", "darkgray": "404040",
    "lightgray": "bfbfbf", "brown": "bf8040", "lime": "bfff00", "olive": "808000", "orange": "ff8000",
    "pink": "ffbfbf", "purple": "bf0040", "teal": "008080", "violet": "800080", "maroon": "af3235",
    "navy": "000080", "gold": "ffd700", "crimson": "dc143c",
}  # fmt: skip


def length(text: str) -> float:
    """A length in em.

    >>> length("1cm"), length("-2mu"), length(" .5em plus 1fil")
    (2.8453, -0.1111111111111111, 0.5)
    """
    words = text.split(" plus")[0].split("plus")[0].split("minus")[0].replace(" ", "")
    for unit in ("\\linewidth", "\\textwidth", "\\columnwidth", "\\fill"):
        if words.endswith(unit):
            return 2.0
    try:
        size = float(words[:-2]) * _UNITS[words[-2:]]
    except (ValueError, KeyError):
        raise refuse("syntax", f"a length such as 1em or 3pt is wanted; found {text[:20]!r}.") from None
    if not -_LARGEST <= size <= _LARGEST:
        raise refuse("too-long", f"a space of {text[:20]!r} is larger than a page.")
    return size


def factor(text: str) -> float:
    """A factor such as that of `\\arraystretch`, kept between a half and four.

    >>> factor("1.5"), factor("100")
    (1.5, 4.0)
    """
    number = _number(text)
    if number is None:
        raise refuse("syntax", f"a number is wanted; found {text[:20]!r}.")
    return min(4.0, max(0.5, number))


def is_length(text: str) -> bool:
    """Whether a text is a length.

    >>> is_length("2pt"), is_length("0,1")
    (True, False)
    """
    words = text.replace(" ", "")
    try:
        return words[-2:] in _UNITS and abs(float(words[:-2])) < 1000
    except ValueError:
        return False


def colour(model: str, value: str) -> str:
    """A colour as six hexadecimal digits, from a name or from the models HTML, rgb, RGB and gray.

    >>> colour("", "red"), colour("rgb", "0,0.5,1")
    ('ff0000', '0080ff')
    """
    model, value = model.strip(), value.strip()
    if model == "" and value.lower() in _COLOURS:
        return _COLOURS[value.lower()]
    if (model == "HTML" or (model == "" and value.startswith("#"))) and _is_hex(value.lstrip("#")):
        return value.lstrip("#").lower()
    parts = [_number(part) for part in value.split(",")]
    scale = {"rgb": 255.0, "RGB": 1.0, "gray": 255.0}.get(model)
    if scale is None or None in parts or len(parts) not in (1, 3):
        raise refuse("unknown-colour", f"the colour {value[:20]!r} is not known.")
    numbers = [min(255, max(0, round((part or 0.0) * scale))) for part in parts]
    return "".join(f"{number:02x}" for number in (numbers * 3)[:3])


def _is_hex(text: str) -> bool:
    return len(text) == 6 and all(char in "0123456789abcdefABCDEF" for char in text)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1000 else None
