"""S(x): the prompt comes back to the character in every position, and the span is the one that was promised."""

import json
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spans.grammar import prompts, rough_texts

from lomo_hf.corpus import Conversation, open_corpus
from lomo_hf.errors import RecipeError
from lomo_hf.spans import POSITIONS, Localization, check_position, narrow, select_spans

EDGE = Path(__file__).parent.parent / "data" / "edge.jsonl"
any_prompt = st.one_of(rough_texts(), st.text(), prompts(max_pieces=20).map(lambda prompt: prompt.text))
SEEKING = ("answer-overlap", "densest-math")  # these may lie at either end, but are never everything
any_position = st.sampled_from(list(POSITIONS))


def span_texts(localization: Localization) -> list[str]:
    return [localization.prompt[span.start : span.end] for span in localization.spans]


def check_promises(localization: Localization) -> None:
    """What holds for every prompt and position."""
    prompt, kept, spans = localization.prompt, localization.texts(), span_texts(localization)
    assert len(kept) == len(spans) + 1
    assert kept[0] + "".join(span + text for span, text in zip(spans, kept[1:], strict=True)) == prompt
    assert all(spans) or not prompt
    assert all(span.strip() for span in spans) or not prompt.strip()
    for span in localization.spans:
        inside = tuple(atom for atom in localization.atoms if span.start <= atom.start and atom.end <= span.end)
        assert span.atoms == inside
        assert not any(
            atom.start < border < atom.end for atom in localization.atoms for border in (span.start, span.end)
        )
        assert span.start in localization.edges
        assert span.has_math == any(atom.is_math for atom in inside)
    if localization.sentences <= 3 or localization.position == "full":
        assert spans == [prompt]
        return
    assert all(not span[-1:].isspace() for span in spans)
    assert all(text.strip() for text in kept[1:-1]), "text stays between two pages"
    if len(localization.edges) >= 4:  # three blocks
        assert kept[0].strip() or localization.position in ("prefix", *SEEKING)
        assert kept[-1].strip() or localization.position in ("suffix", *SEEKING)
        assert any(text.strip() for text in kept)
    if localization.position == "prefix":
        assert kept[0] == ""
    if localization.position == "suffix":
        assert not kept[-1].strip()
    assert len(spans) == (2 if localization.position == "multi-span" and len(localization.edges) > 5 else 1)


@settings(max_examples=500, deadline=None)
@given(any_prompt, any_position)
def test_prefix_spans_and_suffix_are_the_prompt_to_the_character(prompt: str, position: str) -> None:
    check_promises(select_spans(prompt, position))


def third(size: int, position: str) -> tuple[float, float]:
    """The characters that a position asks for (paper, table 4)."""
    return {"middle": (size / 3, 2 * size / 3), "prefix": (0, size / 3), "suffix": (2 * size / 3, size)}[position]


def all_runs(edges: tuple[int, ...], position: str) -> list[tuple[int, int]]:
    """Every run of blocks that a position may take: brute force."""
    blocks = len(edges) - 1
    runs = [(i, j) for i in range(blocks) for j in range(i + 1, blocks + 1)]
    if position == "prefix":
        runs = [run for run in runs if run[0] == 0]
    if position == "suffix":
        runs = [run for run in runs if run[1] == blocks]
    if blocks >= 3:
        runs = [
            (i, j)
            for i, j in runs
            if (i > 0 or position == "prefix") and (j < blocks or position == "suffix") and (i, j) != (0, blocks)
        ]
    return runs


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(rough_texts(), prompts().map(lambda prompt: prompt.text)),
    st.sampled_from(["middle", "prefix", "suffix"]),
)
def test_no_other_run_of_blocks_is_closer_to_the_third(prompt: str, position: str) -> None:
    """A middle under a fifth of the prompt or over a half counts as further off, unless no other is there."""
    localization = select_spans(prompt, position)
    if localization.sentences <= 3:
        return
    size, edges = len(prompt), localization.edges
    start, end = third(size, position)
    (span,) = localization.spans
    border = next(edge for edge in edges if edge >= span.end)  # the space after a span stays text
    assert prompt[span.end : border].strip() == ""

    def off(run: tuple[int, int]) -> float:
        return abs(run[0] - start) + abs(run[1] - end)

    def cost(run: tuple[int, int]) -> float:
        length = run[1] - run[0]
        return off(run) + max(0, 6 * (0.21 * size - length), 2 * (length - 0.52 * size))

    runs = [(edges[i], edges[j]) for i, j in all_runs(edges, position)]
    best = min(runs, key=off)
    if position == "middle" and cost(best) > off(best):
        assert cost((span.start, border)) == pytest.approx(min(map(cost, runs)), abs=1e-4)
    else:
        assert off((span.start, border)) == pytest.approx(off(best))


