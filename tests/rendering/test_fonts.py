"""What no font can show is refused by name before anything is set, and never drawn as a box."""

import unicodedata
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from rendering.page_helpers import CAPS, STYLE, page_of

from lomo_hf.errors import RenderError, UncoveredError
from lomo_hf.rendering import render_span
from lomo_hf.rendering.emoji import bad_sequence, split_emoji
from lomo_hf.rendering.fonts import (
    EMOJI_FAMILIES,
    INDISTINCT,
    MONO_FAMILIES,
    TEXT_FAMILIES,
    emoji_file,
    first_uncovered,
    font_folders,
    typst_fonts,
)
from lomo_hf.rendering.markup import literal
from lomo_hf.rendering.typesetter import typeset
from lomo_hf.spans import Span

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"}


@cache
def covered_by_fonts() -> frozenset[int]:
    """The code points of all font files of the families that Typst is told to ask, read apart from the package."""
    import matplotlib
    import noto_cjk_sans_otc

    characters: set[int] = set()
    noto = [path for path in Path(font_folders()[0]).glob("*.ttf") if "Italic" not in path.name]
    others = Path(matplotlib.get_data_path()) / "fonts/ttf"
    for path in [*noto, others / "DejaVuSans.ttf", others / "STIXGeneral.ttf"]:
        with TTFont(path, lazy=True) as font:
            characters |= set(font.getBestCmap())
    cjk = Path(noto_cjk_sans_otc.__file__).parent / "NotoSansCJK-Regular.ttc"
    for index in range(4):
        with TTFont(cjk, fontNumber=index, lazy=True) as font:
            characters |= set(font.getBestCmap())
    return frozenset(characters)


def test_the_coverage_agrees_with_the_fonts() -> None:
    """Wherever a character should leave ink, coverage is what the cmaps of the fonts say, but for what is refused."""
    fonts = covered_by_fonts()
    for code in range(0x21, 0x110000):
        char = chr(code)
        if unicodedata.category(char) not in INVISIBLE and code not in INDISTINCT and not 0xFE00 <= code < 0xFE10:
            assert (first_uncovered(char) is None) == (code in fonts) or code == 0x34F, f"U+{code:04X}"


def test_typst_has_every_family_that_coverage_counts_on() -> None:
    families = set(typst_fonts().families())
    assert set(TEXT_FAMILIES) | set(MONO_FAMILIES) | set(EMOJI_FAMILIES) <= families


def test_chinese_may_come_before_the_other_scripts_since_it_has_none_of_their_characters() -> None:
    import noto_cjk_sans_otc

    def characters(path: Path, index: int = -1) -> set[int]:
        with TTFont(path, fontNumber=index, lazy=True) as font:
            return set(font.getBestCmap())

    before = {script: characters(Path(font_folders()[0], f"NotoSans{script}[wght].ttf")) for script in ("", "Arabic")}
    chinese = characters(Path(noto_cjk_sans_otc.__file__).parent / "NotoSansCJK-Regular.ttc", 2)
    assert TEXT_FAMILIES[:3] == ("Noto Sans", "Noto Sans Arabic", "Noto Sans CJK SC")
    for family in TEXT_FAMILIES[3:]:
        script = family.removeprefix("Noto Sans ")
        if family.startswith("Noto Sans") and not script.startswith(("CJK", "Symbols")):
            path = Path(font_folders()[0], f"NotoSans{script}[wght].ttf")
            assert not (characters(path) & chinese) - before[""] - before["Arabic"], family


def test_covered_characters_leave_their_own_ink_and_no_box() -> None:
    """A sample of each block of Unicode, set beside a character that no font has, which Typst draws as a box."""
    boxes = {
        typeset([f'#L[#text(font: "{family}", "\\u{{10fffd}}")]'], 200, STYLE).tobytes() for family in TEXT_FAMILIES
    }
    blank = typeset(['#L[#" "]'], 200, STYLE).tobytes()
    step = 61
    sample = [chr(code) for code in sorted(covered_by_fonts())[::step]]
    shown = [char for char in sample if first_uncovered(char) is None and unicodedata.category(char)[0] in "LNSP"]
    assert len(shown) > 500
    hidden = [
        f"U+{ord(char):04X}"
        for char in shown
        if (page := typeset([f'#L[#"{literal(char)}"]'], 200, STYLE).tobytes()) in boxes or page == blank
    ]
    # Characters of Hangul and of Braille that are blank by definition.
    assert set(hidden) <= {"U+115F", "U+1160", "U+3164", "U+FFA0", "U+2800"}


IN_FORMULAS = "中、，；：！（）…—“”のア한글абвЖשלוםمक🎉☃½°±∑∫√≤∈ℝ①→é"


def test_no_character_of_a_formula_is_a_box() -> None:
    """The box that Typst draws in the first font of mathematics for what no font has stands in no formula."""

    def drawn(char: str, text: bool) -> bytes:
        body = f'#text("{char}")' if text else f'"{char}"'
        return typeset([f"#L[${body}$]"], 200, STYLE).tobytes()

    boxes = {drawn("\U0010fffd", text) for text in (True, False)}
    for char in IN_FORMULAS:
        for text in (True, False):
            assert drawn(char, text) not in boxes, char
    pages = {page_of(f"${char}+{char}$").pixels.tobytes() for char in IN_FORMULAS}
    assert len(pages) >= len(set(IN_FORMULAS)) - 2  # a few are drawn alike


# -- refusals ---------------------------------------------------------------------------------------------------

