"""What is a formula, what is code and what is money: against prompts whose truth is known, and real ones."""

import json
import random
from itertools import pairwise
from pathlib import Path

import pytest
from counted_work import CountedText, work_grows_with
from hypothesis import example, given, settings
from hypothesis import strategies as st
from spans.grammar import Prompt, prompts, rough_texts

from lomo_hf.corpus import Conversation, open_corpus
from lomo_hf.spans import scan, select_spans

EDGE = Path(__file__).parent.parent / "data" / "edge.jsonl"


def edge_prompt(name: str) -> str:
    """The first question of a hand-written row of tests/data/edge.jsonl."""
    rows = map(json.loads, EDGE.read_text(encoding="utf-8").splitlines())
    row = next(row for row in rows if row["id"] == name)
    return next(message["content"] for message in row["messages"] if message["role"] == "user")


def atom_sources(prompt: str) -> list[str]:
    return [prompt[atom.start : atom.end] for atom in scan(prompt)]


@settings(max_examples=400, deadline=None)
@given(prompts())
def test_every_formula_and_code_span_that_was_put_in_is_found_and_nothing_else(prompt: Prompt) -> None:
    atoms = [(atom.start, atom.end, "math" if atom.is_math else atom.kind) for atom in scan(prompt.text)]
    assert atoms == prompt.truth


@settings(max_examples=400, deadline=None)
@given(st.one_of(rough_texts(), st.text()))
@example("\\left\\right\r\n")
def test_atoms_of_any_text_are_ordered_disjoint_and_hold_their_bodies(text: str) -> None:
    atoms = scan(text)
    assert all(left.end <= right.start for left, right in pairwise(atoms))
    for atom in atoms:
        assert 0 <= atom.start <= atom.body_start <= atom.body_end <= atom.end <= len(text)
        assert not text[atom.start].isspace() or atom.kind == "fence"
        assert not text[atom.end - 1].isspace()
        assert not atom.is_math or text[atom.body_start : atom.body_end].strip()


@settings(max_examples=300, deadline=None)
@given(st.one_of(rough_texts(), prompts().map(lambda prompt: prompt.text)))
def test_a_delimited_atom_scanned_by_itself_is_one_atom_of_the_same_sort(text: str) -> None:
    for atom in scan(text):
        source = text[atom.start : atom.end]
        alone = scan(source)
        assert [(inner.start, inner.end) for inner in alone] == [(0, len(source))]
        assert alone[0].is_math == atom.is_math
        assert alone[0].kind == atom.kind or atom.is_math or source.startswith("```")  # alone on its line: a fence


EDGE_ATOMS = [
    ("edge-currency-not-math", []),
    ("edge-abbrev", []),
    ("edge-unbalanced-dollar", []),
    ("edge-double-dollar-inline", ["$$a=3$$", "$$b=4$$", "$$c$$"]),
    ("edge-display-math-split", ["\\[ S = \\sum_{i=1}^{n} i^2 . \\]", "$\\frac{n(n+1)(2n+1)}{6}$"]),
    ("edge-align-env", ["\\begin{align*}\n x+y &= 3 \\\\\n x-y &= 1\n\\end{align*}"]),
    ("edge-unknown-macro", ["$\\foo{3}+\\mycmd$"]),
    ("edge-asy", ["[asy] draw((0,0)--(1,0)--(1,1)--cycle); [/asy]"]),
    ("edge-chem", ["\\ce{H2 + O2 -> H2O}"]),
    ("edge-nested-fence", ["````md\n```python\nprint('x')\n```\n````"]),
    ("edge-cjk-mixed", ["$\\int_0^1 x^2\\,dx$"]),
    ("edge-html", []),
    ("edge-json", []),
    ("edge-literal-qwen-tokens", []),
    ("edge-long-token", []),
    ("edge-ws-user", []),
]


@pytest.mark.parametrize(("name", "expected"), EDGE_ATOMS)
def test_hand_written_rows_hold_exactly_these_atoms(name: str, expected: list[str]) -> None:
    assert atom_sources(edge_prompt(name)) == expected