@settings(max_examples=500, deadline=None)
@given(any_prompt, any_position, st.integers(0, 60), st.integers(0, 1))
def test_narrowing_only_shrinks_keeps_its_end_and_ends(prompt: str, position: str, limit: int, which: int) -> None:
    localization: Localization | None = select_spans(prompt, position)
    assert localization is not None
    index = min(which, len(localization.spans) - 1)
    steps = 0
    while localization is not None:
        before, localization = localization, narrow(localization, index, limit)
        steps += 1
        assert steps <= len(before.edges)
        if localization is None:
            continue
        old, new = before.spans[index], localization.spans[index]
        blocks = [edge for edge in before.edges if old.start <= edge < old.end]
        assert len([edge for edge in localization.edges if new.start <= edge < new.end]) < len(blocks)
        assert old.start <= new.start < new.end <= old.end
        assert localization.prompt[new.start : new.end].strip() or not prompt.strip()
        assert new.start in localization.edges
        assert not any(
            atom.start < border < atom.end for atom in localization.atoms for border in (new.start, new.end)
        )
        assert [s for n, s in enumerate(localization.spans) if n != index] == [
            s for n, s in enumerate(before.spans) if n != index
        ]
        if position == "prefix":
            assert new.start == old.start
        if position == "suffix":
            assert prompt[new.end : old.end].strip() == ""


NINE = "One is a. Two is b. Three is c. Four is d. Five is e. Six is f. Seven is g. Eight is h. Nine is i."


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("middle", ["Four is d. Five is e. Six is f."]),
        ("prefix", ["One is a. Two is b. Three is c."]),
        ("suffix", ["Seven is g. Eight is h. Nine is i."]),
        ("multi-span", ["Three is c. Four is d.", "Seven is g."]),
        ("full", [NINE]),
    ],
)
def test_each_position_takes_its_part(position: str, expected: list[str]) -> None:
    assert span_texts(select_spans(NINE, position)) == expected


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("middle", "Four is d. Five is e."),
        ("prefix", "One is a. Two is b."),
        ("suffix", "Eight is h. Nine is i."),
        ("full", "Five is e. Six is f."),
    ],
)
def test_narrowing_keeps_the_middle_the_start_or_the_end(position: str, expected: str) -> None:
    cut = narrow(select_spans(NINE, position), 0, 22)
    assert cut is not None
    assert span_texts(cut) == [expected]


def test_narrowing_leaves_a_block_that_is_too_long_by_itself() -> None:
    localization = select_spans(f"One is a. Two is b. {'word ' * 200}end. Four is d. Five is e. Six is f.", "full")
    cut = narrow(localization, 0, 30)
    assert cut is not None
    assert len(span_texts(cut)[0]) <= 30


def lines_of(*lengths: int) -> str:
    """Sentences of the given lengths, the space between two of them counted to the first."""
    texts = ["A" + "b" * (length - 3) + ". " for length in lengths]
    return "".join(texts[:-1]) + "A" + "b" * (lengths[-1] - 2) + "."


