"""What is not plain prose goes to Typst, whatever stands beside it."""

import unicodedata

import pytest
from fontTools.ttLib import TTFont
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rendering.page_helpers import STYLE, page_of
from rendering.prose_helpers import both

from lomo_hf.rendering.fonts import chinese_file, latin_file, mono_file
from lomo_hf.rendering.markup import lines_of
from lomo_hf.rendering.prose import set_prose
from lomo_hf.rendering.prose.gate import breaks_after_space, parts_of
from lomo_hf.spans import scan

SCRIPTS = (
    "LATIN",
    "GREEK",
    "CYRILLIC",
    "MICRO SIGN",
    "FEMININE ORDINAL",
    "MASCULINE ORDINAL",
    "SUPERSCRIPT LATIN",
    "SUBSCRIPT LATIN",
    "CJK UNIFIED IDEOGRAPH",
)


def is_set(text: str) -> bool:
    """Whether a whole text is set from words."""
    lines = lines_of(text, 0, len(text), scan(text))
    return set_prose(lines, 1000, STYLE) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Call `len` now.", "def f(x):\n    return 中", "日本語です。", "我說話。", "你好 α",
        "A long line in Latin says “你好” now", "你·，好", "1—2 年",
        "שלום", "مرحبا", "हिन्दी", "ไทย", "한국어", "A smile 😀",
        "Keycap 1\ufe0f\u20e3", "a\u0301", "soft\u00adhyphen", "no\u00a0break",
        "thin\u2009space", "join\u200der", "zero\u200bwidth", "mark\u200e",
        "non\u2011breaking", "arrow → there", "∑ of all",
        "■ square", "┌──┐ 中", "Δx in Latin: xΔ", "мир-world", 'He said "Ж"', "the year ‘ώς", "x" * 31,
    ],
)  # fmt: skip
def test_other_text_goes_to_typst(text: str) -> None:
    assert not is_set(text)
    assert not is_set("A line of prose.\n\n" + text)


@pytest.mark.parametrize(
    "text",
    [
        "Plain.",
        "Déjà vu – « non »",
        "A long line in Latin says 你好 now",
        "你好……我——①·好",
        "Łódź, Ωμέγα, Ёж",
        '"Ёж" is a hedgehog',
        "5 €, 3 £, 20 °C, ½ × 2 ÷ 3",
        "Ấn Độ",
        "| a | b |",
        "  - item",
        "a\\\\b",
        "你好。",
        "Say 你好 now",
        "《诗》有云：“蒹葭苍苍，白露为霜。”（共 3 章）",
        "def f(x):\n    return x",
        "┌──┐\n│ab│\n└──┘",
    ],
)
def test_prose_does_not(text: str) -> None:
    assert is_set(text)


@settings(max_examples=300, deadline=None)
@given(st.characters(exclude_categories=["Cs"]))
@example("\u00a0")
@example("\u00ad")
@example("\u037e")
@example("\u0483")
def test_a_character_that_passes_is_a_letter_or_a_sign_that_the_font_has(char: str) -> None:
    dropped = char in " \n\r\t\v\f\x85\u2028\u2029\u00ad"  # before lines are set: ends of lines, spaces, idle hyphens
    if dropped or not is_set(f"Some {char} prose"):
        return
    kind = unicodedata.category(char)
    assert kind[0] in "LNPS"
    assert kind[0] != "L" or unicodedata.name(char).startswith(SCRIPTS)
    assert unicodedata.bidirectional(char) not in ("R", "AL", "AN")
    assert ord(char) in font_has(char)


def font_has(char: str = "a") -> set[int]:
    """The code points of the font that a character is set in alone: lines drawn with characters are monospaced."""
    if "\u2500" <= char <= "\u259f":
        opened = TTFont(mono_file(), lazy=True)
    elif unicodedata.east_asian_width(char) in "WF":
        opened = TTFont(chinese_file()[0], fontNumber=chinese_file()[1], lazy=True)
    else:
        opened = TTFont(latin_file(), lazy=True)
    with opened as font:
        return set(font.getBestCmap())


def test_the_whole_plane_passes_only_what_is_listed() -> None:
    passed = [chr(code) for code in range(0x21, 0x10000) if not 0xD800 <= code < 0xE000 and is_set(chr(code))]
    by_font = {char: font_has(char) for char in "a─中"}
    for char in passed:
        wide = unicodedata.east_asian_width(char) in "WF"
        assert ord(char) in by_font["─" if "\u2500" <= char <= "\u259f" else "中" if wide else "a"]
        assert not unicodedata.combining(char)
        assert unicodedata.category(char)[0] in "LNPS"
        assert not char.isalpha() or unicodedata.name(char).startswith((*SCRIPTS, "CJK UNIFIED IDEOGRAPH"))


@pytest.mark.parametrize(
    ("before", "after", "certain"),
    [
        ("word", "word", True), ("end.", "Next", True), ("said", "“so", True), ("so,”", "said", True),
        ("a", "—", True), ("(", "word", False), ("“", "word", False), ("word", ")", False), ("word", "!", False),
        ('"', "(", False),
        ("—", "—", False), ("word", "…", False), ("a", "/", False),
    ],
)  # fmt: skip
def test_a_place_between_words_is_used_only_where_it_is_plain(before: str, after: str, certain: bool) -> None:
    assert breaks_after_space(before, after) is certain


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("aZé9Яω-–—/.,'’\"()“”$%:=|…°"), min_size=1, max_size=30))
def test_the_parts_of_a_word_are_the_word(word: str) -> None:
    parts = parts_of(word)
    assert parts is None or ("".join(parts) == word and all(parts))


def test_a_page_whose_line_ends_are_uncertain_goes_to_typst_and_is_a_page() -> None:
    text = "Take f(x)=y*z+1 and more. " * 12
    assert both(text) is None
    assert page_of(text).pixels.any()
