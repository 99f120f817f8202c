"""Which script a text is written in, for figures by script. Not for layout: `rendering.scripts` sees to that."""

from bisect import bisect_right
from collections import Counter
from typing import Final

__all__ = ["script_of"]

# First code point of each stretch of letters, in order; "" are stretches that count for nothing.
_STRETCHES: Final = (
    (0x0041, "Latin"), (0x0250, ""), (0x0370, "Greek"), (0x0400, "Cyrillic"), (0x0530, "Armenian"),
    (0x0590, "Hebrew"), (0x0600, "Arabic"), (0x0700, ""), (0x0750, "Arabic"), (0x0780, ""), (0x08A0, "Arabic"),
    (0x0900, "Devanagari"), (0x0980, "Indic, other"), (0x0E00, "Thai"), (0x0E80, "other"), (0x1E00, "Latin"),
    (0x1F00, "Greek"), (0x2000, ""), (0x2E80, "Han"), (0x3000, ""), (0x3005, "Han"), (0x3008, ""), (0x3041, "Kana"),
    (0x3100, "other"), (0x3131, "Hangul"), (0x3190, ""), (0x3400, "Han"), (0xA000, "other"), (0xAC00, "Hangul"),
    (0xD7B0, ""), (0xF900, "Han"), (0xFB00, "Latin"), (0xFB1D, "Hebrew"), (0xFB50, "Arabic"), (0xFE00, ""),
    (0xFE70, "Arabic"), (0xFEFF, ""), (0xFF21, "Latin"), (0xFF66, "Kana"), (0xFFA0, "Hangul"), (0xFFE0, ""),
    (0x10000, "other"), (0x1D400, ""), (0x20000, "Han"), (0x40000, ""),
)  # fmt: skip
_FIRST: Final = [first for first, _ in _STRETCHES]
_ACCENTED: Final = 0.02
_KANA: Final = 8


def script_of(text: str) -> str:
    """The script that most letters of a text are in; "none" where there are no letters.

    Latin with more than one accented letter in fifty is "Latin, accented": a reader may know the one and not the
    other. Text with one kana in eight characters is "Kana", so Japanese.

    >>> [script_of(text) for text in ("2+2=4", "Find x.", "求 x 的值。", "Tiếng Việt", "カタカナと漢字")]
    ['none', 'Latin', 'Han', 'Latin, accented', 'Kana']
    """
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else "none"
    counts: Counter[str] = Counter()
    accented = 0
    for char, times in Counter(text).items():
        if char.isalpha():
            name = _STRETCHES[max(bisect_right(_FIRST, ord(char)) - 1, 0)][1]
            counts[name] += times
            accented += times * (name == "Latin" and not char.isascii())
    counts.pop("", None)
    if not counts:
        return "none"
    if _KANA * counts["Kana"] > counts["Han"] + counts["Kana"] and counts["Kana"]:
        counts["Kana"] += counts.pop("Han", 0)
    # Han says about as much in one character as Latin in three.
    weights = {name: times * (3 if name in ("Han", "Kana") else 1) for name, times in counts.items()}
    found = max(sorted(weights), key=lambda name: weights[name])
    return "Latin, accented" if found == "Latin" and accented > _ACCENTED * counts["Latin"] else found
