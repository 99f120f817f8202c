"""Formulas: every input has a bounded cost, and nothing but a FormulaError ever comes out."""

import time

import pytest
from rendering.mathematics_helpers import compiles, real_formulas, reason

from lomo_hf.rendering.mathematics import formula_to_typst
from lomo_hf.rendering.mathematics.formula import _cached


@pytest.mark.parametrize(
    ("tex", "why"),
    [
        ("x" * 10_000_000, "formula:too-long"),
        ("{" * 1000 + "x" + "}" * 1000, "formula:too-deep"),
        (r"\sqrt" * 700 + " 2", "formula:too-deep"),
        (r"\hat" * 700 + " 2", "formula:too-deep"),
        (r"\left(" * 300 + r"\right)" * 300, "formula:too-deep"),
        (r"\color{red}" * 300 + "x", "formula:too-deep"),
        (r"\text{$" * 60 + "x" + "$}" * 60, "formula:too-deep"),
        (r"\begin{array}{|c|}" * 5 + "x" + r"\end{array}" * 5, "formula:too-deep"),
        (r"\begin{array}{*{200}{*{200}{*{200}{c}}}}x\end{array}", "formula:too-long"),
        (r"\begin{matrix}" + r"\\ \\" * 700 + r"\end{matrix}", "formula:too-long"),
        (r"\hspace{1000cm}x", "formula:too-long"),
        ("a\ud800", "formula:uncovered:U+D800"),
        ("\\" * 3999, "formula:syntax"),
    ],
    ids=lambda value: ascii(value[:20]),
)
def test_what_is_too_much_is_refused_at_once(tex: str, why: str) -> None:
    start = time.process_time()
    assert reason(tex) == why
    assert time.process_time() - start < 0.5


BRACKETS = [
    "(",
    "[",
    r"\{",
    r"\langle ",
    r"\lfloor ",
    r"\lvert ",
    r"\sin(",
    "f(x",
    r"\left(a\right)(",
    r"\lparen ",
    "⟨",
]
SIGNS = [
    "'",
    "^a",
    r"\not",
    r"\big(",
    "&",
    r"\sum_",
    "|",
    '"',
    r"\{",
    r"\text{a}",
    r"\sin ",
    "中",
    r"\hat x",
    r"\frac12",
]


ESCAPED = [
    r"\\leq ", r"\\{", "\\\\", r"\n", r"\nx", r"\nabcd", "%", "% a", "%\n", "&lt;", "&amp;", r"\u2032", r"\_", r"\_{",
    r"\*", r"\'", r"\left{", r"\left{a\right}", r"^{\'}", "&= ", r"x\_1",
]  # fmt: skip
PACKAGES = [
    r"\abs{", r"\abs x", r"\comm{a}{", r"\SI{1}{\m}", r"\num{", r"\unit{\per", r"\qty(", r"\mqty(", r"\dv{", r"\!",
    r"\kern1em ", r"\rlap{", r"\root ", r"\text{a \le ", r"\text{\frac{", r"\begin{CD}A @>>> ", "@>",
    r"\parbox{1em}{a ", r"\raisebox{1pt}{", "√{", "x\u0302", "²", "ñ", "a,", r"\color{red}", r"\intertext{a}", r"\P(",
    r"\pu{1 ", r"\char1", r"\cases{",
]  # fmt: skip


@pytest.mark.parametrize("tex", [*BRACKETS, *SIGNS, *ESCAPED, *PACKAGES], ids=ascii)
def test_time_does_not_grow_faster_than_length(tex: str) -> None:
    start = time.process_time()
    reason((tex * 4000)[:3900])
    assert time.process_time() - start < 1.0


def test_what_is_just_not_too_much_compiles() -> None:
    depth = 28
    formulas = [
        r"\frac{1}{" * depth + "x" + "}" * depth,
        "x^{" * depth + "x" + "}" * depth,
        r"\left(" * depth + "x" + r"\right)" * depth,
        r"\boxed{" * depth + "x" + "}" * depth,
        r"\sqrt" * 66 + " 2",
        r"\begin{pmatrix}" * 10 + "x" + r"\end{pmatrix}" * 10,
        r"\begin{array}{" + "|c" * 100 + "|}" + "&".join("a" * 100) + r"\end{array}",
        r"\begin{array}{|c|}" + r"\\ \hline ".join("a" * 150) + r"\end{array}",
        "x" * 3900,
    ]
    assert compiles(formulas) == len(formulas)


def test_a_formula_costs_a_fraction_of_a_millisecond() -> None:
    formulas = real_formulas()
    formula_to_typst("x", display=False)
    _cached.cache_clear()
    start = time.process_time()
    for tex in formulas:
        formula_to_typst(tex, display=False)
    assert (time.process_time() - start) / len(formulas) < 0.002  # 0.1 ms on a quiet machine
