"""What scripts ask of a line: its direction, the region of its Chinese characters, and paper above and below.

Lines of text are 22 px apart, which Latin, Greek, Cyrillic, Hebrew and Chinese fill. Thai, Arabic with its vowel
signs, or Khmer would run into their neighbours, so words of these ask for more, and their lines stand further apart.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

__all__ = ["Room", "direction_is_rtl", "is_wide", "piled_marks", "region_of", "rooms_of", "unseen_row"]

Room = tuple[int, int]  # px above and below that a word needs beyond a line of 22 px, at a text size of 20 px

# Measured: the ink of syllables that stack as high and as low as the script does (Noto Sans at 20 px).
_SCRIPT_ROOMS: tuple[tuple[int, int, Room], ...] = (
    (0x0600, 0x06FF, (1, 3)),
    (0x0750, 0x077F, (2, 4)),
    (0x08A0, 0x08FF, (2, 4)),
    (0x0900, 0x097F, (2, 2)),
    (0x0980, 0x09FF, (2, 1)),
    (0x0A00, 0x0AFF, (2, 2)),
    (0x0B00, 0x0B7F, (2, 1)),
    (0x0B80, 0x0BFF, (1, 2)),
    (0x0C00, 0x0C7F, (2, 6)),
    (0x0C80, 0x0CFF, (1, 7)),
    (0x0D00, 0x0D7F, (1, 2)),
    (0x0D80, 0x0DFF, (2, 2)),
    (0x0E00, 0x0E7F, (3, 4)),
    (0x0E80, 0x0EFF, (5, 2)),
    (0x1000, 0x109F, (3, 7)),
    (0x1780, 0x17FF, (4, 11)),
    (0xFB50, 0xFDFF, (2, 4)),
    (0xFE70, 0xFEFE, (2, 4)),
)
_ARABIC_SIGNS = frozenset([*range(0x0610, 0x061B), *range(0x064B, 0x0660), 0x0670, *range(0x06D6, 0x06EE)])
_ARABIC_SIGNS_ROOM = (8, 4)
_MARK_HEIGHT = 5

# Only where one of these occurs is a line looked at word by word.
_TALL = re.compile(
    "[\u0300-\u036f\u01d5-\u01fb\u022a-\u0231\u0483-\u0489\u0600-\u0eff\u1000-\u109f\u1780-\u17ff\u1ab0-\u1aff"
    "\u1dc0-\u1dff\u1e00-\u1fff\u20d0-\u20ff\ufb50-\ufdff\ufe20-\ufe2f\ufe70-\ufefe]"
)
_WORDS = re.compile(r"\s*\S+\s*|\s+")
_ABOVE = frozenset((214, 228, 230, 232, 234))  # combining classes of marks that stand on top of one another
_BELOW = frozenset((202, 218, 220, 222, 233, 240))
# More marks on one letter than any orthography writes: they would run over the lines around it.
_PILED = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{5,}"
    "|[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd]{4,}"
    "|[\u0591-\u05c7]{7,}|[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0898-\u089f\u08ca-\u08ff]{6,}"
)
# No letter, no ASCII: where marks and unseen characters can stand in rows. Typst takes quadratic time for such a row.
_NO_LETTERS = re.compile(r"[^\w\s\x00-\x7f]{13,}")
_MOST_MARKS = 12  # Burmese writes eight on one letter
_MOST_UNSEEN = 64


def direction_is_rtl(text: str) -> bool:
    """Whether the first letter with a direction is of a script that is written from right to left.

    >>> direction_is_rtl("12. שלום, Anna"), direction_is_rtl("Anna: שלום")
    (True, False)
    """
    for char in text:
        if char.isalpha():
            return unicodedata.bidirectional(char) in ("R", "AL")
    return False


def region_of(text: str, default: str = "") -> str:
    """Whose forms of Chinese characters a text wants: "JP", "KR", "TC", "SC", or "" where it has none.

    Kana say Japanese and Hangul Korean, where they are more than a word or two among Chinese; else characters that
    only one of the two Chinese encodings has decide. `default` is what a text of Chinese characters alone takes.

    >>> [region_of(text) for text in ("直角です", "정수 x", "解方程", "解這個方程", "x = 1")]
    ['JP', 'KR', 'SC', 'TC', '']
    """
    if text.isascii():
        return ""
    counts = Counter(text)
    kana = sum(counts[char] for char in counts if "\u3041" <= char <= "\u30fa" or "\u31f0" <= char <= "\u31ff")
    hangul = sum(counts[char] for char in counts if "\uac00" <= char <= "\ud7af" or "\u3131" <= char <= "\u318e")
    han = {char: count for char, count in counts.items() if "\u4e00" <= char <= "\u9fff"}
    if 8 * max(kana, hangul) > sum(han.values()):
        return "JP" if kana >= hangul else "KR"
    if not han:
        return "SC" if any("\u2e80" <= char <= "\u303f" or "\uff01" <= char <= "\uffee" for char in counts) else ""
    if default:
        return default
    traditional = sum(count for char, count in han.items() if _only_traditional(char))
    return "TC" if 20 * traditional > sum(han.values()) else "SC"


@lru_cache(4096)
def _only_traditional(char: str) -> bool:
    return _encodes(char, "big5") and not _encodes(char, "gb2312")


def _encodes(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def is_wide(char: str) -> bool:
    """Whether a character takes two columns where columns count."""
    return char >= "\u1100" and unicodedata.east_asian_width(char) in "WF"


def rooms_of(text: str) -> Iterator[tuple[Room, str]]:
    """Stretches of a text with the room that each needs; their concatenation is the text.

    >>> list(rooms_of("See คำ now")), list(rooms_of("Ấn Độ"))
    ([((0, 0), 'See '), ((3, 4), 'คำ '), ((0, 0), 'now')], [((5, 0), 'Ấn '), ((0, 0), 'Độ')])
    """
    if text.isascii() or not _TALL.search(text):
        yield (0, 0), text
        return
    start, here = 0, 0
    reach: Room = (0, 0)
    for word in _WORDS.finditer(text):
        needed = _room(word.group())
        if needed != reach:
            if here > start:
                yield reach, text[start:here]
            start, reach = here, needed
        here = word.end()
    yield reach, text[start:]


def piled_marks(text: str) -> bool:
    """Whether a letter carries a pile of marks that no line has room for.

    >>> piled_marks("Ấn Độ, za\u0301mok"), piled_marks("Z" + "\u0351\u036b\u0343" * 4)
    (False, True)
    """
    return not text.isascii() and (_PILED.search(text) is not None or _longest_row(text, "M") > _MOST_MARKS)


def unseen_row(text: str) -> bool:
    """Whether many characters that show nothing stand in a row: nobody can read them, and few typesetters get past.

    >>> unseen_row("\u200f" + "שלום" + "\u200f"), unseen_row("\u061c" * 100)
    (False, True)
    """
    return not text.isascii() and _longest_row(text, "Cf") > _MOST_UNSEEN


def _longest_row(text: str, kind: str) -> int:
    """How many characters whose category begins with `kind` stand in a row; short rows count as none."""
    longest = 0
    for row in _NO_LETTERS.finditer(text):
        for same, chars in groupby(row.group(), lambda char: unicodedata.category(char).startswith(kind)):
            longest = max(longest, sum(1 for _ in chars) if same else 0)
    return longest


def _room(word: str) -> Room:
    if word.isascii():
        return (0, 0)
    up = down = 0
    for char in word:
        for first, last, (above, below) in _SCRIPT_ROOMS:
            if first <= ord(char) <= last:
                up, down = max(up, above), max(down, below)
                break
    if any(ord(char) in _ARABIC_SIGNS for char in word):
        up, down = max(up, _ARABIC_SIGNS_ROOM[0]), max(down, _ARABIC_SIGNS_ROOM[1])
    marks_up, marks_down = _marks(word)
    return max(up, marks_up), max(down, marks_down)


def _marks(word: str) -> Room:
    """Room for marks: on a small letter two fit above and one below, on a capital one above."""
    up = down = above = below = 0
    for char in unicodedata.normalize("NFD", word):
        side = unicodedata.combining(char)
        if side == 0:
            above, below = int(char.isupper() or char in "bdfhkltβδζθλξ"), 0
        above += side in _ABOVE
        below += side in _BELOW
        up, down = max(up, above - 2), max(down, below - 1)
    return _MARK_HEIGHT * up, _MARK_HEIGHT * down
