"""Formulas: what is set compiles, what is refused is refused by name, and what is drawn is what was written."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.likeness import ink, likeness
from rendering.mathematics_helpers import compiles, hard_formulas, pictures, real_formulas, reason

from lomo_hf.rendering.mathematics import formula_to_typst
from lomo_hf.rendering.mathematics.handlers import HANDLERS


def test_every_real_formula_is_set_and_compiles() -> None:
    assert compiles(real_formulas()) == len(real_formulas())


@pytest.mark.parametrize("row", hard_formulas(), ids=lambda row: ascii(row["tex"][:30]))
def test_dirt_of_real_corpora_is_mended_or_refused_by_name(row: dict[str, str]) -> None:
    assert reason(row["tex"], display=True) == row["reason"]


def test_mended_formulas_compile() -> None:
    mended = [row["tex"] for row in hard_formulas() if row["reason"] is None]
    assert compiles(mended) == len(mended)


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("\x08oxed{3}", r"\boxed{3}"),
        ("\x0crac{1}{2}", r"\frac{1}{2}"),
        ("3 \times 4", r"3 \times 4"),
        (r"\begin{tabular}{|l|}\hlinex\\ \hline\end{tabular}", r"\begin{tabular}{|l|}\hline x\\ \hline\end{tabular}"),
        ("{ a } ^ { 2 }", "a^2"),
        (r"\begin{cases}a\\b\\\end{cases}", r"\begin{cases}a\\b\end{cases}"),
        (r"\begin{matrix}a\cr b\end{matrix}", r"\begin{matrix}a\\b\end{matrix}"),
        (r"\frac12", r"\frac{1}{2}"),
        (r"\mbox{if }x", r"\text{if }x"),
        (r"\bold x", r"\mathbf x"),
        (r"\begin{align*}a&=b\\\end{align*}", r"\begin{aligned}a&=b\end{aligned}"),
    ],
)
def test_dirt_means_what_it_was(dirty: str, clean: str) -> None:
    assert formula_to_typst(dirty, display=True) == formula_to_typst(clean, display=True)


@pytest.mark.parametrize(
    "pair",
    [
        (r"\sqrt[3]{x}", r"\sqrt{x}"),
        (r"x^2_1", r"x^1_2"),
        (r"\frac{a}{b}", r"\frac{b}{a}"),
        (r"a<b", r"a\leq b"),
        (r"\binom{n}{k}", r"\frac{n}{k}"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&3\\2&4\end{pmatrix}"),
        (r"\left\{x\right.", r"\left\{x\right\}"),
        (r"\overline{AB}", r"\underline{AB}"),
        (r"\mathcal{L}", r"\mathscr{L}"),
        (r"\not=", "="),
        (r"\begin{array}{|c|}a\end{array}", r"\begin{array}{c}a\end{array}"),
        (r"\textbf{x}", r"\text{x}"),
        (r"\lim_{x}", r"\lim^{x}"),
        (r"\cancel{x}", "x"),
    ],
    ids=lambda pair: pair[0],
)
def test_different_formulas_look_different(pair: tuple[str, str]) -> None:
    first, second = pictures(*pair, display=True)
    assert first.shape != second.shape or likeness(first, second).correlation < 0.99


@pytest.mark.parametrize(
    "sign",
    [r"\leqslant", r"\perp", r"\ll", r"\propto", r"\preceq", r"\leqq", r"\subsetneq", r"\subseteqq", r"\implies"],
)  # fmt: skip
def test_the_slash_of_a_negated_sign_crosses_it(sign: str) -> None:
    """Neither beside the sign, where the font's combining slash falls, nor missing."""
    plain, negated = (ink(picture) for picture in pictures(sign, rf"\not{sign}"))
    assert abs(negated.shape[1] - plain.shape[1]) <= 2
    assert negated.sum() > 1.02 * plain.sum()
    assert negated.shape[0] < 36


def test_a_construct_that_cannot_be_slashed_is_refused() -> None:
    assert {reason(tex) for tex in (r"\not\cdots", r"\not{ab}", r"\not\xrightarrow{f}")} == {"formula:syntax"}


@pytest.mark.parametrize("stacked", [r"\overset{a}{=}", r"\underset{a}{=}", r"\stackrel{a}{=}", r"\overset{a}{+}"])
def test_a_sign_with_something_above_it_keeps_its_space(stacked: str) -> None:
    plain, other = pictures(f"x{stacked[-2]}y", f"x{stacked}y")
    assert abs(plain.shape[1] - other.shape[1]) <= 2


@pytest.mark.parametrize("sign", [r"\int", r"\iint", r"\iiint", r"\oint"])
def test_limits_that_are_asked_for_stand_below_an_integral(sign: str) -> None:
    beside, below = pictures(rf"{sign}_D f", rf"{sign}\limits_D f")
    assert below.shape[0] > beside.shape[0] + 4
    assert below.shape[1] < beside.shape[1]


def test_greek_capitals_that_are_called_variants_lean() -> None:
    assert formula_to_typst(r"\varGamma", display=False) == formula_to_typst(r"\mathit{\Gamma}", display=False)


@pytest.mark.parametrize(
    ("spare", "plain", "rows"),
    [
        ("|l|c||r|", "|l|c||", r"\hline a & b \\ \hline"),
        ("ccc", "cc", r"a & b \\ c"),
        ("l|ll", "l|l", r"\multicolumn{2}{c}{x}\\ a"),
    ],
)
def test_a_column_that_no_row_reaches_is_not_there_as_in_tex(spare: str, plain: str, rows: str) -> None:
    tables = [rf"\begin{{array}}{{{columns}}}{rows}\end{{array}}" for columns in (spare, plain)]
    assert formula_to_typst(tables[0], display=True) == formula_to_typst(tables[1], display=True)


