"""Every script is written its own way: direction, forms of characters, line breaks, and room above and below."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rendering.page_helpers import STYLE, ink, page_of

from lomo_hf.rendering.fonts import first_uncovered
from lomo_hf.rendering.markup import line_markup, lines_of
from lomo_hf.rendering.scripts import direction_is_rtl, piled_marks, region_of, rooms_of, unseen_row
from lomo_hf.rendering.typesetter import BLEED, typeset

TALL = {
    "vietnamese": "ẤẦẨẪẬ ẮẰẲẴẶ ỄỆ ỖỘ ỚỜỞỠỢ gọyjq",
    "cyrillic with stress": "А́О́Й́ за́мок щцд",
    "greek": "ἄνθρωπος ᾷ ῷ ΰ ΐ φψ",
    "thai": "ปี่ ที่ ฟื้น ฎู ฏุ ญู ฐุ กู้ น้ำ ใจ",
    "lao": "ທີ່ ນີ້ ຢູ່ ຜູ້ ນ້ຳ ກຸ່",
    "hindi": "र्कीकौंकुर्बानीट्ठङ्क्रद्धह्मकृ हुकूमत दृष्टि ऐ ओँ",
    "arabic": "جحخ أإآ ئؤ گچ يى قوم عين",
    "arabic with vowels": "بِسْمِ اللَّهِ الرَّحْمَٰنِ الرَّحِيمِ كَثِيرًا جٍ جٌ",
    "hebrew with points": "בְּרֵאשִׁית בָּרָא אֱלֹהִים שָּׁמַיִם לֻ ךְ",
    "bengali": "র্কী ক্ষ ত্র সুন্দর কৌ রাষ্ট্র",
    "tamil": "ஸ்ரீ க்ஷ தமிழ் ணு கௌ",
    "telugu": "క్ష్మ స్త్రీ రాష్ట్రం కై తెలుగు",
    "kannada": "ಕ್ಷ್ಮೀ ರಾಷ್ಟ್ರ ಕನ್ನಡ ಕೈ",
    "gujarati": "રાષ્ટ્ર કૌ ર્કી ગુજરાતી",
    "malayalam": "സ്ത്രീ ക്ഷ്മ ന്ദ്രു",
    "oriya": "ର୍କୌ ରାଷ୍ଟ୍ର କ୍ଷ୍ମୀ",
    "sinhala": "ශ්‍රී ක්‍රු කූ",
    "khmer": "ស្ត្រី ខ្មែរ ប៉ុន្តែ ក្រឹត្យ",
    "burmese": "ကျွန်ုပ် မြန်မာ ကြိုး",
    "marks": "C\u0327\u0301 A\u030a\u0301 e\u0301\u0302\u0304 o\u0323\u0331",
}


def markup(text: str) -> list[str]:
    return [line_markup(line, []) for line in lines_of(text, 0, len(text), ())]


@pytest.mark.parametrize("script", TALL)
def test_lines_of_a_tall_script_do_not_run_into_each_other(script: str) -> None:
    """Two lines have twice the ink of one: none of it falls on ink of the other."""
    text = TALL[script]
    single, three = (ink(typeset(markup(lines), 900, STYLE)) for lines in (text, "\n".join([text] * 3)))
    assert three == pytest.approx(3 * single, rel=0.0005)


@pytest.mark.parametrize("script", TALL)
def test_nothing_of_a_tall_script_is_cut_off(script: str) -> None:
    """Wrapped into a page, between lines of other text, it has the ink it has alone."""
    text = TALL[script]
    alone = ink(typeset(markup(text), 900, STYLE)) + 2 * ink(typeset(markup("Hxpq"), 900, STYLE))
    assert ink(page_of(f"Hxpq\n{text}\nHxpq").pixels) == pytest.approx(alone, rel=0.03)


@pytest.mark.parametrize("text", ["Hxg", "Größe", "Привет", "Ελλάδα", "שלום", "中文字", "한국어", "ひらがな", "Việt"])
def test_other_scripts_keep_lines_of_22_px(text: str) -> None:
    single, many = (typeset(markup("\n".join([text] * count)), 400, STYLE) for count in (1, 11))
    assert many.shape[0] - single.shape[0] == 10 * 22


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab é Ấ ก่ कि ب\u064b\u0301 中\n"), max_size=40))
def test_rooms_lose_no_text(text: str) -> None:
    assert "".join(part for _, part in rooms_of(text)) == text


def test_piles_of_marks_are_told_from_what_languages_write() -> None:
    assert not any(piled_marks(text) for text in TALL.values())
    assert piled_marks("a" + "\u0301" * 6)
    assert piled_marks("ก" + "\u0e49" * 5)
    assert piled_marks("ب" + "\u08f0" * 6)
    assert piled_marks("\u07eb" * 13)


def test_rows_of_unseen_characters_are_told_from_those_of_real_text() -> None:
    assert not any(unseen_row(text) for text in TALL.values())
    assert not unseen_row("\u200b" * 64 + "a" + "\u200f" * 64)
    assert unseen_row("a" + "\u061c\u200f" * 33)


# -- direction --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rtl"),
    [
        ("שלום world", True), ("123 مرحبا", True), ("Hello שלום", False), ("12.5%", False), ("", False),
        ("«مرحبا»", True),
        ("ܫܠܡܐ", True), ("中文 שלום", False),
    ],
)  # fmt: skip
def test_the_first_letter_gives_the_direction(text: str, rtl: bool) -> None:
    assert direction_is_rtl(text) is rtl


def test_a_line_from_right_to_left_starts_at_the_right() -> None:
    page = typeset(markup("שלום לכולם."), 500, STYLE)
    columns = np.flatnonzero((page < 128).any(axis=0))
    assert columns[-1] >= BLEED + 500 - 6
    assert columns[0] > BLEED + 250
    stop = page[:, columns[0] : columns[0] + 4]
    assert (stop < 128).sum() < 16  # the full stop stands at the left


def test_numbers_within_arabic_run_from_left_to_right() -> None:
    """At the left end of the line stand the digits as they are written, not the same digits turned around."""
    line = typeset(markup("ثمن 14777"), 300, STYLE)
    left = int(np.flatnonzero((line < 128).any(axis=0))[0])

    def difference(digits: str) -> float:
        number = typeset(markup(digits), 300, STYLE)
        start = int(np.flatnonzero((number < 128).any(axis=0))[0])
        rows = slice(BLEED + 4, BLEED + 24)
        return float(np.abs(line[rows, left : left + 50].astype(int) - number[rows, start : start + 50]).mean())

    assert difference("14777") < difference("77741") / 2


# -- Chinese, Japanese, Korean ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("下列说法正确的是", "SC"), ("下列說法正確的是", "TC"), ("直角を求めよ。", "JP"), ("다음 중 옳은 것은?", "KR"),
        ("Plain English.", ""), ("“quoted” – text…", ""), ("（）", "SC"), ("漢字とかな", "JP"), ("大韓民國은", "KR"),
        ("这里的の是一个日文字", "SC"),
    ],
)  # fmt: skip
def test_the_region_of_chinese_characters_is_told_from_the_text(text: str, region: str) -> None:
    assert region_of(text) == region


def test_a_heading_of_chinese_characters_takes_the_region_of_its_page() -> None:
    text = "直角\nこの直角を求めよ。"
    assert [line.region for line in lines_of(text, 0, len(text), ())] == ["JP", "JP"]
    translation = "直角三角形的面积\nこの直角を求めよ。\n직각을 구하라."
    assert lines_of(translation, 0, len(translation), ())[2].region == "KR"


def test_japanese_and_chinese_forms_differ() -> None:
    chinese, japanese = (page_of(text).pixels for text in ("这直角", "の直角"))
    assert not np.array_equal(chinese[:, 34:], japanese[:, 34:])


def second_line_is(first: str, second: str) -> bool:
    """Whether text, wrapped after ten characters, has just `second` on its second line."""
    rows = slice(BLEED + 4, BLEED + 26)
    alone = typeset(markup(second), 205, STYLE)[rows]
    wrapped = typeset(markup(first + second), 205, STYLE)[22:][rows]
    return alone.shape == wrapped.shape and bool(np.abs(alone.astype(int) - wrapped).max() < 8)


@pytest.mark.parametrize("mark", "，。、；：？！）》」』”…")
def test_no_line_begins_with_a_closing_mark(mark: str) -> None:
    """A mark that does not fit takes the character before it along to the next line, or hangs onto the line."""
    assert second_line_is("一二三四五六七八九十", "甲末")
    assert not second_line_is("一二三四五六七八九十", mark + "末")


@pytest.mark.parametrize("mark", "（《「『“")
def test_no_line_ends_with_an_opening_mark(mark: str) -> None:
    page = typeset(markup("一二三四五六七八九" + mark + "末末"), 205, STYLE)
    first = page[: BLEED + 30, BLEED + 184 :]
    assert not (first < 128).any()


def test_quotation_marks_are_chinese_among_chinese_and_latin_among_latin() -> None:
    chinese = lines_of("他说：“你好”。", 0, 8, ())[0]
    latin = "The word “你好” means hello, and it’s used daily."
    assert chinese.region == "SC"
    assert lines_of(latin, 0, len(latin), ())[0].region == "SC-in-latin"
    mixed = line_markup(lines_of("他说 don’t 是“不要”的意思。", 0, 18, ())[0], [])
    assert '#Q("don’t")' in mixed


# -- everything together ----------------------------------------------------------------------------------------

WITH_FORMULAS = {
    "vi": "Một cửa hàng bán $x+3$ quả táo và $\\frac{2y}{5}$ quả cam. Hỏi có bao nhiêu quả?",
    "ru": "Сколько будет $2+2$? У Пети было $\\sqrt{16}$ яблок.",
    "th": "ร้านค้าขายแอปเปิ้ล $x+3$ ลูก และส้ม $\\frac{2y}{5}$ ลูก ทั้งหมดกี่ลูก?",
    "hi": "एक दुकान ने $x+3$ सेब और $\\frac{2y}{5}$ संतरे बेचे। कुल कितने फल बिके?",
    "ar": "اشترى أحمد $x+3$ تفاحات و$\\frac{2y}{5}$ برتقالة بسعر 12.5 دينار (نحو 30%).",
    "he": 'דני קנה $x+3$ תפוחים ו-$\\frac{2y}{5}$ תפוזים במחיר 12.5 ש"ח (כ-30%).',
    "zh": "小明有$x+3$个苹果，小红有$\\frac{2y}{5}$个橘子。“你好！”他说。",
    "ja": "太郎君はりんごを$x+3$個、みかんを$\\frac{2y}{5}$個持っています。「合計は？」",
    "ko": "철수는 사과 $x+3$개와 귤 $\\frac{2y}{5}$개를 가지고 있다.",
}


@pytest.mark.parametrize("language", WITH_FORMULAS)
def test_formulas_stand_within_every_script(language: str) -> None:
    text = WITH_FORMULAS[language]
    page = page_of(text)
    assert (page.renderer, page.reason) == ("latex", None)
    assert first_uncovered(text) is None
    prose = "".join(text.split("$")[::2])
    assert ink(page.pixels) > ink(page_of(prose).pixels)