REFUSED = {
    "\x00": "control:U+0000",
    "\x07": "control:U+0007",
    "\x1b": "control:U+001B",
    "\x7f": "control:U+007F",
    "\x9b": "control:U+009B",
    "\u202a": "control:U+202A",
    "\u202d": "control:U+202D",
    "\u202e": "control:U+202E",
    "\ue000": "uncovered:U+E000",
    "\uf8ff": "uncovered:U+F8FF",
    "\U000f0000": "uncovered:U+F0000",
    "\ud800": "uncovered:U+D800",
    "\ufffe": "uncovered:U+FFFE",
    "\U0010ffff": "uncovered:U+10FFFF",
    "\U000e0041": "uncovered:emoji-tag",
    "\U00013000": "uncovered:egyptian-hieroglyphs",
    "👍🏽": "uncovered:skin-tone",
    "བོད་ཡིག": "uncovered:tibetan",
    "ᠮᠣᠩᠭᠣᠯ": "uncovered:mongolian",
    "ᏣᎳᎩ": "uncovered:cherokee",
    "ꮳꮃꭹ": "uncovered:cherokee",
    "B\u20de": "uncovered:enclosing-mark",
    "👩\u200d🚀": "uncovered:emoji-sequence",
    "🤷\u200d♂\ufe0f": "uncovered:emoji-sequence",
    "👫": "uncovered:emoji-drawn-alike",
    "👨\u200d💻": "uncovered:emoji-sequence",
    "😀\u200d💻": "uncovered:emoji-sequence",
    "🇽🇽": "uncovered:emoji-sequence",
    "🇫": "uncovered:emoji-sequence",
    "Z" + "\u0351\u036b\u0343" * 4: "uncovered:piled-marks",
    "\u0628" + "\u08f0\u064e" * 3: "uncovered:piled-marks",
    "\u07ca" + "\u07eb" * 13: "uncovered:piled-marks",
    "\u0915" + "\u0902" * 300: "uncovered:piled-marks",
    "\u05d0" + "\u061c\u200f" * 40: "uncovered:unseen-row",
}


@pytest.mark.parametrize("bad", REFUSED, ids=REFUSED.values())
@pytest.mark.parametrize("around", ["{}", "Before {} after.", "Is $x^2$ even? {}", "`{}`", "    code({})"])
def test_what_cannot_be_shown_is_refused_by_name(bad: str, around: str) -> None:
    with pytest.raises(UncoveredError) as caught:
        page_of(around.replace("{}", bad))
    assert caught.value.reason == REFUSED[bad]


@pytest.mark.parametrize("bad", ["\x00", "\ud800", "\ue000", "\u202e"])
def test_what_cannot_be_shown_is_refused_within_a_formula_too(bad: str) -> None:
    with pytest.raises(UncoveredError):
        page_of(f"Is $x {bad} + 1$ even?")


def test_what_lies_outside_the_span_does_not_matter() -> None:
    prompt = "\x00 Hello. \ue000"
    page = render_span(prompt, Span(2, 8, ()), STYLE, CAPS)
    assert np.array_equal(page.pixels, page_of("Hello.").pixels)


@settings(max_examples=300, deadline=None)
@given(st.characters())
def test_a_character_is_drawn_or_refused(char: str) -> None:
    plain, reason = page_of("HH").pixels, ""
    try:
        page = page_of(f"H{char}H").pixels
    except RenderError as error:
        reason = error.reason
    if reason:
        assert reason.split(":")[0] in ("control", "uncovered")
        assert first_uncovered(char) is not None or bad_sequence(char) is not None
        return
    if unicodedata.category(char) not in INVISIBLE | {"Mn"}:
        assert page.shape != plain.shape or not np.array_equal(page, plain)


# -- emoji ------------------------------------------------------------------------------------------------------


@cache
def emoji_pictures() -> dict[int, str]:
    with TTFont(emoji_file()) as font:
        glyphs, pictures = font.getGlyphSet(), {}
        for code, name in font.getBestCmap().items():
            pen = DecomposingRecordingPen(glyphs)
            glyphs[name].draw(pen)
            pictures[code] = str(pen.value)
        return pictures


def test_emoji_that_look_like_another_are_known() -> None:
    pictures = emoji_pictures()
    seen: dict[str, list[int]] = {}
    tones = set(range(0x1F3FB, 0x1F400))
    for code, picture in pictures.items():
        if 0x1F300 <= code < 0x1FB00 and code not in tones:
            seen.setdefault(picture, []).append(code)
    alike = {code for codes in seen.values() if len(codes) > 1 for code in codes}
    assert alike | tones == INDISTINCT


SEQUENCES = ["❤️\u200d🔥", "🏳️\u200d🌈", "🏴\u200d☠️", "🐻\u200d❄️", "👩\u200d👩\u200d👧", "🇫🇷", "🇯🇵", "1️⃣", "#️⃣"]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_an_emoji_of_several_characters_is_one_picture(sequence: str) -> None:
    assert bad_sequence(sequence) is None
    single = np.flatnonzero((page_of("H😀H").pixels < 128).any(axis=0))
    joined = np.flatnonzero((page_of(f"H{sequence}H").pixels < 128).any(axis=0))
    assert joined[-1] == pytest.approx(single[-1], abs=2)


def test_flags_differ_from_one_another() -> None:
    flags = ["🇫🇷", "🇩🇪", "🇯🇵", "🇨🇳", "🇺🇸", "🇧🇷"]
    assert len({page_of(flag).pixels.tobytes() for flag in flags}) == len(flags)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("a1 #😀❤✈👩👧🏳🌈🇫🇷🇽\u200d\ufe0f\u20e3中"), max_size=20))
def test_splitting_emoji_loses_nothing(text: str) -> None:
    assert "".join(part for _, part in split_emoji(text)) == text
