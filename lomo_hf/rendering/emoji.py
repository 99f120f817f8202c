"""Emoji that are written as sequences of characters: which of them the font draws as the one picture they mean.

The font is black and white, and draws skin tones, and some pairs of people, alike. What a reader of the page could not
tell apart is not drawn: its row stays text.
"""

import re
from functools import cache
from typing import Any

from lomo_hf.rendering.fonts import emoji_file

__all__ = ["bad_sequence", "split_emoji"]

_PICTURE = "(?:[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]\ufe0f?)"
_SEQUENCE = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_PICTURE}(?:\u200d{_PICTURE})+|[\u2600-\u27bf]\ufe0f"
)
_HALF_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_MAY_HOLD = re.compile("[\u200d\u20e3\ufe0f\U0001f1e6-\U0001f1ff]")


def split_emoji(text: str) -> list[tuple[bool, str]]:
    """Stretches of a text, and whether each is an emoji of several characters; their concatenation is the text.

    >>> split_emoji("press 1\ufe0f\u20e3 now")
    [(False, 'press '), (True, '1️⃣'), (False, ' now')]
    """
    if text.isascii() or not _MAY_HOLD.search(text):
        return [(False, text)]
    parts, here = [], 0
    for match in _SEQUENCE.finditer(text):
        parts += [(False, text[here : match.start()]), (True, match.group())]
        here = match.end()
    parts.append((False, text[here:]))
    return [part for part in parts if part[1]]


def bad_sequence(text: str) -> str | None:
    """The first emoji of several characters that the font draws as several pictures, or like another; or None.

    Half a flag is one too: the font draws every one of those alike.

    >>> bad_sequence("❤\ufe0f\u200d🔥 and 🇫🇷"), bad_sequence("😀\u200d💻")
    (None, '😀\u200d💻')
    """
    for is_emoji, part in split_emoji(text):
        if is_emoji:
            plain = _without_selectors(part)  # alone, or with the mark of a keycap, it is always one picture
            if len(plain) > 1 and plain[-1] != "\u20e3" and plain not in _distinct_sequences():
                return part
        elif half := _HALF_FLAG.search(part):
            return half.group()
    return None


def _without_selectors(text: str) -> str:
    return text.replace("\ufe0f", "")


@cache
def _distinct_sequences() -> frozenset[str]:
    """The joined emoji for which the font has a picture that no other one has."""
    from fontTools.ttLib import TTFont

    pictures: dict[str, set[str]] = {}
    with TTFont(emoji_file(), lazy=True) as font:
        names = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
        for parts, picture in _ligatures(font["GSUB"].table):
            if all(part in names for part in parts):
                text = _without_selectors("".join(names[part] for part in parts))
                # What is joined stands in the font in both directions.
                pictures.setdefault(picture, set()).add(max(text, text[::-1]) if "\u200d" in text else text)
    alone = [text for texts in pictures.values() if len(texts) == 1 for text in texts]
    return frozenset([*alone, *(text[::-1] for text in alone if "\u200d" in text)])


def _ligatures(gsub: Any) -> list[tuple[tuple[str, ...], str]]:
    sequences = []
    for lookup in gsub.LookupList.Lookup:
        for table in lookup.SubTable:
            for first, ligatures in getattr(getattr(table, "ExtSubTable", table), "ligatures", {}).items():
                sequences += [((first, *ligature.Component), ligature.LigGlyph) for ligature in ligatures]
    return sequences
