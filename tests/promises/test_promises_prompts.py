"""P6 to P9 over hostile prompts: nothing crashes, nothing is lost, nothing exceeds its bounds.

`python -m benchmarks.fuzz` asks the same of as many prompts as one has patience for.
"""

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.corpus import prompts_of
from benchmarks.fuzz import check_prompt
from benchmarks.hostile import KINDS, hostile_prompt
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.spans import POSITIONS

RECIPES = {name: [Recipe("fuzz", ratio=1.0, position=name, placeholders="escape")] for name in POSITIONS}


@cache
def sample() -> list[str]:
    return prompts_of(None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(index=st.integers(0, 2**40), position=st.sampled_from(list(POSITIONS)))
def test_a_hostile_prompt_becomes_a_right_row_or_a_named_refusal(index: int, position: str) -> None:
    kind, prompt = hostile_prompt(sample(), 0, index)
    assert check_prompt(prompt, index, RECIPES[position], again=True), kind


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(prompt=st.text(min_size=1, max_size=200), position=st.sampled_from(list(POSITIONS)))
def test_any_text_becomes_a_right_row_or_a_named_refusal(prompt: str, position: str) -> None:
    assert check_prompt(prompt, 0, RECIPES[position], again=True)


def test_every_kind_of_hostile_prompt_can_be_made_again() -> None:
    prompts = [hostile_prompt(sample(), 3, index) for index in range(60)]
    assert prompts == [hostile_prompt(sample(), 3, index) for index in range(60)]
    assert {kind for kind, _ in prompts} == set(KINDS)


@pytest.mark.slow
def test_two_thousand_hostile_prompts() -> None:
    for index in range(2_000):
        check_prompt(hostile_prompt(sample(), 9, index)[1], index, RECIPES["middle"])
