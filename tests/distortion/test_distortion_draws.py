"""What is drawn: names by their weights, parameters within their ranges, and nothing from any other chance."""

import random
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lomo_hf.distortion import GROUPS, OPERATIONS, WEIGHED, Distortion, check_settings, draw_distortion, operations
from lomo_hf.errors import RecipeError
from lomo_hf.randomness import stream
from lomo_hf.recipes.recipe import DistortionSettings

DRAWS = 6000
PAPER = ["clean", "rotate", "blur", "shadow_or_stain", "wave"]


def test_the_groups_are_the_five_of_the_paper() -> None:
    assert list(GROUPS) == PAPER
    assert {g: [o.name for o in members] for g, members in GROUPS.items()} == {
        "clean": ["clean"],
        "rotate": ["rotate_small", "rotate_large"],
        "blur": ["gaussian_blur", "box_blur", "motion_blur"],
        "shadow_or_stain": ["edge_shadow", "stain"],
        "wave": ["wave", "fold"],
    }


@pytest.mark.parametrize("mix", [
    dict.fromkeys(PAPER, 1.0),
    {"clean": 5.0, "rotate": 1.0, "blur": 0.0, "wave": 2.0},
    {"clean": 1.0, "stain": 2.0},
])  # fmt: skip
def test_the_weights_of_the_mix_are_kept(mix: dict[str, float]) -> None:
    counts = Counter(d.op for d in _many(DistortionSettings(mix=mix), DRAWS))
    expected: Counter[str] = Counter()
    for name, weight in mix.items():
        members = [o.name for o in GROUPS[name]] if name in GROUPS else [name]
        for op in members:
            expected[op] += weight / sum(mix.values()) / len(members) * DRAWS  # type: ignore[assignment]
    assert set(counts) == {op for op, count in expected.items() if count}
    chi_square = sum((counts[op] - count) ** 2 / count for op, count in expected.items() if count)
    freedom = len(counts) - 1
    assert chi_square < freedom + 4 * sqrt(2 * freedom) + 4  # beyond one in a thousand for these freedoms


@pytest.mark.parametrize("strength", ["mild", "hard"])
def test_every_operation_is_drawn_with_values_all_over_its_ranges(strength: str) -> None:
    drawn: dict[str, list[Distortion]] = {}
    for distortion in _many(DistortionSettings(strength=strength), DRAWS):
        drawn.setdefault(distortion.op, []).append(distortion)
    assert set(drawn) == set(OPERATIONS)
    for op, samples in drawn.items():
        for name, (low, high) in OPERATIONS[op].ranges[strength].items():
            values = np.array([float(d.params[name]) for d in samples])
            if (op, name) in {("rotate_small", "degrees"), ("rotate_large", "degrees"), ("fold", "tilt")}:  # signed
                assert 0.4 < (values > 0).mean() < 0.6
                values = abs(values)
            assert low <= values.min() <= low + 0.05 * (high - low)
            assert high - 0.05 * (high - low) <= values.max() <= high


def test_a_draw_takes_nothing_from_global_generators() -> None:
    settings_ = DistortionSettings()
    drawn = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)
        drawn.append([draw_distortion(settings_, stream(0, f"row/{n}", "distortion")) for n in range(50)])
        assert random.random() == random.Random(seed).random()
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(("place", "sizes"), [(0.0, {2, 3}), (0.3, {3}), (0.7, {3, 4}), (1.0, {4})])
def test_a_rising_range_of_whole_numbers_ends_on_the_nearest_ones(place: float, sizes: set[int]) -> None:
    """From (2, 3) to (4, 4): at 0.3 between 2.6 and 3.3, at 0.7 between 3.4 and 3.7."""
    rising = DistortionSettings(mix={"box_blur": 1}, strength="rising")
    rng = np.random.default_rng(0)
    assert {draw_distortion(rising, rng, place).params["size"] for _ in range(60)} == sizes


class Fixed:
    """A generator that draws one number for ever."""

    def __init__(self, number: float) -> None:
        self.number = number

    def random(self) -> float:
        return self.number


