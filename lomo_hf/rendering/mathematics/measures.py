"""Lengths and colours as LaTeX writes them."""

from lomo_hf.rendering.mathematics.limits import refuse

__all__ = ["colour", "factor", "is_dark", "is_length", "length", "width"]

# One em of the ten-point font that LaTeX documents are set in by default.
_UNITS = {
    "em": 1.0, "ex": 0.43, "mu": 1 / 18, "pt": 0.1, "bp": 0.1004, "px": 0.075, "mm": 0.28453, "cm": 2.8453,
    "in": 7.227, "pc": 1.2, "dd": 0.107, "cc": 1.284, "sp": 0.0,
}  # fmt: skip
_LARGEST = 40.0
_LINE = 34.5
_PAPER, _LIGHTEST, _DARK = 225.0, 150.0, 110.0  # of 255: grey as good as paper; grey of text; grey under black text
_COLOURS = {
    "red": "ff0000", "green": "00ff00", "blue": "0000ff", "cyan": "00aeef", "magenta": "ec008c", "yellow": "fff200",
    "black": "000000", "white": "ffffff", "gray": "808080", "grey": "808080", "darkgray": "404040",
    "lightgray": "bfbfbf", "brown": "bf8040", "lime": "bfff00", "olive": "808000", "orange": "ff8000",
    "pink": "ffbfbf", "purple": "bf0040", "teal": "008080", "violet": "800080", "maroon": "af3235",
    "navy": "000080", "gold": "ffd700", "crimson": "dc143c", "forestgreen": "009b55", "royalblue": "0071bc",
    "navyblue": "006eb8", "darkgreen": "006400", "darkblue": "00008b", "darkred": "8b0000", "cerulean": "00a2e3",
    "orangered": "ed135a", "red-orange": "f26035", "redorange": "f26035", "midnightblue": "006795", "indigo": "4b0082",
    "turquoise": "00b4ce", "salmon": "f69289", "plum": "92268f", "skyblue": "46c5dd", "limegreen": "8dc73e",
    "seagreen": "3fbc9d", "rawsienna": "974006", "brickred": "b6321c", "bittersweet": "c04f17", "dandelion": "fdbc42",
    "emerald": "00a99d", "periwinkle": "7977b8", "fuchsia": "8c368c", "steelblue": "4682b4", "tomato": "ff6347",
    "chocolate": "d2691e", "coral": "ff7f50", "aqua": "00ffff", "silver": "c0c0c0", "violetred": "ef58a0",
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
    """A factor such as that of `\\scalebox`.

    >>> factor("1.5")
    1.5
    """
    number = _number(text)
    if number is None:
        raise refuse("syntax", f"a number is wanted; found {text[:20]!r}.")
    return number


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


def width(text: str) -> float:
    r"""A width in em, which may be a part of the line that LaTeX documents have.

    >>> width("0.5\\textwidth"), width("2cm")
    (17.25, 5.6906)
    """
    words = text.replace(" ", "")
    for unit in ("\\linewidth", "\\textwidth", "\\columnwidth", "\\hsize"):
        if words.endswith(unit):
            part = _number(words.removesuffix(unit) or "1")
            if part is None:
                raise refuse("syntax", f"a width such as 2cm is wanted; found {text[:20]!r}.")
            return min(_LARGEST, max(0.0, part * _LINE))
    return length(text)


def colour(model: str, value: str, *, ground: bool = False) -> str:
    """A colour as six hexadecimal digits, from a name, a mixture of names or the models HTML, rgb, RGB and gray.

    A colour that could hardly be told from the paper is darkened, for pages are grey; one that could not is refused,
    unless it is a `ground`.

    >>> colour("", "red"), colour("rgb", "0,0.5,1"), colour("", "yellow"), colour("", "red!50!black")
    ('ff0000', '0080ff', 'afa600', '800000')
    """
    channels = _channels(model.strip(), value.strip())
    if not ground:
        if _grey(channels) >= _PAPER:
            raise refuse("invisible:colour", f"text of the colour {value[:20]!r} cannot be seen on white paper.")
        darker = min(1.0, _LIGHTEST / max(1.0, _grey(channels)))
        channels = [round(channel * darker) for channel in channels]
    return "".join(f"{channel:02x}" for channel in channels)


def is_dark(code: str) -> bool:
    """Whether black text cannot be read on a ground of this colour.

    >>> is_dark("000080"), is_dark("fff200")
    (True, False)
    """
    return _grey([int(code[i : i + 2], 16) for i in (0, 2, 4)]) < _DARK


def _grey(channels: list[int]) -> float:
    red, green, blue = channels
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _channels(model: str, value: str) -> list[int]:
    if not model and "!" in value:
        return _mixed(value)
    if model == "" and value.lower() in _COLOURS:
        value, model = _COLOURS[value.lower()], "HTML"
    if (model == "HTML" or (model == "" and value.startswith("#"))) and _is_hex(value.lstrip("#")):
        return [int(value.lstrip("#")[i : i + 2], 16) for i in (0, 2, 4)]
    parts = [_number(part) for part in value.split(",")]
    scale = {"rgb": 255.0, "RGB": 1.0, "gray": 255.0}.get(model)
    if scale is None or None in parts or len(parts) not in (1, 3):
        raise refuse("unknown-colour", f"the colour {value[:20]!r} is not known.")
    return [min(255, max(0, round((part or 0.0) * scale))) for part in (parts * 3)[:3]]


def _mixed(value: str) -> list[int]:
    """`red!50!black`, or `red!50` with white."""
    names = value.split("!")
    mixed = [float(channel) for channel in _channels("", names[0])]
    for share, other in zip(names[1:4:2], [*names[2:5:2], "white"], strict=False):
        part = _number(share)
        if part is None or not 0 <= part <= 100:
            raise refuse("unknown-colour", f"the colour {value[:20]!r} is not known.")
        mixed = [a * part / 100 + b * (1 - part / 100) for a, b in zip(mixed, _channels("", other), strict=True)]
    return [round(channel) for channel in mixed]


def _is_hex(text: str) -> bool:
    return len(text) == 6 and all(char in "0123456789abcdefABCDEF" for char in text)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1000 else None
