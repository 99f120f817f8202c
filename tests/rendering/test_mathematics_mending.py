"""What LaTeX refuses but can be read in one way only is set as that; what can be read in two is refused."""

import pytest

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics import formula_to_typst


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        (r"\frac{1}{2} \norm{Xw-y}^2_2", r"\frac{1}{2} \left\|Xw-y\right\|^2_2"),
        (r"\norm{a \norm{b}}", r"\left\| a \left\|b\right\|\right\|"),
        (r"4\piR_{sun}^2", r"4\pi R_{sun}^2"),
        (r"2 x ^ { m } ^ + ^ { n } y ^ { 2 }", r"2 x^{{m} + {n}} y^{2}"),
        (r"{n} &=\sqrt{2}=4.00", r"\begin{aligned}{n} &=\sqrt{2}=4.00\end{aligned}"),
        (
            r"\begin{tabular}{c|c} a & b \\ \cline { 1 - 2 } c & d \end{tabular}",
            r"\begin{tabular}{c|c} a & b \\ \cline{1-2} c & d \end{tabular}",
        ),
        (r"f(x)=\left\{\begin{array}{l}0 \\ 1\end{array}", r"f(x)=\left\{\begin{array}{l}0 \\ 1\end{array}\right."),
    ],
)
def test_dirt_with_one_reading_is_set_as_what_was_meant(found: str, meant: str) -> None:
    assert formula_to_typst(found, display=True) == formula_to_typst(meant, display=True)


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


@pytest.mark.parametrize("tex", [r"x''^2", r"f'^{(n)}", r"\Pi R", r"a^{b}{}^{c}", r"\begin{matrix}a & b\end{matrix}"])
def test_what_was_right_is_left_alone(tex: str) -> None:
    assert formula_to_typst(tex, display=False)
