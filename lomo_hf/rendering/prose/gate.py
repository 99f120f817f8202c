"""Which lines are plain prose, and where such a line may be broken for certain. When in doubt, Typst sets the page.

A character qualifies if it stands on the list below and the Latin font has a glyph for it. Of the places where
Unicode (UAX #14) lets a line be broken only those are used that are plain; a page on which another could decide where
a line ends is not set here. No rule looks at anything but the text.
"""

import re
from functools import lru_cache
from itertools import permutations

__all__ = ["breaks_after_space", "is_code", "is_prose", "parts_of"]

# Letters that need no shaping, and the punctuation and signs that go with them. No tab, no mark, no joiner, no space
# but the common one.
_LATIN = (
    "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f\u01a0\u01a1\u01af\u01b0\u0218-\u021b\u1e9e\u1ea0-\u1ef9"
)
_GREEK = "\u0386\u0388-\u03ce"
_CYRILLIC = "\u0400-\u0481\u048a-\u04ff"
_LETTERS = _LATIN + _GREEK + _CYRILLIC
_SIGNS = (
    "\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2010\u2012-\u2014\u2018-\u201e\u2020-\u2022\u2026"
    "\u2030\u2032\u2033\u2039\u203a\u2070\u2074-\u208e\u20ac\u2116\u2122\u2150-\u215e\u2190-\u2193\u2212\u2248\u2260\u2264\u2265"
)
_LISTED = re.compile(f"[ -~{_LETTERS}{_SIGNS}]*")
_DRAWN = re.compile(f"[ -~{_LETTERS}{_SIGNS}\u2500-\u259f\u2794\u279c-\u279f]*")
# Typst shapes scripts apart, and a sign with the script before it: in `x "Ж` neither is kerned with the letter behind.
_SCRIPTS = (_LATIN, _GREEK, _CYRILLIC)
_MIXED = re.compile(
    "|".join(f"[{first}](?:[^{_LETTERS}]*[^ {_LETTERS}])?[{second}]" for first, second in permutations(_SCRIPTS, 2))
)
_LONGEST = 30  # characters; markup gives longer words places to break that no reader sees
_LONG = re.compile(f"[^ ]{{{_LONGEST + 1},}}")

_OPENING = "(\\[{\u00a1\u00bf\u2018\u201a\u201c\u201e\u00ab\u2039"
_CLOSING = ")\\]}.,;:!?/%\u2019\u201d\u00bb\u203a\u2026\u2030"
_WORD = f"[0-9{_LETTERS}]+"
# Words that hold no place to break, in their order: opening signs, letters with single signs within, closing signs.
_OPENED = "[\"'(\\[\u2018\u201c]*[$\u20ac\u00a3]?"
_CLOSED = "%?[\"'\u2019\u201d.,;:!?)\\]\u2026]*"
_WHOLE = re.compile(f"-?[0-9]+(?:[.,:][0-9]+)*%?[.,;:!?)]*|{_OPENED}{_WORD}(?:['\u2019.,:_&@]{_WORD})*{_CLOSED}")
# Between letters a line may be broken behind a hyphen, a slash or an en dash, and on both sides of an em dash.
_BROKEN = re.compile(
    f"(?<=[0-9{_LETTERS}]-)(?=[{_LETTERS}])|(?<=[{_LETTERS}][/\u2013])(?=[{_LETTERS}])"
    f"|(?<=[{_LETTERS}])(?=\u2014)|(?<=\u2014)(?=[{_LETTERS}])"
)


def is_code(text: str, covered: frozenset[int]) -> bool:
    """As text, but that no character is shaped, and that lines and blocks drawn with characters are listed too."""
    printable = text.isascii() and text.isprintable()
    return printable or (_DRAWN.fullmatch(text) is not None and covered.issuperset(map(ord, set(text))))


def is_prose(text: str, covered: frozenset[int]) -> bool:
    """Whether a line is text of listed characters, each among the code points that the font has."""
    if _LISTED.fullmatch(text) is None or _LONG.search(text):
        return False
    return text.isascii() or (covered.issuperset(map(ord, set(text))) and _MIXED.search(text) is None)


def breaks_after_space(before: str, after: str) -> bool:
    """Whether the spaces between two words are a place to break for certain.

    >>> breaks_after_space("word", "(next"), breaks_after_space("(", "next"), breaks_after_space("Why", "?")
    (True, False, False)
    """
    last, first = before[-1], after[0]
    if last in _OPENING or first in _CLOSING or last == first == "\u2014":
        return False
    return not (last in "\"'\u2019\u201d\u00bb\u203a" and first in _OPENING)


@lru_cache(4096)
def parts_of(word: str) -> tuple[str, ...] | None:
    """A word cut where a line may be broken within it; None where that is not certain.

    >>> parts_of("well-known,"), parts_of("3.5"), parts_of("COVID-19"), parts_of("f(x)=y")
    (('well-', 'known,'), ('3.5',), None, None)
    """
    if len(word) == 1:
        return (word,)
    if len(word) > _LONGEST or "www." in word:  # Typst breaks addresses in a way of its own
        return None
    parts = tuple(_BROKEN.split(word))
    if all(part == "\u2014" or _WHOLE.fullmatch(part[:-1] if part[-1] in "-/\u2013" else part) for part in parts):
        return parts
    return None