# Each is a place of a real prompt that pandoc's rule alone, or our first reading of it, got wrong.
REAL = [
    ("Here one unit represents $ 20,000$. One person", ["$ 20,000$"]),
    ("There is no $f $ such that $f(f(n)) = n + 1987 $ for every $n $.", ["$f $", "$f(f(n)) = n + 1987 $", "$n $"]),
    ("Square $ ABCD $ has side length $10$.", ["$ ABCD $", "$10$"]),  # MATH
    ("must satisfy so that $x, y, z $ (the solutions of", ["$x, y, z $"]),  # miniF2F
    ("The positive integers $A, B, A-B, $ and $A+B$ are", ["$A, B, A-B, $", "$A+B$"]),
    ("Larry and Lenny have $\\$$35. Larry has", ["$\\$$"]),
    ("on a deposit of $\\$$10,000 invested at 4.5$\\%$", ["$\\$$", "$\\%$"]),
    ("with a \\$95,000 mortgage, not to exceed \\$900?", []),
    ("| Total | $ 13,448 | $ 13,988 | $ 12,185 |", []),  # TAT-QA
    ("| Interest | $(17,334) | $(6,442) | $— | $10 |", []),
    ("|  | $M | $M |\n|  | $'000 | US$’000 | US$’000 |", []),
    ("|  | (S$ million) | (S$ million) | (%) |", []),
    ("Taxes:40000(.20)=8000$\nHealthcare:40000(.10)=4000$\nDues:800$\n", []),  # GSM8K
    ("ranging from `64.90 and `74.10, and average", []),
    ('<?php\n$sample = "Hello";\necho reverseStr($sample);', []),  # GPTeacher
    ("momentum of $1000$ $MeV/c$ is usually quoted in $MeV / c$", ["$1000$", "$MeV/c$", "$MeV / c$"]),
    ("by $a_2, \\ldots$$b_1$ and$t_n = 2$for", ["$a_2, \\ldots$", "$b_1$", "$t_n = 2$"]),
    ("If $x$ is $0\\text{ if $y>0$}$ then", ["$x$", "$0\\text{ if $y>0$}$"]),
    ("It costs $5. Let \\alpha be $x$.", ["\\alpha", "$x$"]),
    ("$S_{\\text{max}$ and $y$", ["$S_{\\text{max}$", "$y$"]),  # one brace is missing: it is a formula all the same
    ("LaTeX writes ``quoted'' text and ``more'' of it.", []),
    ("A line break \\\\(x) opens nothing.", []),
    ("In C:\\alpha\\beta\\log.txt and 2\\alpha", ["\\alpha"]),
    ("Call one $``B6,''$ please.", ["$``B6,''$"]),  # MATH
    ("Then $2^{2abcd} = 2^3,$ so $abcd = 1$", ["$2^{2abcd} = 2^3,$", "$abcd = 1$"]),
    ("Both sides by $(x-y) $, we have $x^3 $", ["$(x-y) $", "$x^3 $"]),  # miniF2F
    ("order $ r = ord_q(2)$ of 2 divides $ 2n$.", ["$ r = ord_q(2)$", "$ 2n$"]),
    ('curl -o "$FILENAME" "$URL"', []),  # GPTeacher
    ('filename="$1"\nif [ -f "$filename" ]; then', []),
    ("$conn = new mysqli($server, $username);\nif ($conn->query($sql) === TRUE) {", []),
    ("a=$((a % b))\n    a=$b\n    b=$remainder", []),
    (
        "$$\n\\lambda=1\n\n$$ then implies that\n$$\nx=2\n$$\nWe know $y$",
        ["$$\n\\lambda=1\n\n$$", "$$\nx=2\n$$", "$y$"],
    ),
    ("$$ we know that $x$ falls\n$$x=2$$", ["$x$", "$$x=2$$"]),
    ("$$5 and $$10 places", []),
    ("It costs $10. \\(x\\) `$z$`", ["\\(x\\)", "`$z$`"]),
    ("$x$-axis, \\(y\\)-axis", ["$x$", "\\(y\\)"]),
    ("$" + "+".join(["\\alpha"] * 100) + "$", ["$" + "+".join(["\\alpha"] * 100) + "$"]),
]