def test_a_column_that_a_row_or_a_rule_reaches_is_there() -> None:
    columns = r"\begin{array}{|c|c|c|}\hline %s \\ %s b\\ \hline\end{array}"
    three = [
        columns % cells
        for cells in (("a & & c", ""), ("a & &", ""), ("a", r"\cline{1-3}"), (r"\multicolumn{3}{c|}{a}", ""))
    ]
    assert all("columns: (auto, auto, auto, )" in formula_to_typst(tex, display=True) for tex in three)


def test_an_empty_row_of_cells_stays_a_row() -> None:
    full, gap = pictures(r"\begin{array}{|c|c|}\hline a&b\\ \hline c&d\\ \hline\end{array}",
                         r"\begin{array}{|c|c|}\hline a&b\\ \hline & \\ \hline\end{array}")  # fmt: skip
    assert abs(full.shape[0] - gap.shape[0]) <= 1


def test_a_missing_delimiter_does_not_stretch_a_bracket_inside() -> None:
    tall = r"\begin{array}{l}x\\y\\z\end{array}f(x)"
    (picture,) = pictures(rf"\left\{{{tall}\right.", display=True)
    dark = ink(picture)
    heights = [np.flatnonzero(column > 0.4) for column in dark.T[-8:]]
    assert max(rows[-1] - rows[0] for rows in heights if rows.size) < dark.shape[0] / 2


def test_no_glyph_is_a_box() -> None:
    tofu, *signs = pictures(
        r"\mathrm{x}", r"\oint", r"\text{中文字}", r"\mathscr{F}", r"\mathbb{1}", r"\text{é}", "、"
    )
    assert all(ink(sign).size > 40 for sign in signs)
    assert reason("\U00102345") == "formula:uncovered:U+102345"
    assert ink(tofu).size > 40


TOKENS = st.sampled_from(
    r"""{ } ( ) [ ] ^ _ & \\ \frac \sqrt \left( \right) \left. \right| \middle| \text{ $ \begin{array}{c|c}
    \end{array} \begin{cases} \end{cases} \begin{aligned} \end{aligned} \boxed{ \hline \overset \ce{ \color{red} \big
    \limits ' " # @ ` ; , : \, \mathrm{ \begin{tabular}{|c|} \end{tabular} \multicolumn{2}{c|}{ \cline{1-2} \tag{1}
    \operatorname{ \mathop{ \xrightarrow \cancelto \hspace{1em} \kern 中 é /* */ // \u{41} #import \" x 1 . \over
    \choose \not \vec \underbrace \bmod \mathbb | \| <
    \phantom \substack{ \displaystyle ~ % #[x] #read("/etc/passwd") $x$ 𝟙 ٣ ﷽""".split()
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(TOKENS, st.text(max_size=3)), max_size=20))
def test_any_string_is_set_or_refused(pieces: list[str]) -> None:
    why = reason(" ".join(pieces))
    assert why is None or (why.startswith("formula:") and len(why) < 70)


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_is_set_or_refused(text: str) -> None:
    why = reason(text)
    assert why is None or why.startswith("formula:")


def test_whatever_is_accepted_compiles() -> None:
    choose = random.Random(1)
    real = real_formulas()
    parts = r"""{ } ^ _ & \\ \frac \sqrt $ # \text{ ( [ ' | x 中 \left( \right) " , ; /* // \# \" @""".split()
    mutated = []
    for _ in range(2500):
        tex = choose.choice(real)
        for _ in range(choose.randint(1, 2)):
            start = choose.randrange(len(tex) + 1)
            tex = tex[:start] + choose.choice([*parts, "", ""]) + tex[start + choose.randint(0, 2) :]
        mutated.append(tex)
    assert compiles(mutated) > 500


def test_every_known_command_among_others_is_refused_or_compiles() -> None:
    choose = random.Random(2)
    names = [name for name in HANDLERS if len(name) > 1 or not name.isascii()]
    others = r"""{ } {x} {2} [3] {-2pt} {1em} ^ _ & \\ x 1 ( ) $ \begin{array}{c|c} \end{array}
    \begin{CD} \end{CD} @>>> @VVV
    \text{ \left( \right) {1;2} {red} \of \over {\kilo\metre} " 中 ² '""".split()
    formulas = []
    for _ in range(4000):
        count = choose.choice((1, 2, 4, 8, 16))
        formulas.append("".join(choose.choice(names) + choose.choice((" ", "{x}", "{x}{y}", "{1em}"))
                            if choose.random() < 0.5 else choose.choice(others) for _ in range(count)))  # fmt: skip
    assert compiles(formulas) > 800


INJECTIONS = [
    '$ #read("/etc/passwd") $', '#import "@preview/x:1.0.0"', r'\text{"); #panic("x") ("}', r"\text{\\}#panic()",
    "#{1/0}", r'\text{$"$}', r'\mathrm{"#panic()"}', "*/ #panic() /*", r"// \#", "`#panic()`", r"\#panic()",
    "lmboxed(x)", "frac(1,2)", r"\operatorname{lmboxed}(x)", r'\operatorname{")#panic()}', r"\u{24}", "a//b", "x/*y",
    r"\text{#panic()}", r"\tag{$#panic()$}",
]  # fmt: skip


@pytest.mark.parametrize("tex", INJECTIONS)
def test_no_formula_runs_code(tex: str) -> None:
    """`#panic()`, a file or a package would fail the compilation: whatever is accepted compiles, so none of it ran."""
    compiles([tex, tex])


def test_letters_that_spell_a_function_are_letters() -> None:
    function, letters = pictures("f r a c(1,2)", "frac(1,2)")
    assert likeness(function, letters).correlation > 0.999
