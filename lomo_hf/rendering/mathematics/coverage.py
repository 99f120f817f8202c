"""Which characters the mathematical font has, known before anything is typeset: a formula is refused, never boxed.

The ranges in `_coverage_data` come out of the fonts inside the typst wheel. To make them anew after an update:

    python -m lomo_hf.rendering.mathematics.make_coverage
"""

from bisect import bisect_right
from functools import cache

from lomo_hf.rendering.fonts import first_uncovered
from lomo_hf.rendering.mathematics._coverage_data import MATHEMATICS, TEXT
from lomo_hf.rendering.mathematics.limits import refuse

__all__ = ["check_body", "check_text", "in_mathematics", "is_mathematics"]

_VARIATION = "\ufe00\ufe01"
_INVISIBLE = frozenset(range(0x200B, 0x2010)) | {0xAD, 0x2060, 0xFEFF}


def in_mathematics(char: str) -> bool:
    """Whether New Computer Modern Math has a glyph for a character.

    >>> in_mathematics("∮"), in_mathematics("中")
    (True, False)
    """
    return bisect_right(_bounds(MATHEMATICS), ord(char)) % 2 == 1


def check_body(body: str) -> None:
    """Refuse a body with a character that neither the mathematical font nor a family of text can show."""
    _check(_characters(body), MATHEMATICS)


def is_mathematics(body: str) -> bool:
    r"""Whether New Computer Modern Math has a glyph for every character of a body.

    >>> is_mathematics(r"accent(\α, \u{302})"), is_mathematics('attach(x, b: "中")')
    (True, False)
    """
    characters = _characters(body)
    return characters.isascii() or all(map(in_mathematics, set(characters)))


def _characters(body: str) -> str:
    """A body with the characters that are written by their numbers."""
    escapes = body.replace("\\\\", "").split("\\u{")  # a backslash that is meant itself is written twice
    numbers = [part.partition("}")[0] for part in escapes[1:]]
    return body + "".join([chr(int(number, 16)) for number in numbers])


def check_text(text: str, style: str) -> None:
    """Refuse styled text with a character that no font of that style, nor a family of text, can show."""
    if not text.isascii():
        _check(text, "" if style in ("mono", "sans") else TEXT)


def _check(text: str, ranges: str) -> None:
    bounds = _bounds(ranges)
    for char in text:
        if char.isascii() or bisect_right(bounds, ord(char)) % 2 or char in _VARIATION or ord(char) in _INVISIBLE:
            continue
        if first_uncovered(char) is not None:
            raise refuse(f"uncovered:U+{ord(char):04X}", f"no font has a glyph for U+{ord(char):04X}.")


@cache
def _bounds(ranges: str) -> list[int]:
    """Where covered ranges begin and end, ascending: a code point is covered after an odd number of bounds."""
    bounds: list[int] = []
    position = 0
    for word in ranges.split():
        gap, length = (int(part, 36) for part in word.split("."))
        bounds += [position + gap, position + gap + length]
        position += gap + length
    return bounds