@pytest.mark.parametrize(("prompt", "expected"), REAL)
def test_real_dollars_are_read_as_a_reader_would(prompt: str, expected: list[str]) -> None:
    assert atom_sources(prompt) == expected


@pytest.mark.parametrize(
    "pair",
    [
        r"\left(x\right)", r"\left( x \right )", r"\left\{ x \right.", r"\left|x\right|_0^{2}", "\\left(x\\right\r\n)",
        r"\left\langle x, y\right\rangle", r"\left\lfloor x\right\rfloor^2", r"\left\| x\right\|_2\cdot\alpha",
    ],
)  # fmt: skip
def test_bare_delimiters_are_one_formula_with_their_scripts(pair: str) -> None:
    assert atom_sources(f"Let {pair} be") == [pair]


@pytest.mark.parametrize(
    "command",
    [
        r"\sum\limits_{i=1}^{n}", r"\prod\limits _{i}", r"\int\nolimits_0^1", r"\operatorname*{arg\,max}_{x}",
        r"\xrightarrow[a]{b}", r"\log _{2}", r"\in", r"\leqslant",
    ],
)  # fmt: skip
def test_a_bare_command_keeps_its_scripts_and_options(command: str) -> None:
    assert atom_sources(f"So x {command} y") == [command]


def test_a_colon_before_a_command_makes_no_path() -> None:
    assert atom_sources(r"the ratio \sqrt{2}:\sqrt{3} or 1:\alpha") == [r"\sqrt{2}", r"\sqrt{3}", r"\alpha"]
    assert atom_sources(r"In C:\log, (D:\beta) or c:\alpha\in\text") == []


def test_a_table_alone_in_its_place_on_the_page_is_one_formula_with_it() -> None:
    table = r"\begin{tabular}{c|c}a & $b$\end{tabular}"
    for name in ("center", "flushleft", "flushright"):
        for space in ("", " ", "\n"):
            placed = f"\\begin{{{name}}}{space}{table}{space}\\end{{{name}}}"
            assert atom_sources(f"Sales{placed}The table shows them.") == [placed]


@pytest.mark.parametrize(
    "text",
    [
        r"\begin{center}.TABLE.\end{center}",
        r"\begin{center}Sales TABLE\end{center}",
        r"\begin{center}TABLE\end{flushleft}",
        r"\begin{center}TABLE and more",
        r"TABLE\end{center}",
        r"\begin{itemize}TABLE\end{itemize}",
    ],
)
def test_a_table_that_does_not_stand_alone_there_is_one_by_itself(text: str) -> None:
    table = r"\begin{tabular}{cc}a & b\end{tabular}"
    assert atom_sources(text.replace("TABLE", table)) == [table]


def test_words_in_the_centre_stay_text() -> None:
    assert atom_sources(r"\begin{center} Poems \end{center} Write one about the sea.") == []


@pytest.mark.parametrize("text", ["\\left\\right\r\n", r"\left(x\right", r"\left(x\right\)", "\\left(x\\right\n\n)"])
def test_bare_delimiters_without_an_end_are_no_formula(text: str) -> None:
    assert atom_sources(text) == []


def test_no_price_of_the_sample_is_a_formula() -> None:
    """GSM8K's questions hold no LaTeX at all, so every formula found in one would be money."""
    source = open_corpus(None)
    for conversation in source.conversations(0, len(source)):
        assert isinstance(conversation, Conversation)
        if "gsm8k" in conversation.id:
            for turn in conversation.turns:
                assert not any(atom.is_math for atom in scan(turn.text)), turn.text


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("If $$a=3$$ then stop.", "inline"),
        ("Compute\n$$a=3$$\nThen stop.", "display"),
        ("Let $$" + "a+" * 40 + "b$$ be it.", "display"),
        ("Let \\(x\\) be.", "inline"),
        ("\\[x\\]", "display"),
        ("\\begin{cases}1\\end{cases}", "display"),
    ],
)
def test_a_short_double_dollar_within_words_is_inline(prompt: str, kind: str) -> None:
    assert [atom.kind for atom in scan(prompt)] == [kind]


