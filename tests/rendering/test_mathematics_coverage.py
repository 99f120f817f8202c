"""The shipped coverage of the mathematical font is that of the typst that is installed."""

from importlib.metadata import version

from rendering.mathematics_helpers import reason

from lomo_hf.rendering.mathematics import _coverage_data as data
from lomo_hf.rendering.mathematics import formula_to_typst
from lomo_hf.rendering.mathematics.coverage import in_mathematics
from lomo_hf.rendering.mathematics.make_coverage import embedded_coverage, packed


def test_coverage_was_read_from_the_installed_typst() -> None:
    assert version("typst") == data.TYPST_VERSION
    assert packed(embedded_coverage(["NewCMMath-Regular"])).split() == data.MATHEMATICS.split()


def test_packed_ranges_say_what_the_font_says() -> None:
    codes = embedded_coverage(["NewCMMath-Regular"])
    assert all(in_mathematics(chr(code)) == (code in codes) for code in range(0x20, 0x20000))


def test_a_character_without_a_glyph_is_refused_wherever_it_stands() -> None:
    lost = "\U0001e000"
    for tex in (
        lost,
        rf"\text{{{lost}}}",
        rf"\mathrm{{{lost}}}",
        rf"\textbf{{{lost}}}",
        rf"\begin{{tabular}}{{c}}{lost}\end{{tabular}}",
    ):
        assert reason(tex) == "formula:uncovered:U+1E000"


def test_chinese_and_accents_are_covered_by_the_fonts_of_text() -> None:
    for tex in ("中", r"\text{中文，é ő}", r"\textbf{中}", r"\mathrm{数}", "x、y"):
        assert reason(tex) is None


def test_a_backslash_in_a_text_writes_no_character_by_its_number() -> None:
    for number in ("zz", "1e000", "110000000", ""):
        assert formula_to_typst(rf"\text{{\textbackslash u\{{{number}\}}}}", display=False) == rf'"\\u{{{number}}}"'
