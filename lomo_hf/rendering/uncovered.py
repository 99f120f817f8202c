"""What cannot be shown on a page, and the short name that a row's reason gives it: a script, a kind of emoji, a mark.

Scripts are named by ranges that are written out here, since the names that Python knows change with its version, and
with them the reasons in stored rows would.
"""

import re
from bisect import bisect_right
from typing import Final

from lomo_hf.errors import UncoveredError
from lomo_hf.rendering.emoji import bad_sequence
from lomo_hf.rendering.fonts import INDISTINCT, first_uncovered
from lomo_hf.rendering.scripts import piled_marks, unseen_row

__all__ = ["check_text", "name_of_uncovered"]

# Those that no font here has, or has in part only; blocks of Unicode 16.
_BLOCKS: Final = (
    (0x0700, 0x074F, "syriac"), (0x0780, 0x07BF, "thaana"), (0x07C0, 0x07FF, "nko"), (0x0800, 0x083F, "samaritan"),
    (0x0840, 0x085F, "mandaic"), (0x0860, 0x086F, "syriac"), (0x0F00, 0x0FFF, "tibetan"), (0x13A0, 0x13FF, "cherokee"),
    (0x1400, 0x167F, "canadian-syllabics"), (0x1680, 0x169F, "ogham"), (0x16A0, 0x16FF, "runic"),
    (0x1700, 0x171F, "tagalog"), (0x1720, 0x173F, "hanunoo"), (0x1740, 0x175F, "buhid"), (0x1760, 0x177F, "tagbanwa"),
    (0x1800, 0x18AF, "mongolian"), (0x18B0, 0x18FF, "canadian-syllabics"), (0x1900, 0x194F, "limbu"),
    (0x1950, 0x197F, "tai-le"), (0x1980, 0x19DF, "new-tai-lue"), (0x1A00, 0x1A1F, "buginese"),
    (0x1A20, 0x1AAF, "tai-tham"), (0x1B00, 0x1B7F, "balinese"), (0x1B80, 0x1BBF, "sundanese"),
    (0x1BC0, 0x1BFF, "batak"), (0x1C00, 0x1C4F, "lepcha"), (0x1C50, 0x1C7F, "ol-chiki"),
    (0x2C00, 0x2C5F, "glagolitic"), (0x2C80, 0x2CFF, "coptic"),
    (0x2D30, 0x2D7F, "tifinagh"), (0xA000, 0xA4CF, "yi"), (0xA4D0, 0xA4FF, "lisu"),
    (0xA500, 0xA63F, "vai"), (0xA6A0, 0xA6FF, "bamum"), (0xA840, 0xA87F, "phags-pa"), (0xA880, 0xA8DF, "saurashtra"),
    (0xA900, 0xA92F, "kayah-li"), (0xA930, 0xA95F, "rejang"), (0xA980, 0xA9DF, "javanese"), (0xAA00, 0xAA5F, "cham"),
    (0xAA80, 0xAADF, "tai-viet"), (0xAAE0, 0xAAFF, "meetei-mayek"), (0xAB70, 0xABBF, "cherokee"),
    (0xABC0, 0xABFF, "meetei-mayek"), (0x10000, 0x100FF, "linear-b"), (0x10280, 0x1029F, "lycian"),
    (0x102A0, 0x102DF, "carian"), (0x10300, 0x1032F, "old-italic"), (0x10330, 0x1034F, "gothic"),
    (0x10380, 0x1039F, "ugaritic"), (0x103A0, 0x103DF, "old-persian"), (0x10400, 0x1044F, "deseret"),
    (0x10450, 0x1047F, "shavian"), (0x10480, 0x104AF, "osmanya"), (0x10800, 0x1083F, "cypriot"),
    (0x10840, 0x1085F, "aramaic"), (0x10900, 0x1091F, "phoenician"), (0x10A00, 0x10A5F, "kharoshthi"),
    (0x11000, 0x1107F, "brahmi"), (0x12000, 0x1254F, "cuneiform"), (0x13000, 0x143FF, "egyptian-hieroglyphs"),
    (0x1D100, 0x1D1FF, "musical-symbols"), (0x1F000, 0x1F02F, "mahjong-tiles"), (0x1F030, 0x1F09F, "domino-tiles"),
    (0x1F0A0, 0x1F0FF, "playing-cards"),
)  # fmt: skip
_STARTS: Final = tuple(start for start, _, _ in _BLOCKS)
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_TAGS: Final = range(0xE0000, 0xE0080)
# Circles, squares and the like around the letter before: the fonts set them beside it. A keycap is an emoji.
_ENCLOSING: Final = re.compile("[\u0488\u0489\u1abe\u20dd-\u20e0\u20e2\u20e4\ua670-\ua672]")


def check_text(text: str) -> None:
    """Pass if every character of a text can be shown; formulas are asked too, as their source is shown otherwise.

    Args:
        text: What is to stand on the page.

    Raises:
        UncoveredError: It names the first thing that cannot.

    >>> check_text("Hello, 世界!")
    >>> check_text("བོད")
    Traceback (most recent call last):
    lomo_hf.errors.UncoveredError: the character U+0F56 cannot be shown.
    """
    char = first_uncovered(text)
    if char is not None:
        code = f"U+{ord(char):04X}"
        if ord(char) < 0xA0 or 0x202A <= ord(char) <= 0x202E:
            raise UncoveredError(f"control:{code}", f"the character {code} cannot be shown.")
        raise UncoveredError(f"uncovered:{name_of_uncovered(char)}", f"the character {code} cannot be shown.")
    if text.isascii():
        return
    emoji = bad_sequence(text)
    if emoji is not None:
        codes = " ".join(f"U+{ord(part):04X}" for part in emoji)
        raise UncoveredError("uncovered:emoji-sequence", f"the emoji {codes} has no picture of its own.")
    if _ENCLOSING.search(text):
        raise UncoveredError("uncovered:enclosing-mark", "a mark encloses a letter, and the fonts set it beside that.")
    if piled_marks(text):
        raise UncoveredError("uncovered:piled-marks", "a letter carries more marks than a line has room for.")
    if unseen_row(text):
        raise UncoveredError("uncovered:unseen-row", "more than 64 characters that show nothing stand in a row.")


def name_of_uncovered(char: str) -> str:
    """What a reason calls a character that no font has.

    >>> [name_of_uncovered(char) for char in "བᠮ\U0001f3fb\ue000"]
    ['tibetan', 'mongolian', 'skin-tone', 'U+E000']
    """
    code = ord(char)
    if code in _SKIN_TONES:
        return "skin-tone"
    if code in _TAGS:
        return "emoji-tag"
    if code in INDISTINCT:
        return "emoji-drawn-alike"
    block = _BLOCKS[bisect_right(_STARTS, code) - 1]
    return block[2] if block[0] <= code <= block[1] else f"U+{code:04X}"
