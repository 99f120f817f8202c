"""A recipe decides everything: it survives YAML, its digest says what differs, and nothing wrong gets into it."""

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lomo_hf import NAMED_RECIPES, Recipe, load_recipe
from lomo_hf.errors import RecipeError
from lomo_hf.prepared_recipe import check_recipe
from lomo_hf.recipes import Caps, DistortionSettings, RenderStyle, Selection

ABLATIONS = ["ratio25", "ratio50", "ratio75", "ratio100", "prefix50", "suffix50", "multispan50", "fulltext50"]


def test_every_ablation_of_the_paper_has_a_name() -> None:
    assert [*ABLATIONS, "nodistort50"] == list(NAMED_RECIPES)
    for name, recipe in NAMED_RECIPES.items():
        assert check_recipe(recipe).name == name


def test_full_text_rendering_is_without_localization_and_without_distortion() -> None:
    """The caption of the paper's table 2 takes both away; with distortion it would be another ablation."""
    recipe = NAMED_RECIPES["fulltext50"]
    assert (recipe.position, set(recipe.distortion.mix)) == ("full", {"clean"})
    assert recipe.distortion == NAMED_RECIPES["nodistort50"].distortion
    distorted = set(NAMED_RECIPES) - {"fulltext50", "nodistort50"}
    assert all(len(NAMED_RECIPES[name].distortion.mix) > 1 for name in distorted)


@pytest.mark.parametrize("name", list(NAMED_RECIPES))
def test_named_recipes_survive_yaml_and_pickle(name: str, tmp_path) -> None:
    recipe = load_recipe(name)
    path = tmp_path / f"{name}.yaml"
    path.write_text(recipe.to_yaml(), encoding="utf-8")
    assert load_recipe(path) == recipe
    assert load_recipe(path).digest == recipe.digest
    assert pickle.loads(pickle.dumps(recipe)) == recipe


@given(
    ratio=st.floats(0, 1),
    seed=st.integers(0, 2**63 - 1),
    size=st.integers(6, 96),
    weights=st.dictionaries(st.sampled_from(["clean", "blur", "stain"]), st.floats(0.01, 9), min_size=1),
)
def test_any_recipe_survives_a_dictionary(ratio: float, seed: int, size: int, weights: dict[str, float]) -> None:
    style = RenderStyle(text_size=size, line_height=size + 2)
    recipe = Recipe("mine", ratio=ratio, seed=seed, style=style, distortion=DistortionSettings(mix=weights))
    again = Recipe.from_dict(recipe.to_dict())
    assert again == recipe
    assert again.digest == recipe.digest


def test_the_digest_sees_every_field_that_decides_a_row_and_no_other() -> None:
    plain = Recipe("mine")
    changed = [
        replace(plain, ratio=0.4),
        replace(plain, position="prefix"),
        replace(plain, turn="last"),
        replace(plain, selection=Selection("length")),
        replace(plain, selection=Selection("length", first="low")),
        replace(plain, selection=Selection("length", chance=0)),
        replace(plain, selection=Selection("length", quantiles=tuple(range(101)))),
        replace(plain, placeholders="keep"),
        replace(plain, seed=1),
        replace(plain, style=RenderStyle(margin=13)),
        replace(plain, distortion=DistortionSettings(strength="hard")),
        replace(plain, distortion=DistortionSettings(ranges={"wave": {"amplitude": (1, 2)}})),
        replace(plain, caps=Caps(max_pixels=1_000_000)),
        replace(plain, engines={**plain.engines, "typst": "0.0.0"}),
    ]
    digests = {plain.digest, *(recipe.digest for recipe in changed)}
    assert len(digests) == len(changed) + 1
    assert replace(plain, name="other", description="said otherwise").digest == plain.digest


