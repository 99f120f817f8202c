"""Blocks: cut at the ends of sentences and at formulas, with ink in each, and never within an atom."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spans.grammar import Prompt, prompts, rough_texts

from lomo_hf.spans import scan
from lomo_hf.spans.blocks import block_edges
from lomo_hf.spans.sentences import sentence_starts


def blocks(prompt: str) -> list[str]:
    atoms = scan(prompt)
    return [prompt[a:b] for a, b in pairwise(block_edges(prompt, atoms, sentence_starts(prompt, atoms)))]


@settings(max_examples=400, deadline=None)
@given(st.one_of(rough_texts(), st.text(), prompts().map(lambda prompt: prompt.text)))
def test_blocks_are_the_prompt_again_hold_ink_and_respect_atoms(text: str) -> None:
    atoms = scan(text)
    edges = block_edges(text, atoms, sentence_starts(text, atoms))
    assert (edges[0], edges[-1]) == (0, len(text))
    assert all(a < b for a, b in pairwise(edges)) or not text
    assert all(text[a:b].strip() for a, b in pairwise(edges)) or not text.strip()
    assert not any(atom.start < edge < atom.end for atom in atoms for edge in edges)


@settings(max_examples=300, deadline=None)
@given(prompts())
def test_blocks_are_cut_only_where_a_word_ends(prompt: Prompt) -> None:
    """In these prompts a border is always after space, beside a Chinese character, or beside an atom."""
    text, truth = prompt.text, prompt.truth
    marks = {place for start, end, _ in truth for place in (start, end)}
    for edge in block_edges(text, scan(text), sentence_starts(text, scan(text)))[1:-1]:
        beside_cjk = text[edge - 1] >= "\u2e80" or text[edge] >= "\u2e80"
        assert text[edge - 1].isspace() or beside_cjk or edge in marks, (text[:edge], text[edge:])


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Solve ($x+1=2$), then stop. Why?", ["Solve ", "($x+1=2$), ", "then stop. ", "Why?"]),
        ("the $y$-axis is up", ["the ", "$y$-axis ", "is up"]),
        ("Is $x$?", ["Is ", "$x$?"]),
        ("求$f(x)$的值。然后停。", ["求", "$f(x)$", "的值。", "然后停。"]),
        ("已知“$x$”，求。", ["已知", "“$x$”，", "求。"]),
        ("(A)$2+i$\n(B)$2-i$", ["(A)$2+i$\n", "(B)$2-i$"]),
        ("By\n  $x$ and", ["By\n", "  $x$ ", "and"]),
        ("$a$$b$ c", ["$a$$b$ ", "c"]),
        ("Show \\frac{1}{2} + \\frac{1}{3} = 5/6 now", ["Show ", "\\frac{1}{2} + \\frac{1}{3} = 5/6 ", "now"]),
        ("It is x \\in [-2,7]. Why", ["It is ", "x \\in [-2,7]. ", "Why"]),  # miniF2F
        ("Is 5. \\alpha \\le 3, or", ["Is 5. ", "\\alpha \\le 3, ", "or"]),
        ("- \\alpha\n- \\beta", ["- \\alpha\n", "- \\beta"]),
        ("x \\le 5", ["x \\le 5"]),
        ("As 2\\alpha and 3\\beta so", ["As ", "2\\alpha ", "and ", "3\\beta ", "so"]),
        ("value of $x$ ?\nNo", ["value of ", "$x$ ?\n", "No"]),  # SAT
        ("mass ( $m=1$ ) is", ["mass ", "( $m=1$ ) ", "is"]),  # SciBench
        ("Let $a$ , $b$ and", ["Let ", "$a$ , ", "$b$ ", "and"]),
        ("正确的是 ( $)$\n(A)", ["正确的是 ", "( $)$\n", "(A)"]),  # gaokao
        ("$p_1$ : 若复数", ["$p_1$ : ", "若复数"]),
        ("结构示意图:$x$", ["结构示意图:", "$x$"]),
        ("Buy $x$ .5 kg", ["Buy ", "$x$ ", ".5 kg"]),
        ("is $$x=1$$Then go", ["is ", "$$x=1$$", "Then go"]),  # MATH
        ("the $$n$$th term", ["the ", "$$n$$th ", "term"]),
        ("that \\textbf{(D) }2\\le S<6 is", ["that ", "\\textbf{(D) }2\\le S<6 ", "is"]),  # miniF2F
        ("Which?\n(4) $T_2$ test", ["Which?\n", "(4) $T_2$ ", "test"]),  # gaokao
        ("Is\nA. $x$ B. $y$\nC. $z$", ["Is\n", "A. $x$ ", "B. $y$\n", "C. $z$"]),
        ("  II. $x$ or", ["  II. $x$ ", "or"]),
        ("of line A. $x$ is", ["of line A. ", "$x$ ", "is"]),
        ("Call `f. G` now. Stop.", ["Call `f. G` now. ", "Stop."]),
        ("Run:\n```\nx. Y\n```\nDone.", ["Run:\n", "```\nx. Y\n```\n", "Done."]),
        ("", [""]),
        ("  \n ", ["  \n "]),
    ],
)
def test_blocks_are_cut_as_a_reader_would_cut(prompt: str, expected: list[str]) -> None:
    assert blocks(prompt) == expected


def test_a_formula_grown_together_with_a_long_word_is_not_cut_from_it() -> None:
    word = "x" * 200
    assert blocks(f"See {word}$a${word} there") == [f"See {word}$a${word} there"]
