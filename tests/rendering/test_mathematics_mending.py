"""What LaTeX refuses but can be read in one way only is set as that; what can be read in two is refused."""

import pytest

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics import formula_to_typst, typeset_formula


@pytest.mark.parametrize(
    ("written", "meant", "repair"),
    [
        (r"4\piR_{sun}^2", r"4\pi R_{sun}^2", "mended-lost-spaces"),
        (r"\left{b_n\right}", r"\left\{b_n\right\}", "mended-braces"),
        (r"\left {\frac{1}{k}\right }", r"\left\{\frac{1}{k}\right\}", "mended-braces"),
        (r"\left{p \middle| q\right.", r"\left\{p \middle| q\right.", "mended-braces"),
        (r"p = q \\ r = s", r"\begin{gathered}p = q \\ r = s\end{gathered}", "mended-bare-rows"),
        (
            r"\begin{tabular}{|c|}.\hline.a \\.\hline.b \\.\hline.\end{tabular}",
            r"\begin{tabular}{|c|}\hline a \\\hline b \\\hline\end{tabular}",
            "mended-written-line-feeds",
        ),
        (
            r"\begin{tabular}{c} a \ \hline b \end{tabular}",
            r"\begin{tabular}{c} a \\ \hline b \end{tabular}",
            "mended-row-ends",
        ),
        (r"2 x ^ { m } ^ + ^ { n } y ^ { 2 }", r"2 x^{{m} + {n}} y^{2}", "mended-superscripts"),
        (r"{n} &=\sqrt{2}=4.00", r"\begin{aligned}{n} &=\sqrt{2}=4.00\end{aligned}", "mended-alignment"),
        (
            r"f(x)=\left\{\begin{array}{l}0 \\ 1\end{array}",
            r"f(x)=\left\{\begin{array}{l}0 \\ 1\end{array}\right.",
            "mended-unclosed-left",
        ),
    ],
)
def test_dirt_with_one_reading_is_set_as_what_was_meant(written: str, meant: str, repair: str) -> None:
    typeset = typeset_formula(written, display=True)
    assert typeset.typst == formula_to_typst(meant, display=True)
    assert typeset.repairs == (repair,)
    assert typeset_formula(meant, display=True).repairs == ()


def test_spaces_within_a_rule_for_columns_are_no_dirt() -> None:
    spaced = r"\begin{tabular}{c|c} a & b \\ \cline { 1 - 2 } c & d \end{tabular}"
    close = r"\begin{tabular}{c|c} a & b \\ \cline{1-2} c & d \end{tabular}"
    assert typeset_formula(spaced, display=True) == typeset_formula(close, display=True)


@pytest.mark.parametrize(
    "tex",
    [
        r"\left\{ a, ( )right.",  # the end of a \right is there, its beginning is not
        r"\left( \left[ a",
        "&",
        r"a^b'^c^",
        r"\begin{cases} y \leq 2x+3 \\ y \geq 0.5x-6",
        r"\left\{ a}",
    ],
)
def test_dirt_with_more_than_one_reading_is_refused(tex: str) -> None:
    with pytest.raises(FormulaError):
        formula_to_typst(tex, display=True)


@pytest.mark.parametrize(
    "tex", [r"x''^2", r"f'^{(n)}", r"\Pi R", r"a^{b}{}^{c}", r"\left{(}x\right{)}", r"\begin{matrix}a & b\end{matrix}"]
)
def test_what_was_right_is_left_alone(tex: str) -> None:
    assert formula_to_typst(tex, display=False)
