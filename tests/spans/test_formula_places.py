"""The labelled set of dollars and backslashes is well formed, it is scored rightly, and the page shows its figures."""

import json
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from benchmarks.formula_labels import LABELLED, LabelledPrompt, read_labelled, unmarked
from benchmarks.formula_places import BEGIN, END, score, tables
from benchmarks.formula_rules import every_pair, pandoc_rule
from benchmarks.labelled import PAGE

# The kinds that public reports name, each by at least so many places of a half.
REPORTED = {
    "LaTeX as the subject", "display in a line", "AoPS macros", "space at an end", "digit first", "blank lines",
    "hyphen inside", "product of letters", "percent sign", "escaped by another format", "money", "money in a table",
    "shell", "strings of code", "template", "regular expression", "Windows path", "no partner", "bare command",
}  # fmt: skip


@pytest.fixture(scope="module")
def labelled() -> tuple[LabelledPrompt, ...]:
    return read_labelled()


def test_every_place_of_every_prompt_has_one_label(labelled: tuple[LabelledPrompt, ...]) -> None:
    """LabelledPrompt refuses a place without a label; these are the other promises of the README beside the set."""
    assert len({prompt.id for prompt in labelled}) == len(labelled)
    assert sum(len(prompt.formulas) + len(prompt.places) for prompt in labelled) >= 2_500
    for prompt in labelled:
        spans = sorted([(formula.start, formula.end) for formula in prompt.formulas] + list(prompt.either))
        assert all(left[1] <= right[0] for left, right in pairwise(spans)), prompt.id
        for formula in prompt.formulas:
            source = prompt.text[formula.start : formula.end]
            assert source[0] in "$\\", (prompt.id, source)
            assert source == source.strip(), (prompt.id, source)
            closer = {"$": "$", "\\(": "\\)", "\\[": "\\]"}.get(source[:2] if source[0] == "\\" else "$")
            assert closer is None or source.endswith(closer), (prompt.id, source)


def test_each_reported_kind_is_there_in_both_halves(labelled: tuple[LabelledPrompt, ...]) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for prompt in labelled:
        counts[prompt.half].update(label.kind for label in (*prompt.formulas, *prompt.places))
    for half in ("tuned", "held-out"):
        assert min(counts[half][kind] for kind in REPORTED) >= 10, counts[half]


def test_no_prompt_is_in_both_halves(labelled: tuple[LabelledPrompt, ...]) -> None:
    groups: dict[str, set[str]] = defaultdict(set)
    for prompt in labelled:
        groups[prompt.id.rpartition("-")[0] if prompt.id.startswith("own-") else prompt.text[:70]].add(prompt.half)
    assert all(len(halves) == 1 for halves in groups.values())


def test_marks_stand_for_nothing_else() -> None:
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    assert {row["half"] for row in rows} == {"tuned", "held-out"}
    assert all(row["read"] is True for row in rows)
    assert LABELLED.stat().st_size < 1_500_000


def prompt_of(marked: str) -> LabelledPrompt:
    return unmarked("toy", "tuned", marked)


def test_what_is_found_beyond_a_stretch_that_may_be_either_counts() -> None:
    prompt = prompt_of("It is ❰no partner❱$⟪\\frac12⟫, and so ⟦dollars¦$x$⟧.")
    inside, beyond = [(7, 14)], [(6, 24)]
    assert [prompt.text[start:end] for start, end in (*inside, *beyond)] == ["\\frac12", "$\\frac12, and so $"]
    assert score([prompt], lambda _: inside).taken == 0
    result = score([prompt], lambda _: beyond)
    assert (result.taken, result.exact, result.right.total()) == (1, 0, 0)


def test_a_toy_is_scored_as_by_hand() -> None:
    prompts = [
        prompt_of("Pay ❰money❱$5 and ❰money❱$6, so ⟦dollars¦$x$⟧ is ⟦dollars¦$y+1$⟧ or ⟪\\textbf{z}⟫."),
        prompt_of("No ❰money❱$7, but ⟦bare command¦\\frac12⟧."),
    ]
    spans = {
        # `$5 and $` (wrong), `$x$` (right), `$y` with its start only, `\textbf{z}` (free)
        prompts[0].text: [(4, 12), (18, 21), (25, 27), (34, 44)],
        prompts[1].text: [],
    }
    assert prompts[0].text[18:21] == "$x$"
    assert prompts[0].text[25:30] == "$y+1$"
    result = score(prompts, spans.__getitem__)
    assert (result.taken, result.exact, result.started, result.formulas) == (3, 1, 2, 3)
    assert result.total == Counter({"money": 3, "dollars": 2, "bare command": 1})
    assert result.right == Counter({"money": 1, "dollars": 1, "bare command": 0})


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("It costs $5.", "every place must have a label"),
        ("It costs ❰money❱5.", "stands before no dollar"),
        ("Let ⟦dollars¦$x$ be.", "no partner"),
        ("Let $x$⟧ be.", "no partner"),
    ],
)
def test_a_set_that_is_not_well_formed_is_refused(marked: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        prompt_of(marked)


@pytest.mark.parametrize(
    ("text", "by_pandoc", "by_pairs"),
    [
        ("$5 and $10", [], ["$5 and $"]),
        ("$ x$ and $y$", ["$y$"], ["$ x$", "$y$"]),
        ("`$x$` $$a\n\nb$$", [], ["$$a\n\nb$$"]),
        (r"\$5 \(x\) \[y\] \begin{cases}1\end{cases} $\text{if $y$}$", None, None),
    ],
)
def test_the_rules_to_compare_with_are_those_of_the_tools(
    text: str, by_pandoc: list[str] | None, by_pairs: list[str] | None
) -> None:
    both = [r"\(x\)", r"\[y\]", r"\begin{cases}1\end{cases}", r"$\text{if $y$}$"]
    assert [text[start:end] for start, end in pandoc_rule(text)] == (both if by_pandoc is None else by_pandoc)
    assert [text[start:end] for start, end in every_pair(text)] == (both if by_pairs is None else by_pairs)


def test_the_page_shows_the_figures_of_this_version(labelled: tuple[LabelledPrompt, ...]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.split(BEGIN)[1].split(END)[0].strip() == tables(labelled), (
        "docs/formulas.md is out of date: run `python -m benchmarks.formula_places --write` and look at what changed"
    )