def test_a_number_on_a_border_draws_what_begins_there() -> None:
    """Of two equal weights the first has [0, 0.5) and the second [0.5, 1); so it is with a magnitude and its sign."""
    clean_or_turned = DistortionSettings(mix={"clean": 1, "rotate_small": 1})
    for number, degrees in [(0.5, 1.0), (np.nextafter(1, 0), 5.0)]:
        drawn = draw_distortion(clean_or_turned, Fixed(number))  # type: ignore[arg-type]
        assert (drawn.op, drawn.params) == ("rotate_small", {"degrees": degrees})
    turned = DistortionSettings(mix={"rotate_small": 1})
    for number, degrees in [(0.0, -1.0), (np.nextafter(0.5, 0), -5.0), (0.5, 1.0)]:
        assert draw_distortion(turned, Fixed(number)).params == {"degrees": degrees}  # type: ignore[arg-type]
    below_half = draw_distortion(clean_or_turned, Fixed(np.nextafter(0.5, 0)))  # type: ignore[arg-type]
    assert below_half == Distortion("clean", {})


def test_the_largest_number_draws_the_last_name_that_has_a_weight() -> None:
    """With these weights it is rounded past the last one."""
    mix = {"edge_shadow": 0.1, "gaussian_blur": 0.7, "fold": 1.3, "motion_blur": 1.5, "wave/wave": 0}
    drawn = draw_distortion(DistortionSettings(mix=mix), Fixed(np.nextafter(1, 0)))  # type: ignore[arg-type]
    assert drawn.op == "fold"


def test_the_order_of_the_mix_does_not_matter() -> None:
    there = DistortionSettings(mix={"clean": 1, "rotate": 2, "stain": 3})
    back = DistortionSettings(mix={"stain": 3, "rotate": 2, "clean": 1})
    assert _many(there, 200) == _many(back, 200)


def test_a_range_of_the_recipe_overrides_the_strength() -> None:
    narrow = DistortionSettings(
        mix={"rotate_large": 1, "box_blur": 1},
        ranges={"rotate_large": {"degrees": (8, 9)}, "box_blur": {"size": (7, 7)}},
    )
    for distortion in _many(narrow, 100):
        value = distortion.params.get("size") or abs(float(distortion.params["degrees"]))
        assert float(value) == 7 or 8 <= float(value) <= 9


@given(st.integers(0, 2**63 - 1), st.sampled_from(["mild", "hard"]))
@settings(max_examples=100, deadline=None)
def test_json_gives_back_the_distortion(seed: int, strength: str) -> None:
    drawn = draw_distortion(DistortionSettings(strength=strength), np.random.default_rng(seed))
    again = Distortion.from_json(drawn.to_json())
    assert again == drawn
    assert again.to_json() == drawn.to_json()
    assert {name: type(value) for name, value in again.params.items()} == {
        name: type(value) for name, value in drawn.params.items()
    }


@pytest.mark.parametrize(("make", "named"), [
    (lambda: DistortionSettings(mix={"claen": 1}), r"distortion\.mix .*'claen'.*clean"),
    (lambda: DistortionSettings(strength="brutal"), r"distortion\.strength .*mild.*'brutal'"),
    (lambda: _ranged("rotat", "degrees", 1, 2), r"distortion\.ranges .*rotate_small.*'rotat'"),
    (lambda: _ranged("stain", "radios", 0.1, 0.2), r"distortion\.ranges\.stain .*'radios'.*radius"),
    (lambda: _ranged("rotate_large", "degrees", -8, 8), r"rotate_large\.degrees .*0 to 180.*-8"),
    (lambda: _ranged("box_blur", "size", 2.5, 4), r"box_blur\.size .*whole.*2\.5"),
    (lambda: _ranged("wave", "amplitude", 1, 60), r"wave\.amplitude .*0 to 12.*60"),
    (lambda: _ranged("edge_shadow", "side", 0, 1), r"edge_shadow\.side takes no range"),
    (lambda: _ranged("stain", "texture_seed", 0, 1), r"stain\.texture_seed takes no range"),
])  # fmt: skip
def test_settings_that_cannot_be_drawn_are_refused_by_name(make: Callable[[], DistortionSettings], named: str) -> None:
    with pytest.raises(RecipeError, match=named):
        check_settings(make())
    with pytest.raises(RecipeError, match=named):
        draw_distortion(make(), np.random.default_rng(0))


