"""Long formulas are broken where a reader would break them, and nothing of them leaves the page."""

import numpy as np
import pytest
from rendering.mathematics_helpers import pictures
from rendering.page_helpers import bands, page_of

from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering import page
from lomo_hf.rendering.markup import line_markup
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
    broken = page_of(prompt)
    assert (broken.renderer, broken.reason) == ("latex", None)
    assert broken.pixels.shape[1] <= RenderStyle().max_width + 60
    assert len(bands(broken.pixels)) >= 4


def test_a_display_that_fits_stays_on_its_line() -> None:
    fitting = page_of(
        r"\[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26\]"
    )
    assert len(bands(fitting.pixels)) == 1


@pytest.mark.parametrize("behind", ["", r"\quad", r"\hspace{3em}"])
def test_a_display_is_broken_exactly_where_typst_measures_it_as_wider_than_any_page(
    behind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typst measures one only where its page came out too wide: with and without that, pages are the same bytes."""
    texts = [rf"Let \[ {' + '.join(f'x_{{{n}}}' for n in range(terms))}{behind} \] be." for terms in range(19, 34)]
    pages = [page_of(text).pixels for text in texts]
    monkeypatch.setattr(page, "line_markup", lambda line, formulas, broken: line_markup(line, formulas, broken=True))
    for text, pixels in zip(texts, pages, strict=True):
        np.testing.assert_array_equal(page_of(text).pixels, pixels)
    rows = [len(bands(pixels)) for pixels in pages]
    assert rows[0] == 3 < rows[-1], "the widest must be broken, and the narrowest must not"


def test_places_to_break_do_not_show() -> None:
    r"""A list with and without them is as wide: `\mathord{}` keeps the second from being long enough to have any."""
    short, long = "1, -2, x, ", "1, -2, x, " * 12
    single, twelve = (picture.shape[1] for picture in pictures(short + "1", long + "1"))
    ends = pictures("1")[0].shape[1]
    assert abs((twelve - ends) - 12 * (single - ends)) <= 6


def test_a_thousand_is_not_broken() -> None:
    typst = formula_to_typst(", ".join(["1,000"] * 30), display=True)
    assert typst.count(r'class("relation", \,)') == 29
    assert typst.count(r"1\,000") == 30


def test_a_text_within_a_fraction_is_held_together() -> None:
    assert "relation" not in formula_to_typst(rf"\frac{{\text{{{WORDS}}}}}{{2}}", display=True)
