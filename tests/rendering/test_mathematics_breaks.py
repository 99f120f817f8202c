"""Long formulas are broken where a reader would break them, and nothing of them leaves the page."""

import pytest
from rendering.mathematics_helpers import pictures
from rendering.page_helpers import bands, page_of

from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.mathematics import formula_to_typst

PAIRS = ", ".join(f"({n}, {n * n})" for n in range(2, 60))
SUM = " + ".join(f"b_{{{n}}}" for n in range(1, 70))
WORDS = "the number of all those who came to the fair on the second day and did not buy anything at all there " * 2
CHINESE = "所有在第二天来到集市而且什么都没有买的人的数量是多少呢" * 4


@pytest.mark.parametrize(
    "prompt",
    [
        rf"\[{PAIRS}\]", rf"\[\{{{PAIRS}\}}\]", rf"\[f = {SUM}\]", rf"\[\text{{{WORDS}}} = n\]",
        rf"\[\text{{{CHINESE}}} = n\]", f"Let ${PAIRS}$ be.", rf"So $\text{{{WORDS}}}$ is.",
        rf"So $\textit{{{CHINESE}}}$", rf"\[x = \textbf{{{WORDS}}}\]",
    ],
    ids=lambda prompt: ascii(prompt[:12]),
)  # fmt: skip
def test_a_formula_longer_than_a_line_is_broken(prompt: str) -> None:
    page = page_of(prompt)
    assert (page.renderer, page.reason) == ("latex", None)
    assert page.pixels.shape[1] <= RenderStyle().max_width + 60
    assert len(bands(page.pixels)) >= 4


def test_a_display_that_fits_stays_on_its_line() -> None:
    page = page_of(
        r"\[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26\]"
    )
    assert len(bands(page.pixels)) == 1


def test_places_to_break_do_not_show() -> None:
    r"""A list with and without them is as wide: `\mathord{}` keeps the second from being long enough to have any."""
    short, long = "1, -2, x, ", "1, -2, x, " * 12
    one, twelve = (picture.shape[1] for picture in pictures(short + "1", long + "1"))
    ends = pictures("1")[0].shape[1]
    assert abs((twelve - ends) - 12 * (one - ends)) <= 6


def test_a_thousand_is_not_broken() -> None:
    typst = formula_to_typst(", ".join(["1,000"] * 30), display=True)
    assert typst.count(r'class("relation", \,)') == 29
    assert typst.count(r"1\,000") == 30


def test_a_text_within_a_fraction_is_held_together() -> None:
    assert "relation" not in formula_to_typst(rf"\frac{{\text{{{WORDS}}}}}{{2}}", display=True)