HOSTILE = {
    "unclosed parentheses": lambda n: "\\(" * n,
    "one closer": lambda n: "\\[" * n + "\\]",
    "text groups": lambda n: "$\\text{" * n,
    "long text groups": lambda n: ("$\\text{" + "x" * 250) * (n // 40),
    "fractions": lambda n: "\\frac{" * n,
    "scripts": lambda n: "\\alpha^" * n,
    "lefts": lambda n: "\\left(" * n,
    "environments": lambda n: "\\begin{align}" * n,
    "nested environments": lambda n: "\\begin{align}" * n + "\\end{align}" * n,
    "crossed environments": lambda n: "\\begin{align}\\begin{cases}\\end{align}" * n,
    "newlines": lambda n: "\n" * (20 * n),
    "blank lines": lambda n: "\n " * (10 * n),
    "open fences": lambda n: "```py\n" * n,
    "closed fences": lambda n: "```\nx\n```\n" * n,
    "mixed fences": lambda n: "```\n~~~~\n" * n,
    "growing fences": lambda n: "".join("`" * (3 + i % 200) + "\n" for i in range(n)),
    "figures": lambda n: "[asy]" * n,
    "dollars": lambda n: "$ " * n,
    "double dollars": lambda n: "$$ a\n\n" * n,
    "backticks": lambda n: "` " * n,
    "backslashes": lambda n: "\\" * (3 * n),
    "formulas": lambda n: "$a$" * n,
    "spaces": lambda n: "\\frac" + " " * (20 * n),
    "stops": lambda n: "." * (5 * n),
    "exclamations": lambda n: '!"' * (2 * n),
    "sentences": lambda n: "A b. " * n,
    "sentences behind a bracket": lambda n: "(" + "A b. " * n + ")",
    "a row of sentences": lambda n: "| " + "It is so. " * n,
    "a row of tables": lambda n: "| " + "\\begin{tabular}{c}a\\end{tabular}因为。" * n,
    "a row of labels": lambda n: "| " + "A. $a$ (b). " * n,
    "labels": lambda n: "A. $a$ " * (4 * n),
    "operands": lambda n: "\\alpha 1 - " * n,
    "brackets": lambda n: "( $a$ ) , " * n,
    "prose between displays": lambda n: "$$ is 1 and so $" * n,
    "word": lambda n: "a" * (20 * n),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_work_grows_no_faster_than_the_prompt(name: str) -> None:
    small, large = (CountedText(HOSTILE[name](n)) for n in (400, 1_600))
    assert work_grows_with(select_spans, small, large)


@pytest.mark.parametrize("size", [25_000])
def test_25_000_unclosed_delimiters_are_text(size: int) -> None:
    for opener in ("\\(", "\\[", "\\frac{", "$\\text{", "\\begin{align}", "{"):
        assert scan(opener * size) == ()


def test_braces_nested_a_thousand_deep_are_one_formula() -> None:
    deep = "\\frac" + "{" * 1_000 + "x" + "}" * 1_000 + "{y}"
    assert atom_sources(f"So {deep} it is.") == [deep]


def test_work_on_megabytes_of_text_grows_no_faster_than_they_do() -> None:
    pick = random.Random(1)
    parts = [
        "Natalia sold clips. ",
        "It costs $5. ",
        "Let $x=1$ be. ",
        "因为他想买。",
        "\n",
        "Use `x`. ",
        "\\frac{1}{2} ",
    ]

    def prompt(size: int) -> str:
        return "word " * (50 * size) + "".join(pick.choices(parts, k=size))

    assert work_grows_with(select_spans, CountedText(prompt(500)), CountedText(prompt(2_000)))
    whole = prompt(40_000)
    assert len(whole) > 9_900_000
    (span,) = select_spans(whole).spans
    assert len(whole) / 4 < span.end - span.start < len(whole) / 2


def test_nul_and_lone_surrogates_are_characters_like_others() -> None:
    prompt = "A\x00 b. \ud800$x\udfff=1$ c. D\x00. E\ud83d."
    assert atom_sources(prompt) == ["$x\udfff=1$"]
    localization = select_spans(prompt)
    assert (
        "".join(
            (
                localization.texts()[0],
                *(prompt[s.start : s.end] for s in localization.spans),
                *localization.texts()[1:],
            )
        )
        == prompt
    )