@pytest.mark.parametrize(
    ("position", "lengths", "expected"),
    [
        ("prefix", (16, 8, 18, 18), [(0, 16)]),  # a third ends at 20: the borders at 16 and 24 are as close
        ("suffix", (18, 18, 8, 16), [(36, 60)]),  # it begins at 40: 36 and 44
        ("middle", (16, 8, 12, 8, 16), [(16, 36)]),  # 20 and 40: 16 and 24, 36 and 44
        ("multi-span", (8, 8, 10, 14, 4, 10), [(8, 16), (26, 40)]),  # pages from 12 to 21 and from 33 to 42
    ],
)
def test_of_two_borders_as_close_the_earlier_is_taken(
    position: str, lengths: tuple[int, ...], expected: list[tuple[int, int]]
) -> None:
    prompt = lines_of(*lengths)
    localization = select_spans(prompt, position)
    assert len(prompt) == sum(lengths)
    assert [
        (span.start, len(prompt[: span.end]) + (span.end < len(prompt))) for span in localization.spans
    ] == expected


def test_a_span_is_cut_evenly_around_its_middle_and_takes_the_earlier_of_two_neighbours() -> None:
    prompt = lines_of(10, 10, 10, 10, 10)
    localization = select_spans(prompt, "full")
    cuts = [narrow(localization, 0, limit) for limit in (10, 19, 20, 29, 30, 40)]
    assert [(cut.spans[0].start, cut.spans[0].end + 1) for cut in cuts if cut] == [
        (20, 30), (20, 30), (10, 30), (10, 30), (10, 40), (0, 40),
    ]  # fmt: skip


def test_a_span_of_two_blocks_is_cut_to_one_and_a_span_of_one_not_at_all() -> None:
    localization = narrow(select_spans(lines_of(10, 10, 10, 10), "full"), 0, 20)
    assert localization is not None
    assert (localization.spans[0].start, localization.spans[0].end + 1) == (10, 30)
    single = narrow(localization, 0, 20)
    assert single is not None
    assert (single.spans[0].start, single.spans[0].end + 1) == (10, 20)
    assert narrow(single, 0, 20) is None


def test_where_the_middle_block_is_too_long_the_nearest_that_fits_is_kept_the_earlier_of_two() -> None:
    """The middle is the character at half the length; to the left counts the last one of a block, which is a space."""
    for lengths, expected in [
        ((10, 10, 61, 10, 10), (10, 20)), ((10, 10, 60, 10, 10), (80, 90)), ((11, 10, 59, 11, 10), (11, 21)),
    ]:  # fmt: skip
        cut = narrow(select_spans(lines_of(*lengths), "full"), 0, 10)
        assert cut is not None
        assert (cut.spans[0].start, cut.spans[0].end + 1) == expected


def test_where_a_third_holds_no_border_the_block_that_covers_it_best_is_taken() -> None:
    """Both ends of the third are closest to one border; of the blocks beside it, the one that lies closer."""
    for second, third_, expected in [(27, 25, (4, 31)), (25, 27, (29, 56)), (26, 26, (4, 30))]:
        (span,) = select_spans(lines_of(4, second, third_, 4)).spans
        assert (span.start, span.end + 1) == expected


MARS = (
    "On a Mars supply mission, the crew loads food boxes and water tanks before the storm season. Each food box has a "
    "mass of $x$ units. ",
    "The rover can cross the rocky valley only if $\\frac{x+3}{4}+\\frac{2y}{5}\\leq 15$, and the total number of "
    "supplies is given by $x+y=28$",
    " where every tank counts as one. Use both of these conditions together, then determine whether the rover can "
    "carry the supplies safely.",
)


def test_the_papers_worked_example_gives_exactly_its_middle() -> None:
    """The picture of the paper, section 3; what it elides is filled in with four sentences' worth of text."""
    localization = select_spans("".join(MARS))
    assert localization.texts() == (MARS[0], MARS[2])
    assert span_texts(localization) == [MARS[1]]
    assert len(localization.spans[0].atoms) == 2


