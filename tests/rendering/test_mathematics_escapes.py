r"""LaTeX that programs escaped once too often means what it meant before; what may mean two things is refused."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rendering.mathematics_helpers import compiles, real_formulas, reason

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics import formula_to_typst, typeset_formula


def doubled(tex: str) -> str:
    return tex.replace("\\", "\\\\")


def in_html(tex: str) -> str:
    return tex.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def in_json(tex: str) -> str:
    return tex.replace("\n", "\\n")


def typeset(tex: str) -> str:
    try:
        return formula_to_typst(tex, display=True)
    except FormulaError as error:
        return error.reason


@pytest.mark.parametrize(("escape", "refused", "wrong"), [(doubled, 0.01, 0.002), (in_html, 0, 0), (in_json, 0.04, 0)])
def test_escaped_real_formulas_mean_what_they_meant(
    escape: Callable[[str], str], refused: float, wrong: float
) -> None:
    r"""The oracle is the formula before it was escaped. In a few, `\\ ` may be a row's end or a space."""
    escaped = [(tex, escape(tex)) for tex in real_formulas() if escape(tex) != tex and "&lt;" not in tex]
    unlike = [other for tex, other in escaped if typeset(other) != typeset(tex)]
    otherwise = [tex for tex in unlike if reason(tex, display=True) is None]
    assert len(escaped) > 50
    assert len(unlike) <= refused * len(escaped), unlike
    assert len(otherwise) <= wrong * len(escaped), otherwise


def test_doubling_twice_is_undone_twice() -> None:
    tex = r"\frac{a}{b} \le \sqrt{2}"
    assert typeset(doubled(doubled(tex))) == typeset(tex)


@pytest.mark.parametrize(
    ("escaped", "meant", "repair"),
    [
        (r"p \\geq q", r"p \geq q", "mended-doubled-backslashes"),
        (r"\\sin\\theta", r"\sin\theta", "mended-doubled-backslashes"),
        (r"n \in \\{2, 4\\}", r"n \in \{2, 4\}", "mended-doubled-backslashes"),
        (r"45^{\\circ}", r"45^{\circ}", "mended-doubled-backslashes"),
        (r"12\\%", r"12\%", "mended-doubled-backslashes"),
        (r"\\left\\{x\\right.", r"\left\{x\right.", "mended-doubled-backslashes"),
        (
            r"\\begin{cases} x & x > 0 \\\\ 0 & x \\leq 0 \\end{cases}",
            r"\begin{cases} x & x > 0 \\ 0 & x \leq 0 \end{cases}",
            "mended-doubled-backslashes",
        ),
        (
            r"\\begin{cases} x & x > 0 \\ 0 & x \\leq 0 \\end{cases}",
            r"\begin{cases} x & x > 0 \\ 0 & x \leq 0 \end{cases}",
            "mended-doubled-backslashes",
        ),
        (r"h\u2032(t)", "h′(t)", "mended-written-characters"),
        (r"a \u2264 b", "a ≤ b", "mended-written-characters"),
        (r"\ud835\udc65+1", "𝑥+1", "mended-written-characters"),
        (r"k^{\'}(t)", "k'(t)", "mended-primes"),
        (r"k\'(t)", "k'(t)", "mended-primes"),
        ("y^{′}", "y'", "mended-primes"),
        (r"x = 3 \n y = 4", "x = 3 y = 4", "mended-written-line-feeds"),
        (r"x = 3\r\ny = 4", "x = 3 y = 4", "mended-written-line-feeds"),
        (r"\begin{aligned}\nq &= 1 \\\nr &= 2\n\end{aligned}",
         r"\begin{aligned} q &= 1 \\ r &= 2 \end{aligned}", "mended-written-line-feeds"),
        (r"V\_{C}^\*", "V_{C}^*", "mended-markdown"),
        (r"k\_1 + k\_{12}", "k_1 + k_{12}", "mended-markdown"),
        (r"3 \- 2", "3 - 2", "mended-markdown"),
        ("p &lt; q &gt; r", "p < q > r", "mended-html"),
        (r"s &amp; t", r"s \& t", "mended-html"),
        ("45%", r"45\%", "mended-percent"),
        (r"\frac{3}{4} = 75%", r"\frac{3}{4} = 75\%", "mended-percent"),
        (r"\text{20% less}", r"\text{20\% less}", "mended-percent"),
        ("\x08ar{w}", r"\bar{w}", "mended-eaten-backslashes"),
    ],
)  # fmt: skip
def test_an_escape_is_undone_and_named(escaped: str, meant: str, repair: str) -> None:
    unescaped = typeset_formula(escaped, display=True)
    assert unescaped.typst == formula_to_typst(meant, display=True)
    assert unescaped.repairs == (repair,)


@pytest.mark.parametrize(
    "tex",
    [
        r"\begin{pmatrix} a \\ b \end{pmatrix}", r"\begin{cases}p\\q\end{cases}", r"\nabla\nu\ne\ni\not=\notin",
        r"\text{snake\_case}", r"my\_var", r"5\%", r"\begin{tabular}{c}down \\to \\in\end{tabular}", "x' + y''",
        r"f^{\prime}", r"\text{\'etude}", r"\substack{i \\ j}", r"a \& b", "{%\na^{2}}",
    ],
)  # fmt: skip
def test_what_was_not_escaped_is_left_alone(tex: str) -> None:
    assert typeset_formula(tex, display=True).repairs == ()


@pytest.mark.parametrize(
    ("tex", "why"),
    [
        (r"\begin{cases} a \\leq b \\ c \end{cases}", "ambiguous-line-end"),
        (r"\begin{array}{l}p\\alpha\\ q\end{array}", "ambiguous-line-end"),
        (r"\begin{array}{l}\nabcd \\ \nu_1\\\nu_2\end{array}", "ambiguous-line-feed"),
        ("30% of all who came", "bare-percent"),
        ("x = 1 % the first\n+ 2", "bare-percent"),
        (r"\nothing here", r"unknown-command:\nothing"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(tex: str, why: str) -> None:
    assert reason(tex, display=True) == f"formula:{why}"


def test_a_comment_that_hides_nothing_is_a_comment() -> None:
    assert typeset("{x%\n+y}") == typeset("{x+y}")


ESCAPES = st.sampled_from(
    ["\\\\", "\\\\\\\\", "\\n", "\\u2032", "\\u", "\\_", "\\*", "\\'", "%", "&lt;", "&amp;", "&", ";", "\\", "\n", " ",
     "{", "}", "frac", "alpha", "x", "1", "\\begin{cases}", "\\end{cases}", "\\left", "\\right", "leq"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(ESCAPES, max_size=24))
def test_any_mixture_of_escapes_is_set_or_refused(pieces: list[str]) -> None:
    tex = "".join(pieces)
    why = reason(tex)
    assert why is None or why.startswith("formula:")
    compiles([tex])
