"""The width of a page comes from the amount of text: estimates are near the truth, and within the style's bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rendering.page_helpers import STYLE

from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.layout import estimated_height, line_width, text_width
from lomo_hf.rendering.markup import Line, Piece, line_markup
from lomo_hf.rendering.mathematics import formula_to_typst
from lomo_hf.rendering.typesetter import typeset


def text_line(text: str, mono: bool = False) -> Line:
    return Line((Piece("text", text),), mono)


def width_of(lines: list[Line], style: RenderStyle) -> int:
    return text_width(lines, [line_width(line, style) for line in lines], style)


def true_width(line: Line) -> int:
    """The width of the ink of a line that is not wrapped."""
    bodies = [formula_to_typst(piece.text, display=False) for piece in line.pieces if piece.kind == "inline"]
    columns = np.flatnonzero((typeset([line_markup(line, bodies)], 6000, STYLE) < 200).any(axis=0))
    return int(columns[-1] - columns[0])


SENTENCES = {
    "english": "The rover can cross the rocky valley only if the total number of supplies is below fifteen tonnes.",
    "capitals": "WHAT IS THE AREA OF THE LARGEST SQUARE?",
    "digits": "1,234.5 + 99,000 - 17 = 100,217.5",
    "german": "Größe und Straße: Wie viele Äpfel überqueren die Brücke?",
    "russian": "Сколько яблок осталось у Пети после прогулки?",
    "greek": "Πόσα φρούτα έχει συνολικά ο Αλέξανδρος;",
    "chinese": "小明有三个苹果，小红有五个橘子，他们一共有多少个水果？",
    "japanese": "太郎君はりんごを三個持っています。合計はいくつですか？",
    "korean": "철수는 사과를 세 개 가지고 있다. 모두 몇 개인가?",
    "thai": "ร้านค้าขายแอปเปิ้ลและส้มทั้งหมดกี่ลูกในวันนี้",
    "hindi": "एक दुकान ने सेब और संतरे बेचे, कुल कितने फल बिके?",
    "arabic": "اشترى أحمد ثلاث تفاحات وخمس برتقالات، كم فاكهة معه؟",
    "hebrew": "דני קנה שלושה תפוחים וחמישה תפוזים, כמה פירות יש לו?",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_the_width_of_a_sentence_is_estimated_within_a_quarter(language: str) -> None:
    line = text_line(SENTENCES[language])
    assert line_width(line, STYLE) == pytest.approx(true_width(line), rel=0.27)


@pytest.mark.parametrize("text", ["def add(a, b): return a + b", "x = 1  # 注释", "iiiiiiiii", "WWWWWWWWW"])
def test_the_width_of_code_is_known(text: str) -> None:
    line = text_line(text, mono=True)
    assert line_width(line, STYLE) == pytest.approx(true_width(line), rel=0.12)


@pytest.mark.parametrize(
    "tex", ["x^2 + y^2 = z^2", "\\frac{x+3}{4} + \\frac{2y}{5} \\leq 15", "\\sin(\\alpha) + \\cos(\\beta)", "28"]
)
def test_the_width_of_a_formula_is_estimated_within_the_half(tex: str) -> None:
    line = Line((Piece("text", "Is "), Piece("inline", tex), Piece("text", " true?")))
    assert line_width(line, STYLE) == pytest.approx(true_width(line), rel=0.5)


words = st.lists(st.text(st.sampled_from("abcdefghi 中"), min_size=1, max_size=80), min_size=1, max_size=30)


@settings(max_examples=200, deadline=None)
@given(words, st.integers(100, 600), st.integers(0, 1500), st.booleans())
def test_a_column_is_never_wider_than_the_style_says(texts: list[str], min_width: int, more: int, mono: bool) -> None:
    style = RenderStyle(min_width=min_width, max_width=min_width + more)
    lines = [text_line(text, mono) for text in texts]
    width = width_of(lines, style)
    assert style.min_width <= width <= style.max_width


def test_more_text_makes_a_wider_page() -> None:
    widths = [width_of([text_line("word " * count)], STYLE) for count in (5, 20, 80, 160, 320, 5000)]
    assert widths == sorted(widths)
    assert widths[-1] == STYLE.max_width


@pytest.mark.parametrize("row", [text_line("y" * 50, mono=True), text_line("| cell " * 9, mono=False)])
def test_a_page_is_as_wide_as_its_longest_row_of_code_or_of_a_table(row: Line) -> None:
    assert width_of([text_line("x = 1"), row], STYLE) >= line_width(row, STYLE)


def test_code_is_wrapped_rather_than_make_a_ribbon() -> None:
    long = text_line("y" * 78, mono=True)
    assert width_of([long], STYLE) < line_width(long, STYLE) * 0.75
    assert width_of([long] * 8, STYLE) >= line_width(long, STYLE)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 5000), max_size=20), st.floats(1, 2000))
def test_the_estimated_height_has_a_row_for_each_line(widths: list[float], width: float) -> None:
    height = estimated_height(widths, width, STYLE)
    assert height % STYLE.line_height == 0
    assert height >= STYLE.line_height * max(len(widths), sum(widths) // width - len(widths))