EDGE_MIDDLES = [
    ("edge-four-sentences", "Second sentence. Third sentence."),
    ("edge-three-sentences", "First sentence. Second sentence. Third sentence."),
    ("edge-one-word", "Hi"),
    ("edge-one-char", "?"),
    ("edge-currency-not-math", "Add $2.50 tax. The total is $17.50."),
    ("edge-unbalanced-dollar", "Compute x+y. Then double it."),
    ("edge-display-math-split", "Prove it equals $\\frac{n(n+1)(2n+1)}{6}$."),
    ("edge-align-env", "\\begin{align*}\n x+y &= 3 \\\\\n x-y &= 1\n\\end{align*}"),
    ("edge-double-dollar-inline", "$$c$$. Use Pythagoras."),
    ("edge-unknown-macro", "Assume \\foo squares."),
    ("edge-asy", "[asy] draw((0,0)--(1,0)--(1,1)--cycle); [/asy]"),
    ("edge-chem", "Use integers."),
    ("edge-nested-fence", "````md\n```python\nprint('x')\n```\n````"),
    ("edge-code-crlf", "What does f(1) return?"),
    ("edge-indent-sensitive", "        print(i, j)\n    print('--')"),
    ("edge-html", "Count cells. Decode entities."),
    ("edge-json", '      "b": null\n    }\n  ],'),
    ("edge-cjk-mixed", "$\\int_0^1 x^2\\,dx$。"),
    ("edge-japanese", "3＋4はいくつですか？理由も説明してください。"),
    ("edge-korean", "2와 3을 더하면 얼마입니까?"),
    ("edge-arabic-rtl", "اشرح الخطوات."),
    ("edge-hindi", "कारण बताइए।"),
    ("edge-emoji-zwj", "Describe them. Count code points."),
    ("edge-combining", "Decode it. Remove marks."),
    ("edge-ws-only-lines", "What are a and b?"),
    ("edge-leading-trailing-ws", "   \n  What is 2+2?  \n\n"),
    ("edge-long-url", "Open it. Summarise."),
]


def edge_prompts() -> Iterator[tuple[str, str]]:
    for row in map(json.loads, EDGE.read_text(encoding="utf-8").splitlines()):
        for message in row.get("messages", []):
            if message["role"] == "user" and isinstance(message["content"], str):
                yield row["id"], message["content"]


@pytest.mark.parametrize(("name", "expected"), EDGE_MIDDLES)
def test_the_middle_of_a_hand_written_row_is_what_a_reader_takes(name: str, expected: str) -> None:
    prompt = next(text for row, text in edge_prompts() if row == name)
    assert span_texts(select_spans(prompt)) == [expected]


@pytest.mark.parametrize("position", POSITIONS)
def test_every_hand_written_row_keeps_the_promises(position: str) -> None:
    for _, prompt in edge_prompts():
        check_promises(select_spans(prompt, position))


def sample_prompts() -> list[str]:
    """Forty questions of the embedded sample: the longest of each source, and others at random."""
    source = open_corpus(None)
    rows = [row for row in source.conversations(0, len(source)) if isinstance(row, Conversation)]
    texts = [turn.text for row in rows for turn in row.turns if turn.role == "user"]
    return sorted(texts, key=len)[-10:] + random.Random(0).sample(texts, 30)


@pytest.mark.parametrize("position", POSITIONS)
def test_real_prompts_keep_the_promises(position: str) -> None:
    localizations = [select_spans(prompt, position) for prompt in sample_prompts()]
    for localization in localizations:
        check_promises(localization)
    assert sum(localization.sentences > 3 for localization in localizations) >= 10


def test_real_middles_are_a_third_but_for_the_length_of_a_block() -> None:
    """A border of the span is no further from its third than one and a half of the longest blocks."""
    localizations = [select_spans(prompt) for prompt in sample_prompts()]
    many = [
        localization for localization in localizations if localization.sentences > 3 and len(localization.edges) > 5
    ]
    assert len(many) >= 10
    for localization in many:
        size, (span,) = len(localization.prompt), localization.spans
        longest = max(b - a for a, b in pairwise(localization.edges))
        assert abs(span.start - size / 3) <= 1.5 * longest
        assert abs(span.end - 2 * size / 3) <= 1.5 * longest


def test_an_unknown_position_is_named_with_the_remedy() -> None:
    with pytest.raises(RecipeError, match=r"position must be one of middle, prefix.*found 'center'"):
        check_position("center")
    with pytest.raises(RecipeError):
        select_spans("One.", "")
