r"""Commands of packages beside amsmath: what they refuse, and that no digit or letter of what they are given is lost.

Their pictures are held to LaTeX's in `tests/reference`.
"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rendering.mathematics_helpers import compiles, reason

from lomo_hf.rendering.mathematics import formula_to_typst, typeset_formula


def digits_of(typst: str) -> str:
    """The digits of a formula in Typst, without those of lengths."""
    return "".join(re.findall(r"[0-9]", re.sub(r"#h\([^)]*\)", "", typst)))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10**9), st.text("0123456789", min_size=0, max_size=9), st.integers(-40, 40),
    st.sampled_from(["\\num{%s}", "\\SI{%s}{\\kilo\\metre}", "\\qty{%s}{m/s}", "\\numrange{%s}{7}", "\\pu{%s kg}"]),
)  # fmt: skip
def test_every_digit_of_a_number_is_shown(whole: int, part: str, exponent: int, command: str) -> None:
    number = f"{whole}{f'.{part}' if part else ''}e{exponent}"
    shown = digits_of(formula_to_typst(command % number, display=False))
    wanted = f"{whole}{part}10{abs(exponent)}"
    assert shown.startswith(wanted), (number, shown)


UNITS = ["metre", "second", "gram", "joule", "mole", "kelvin", "ampere", "pascal", "volt", "newton"]
SYMBOLS = dict(zip(UNITS, ["m", "s", "g", "J", "mol", "K", "A", "Pa", "V", "N"], strict=True))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["", "\\kilo", "\\mega"]), st.sampled_from(UNITS),
                          st.sampled_from(["", "\\squared", "\\tothe{5}"])), min_size=1, max_size=5))  # fmt: skip
def test_units_that_are_composed_are_shown_in_their_order(units: list[tuple[bool, str, str, str]]) -> None:
    written = "".join(("\\per" if per else "") + f"{prefix}\\{unit}{power}" for per, prefix, unit, power in units)
    typst = formula_to_typst(rf"\unit{{{written}}}", display=False)
    typst = re.sub(r"upright|attach|class|normal|#h\([^)]*\)|[a-z]: ", "", typst)
    prefixes = {"": "", "\\kilo": "k", "\\mega": "M"}
    wanted = [prefixes[prefix] + SYMBOLS[unit] for _, prefix, unit, _ in units]
    assert re.findall(r"[A-Za-z]+", typst) == wanted


@pytest.mark.parametrize(
    ("one_way", "another"),
    [
        (r"\SI{3}{\kilo\metre}", r"\qty{3}{\km}"),
        (r"\si{\metre\per\second}", r"\unit{m.s^{-1}}"),
        (r"\SI{5}{\percent}", r"5\,\%"),
        (r"\ang{30}", r"30^{\circ}"),
        (r"\SI[per-mode=symbol]{2}{\metre\per\second}", r"2\,\mathrm{m}/\mathrm{s}"),
        (r"\RR", r"\mathbb{R}"),
        (r"\FF_{p}", r"\mathbb{F}_{p}"),
        (r"\P(A)", r"\mathbb{P}(A)"),
        (r"\E[X]", r"\mathbb{E}[X]"),
        (r"\abs{x}", r"\left|x\right|"),
        (r"\abs*{x}", r"\left|x\right|"),
        (r"\norm{x}", r"\left\|x\right\|"),
        (r"\gcd(a,b)\lcm(a,b)", r"\gcd(a,b)\operatorname{lcm}(a,b)"),
        (r"p\minus{}q\equal{}r", r"p-q=r"),
        (r"\not\equal{}", r"\not="),
        (r"\dv{y}{t}", r"\frac{\mathrm{d}y}{\mathrm{d}t}"),
        (r"\pdv[2]{u}{x}", r"\frac{\partial^{2}u}{\partial x^{2}}"),
        (r"\braket{p}{q}", r"\left\langle p\middle|q\right\rangle"),
        (r"\root 5\of{y}", r"\sqrt[5]{y}"),
        (r"\buildrel p\over\to", r"\stackrel{p}{\to}"),
        (r"{\bgroup y\egroup}", r"{{y}}"),
        (r"\pmqty{1&2}", r"\begin{pmatrix}1&2\end{pmatrix}"),
        (r"\require{cancel}x", "x"),
        (r"\underbracket[2pt][3pt]{x}", r"\underbracket{x}"),
        (r"\begin{alignedat}[t]{1}p&=q\end{alignedat}", r"\begin{alignedat}{1}p&=q\end{alignedat}"),
        (r"\begin{multlined}[b][4cm]p\\q\end{multlined}", r"\begin{multlined}p\\q\end{multlined}"),
        (r"\begin{gathered} [0,1)=p \\ q\end{gathered}", r"\begin{gathered}{}[0,1)=p \\ q\end{gathered}"),
        (r"\begin{tabular}{l}\toprule[2pt] p\end{tabular}", r"\begin{tabular}{l}\hline p\end{tabular}"),
        (r"\stackrel[p]{q}{=}", r"\stackrel{q}{\underset{p}{=}}"),
    ],
)  # fmt: skip
def test_two_ways_of_writing_are_set_alike(one_way: str, another: str) -> None:
    assert reason(one_way) == reason(another)
    if reason(one_way) is None:
        assert formula_to_typst(one_way, display=False) == formula_to_typst(another, display=False)
        assert typeset_formula(one_way, display=False).repairs == ()


@pytest.mark.parametrize(
    ("tex", "why"),
    [
        (r"\SI[round-mode=places,round-precision=1]{3.14159}{m}", r"unsupported:\SI"),
        (r"\si[per-mode=sideways]{\metre\per\second}", "unsupported:per-mode"),
        (r"\ang{1;2;3;4}", "syntax"),
        (r"\sisetup{per-mode=symbol}\si{m}", r"definition:\sisetup"),
        (r"\begin{CD}A@>f>B\end{CD}", "unsupported:CD"),
        (r"\begin{CD}A@?B\end{CD}", "unsupported:CD"),
        (r"\noalign{\hbox{and}}x", r"unsupported:\noalign"),
        (r"\begin{tabular}{c}a\\ \noalign{\hbox{and}}b\end{tabular}", r"unsupported:\noalign"),
        (r"\enclose{longdiv}{12}", r"unsupported:\enclose"),
        (r"\root 3 x", "syntax"),
        (r"\DeclareMathOperator{\foo}{foo}", r"definition:\DeclareMathOperator"),
        (r"\norm[2]{x}", r"unsupported:\norm"),
        (r"\Aboxed{a&=b}", r"unknown-command:\Aboxed"),
    ],
)  # fmt: skip
def test_what_is_not_followed_is_refused_by_name(tex: str, why: str) -> None:
    assert reason(tex, display=True) == f"formula:{why}"


def test_macros_that_repeat_their_arguments_stay_small() -> None:
    nested = "x"
    for _ in range(24):
        nested = rf"\comm{{{nested}}}{{{nested[:40]}}}"
    assert reason(nested) in (None, "formula:too-long", "formula:too-deep", "formula:unbalanced")


def test_text_is_bold_and_italic_at_once() -> None:
    assert formula_to_typst(r"\textbf{\textit{x}}", display=False) == 'lmtextbold(lmtextitalic("x"))'
    assert formula_to_typst(r"\textit{\bfseries x}", display=False) == 'lmtextbold(lmtextitalic("x"))'
    assert formula_to_typst(r"\textbf{\textup{x}}", display=False) == 'lmtextbold("x")'


def test_a_text_that_holds_formulas_and_lines_is_set() -> None:
    tex = r"\text{costs \$5, $x_1$ and \underline{\textit{more} than $y$}}\textit{a \underline{b}}"
    assert compiles([tex, tex]) == 2


def test_formulas_side_by_side_in_a_text_stay_apart() -> None:
    r"""`xy` and `yclass` are no names to Typst: what stands side by side is joined like any other pieces."""
    texts = [r"\text{$p$$q$}", r"\text{$p$\bmod}", r"\text{\alpha$q$\sin}", r"\text{$1$$2$ and $p$\boxed{q}}"]
    assert compiles([tex for text in texts for tex in (text, text)]) == 2 * len(texts)


def test_commands_of_mathematics_within_text_are_set_and_named() -> None:
    typeset = typeset_formula(r"\text{if x \le \frac{1}{2}}", display=True)
    assert typeset.repairs == ("mended-mathematics-in-text",)
    assert reason(r"\text{\fraction{1}{2}}") == r"formula:unknown-command:\fraction"
