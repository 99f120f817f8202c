"""Which languages a dataset is in, as far as scripts and the commonest English words can tell; no more is claimed.

A script that one living language has to itself names the language (kana, hangul, Thai). Han characters without kana
are Chinese. Latin letters are English where enough of the words are the commonest English ones; other Latin text, and
Cyrillic, Arabic or Devanagari, which many languages share, is counted by its script and gets no language tag.
"""

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["LANGUAGE_OF", "kind_of_text", "language_tags"]

LANGUAGE_OF: Final = {"English": "en", "Chinese": "zh", "Japanese": "ja", "Korean": "ko", "Thai": "th"}

_SCRIPTS: Final = {
    "Japanese": "\u3040-\u30ff",
    "Korean": "\u1100-\u11ff\uac00-\ud7a3",
    "Thai": "\u0e00-\u0e7f",
    "Chinese": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
    "Cyrillic script": "\u0400-\u052f",
    "Arabic script": "\u0600-\u06ff\u0750-\u077f",
    "Devanagari script": "\u0900-\u097f",
    "Hebrew script": "\u0590-\u05ff",
    "Latin script": "A-Za-z\u00c0-\u024f",
}
_PATTERNS: Final = {name: re.compile(f"[{ranges}]") for name, ranges in _SCRIPTS.items()}
_WORD: Final = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_COMMON: Final = frozenset(
    """
    the of and to a in is that it for was on are as with he his they at be this from have or by not but what all were
    when we there can an your which their if do will each how out them then she many some so these would has more her
    two like him time no than been its who now my did get you i me us our into only does given find write
    """.split()
)
_ENGLISH_SHARE: Final = 0.2
_MAX_CHARS: Final = 4_000
# One Han character or syllable of hangul says as much as several letters do.
_WEIGHTS: Final = {"Chinese": 3, "Japanese": 3, "Korean": 3}


def kind_of_text(text: str) -> str:
    """The language of a text where it is sure, else its script, else "no letters"; judged by its beginning.

    >>> kind_of_text("What is the sum of 2 and 3?"), kind_of_text("求 x 的值。"), kind_of_text("Wieviel ist zwei?")
    ('English', 'Chinese', 'Latin script')
    >>> kind_of_text("これは漢字です"), kind_of_text("12 + 7")
    ('Japanese', 'no letters')
    """
    text = text[:_MAX_CHARS]
    letters = {name: len(pattern.findall(text)) * _WEIGHTS.get(name, 1) for name, pattern in _PATTERNS.items()}
    if letters["Japanese"]:  # Japanese is written in Han characters too; a stray kana in Chinese is rare
        letters["Japanese"] += letters["Chinese"]
    name = max(letters, key=lambda kind: letters[kind])
    if not letters[name]:
        return "no letters"
    return "English" if name == "Latin script" and _is_english(text) else name


def language_tags(kinds: Sequence[str]) -> list[str]:
    """The tags of the languages that at least one text in a hundred is in, sorted.

    >>> language_tags(["English"] * 60 + ["Chinese"] * 3 + ["Latin script"])
    ['en', 'zh']
    """
    return sorted(tag for name, tag in LANGUAGE_OF.items() if kinds.count(name) >= max(1, len(kinds) / 100))


def _is_english(text: str) -> bool:
    words = [word.lower() for word in _WORD.findall(text)]
    return sum(word in _COMMON for word in words) >= max(1, _ENGLISH_SHARE * len(words))
