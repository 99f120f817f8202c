"""Where a prompt may be cut: never within what belongs together, and at clauses where a block is long."""

from itertools import pairwise

import pytest

from lomo_hf.spans import POSITIONS, scan, select_spans
from lomo_hf.spans.blocks import block_edges
from lomo_hf.spans.borders import Borders
from lomo_hf.spans.localization import wanted_borders
from lomo_hf.spans.sentences import sentence_starts


def blocks(prompt: str, position: str = "middle") -> list[str]:
    atoms = scan(prompt)
    edges = block_edges(prompt, atoms, sentence_starts(prompt, atoms), wanted_borders(position))
    return [prompt[a:b] for a, b in pairwise(edges)]


# Each `‖` stands where a prompt was cut, or could be, and must not be.
WHOLE = {
    "a row of a table": [
        "Read the table.\n| year | $n$ |\n|---|---|\n| 2019 | $3^{4}$ ‖| 81 |\n| 2020 | $3^{5}$ | 243 |\nWhat? Why?",
        "Here.\n| a ‖| b. Then | c |\nWhich is it? Say it. Do.",
    ],
    "a marker and its item": [
        "Which holds?\nA. W= 3e^(2K\\beta)\nB. ‖W= 3e^(4K\\beta)\nC. W= 5\nD. W= 6",
        "Do this. 1. ‖Find $x$. 2. ‖Find $y$. 3. ‖Say why. 4. ‖End.",
        "There are three parts: (a) ‖$x$ is odd; (b) ‖$y$ is even; (c) ‖both are prime. Show it. Then stop.",
        "如图。问题：(1) ‖求$a$的值；(2) ‖求$b$的值。然后回答。结束。",
    ],
    "a vector and a pair": [
        "Given $\\vec{p}$ and \\vec{q}=(3, ‖y), find y. It is so. Then stop. Why?",
        "The point (2, ‖$k$) lies on it. Find $k$. Then stop. Say why.",
    ],
    "a group in brackets": [
        "For all pairs ($2 \\le p, q \\le s$, ‖$p \\ne q$) it holds. Say why it is so. Then stop there. Do it now.",
        "It rose [see part 2, ‖where $m$ is found] in May. Why? Say it. Do it.",
        "他说（见第二部分，‖其中$m$已知）如此。为什么？请说明。结束。",
    ],
    "an equation in parts": [
        "Then $PQ$ =‖ $7z\\sqrt{5}$ holds. Why is it? Say it. Stop.",
        "Then $PQ$ ‖= $7z\\sqrt{5}$ holds. Why is it? Say it. Stop.",
    ],
    "an abbreviation and what it opens": [
        "It is monotone (i.e. ‖$g(m + 1) > g(m)$ for all). Why? Say it. Stop.",
        "Take primes, e.g. ‖$p=2$ or so. Why? Say it. Stop.",
        "As in Fig. ‖$3$ and No. ‖$4$ of it. Why? Say it. Stop.",
    ],
}  # fmt: skip


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize(("kind", "marked"), [(kind, text) for kind, texts in WHOLE.items() for text in texts])
def test_what_belongs_together_is_not_cut(kind: str, marked: str, position: str) -> None:
    """Nor is it for any position, whatever its share of the prompt."""
    prompt = marked.replace("‖", "")
    never, parts = set(), marked.split("‖")
    for number in range(1, len(parts)):
        never.add(len("".join(parts[:number])))
    located = select_spans(prompt, position)
    assert never.isdisjoint(located.edges), (kind, located.texts())


@pytest.mark.parametrize(
    ("prompt", "places"),
    [
        ("See (a, b) and x = 5.", [4, 11, 15]),
        ("three ways - as such", [6, 11, 16]),
        ("A group (that is so long that it would be most of the prompt, and more, is cut).", None),
    ],
)
def test_a_place_is_allowed_or_not(prompt: str, places: list[int] | None) -> None:
    borders = Borders(prompt, ())
    allowed = [at + 1 for at, char in enumerate(prompt) if char == " " and borders.allow(at + 1)]
    assert (allowed == places) if places else (len(allowed) > 10)


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    prompt = (
        "A farmer keeps some goats on a hill above the village, where they graze every single morning on the grass of "
        "the meadow, and he sells all of their milk. How much? Why? When?"
    )
    (span,) = select_spans(prompt).spans
    assert prompt[span.start : span.end] == "where they graze every single morning on the grass of the meadow,"


def test_short_sentences_are_cut_at_their_ends_only() -> None:
    prompt = (
        "One, two and three. Four, five and six. Seven, eight or nine. Ten, but no more. Eleven, then. Twelve, so."
    )
    assert blocks(prompt) == [f"{part}. " for part in prompt.removesuffix(".").split(". ")[:-1]] + ["Twelve, so."]