def test_ratios_of_one_kind_build_the_same_rows() -> None:
    """Nested ratios rest on this: what decides a rewritten row does not include the ratio."""
    assert len({NAMED_RECIPES[f"ratio{percent}"].row_digest for percent in (25, 50, 75, 100)}) == 1
    assert NAMED_RECIPES["ratio50"].row_digest != NAMED_RECIPES["nodistort50"].row_digest


@pytest.mark.parametrize(
    ("yaml", "says"),
    [
        ("ratio: 50", "ratio must be between 0 and 1; found 50. Write 0.5 for fifty percent."),
        ("ratio: .nan", "ratio must be between 0 and 1; found nan."),
        ("ratio: yes", "ratio must be between 0 and 1; found True."),
        ("seed: -1", "seed must be a whole number"),
        ("colour: red", "recipe has no key 'colour'; known are name"),
        ("style: {text_siez: 20}", "style has no key 'text_siez'; known are text_size"),
        ("style: {text_size: 2.5}", "mine.yaml: style.text_size must be a whole number from 6 to 96; found 2.5."),
        ("caps: {max_pixels: 10}", "caps.max_pixels must be a whole number"),
        ("distortion: {mix: {blur: -1}}", "distortion.mix.blur must be a weight of 0 or more; found -1."),
        ("distortion: {mix: {}}", "distortion.mix must map names to weights"),
        ("distortion: {mix: {clean: 0}}", "at least one name a weight above 0"),
        ("distortion: {ranges: {wave: {amplitude: [4, 1]}}}", "distortion.ranges.wave.amplitude must rise"),
        ("placeholders: delete", "placeholders must be one of drop, escape, keep; found 'delete'."),
        ("selection: {by: 3}", "selection.by must be a text; found 3."),
        ("selection: {first: top}", "selection.first must be one of high, low; found 'top'."),
        ("selection: {chance: 2}", "selection.chance must be between 0 and 1; found 2."),
        ("selection: {quantiles: [1, 2]}", "selection.quantiles must be 101 numbers; found [1, 2]. Leave them out."),
        ("selection: {quantity: 1}", "selection has no key 'quantity'; known are by, first, chance, quantiles."),
        ("name: ../evil", "recipe name must be"),
        ("engines: {typst: 0.1.0}", "engines.typst must be 0.1.0 as the recipe says; found"),
        ("engines: {leftpad: 1}", "engines.leftpad is not a package that decides a row"),
        ("- a\n- b", "must hold keys and values; found list"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_a_wrong_recipe_is_one_sentence_that_names_field_value_and_remedy(yaml: str, says: str, tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"position": "centre"},
            "multi-span, full, answer-overlap, densest-math; found 'centre'.",
        ),
        (
            {"selection": Selection("luck")},
            "selection.by must be one of uniform, length, mathematics, score, place; found",
        ),
        ({"selection": Selection(quantiles=(0,) * 101)}, "selection.quantiles are of no use to 'uniform'"),
        ({"turn": "second"}, "turn must be one of first, last, longest, random; found 'second'."),
        ({"distortion": DistortionSettings(mix={"smear": 1})}, "distortion.mix has no group or operation 'smear'"),
        ({"distortion": DistortionSettings(strength="extreme")}, "distortion.strength must be one of mild, hard"),
        ({"distortion": DistortionSettings(ranges={"wave": {"length": (1, 2)}})}, "has no parameter 'length'"),
    ],
)
def test_names_that_no_room_knows_are_refused_before_anything_is_built(changes, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        check_recipe(replace(Recipe("mine"), **changes))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["", ".hidden", "a/b", "a\\b", "..", "a..b", "a\nb", "a\0b", "Con", "con", "nul.txt", "x" * 65, "data", "é"],
)
def test_a_recipe_name_cannot_leave_its_folder(name: str) -> None:
    with pytest.raises(RecipeError):
        Recipe(name)


def test_a_recipe_that_does_not_exist_says_which_do() -> None:
    with pytest.raises(RecipeError, match="ratio50"):
        load_recipe("ratio51")
    with pytest.raises(RecipeError, match="missing"):
        load_recipe("missing.yaml")
