"""Nothing of a formula is drawn over its neighbours, off the page or in the colour of the paper without a reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.likeness import ink
from rendering.mathematics_helpers import pictures, reason
from rendering.page_helpers import page_of

from lomo_hf.rendering.mathematics import formula_to_typst

DISPLACED = [
    (r"x\kern-12em y", "displaced:space"),
    (r"x\mkern-90mu y", "displaced:space"),
    (r"x\hskip-3cm y", "displaced:space"),
    (r"\hspace*{-25em}PQR", "displaced:space"),
    (r"\mspace{-80mu}z", "displaced:space"),
    (r"A" + r"\!" * 12 + "B", "displaced:space"),
    (r"A\!\!\!{}\!\!\!B", "displaced:space"),
    (r"{x\kern-9em}y", "displaced:space"),
    (r"\frac{a\hspace{-4em}}{b}", "displaced:space"),
    (r"\text{A\hspace{-5em}B}", "displaced:space"),
    (r"\text{A" + r"\!" * 9 + "B}", "displaced:space"),
    (r"\begin{array}{c@{\hspace{-6em}}c}pq&rs\end{array}", "displaced:space"),
    (r"\begin{aligned}pqr&\hspace{-4em}=s\end{aligned}", "displaced:space"),
    (r"\rlap{UNDER}OVER", r"displaced:\rlap"),
    (r"OVER\llap{UNDER}", r"displaced:\llap"),
    (r"x\mathrlap{\hspace{30em}far}+y", r"displaced:\mathrlap"),
    (r"P\mathclap{QRSTU}V", r"displaced:\mathclap"),
    (r"\makebox[0pt]{GONE}HERE", r"displaced:\makebox"),
    (r"\hbox to 0pt{GONE}HERE", r"displaced:\hbox"),
    (r"\raisebox{40pt}{up}", r"displaced:\raisebox"),
    (r"x\lower5em\hbox{down}", r"displaced:\lower"),
    (r"\moveleft 3em\hbox{x}", r"displaced:\moveleft"),
    (r"\textcolor{white}{seen}", "invisible:colour"),
    (r"a+{\color[rgb]{0.97,0.97,0.99}b}", "invisible:colour"),
    (r"\color[HTML]{FAFAFA}c", "invisible:colour"),
    (r"\textcolor{red!4}{d}", "invisible:colour"),
    (r"\text{\textcolor{white}{e}}", "invisible:colour"),
    (r"\colorbox{black}{f}", r"invisible:\colorbox"),
    (r"\scalebox{0.01}{tiny}", r"unsupported:\scalebox"),
]  # fmt: skip


@pytest.mark.parametrize(("tex", "why"), DISPLACED)
def test_what_its_reader_could_not_see_is_refused_by_name(tex: str, why: str) -> None:
    assert reason(tex, display=True) == f"formula:{why}"


@pytest.mark.parametrize("tex", [tex for tex, _ in DISPLACED if " to " not in tex])  # words are text anyway
def test_a_page_shows_its_source_then(tex: str) -> None:
    page = page_of(f"Let ${tex}$ be given.")
    assert (page.renderer, str(page.reason).split(":")[0]) == ("fallback", "formula")


@pytest.mark.parametrize(
    "tex",
    [
        r"\int\!\!\!\int_D f\!\left(x\right)\!\!\!\;dx", r"1\!\!1_A", r"\sum_{\mathclap{1\le i<j\le n}} a_{ij}",
        r"p\mathrlap{/}", r"\llap{$-$}3", r"\begin{array}{c}\llap{+}12\\34\end{array}", r"a\phantom{bc}d",
        r"\begin{array}{rcl}x&\!\!\!=\!\!\!&y\end{array}", r"\hspace{-1cm}x=1", r"x=1\hspace{-0.5em}",
        r"x^{2}\mathrlap{\text{ (why)}}", r"\raisebox{2pt}{a}", r"\makebox[3em][l]{ab}", r"\textcolor{yellow}{x}",
        r"\colorbox{yellow}{x}", r"\smash{\frac12}", r"\vphantom{\frac12}x", r"\boxed{\phantom{12}}",
        r"f\!\left(a\right)" * 40,
    ],
)  # fmt: skip
def test_what_good_typesetting_uses_is_set(tex: str) -> None:
    assert reason(tex, display=True) is None


def test_light_colours_are_darkened_until_they_can_be_read() -> None:
    pale, plain = pictures(r"\textcolor{yellow}{B}", "B")
    assert pale.min() < 165
    assert pale.min() > plain.min()


def test_negative_space_at_the_edge_of_a_formula_does_not_reach_its_neighbours() -> None:
    assert formula_to_typst(r"\hspace{-1.5em}x\!", display=False) == formula_to_typst("x", display=False)


LETTERS = st.sampled_from("ABDEFGHKLMNPRSTUVWXZ")
SPACES = st.sampled_from([
    r"\!", r"\kern-0.3em ", r"\kern-2em ", r"\hspace{-0.4em}", r"\hspace{-6em}", r"\mskip-9mu ", "{}", r"\,",
    r"\mathord{}",
])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(LETTERS, st.lists(SPACES, max_size=6)), min_size=2, max_size=10))
def test_letters_are_never_drawn_into_one_heap(pieces: list[tuple[str, list[str]]]) -> None:
    """The oracle is the picture: what is set keeps at least two fifths of the width that it has without the spaces."""
    tex = "".join(letter + "".join(spaces) for letter, spaces in pieces)
    if reason(tex) is not None:
        return
    squeezed, plain = (ink(picture) for picture in pictures(tex, "".join(letter for letter, _ in pieces)))
    assert squeezed.shape[1] > 0.4 * plain.shape[1]
    assert np.count_nonzero(squeezed > 0.5) > 0.4 * np.count_nonzero(plain > 0.5)
