"""No cache serves a stale row, and none is missed without need: what decides the rows is what is hashed."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import dill
import pytest
from datasets.fingerprint import Hasher
from hf_datasets.integration_oracle import Row, stored, substituted

from lomo_hf import NAMED_RECIPES, Recipe
from lomo_hf.errors import RecipeError, SourceError
from lomo_hf.hf_datasets import LomoBuilder, Transform, acceptable, builder, freshness, map_dataset, substitute
from lomo_hf.recipes.recipe import DistortionSettings

TEXT_ONLY = Recipe("text", ratio=0.0)

HASHES = """
import json
from datasets.fingerprint import Hasher
from lomo_hf import Recipe
from lomo_hf.recipes.recipe import DistortionSettings
from lomo_hf.hf_datasets import LomoBuilder, Transform, acceptable, substitute
ranges = {"rotate_large": {"degrees": [8, 20]}}
mine = Recipe.from_dict({"name": "mine", "distortion": {"ranges": ranges, "mix": {"wave": 1, "clean": 1}}})
functions = [substitute("ratio50"), substitute(mine), acceptable("ratio50"), Transform("ratio50")]
print(json.dumps([*map(Hasher.hash, functions), LomoBuilder("ratio50", cache_dir=CACHE).hash]))
"""


def prepared(recipe: Recipe, corpus: Path, cache: Path) -> tuple[LomoBuilder, list[Row]]:
    lomo_builder = LomoBuilder(recipe=recipe, corpus=corpus, cache_dir=str(cache))
    lomo_builder.download_and_prepare()
    return lomo_builder, stored(lomo_builder.as_dataset(split="train"))


def test_a_changed_source_gives_new_rows(lines: list[Row], write: Callable[..., Path], tmp_path: Path) -> None:
    file = write(lines[:6])
    _, before = prepared(TEXT_ONLY, file, tmp_path)
    changed = [{**lines[0], "messages": lines[7]["messages"]}, *lines[1:6]]
    file.write_text("".join(json.dumps(line) + "\n" for line in changed), encoding="utf-8")
    _, after = prepared(TEXT_ONLY, file, tmp_path)
    assert after == substituted(file, TEXT_ONLY)
    assert after[0] != before[0]
    assert after[1:] == before[1:]


def test_a_source_that_changes_under_the_builder_is_an_error(
    lines: list[Row], write: Callable[..., Path], tmp_path: Path
) -> None:
    file = write(lines[:6])
    lomo_builder = LomoBuilder(recipe=TEXT_ONLY, corpus=file, cache_dir=str(tmp_path))
    file.write_text(json.dumps(lines[0]) + "\n", encoding="utf-8")
    with pytest.raises(SourceError, match="changed after it was opened"):
        list(lomo_builder.as_streaming_dataset(split="train"))


def test_a_changed_recipe_of_the_same_name_gives_new_rows(corpus: Path, tmp_path: Path) -> None:
    for recipe in (Recipe("mine", ratio=0.2), Recipe("mine", ratio=0.2, seed=1), Recipe("mine", ratio=0.1)):
        lomo_builder, rows = prepared(recipe, corpus, tmp_path)
        assert lomo_builder.config.name == "mine"
        assert rows == substituted(corpus, recipe)


def test_a_limit_gives_its_own_rows(corpus: Path, tmp_path: Path) -> None:
    for limit in (3, 5, None):
        lomo_builder = LomoBuilder(recipe=TEXT_ONLY, corpus=corpus, limit=limit, cache_dir=str(tmp_path))
        lomo_builder.download_and_prepare()
        assert len(lomo_builder.as_dataset(split="train")) == (limit or 35)


@pytest.fixture
def _another_engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """As if another version of the typesetter were installed, for recipes that have been made before."""
    freshness.code_digest.cache_clear()
    engines = {**freshness.installed_engines(), "typst": "99.0"}
    monkeypatch.setattr(freshness, "installed_engines", lambda: engines)
    yield
    freshness.code_digest.cache_clear()


def named_in_caches(corpus: Path, cache: Path) -> list[str]:
    dataset = datasets.Dataset.from_list([{"id": "a", "prompt": "What is 2 + 3?", "answer": "5"}])
    return [
        LomoBuilder("ratio50", corpus=corpus, cache_dir=str(cache)).cache_dir,
        map_dataset(dataset, TEXT_ONLY)._fingerprint,
        dataset.filter(acceptable(TEXT_ONLY))._fingerprint,
        dataset.with_transform(Transform(TEXT_ONLY))._fingerprint,
    ]


def test_engines_are_in_the_name_of_every_cache(corpus: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    before = named_in_caches(corpus, tmp_path)
    assert named_in_caches(corpus, tmp_path) == before
    request.getfixturevalue("_another_engine")
    assert all(name != other for name, other in zip(before, named_in_caches(corpus, tmp_path), strict=True))


def test_engines_that_a_recipe_records_are_in_the_name_of_the_cache(corpus: Path, tmp_path: Path) -> None:
    other = replace(TEXT_ONLY, engines={**TEXT_ONLY.engines, "typst": "99.0"})
    lomo_builder, _ = prepared(TEXT_ONLY, corpus, tmp_path)
    assert LomoBuilder(recipe=other, corpus=corpus, cache_dir=str(tmp_path)).cache_dir != lomo_builder.cache_dir
    assert Hasher.hash(substitute(other)) != Hasher.hash(substitute(TEXT_ONLY))


def test_an_unchanged_builder_finds_its_cache(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, before = prepared(TEXT_ONLY, corpus, tmp_path)

    def never(recipes: Any) -> Any:
        raise AssertionError("rows were made again")

    monkeypatch.setattr(builder, "Substituter", never)
    _, again = prepared(Recipe("text", ratio=0.0), corpus, tmp_path)
    assert again == before


def test_an_unchanged_map_finds_its_cache(corpus: Path, load: Callable[..., Any]) -> None:
    few = load(corpus).select(range(4))
    first, again = map_dataset(few, TEXT_ONLY), map_dataset(few, Recipe("text", ratio=0.0))
    other = map_dataset(few, replace(TEXT_ONLY, seed=1))
    assert first.cache_files == again.cache_files != []
    assert other.cache_files != first.cache_files
    assert other["lomo"][0]["draw"] != first["lomo"][0]["draw"]


def test_functions_pickle_and_give_the_same_rows() -> None:
    batch = {"id": ["a", "b"], "prompt": ["What is 2 + 3?"] * 2, "answer": ["5", "5"]}
    for function in (substitute("ratio50"), Transform("ratio50", decode=False).at_epoch(2)):
        for dumps, loads in ((pickle.dumps, pickle.loads), (dill.dumps, dill.loads)):
            copy = loads(dumps(function))
            assert copy == function
            assert copy(batch) == function(batch)
    row = {"prompt": "2+2?", "answer": "4"}
    assert pickle.loads(pickle.dumps(acceptable()))(row)


def test_a_streaming_dataset_of_the_builder_pickles(corpus: Path, tmp_path: Path) -> None:
    rows = LomoBuilder(recipe=TEXT_ONLY, corpus=corpus, cache_dir=str(tmp_path)).as_streaming_dataset(split="train")
    assert stored(pickle.loads(pickle.dumps(rows))) == stored(rows)


def test_fingerprints_are_the_same_in_every_process(tmp_path: Path) -> None:
    mine = Recipe(
        "mine",
        distortion=DistortionSettings(mix={"clean": 1.0, "wave": 1.0}, ranges={"rotate_large": {"degrees": (8, 20)}}),
    )
    functions = [substitute("ratio50"), substitute(mine), acceptable("ratio50"), Transform("ratio50")]
    here = [*map(Hasher.hash, functions), LomoBuilder("ratio50", cache_dir=str(tmp_path)).hash]
    root = Path(freshness.__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(root), "HF_HOME": str(tmp_path)}
    code = HASHES.replace("CACHE", repr(str(tmp_path)))
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == here
    assert len(set(here)) == 5


def test_unknown_and_taken_names_are_errors_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"must be one of ratio25, .*found 'ratio5'.*Recipe\('mine'"):
        LomoBuilder("ratio5")
    with pytest.raises(RecipeError, match="belongs to a named recipe"):
        LomoBuilder(recipe=Recipe("ratio50", ratio=0.3))
    with pytest.raises(RecipeError, match="Give one"):
        LomoBuilder("ratio50", recipe=TEXT_ONLY)
    with pytest.raises(RecipeError, match="limit must be"):
        LomoBuilder("ratio50", limit=0)
    with pytest.raises(SourceError, match="more than one"):
        LomoBuilder("ratio50", corpus="a.jsonl", data_dir="b")
    with pytest.raises(RecipeError, match="position must be"):
        LomoBuilder(recipe=Recipe("mine", position="centre"))


def test_every_named_recipe_is_a_config() -> None:
    assert list(LomoBuilder.builder_configs) == list(NAMED_RECIPES)
    assert all(config.recipe == NAMED_RECIPES[name] for name, config in LomoBuilder.builder_configs.items())


def test_data_dir_and_data_files_name_the_same_corpus(corpus: Path, tmp_path: Path) -> None:
    ways: list[dict[str, Any]] = [
        {"corpus": corpus},
        {"corpus": str(corpus)},
        {"data_files": str(corpus)},
        {"data_files": [str(corpus)]},
        {"data_files": {"train": str(corpus)}},
    ]
    assert len({LomoBuilder("ratio50", cache_dir=str(tmp_path), **way).hash for way in ways}) == 1
    assert LomoBuilder("ratio50", cache_dir=str(tmp_path), data_dir=str(corpus.parent)).rows == 35