@pytest.mark.parametrize(("text", "named"), [
    ("", "must be JSON"),
    ("[" * 100_000, "must be JSON"),
    ('{"op":"clean"}', "op and params"),
    ('{"op":"melt","params":{}}', "melt"),
    ('{"op":["clean"],"params":{}}', "must name one of"),
    ('{"op":"clean","params":{"sigma":1}}', "sigma"),
    ('{"op":"gaussian_blur","params":{}}', "sigma must be given"),
    ('{"op":"gaussian_blur","params":{"sigma":NaN}}', "sigma must be a number"),
    ('{"op":"gaussian_blur","params":{"sigma":true}}', "sigma must be a number"),
    ('{"op":"gaussian_blur","params":{"sigma":1e9}}', "sigma must be from"),
    ('{"op":"gaussian_blur","params":{"sigma":1,"drawn_sigma":2}}', "drawn_sigma"),
    ('{"op":"box_blur","params":{"size":2.0}}', "size must be a whole number"),
    ('{"op":"rotate_small","params":{"degrees":-40}}', "degrees"),
])  # fmt: skip
def test_a_record_that_is_no_distortion_is_refused(text: str, named: str) -> None:
    with pytest.raises(RecipeError, match=named):
        Distortion.from_json(text)


def test_mild_and_hard_ranges_are_allowed_and_rise() -> None:
    for operation in operations():
        for strength, ranges in operation.ranges.items():
            check_settings(DistortionSettings(strength=strength, ranges={operation.name: ranges}))


def _ranged(op: str, name: str, low: float, high: float) -> DistortionSettings:
    return DistortionSettings(ranges={op: {name: (low, high)}})


def _many(distortion_settings: DistortionSettings, count: int) -> list[Distortion]:
    rng = np.random.default_rng(7)
    return [draw_distortion(distortion_settings, rng) for _ in range(count)]


def test_a_name_of_a_group_and_an_operation_is_the_group_and_the_operation_can_be_asked_for() -> None:
    group = {d.op for d in _many(DistortionSettings(mix={"wave": 1}), 60)}
    alone = {d.op for d in _many(DistortionSettings(mix={"wave/wave": 1}), 60)}
    assert (group, alone) == ({"wave", "fold"}, {"wave"})
    mixed = Counter(d.op for d in _many(DistortionSettings(mix={"wave/wave": 1, "wave": 2}), DRAWS))
    assert mixed["wave"] == pytest.approx(2 * mixed["fold"], rel=0.1)
    # Only where it is needed: a second name for one thing would give one recipe two digests.
    assert [name for name in WEIGHED if "/" in name] == ["wave/wave"]
    with pytest.raises(RecipeError, match=r"no group or operation 'rotate/rotate_small'; known are .*, wave/wave"):
        check_settings(DistortionSettings(mix={"rotate/rotate_small": 1}))


def test_the_new_name_draws_nothing_else_for_recipes_that_were_there() -> None:
    """The order in which names are weighed decides what a number draws; names are added at its end."""
    order = list(WEIGHED)
    assert order[: len(OPERATIONS)] == list(OPERATIONS)
    assert order[len(OPERATIONS) :] == [name for name in GROUPS if name not in OPERATIONS] + ["wave/wave"]
    digest = blake2b(digest_size=8)
    for mix in (dict.fromkeys(PAPER, 1.0), {"wave": 2.0, "fold": 1.0, "clean": 1.0}, {"wave": 1.0, "blur": 3.0}):
        for distortion in _many(DistortionSettings(mix=mix), 400):
            digest.update(distortion.to_json().encode())
    assert digest.hexdigest() == "a80ff63c7dbac441"
