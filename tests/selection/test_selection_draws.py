"""Every strategy rewrites the share it was asked for, in the order it promises, and chance alone is as it was."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lomo_hf import Recipe, open_corpus
from lomo_hf.corpus import Conversation, Origin, Turn
from lomo_hf.distortion import OPERATIONS, draw_distortion
from lomo_hf.errors import RecipeError
from lomo_hf.randomness import stream, uniform
from lomo_hf.recipes import DistortionSettings, Selection
from lomo_hf.selection import STRATEGIES, draw_of, measured
from lomo_hf.selection.ranking import rank, spread_evenly
from lomo_hf.substitution import Substituter

SAMPLE = open_corpus(None)
ROWS = [row for row in SAMPLE.conversations(0, len(SAMPLE)) if isinstance(row, Conversation)]
RATIOS = (0.1, 0.25, 0.5, 0.75, 0.9)


def draws(recipe: Recipe) -> list[float]:
    ready = measured([recipe], SAMPLE)[0]
    return [draw_of(row, ready, (index + 0.5) / len(ROWS)) for index, row in enumerate(ROWS)]


def prompt_length(row: Conversation) -> int:
    return len(row.turns[row.user_turns[0]].text)


def invented(count: int) -> list[Conversation]:
    """Many rows with lengths as uneven as real ones."""
    lengths = np.random.default_rng(7).lognormal(5, 1, count).astype(int) + 1
    rows = []
    for number, length in enumerate(lengths):
        turns = (Turn("user", "x" * int(length)), Turn("assistant", "y"))
        rows.append(Conversation(f"t/{number}", turns, Origin(None, "t", str(number), None, None, None)))
    return rows


def test_chance_alone_draws_what_it_always_drew() -> None:
    """The oracle is the stream itself: published rows must not move."""
    for seed in (0, 3):
        drawn = draws(Recipe("plain", seed=seed))
        assert drawn == [uniform(seed, row.id, "ratio") for row in ROWS]


@pytest.mark.parametrize("by", [name for name in STRATEGIES if name not in ("uniform", "score")])
@pytest.mark.parametrize("first", ["high", "low"])
def test_a_strict_ranking_rewrites_the_ratio_of_the_sample(by: str, first: str) -> None:
    drawn = np.array(draws(Recipe("mine", selection=Selection(by, first, chance=0))))
    assert ((drawn >= 0) & (drawn < 1)).all()
    for ratio in RATIOS:
        # Three rows in 206 for the percentiles; where most rows are equal, chance places them and so adds its own.
        allowed = 0.08 if by == "mathematics" else 0.015
        assert abs((drawn < ratio).mean() - ratio) <= allowed, ratio


@pytest.mark.parametrize("chance", [0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("by", ["length", "place"])
def test_a_ranking_with_chance_rewrites_the_ratio_of_many_rows(by: str, chance: float) -> None:
    rows = invented(4000)
    quantiles = np.quantile([prompt_length(row) for row in rows], np.linspace(0, 1, 101), method="inverted_cdf")
    known = tuple(quantiles.tolist()) if by == "length" else ()
    recipe = Recipe("mine", selection=Selection(by, chance=chance, quantiles=known))
    drawn = np.array([draw_of(row, recipe, (n + 0.5) / len(rows)) for n, row in enumerate(rows)])
    for ratio in RATIOS:
        assert abs((drawn < ratio).mean() - ratio) < 0.024  # three standard deviations of 4,000 rows


def test_a_strict_ranking_by_length_rewrites_the_longest_rows() -> None:
    drawn = draws(Recipe("long", selection=Selection("length", chance=0)))
    rewritten = [prompt_length(row) for row, draw in zip(ROWS, drawn, strict=True) if draw < 0.25]
    kept = [prompt_length(row) for row, draw in zip(ROWS, drawn, strict=True) if draw >= 0.25]
    assert min(rewritten) >= max(kept)


def test_rows_without_formulas_come_last_by_mathematics() -> None:
    drawn = draws(Recipe("maths", selection=Selection("mathematics", chance=0)))
    statistic = STRATEGIES["mathematics"].statistic
    assert statistic is not None
    shares = [statistic(row, row.user_turns[0]) or 0.0 for row in ROWS]
    assert max(d for d, s in zip(drawn, shares, strict=True) if s > 0.02) < min(
        d for d, s in zip(drawn, shares, strict=True) if s == 0
    )


def test_chance_softens_a_ranking_and_at_one_is_the_uniform_draw() -> None:
    means = []
    for chance in (0.0, 0.5, 1.0):
        drawn = draws(Recipe("long", selection=Selection("length", chance=chance)))
        means.append(np.mean([prompt_length(row) for row, draw in zip(ROWS, drawn, strict=True) if draw < 0.3]))
    assert means[0] > means[1] > means[2]
    assert drawn == pytest.approx([uniform(0, row.id, "ratio") for row in ROWS])


def test_the_share_of_pages_rises_from_the_first_fifth_to_the_last() -> None:
    rows = invented(5000)
    recipe = Recipe("rising", selection=Selection("place"))
    drawn = np.array([draw_of(row, recipe, (n + 0.5) / len(rows)) for n, row in enumerate(rows)])
    shares = (drawn.reshape(5, -1) < 0.5).mean(axis=1)
    assert shares == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9], abs=0.05)


def test_rows_are_drawn_by_their_score_and_those_without_by_chance(tmp_path: Path) -> None:
    path = tmp_path / "scored.jsonl"
    scores = [5, 1.5, None, "7", float("nan"), True, 10**400, *range(20, 120)]
    lines = [{"id": n, "prompt": "a", "answer": "b", "score": score} for n, score in enumerate(scores)]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    source = open_corpus(path)
    rows = [row for row in source.conversations(0, len(source)) if isinstance(row, Conversation)]
    assert [row.score for row in rows[:8]] == [5.0, 1.5, None, None, None, None, None, 20.0]
    recipe = measured([Recipe("hard", selection=Selection("score", chance=0))], source)[0]
    assert (recipe.selection.quantiles[0], recipe.selection.quantiles[-1]) == (1.5, 119.0)
    drawn = [draw_of(row, recipe) for row in rows]
    assert drawn[7:] == sorted(drawn[7:], reverse=True)
    assert drawn[2] == uniform(0, rows[2].id, "ratio")


def test_what_is_not_known_is_asked_for() -> None:
    with pytest.raises(RecipeError, match=r"percentiles|quantiles must be known.*measured"):
        Substituter([Recipe("long", selection=Selection("length"))])
    with pytest.raises(RecipeError, match="needs rows that have it; found none in"):
        measured([Recipe("hard", selection=Selection("score"))], SAMPLE)
    with pytest.raises(RecipeError, match="needs the row's place"):
        draw_of(ROWS[0], Recipe("rising", selection=Selection("place")))
    with pytest.raises(RecipeError, match="needs the row's place"):
        draw_distortion(DistortionSettings(strength="rising"), np.random.default_rng(0))


def test_what_is_measured_is_measured_once_and_only_where_it_is_missing() -> None:
    recipes = [
        Recipe("a"),
        Recipe("b", selection=Selection("length")),
        Recipe("c", ratio=0.1, selection=Selection("length")),
    ]
    ready = measured(recipes, SAMPLE)
    assert ready[0] is recipes[0]
    assert ready[1].selection == ready[2].selection
    lengths = sorted(map(prompt_length, ROWS))
    assert ready[1].selection.quantiles[50] in lengths
    assert measured(ready, None) == ready  # type: ignore[arg-type] - nothing is missing, so no source is read
    assert Recipe.from_dict(ready[1].to_dict()) == ready[1]


@given(st.floats(0.001, 0.999), st.floats(0, 1), st.floats(0, 1))
def test_evening_out_is_the_distribution_of_the_sum(weight: float, a: float, b: float) -> None:
    total = weight * a + (1 - weight) * b
    grid = (np.arange(400) + 0.5) / 400
    sums = weight * grid[:, None] + (1 - weight) * grid[None, :]
    assert spread_evenly(total, weight) == pytest.approx((sums < total).mean(), abs=0.006)


@given(st.lists(st.integers(0, 9), min_size=101, max_size=101), st.floats(0, 0.999), st.integers(-2, 11))
def test_ranks_rise_with_the_value_and_stay_in_bounds(values: list[int], chance: float, value: int) -> None:
    quantiles = tuple(float(v) for v in sorted(values))
    assert 0 <= rank(value, quantiles, chance) <= rank(value + 1, quantiles, chance) <= 1


@pytest.mark.parametrize(("place", "strength"), [(0.0, "mild"), (1.0, "hard")])
def test_rising_strength_begins_mild_and_ends_hard(place: float, strength: str) -> None:
    for number in range(200):
        drawn = [
            draw_distortion(DistortionSettings(strength=name), stream(1, str(number), "distortion"), place)
            for name in ("rising", strength)
        ]
        assert drawn[0] == drawn[1]


def test_rising_strength_stays_between_and_draws_the_same_operations() -> None:
    for number in range(300):
        rng = stream(2, str(number), "distortion")
        drawn = draw_distortion(DistortionSettings(strength="rising"), rng, number / 300)
        assert drawn.op == draw_distortion(DistortionSettings(), stream(2, str(number), "distortion")).op
        for name, (low, high) in OPERATIONS[drawn.op].ranges["rising"].items():
            value = drawn.params[name]
            assert low <= abs(float(value)) * (1 if low >= 0 else np.sign(float(value))) <= high


def test_strategies_that_rewrite_the_same_row_make_the_same_pages() -> None:
    recipes = [Recipe("a", ratio=1.0), Recipe("b", ratio=1.0, selection=Selection("length"))]
    substituter = Substituter(measured(recipes, SAMPLE))
    for row in ROWS[::40]:
        first, second = substituter.rows(row)
        assert isinstance(first, dict)
        assert isinstance(second, dict)
        assert first["images"] == second["images"]
        assert replace(recipes[0], selection=Selection("length")).page_digest == recipes[0].page_digest
