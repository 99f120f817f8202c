"""The positions that look for information find it: the densest formulas, the words of the answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lomo_hf import open_corpus
from lomo_hf.corpus import Conversation
from lomo_hf.spans import select_spans
from lomo_hf.spans.information import Blocks, answer_weights, heaviest_run, math_weights

PLAIN = "The farm has many kinds of animals. It is very old. It lies near a lake. People like it. Birds do as well. "
MATHS = r"Let $x^2+y^2=1$ and $a=b$. Then $\frac{x+1}{y-1}=z$ holds. "


@pytest.mark.parametrize(("before", "after"), [("", PLAIN), (PLAIN, ""), (PLAIN, PLAIN), (PLAIN + PLAIN, PLAIN)])
def test_the_span_goes_where_the_formulas_are(before: str, after: str) -> None:
    (span,) = select_spans(before + MATHS + after, "densest-math").spans
    held = [atom for atom in span.atoms if atom.is_math]
    assert len(held) >= 2


def test_the_span_goes_where_the_answers_words_are() -> None:
    prompt = "A zebra ran by. The dog slept. A cat sat on the mat. It was late. The tower is tall. Rain fell all day."
    for answer, word in [("The zebra.", "zebra"), ("On the mat sat the cat", "cat"), ("Rain, the whole day", "Rain")]:
        (span,) = select_spans(prompt, "answer-overlap", answer=answer).spans
        assert word in prompt[span.start : span.end]


def test_chinese_answers_are_read_character_by_character() -> None:
    prompt = "小明去公园。天气很好。他看见一只老虎。老虎在睡觉。他回家了。妈妈做饭。他很高兴。晚上下雨。"
    (span,) = select_spans(prompt, "answer-overlap", answer="一只老虎").spans
    assert "老虎" in prompt[span.start : span.end]


@pytest.mark.parametrize("position", ["answer-overlap", "densest-math"])
def test_without_anything_to_find_the_span_is_the_middle(position: str) -> None:
    localization = select_spans(PLAIN, position, answer="zzz")
    assert localization.spans == select_spans(PLAIN, "middle").spans


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), min_size=1, max_size=12))
def test_no_run_of_about_a_third_weighs_more_for_its_length(blocks: list[tuple[int, int]]) -> None:
    """The oracle tries every run that some block begins and that ends at the border closest to a third on."""
    edges = [0]
    for length, _ in blocks:
        edges.append(edges[-1] + length)
    weights = [float(weight) for _, weight in blocks]
    best = heaviest_run(Blocks("x" * edges[-1], edges, ()), weights, (0, 1))

    def merit(first: int, last: int) -> float:
        return sum(weights[first:last]) / max(edges[last] - edges[first], edges[-1] / 3)

    for first in range(len(blocks)):
        ends = [end for end in range(first + 1, len(blocks) + 1) if (first, end) != (0, len(blocks))]
        nearest = min((abs(edges[end] - edges[first] - edges[-1] / 3) for end in ends), default=0)
        close = [merit(first, end) for end in ends if abs(edges[end] - edges[first] - edges[-1] / 3) == nearest]
        assert merit(*best) >= min(close, default=0) - 1e-6  # of two borders equally close, either
    assert best == (0, 1) or any(weights)


def test_on_real_prompts_the_span_holds_more_of_what_it_looks_for_than_the_middle_does() -> None:
    source = open_corpus(None)
    gains: dict[str, list[float]] = {"answer-overlap": [], "densest-math": []}
    for row in source.conversations(0, len(source)):
        assert isinstance(row, Conversation)
        turn = row.user_turns[0]
        prompt, answer = row.turns[turn].text, row.answer_of(turn).text
        for position, weigh in (("answer-overlap", answer_weights), ("densest-math", math_weights)):
            shares = []
            for tried in (position, "middle"):
                localization = select_spans(prompt, tried, answer=answer)
                if localization.sentences <= 3 or len(localization.spans) != 1:
                    break
                weights = weigh(Blocks(prompt, localization.edges, localization.atoms, answer))
                (span,) = localization.spans
                # The span's own end is without space.
                end = min(edge for edge in localization.edges if edge >= span.end)
                inside = sum(
                    weight
                    for weight, start in zip(weights, localization.edges[:-1], strict=True)
                    if span.start <= start < span.end
                )
                shares.append(inside / max(end - span.start, len(prompt) / 3))
            if len(shares) == 2:
                gains[position].append(shares[0] - shares[1])
    for position, found_gains in gains.items():
        assert len(found_gains) > 80
        assert min(found_gains) >= -1e-9, position
        assert sum(gain > 0 for gain in found_gains) >= 10
