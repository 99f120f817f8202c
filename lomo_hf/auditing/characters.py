"""How far a text that was read is from the one that was written: the character error rate. And what is prose."""

import unicodedata
from collections.abc import Sequence
from typing import Final

from lomo_hf.spans import Atom

__all__ = ["edit_distance", "error_rate", "is_prose", "plain"]

# Of every hundred characters of prose that are not space, at most three are other than letters, digits and these.
_PROSE_MARKS: Final = frozenset(".,;:!?'\"()-–—‘’“”…%、。，；：？！（）《》「」·")
_MAX_OTHER: Final = 0.03


def plain(text: str) -> str:
    """A text as it is compared: NFKC, lower case, no white space.

    >>> plain("Ａ b\\nC")
    'abc'
    """
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def error_rate(read: str, written: str) -> float:
    """Levenshtein distance of the plain texts over the length of what was written, at most 1.

    Args:
        read: What a reader saw on a page.
        written: What the page says.

    Returns:
        From 0 to 1, letters compared without case and white space; 0 where nothing was written.

    Example:
        >>> error_rate("Th is", "this"), error_rate("thus", "this"), error_rate("", "this")
        (0.0, 0.25, 1.0)
    """
    wanted = plain(written)
    if not wanted:
        return 0.0
    return min(edit_distance(plain(read), wanted) / len(wanted), 1.0)


def edit_distance(left: str, right: str) -> int:
    """Levenshtein distance, by Myers' bit vectors (Hyyro's form): a column of the table is one whole number.

    A page of 15,000 characters against another takes about half a second.

    Args:
        left, right: Any texts.

    Returns:
        How many characters have to be inserted, removed or replaced to make one of the other.

    Example:
        >>> edit_distance("kitten", "sitting"), edit_distance("", "abc")
        (3, 3)
    """
    if not left or not right:
        return len(left) + len(right)
    full, last = (1 << len(left)) - 1, 1 << (len(left) - 1)
    places: dict[str, int] = {}
    for index, char in enumerate(left):
        places[char] = places.get(char, 0) | 1 << index
    rises, falls, distance = full, 0, len(left)
    for char in right:
        match = places.get(char, 0)
        diagonal = (((match & rises) + rises) ^ rises) | match | falls
        up = falls | (full & ~(diagonal | rises))
        down = rises & diagonal
        distance += bool(up & last) - bool(down & last)
        up = (up << 1 | 1) & full
        down = (down << 1) & full
        rises = down | (full & ~(diagonal | up))
        falls = up & diagonal
    return distance


def is_prose(text: str, atoms: Sequence[Atom]) -> bool:
    """Whether a span is words and nothing else: no formula, no code, no table, hardly a symbol.

    >>> is_prose("Who sat there? Anna did, on 3 May.", ()), is_prose("x = y^2 + 1", ()), is_prose("    return 1", ())
    (True, False, False)
    """
    inked = [char for char in text if not char.isspace()]
    if atoms or not any(map(str.isalpha, inked)):
        return False
    if any(line.startswith(("    ", "\t", "|")) for line in text.split("\n")):
        return False
    other = sum(not (char.isalnum() or char in _PROSE_MARKS or unicodedata.category(char)[0] == "M") for char in inked)
    return other <= _MAX_OTHER * len(inked)
