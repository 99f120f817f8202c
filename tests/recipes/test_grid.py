"""A grid names its recipes readably, shares what they share, and builds what each would build alone."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lomo_hf import Recipe, open_corpus
from lomo_hf.building import build_shard, plan
from lomo_hf.building.estimating import measure_sharing
from lomo_hf.building.planning import ShardSpec
from lomo_hf.cli import app
from lomo_hf.corpus import SAMPLE as SAMPLE_FILE
from lomo_hf.dataset import build_dataset
from lomo_hf.dataset.manifest import read_manifest
from lomo_hf.errors import RecipeError, UsageError
from lomo_hf.recipes import DistortionSettings, Selection
from lomo_hf.recipes.grid import grid_recipes
from lomo_hf.selection import measured

SAMPLE = open_corpus(None)


def rows_of(path: Path) -> list[dict]:
    import pyarrow.parquet as pq

    return sorted(pq.read_table(path, use_threads=False).to_pylist(), key=lambda row: row["id"])


def test_names_say_what_varies() -> None:
    recipes = grid_recipes(
        {
            "name": "abl",
            "vary": {
                "ratio": [0.25, 0.125],
                "position": ["multi-span"],
                "distortion.strength": ["hard"],
                "distortion.mix": {"clean": {"clean": 1}},
                "selection.by": ["length"],
                "style.text_size": [18],
                "seed": [7],
            },
        }
    )
    assert [recipe.name for recipe in recipes] == [
        "abl-ratio25-multi-span-hard-clean-by-length-text_size18-seed7",
        "abl-ratio12.5-multi-span-hard-clean-by-length-text_size18-seed7",
    ]
    first = recipes[0]
    assert (first.ratio, first.position, first.seed, first.style.text_size) == (0.25, "multi-span", 7, 18)
    assert (first.distortion.strength, dict(first.distortion.mix)) == ("hard", {"clean": 1.0})
    assert first.selection == Selection("length")


def test_what_does_not_vary_comes_from_the_base() -> None:
    (recipe,) = grid_recipes({"base": {"turn": "last", "seed": 3}, "vary": {"position": ["prefix"]}})
    assert (recipe.turn, recipe.seed, recipe.position) == ("last", 3, "prefix")
    (recipe,) = grid_recipes({"base": "nodistort50", "vary": {"ratio": [1.0]}})
    assert (recipe.name, dict(recipe.distortion.mix)) == ("ratio100", {"clean": 1.0})


@pytest.mark.parametrize(
    ("grid", "says"),
    [
        ([1], "grid must hold `vary`"),
        ({"vary": {}}, "grid must hold `vary`"),
        ({"vary": {"ratio": []}}, "grid.vary.ratio must be a list of values"),
        ({"vary": {"ratio": 0.5}}, "grid.vary.ratio must be a list of values"),
        ({"vary": {"colour": ["red"]}}, "recipe has no key 'colour'"),
        ({"vary": {"style.colour": ["red"]}}, "style has no key 'colour'"),
        ({"vary": {"name": ["a"]}}, "grid.vary.name is no field that decides a row"),
        ({"vary": {"position.x": ["a"]}}, "grid.vary.position.x is no field that decides a row"),
        ({"vary": {"distortion.mix": [{"clean": 1}]}}, "grid.vary.distortion.mix must label values"),
        ({"vary": {"ratio": [0.5, 0.5]}}, "found 'ratio50' twice"),
        ({"vary": {"seed": list(range(300))}}, "at most 256 recipes; found 300"),
        ({"vary": {"ratio": [50]}}, "Write 0.5 for fifty percent"),
        ({"vary": {"ratio": [0.5]}, "many": 1}, "grid has no key 'many'"),
        ({"vary": {"ratio": [0.5]}, "name": "../x"}, "recipe name must be"),
        ({"vary": {"ratio": [0.5]}, "base": "nothing"}, "recipe must be a YAML file or one of"),
    ],
)
def test_a_wrong_grid_is_one_sentence(grid: object, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        grid_recipes(grid)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_grid_shares_its_pages_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle counts calls of the renderer."""
    import lomo_hf.substitution as substitution

    calls = []
    render = substitution.render_span
    monkeypatch.setattr(substitution, "render_span", lambda *args: calls.append(args) or render(*args))
    recipes = grid_recipes({"base": {"ratio": 1.0}, "vary": {"seed": [0, 1], "distortion.strength": ["mild", "hard"]}})
    sharing = measure_sharing(SAMPLE, recipes, measure=8, limit=8)
    assert sharing.sampled == sharing.rows == sharing.typeset == len(calls) == 8
    assert sharing.apart == 32
    assert 8 <= sharing.distorted <= 32


def test_a_grid_builds_what_each_recipe_builds_alone(tmp_path: Path) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text("vary: {ratio: [0.5, 1.0], position: [middle, densest-math], selection.by: [uniform, length]}\n")
    out = tmp_path / "out"
    planned = CliRunner().invoke(
        app, ["grid", str(file), "--limit", "10", "--measure", "3", "--plan", "--out", str(out)]
    )
    assert planned.exit_code == 0, planned.output
    assert not out.exists()
    assert "8 configs of 10 rows" in " ".join(planned.output.split())
    built = CliRunner().invoke(app, ["grid", str(file), "--limit", "10", "--measure", "3", "--out", str(out)])
    assert built.exit_code == 0, built.output
    manifest = read_manifest(out)
    assert manifest is not None
    assert len(manifest.recipes) == 8
    name = "ratio50-densest-math-by-length"
    recipe = manifest.recipes[name]
    assert len(recipe.selection.quantiles) == 101
    alone = build_dataset(None, [recipe], tmp_path / "alone", limit=10)
    shard = f"{name}/train-00000-of-00001.parquet"
    assert (alone.folder / shard).read_bytes() == (out / shard).read_bytes()
    card = (out / "README.md").read_text()
    assert "rows that stand high in the length of the prompt" in card
    assert "rows are chosen by chance alone" in card
    assert json.loads((out / "manifest.json").read_text())["recipes"][name]["recipe"]["selection"]["by"] == "length"


def test_a_curriculum_does_not_depend_on_how_the_rows_are_cut_into_shards(tmp_path: Path) -> None:
    rising = replace(DistortionSettings(), strength="rising")
    recipe = Recipe("rising", ratio=0.9, selection=Selection("place"), distortion=rising)
    (whole,) = plan(SAMPLE, [recipe], limit=12)
    build_shard(whole, tmp_path / "one")
    for index, (start, stop) in enumerate([(0, 5), (5, 12)]):
        build_shard(ShardSpec(index, 2, start, stop, SAMPLE, (recipe,), 12), tmp_path / "two")
    whole_rows = rows_of(tmp_path / "one" / whole.shard_path(recipe))
    cut_rows = [row for path in (tmp_path / "two" / "rising").glob("*.parquet") for row in rows_of(path)]
    assert whole_rows == sorted(cut_rows, key=lambda row: row["id"])
    assert whole.digest != replace(whole, total=13).digest


def test_the_builder_of_datasets_measures_and_places_as_a_build_does(tmp_path: Path) -> None:
    from lomo_hf.hf_datasets import LomoBuilder

    recipe = Recipe("long", selection=Selection("length", chance=0))
    builder = LomoBuilder(recipe=recipe, limit=6, cache_dir=str(tmp_path))
    (ready,) = measured([recipe], SAMPLE, limit=6)
    assert builder.recipe == ready
    streamed = list(builder.as_streaming_dataset(split="train"))
    assert sum(row["rewritten"] for row in streamed) == 3
    assert {row["lomo"]["draw"] < 0.5 for row in streamed if row["rewritten"]} == {True}


def test_a_grid_is_of_the_rows_that_a_draw_gives_as_a_build_is(tmp_path: Path) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text("{base: nodistort50, vary: {ratio: [0.5]}}")
    drawn = ["--corpus", str(SAMPLE_FILE), "--sample", "9", "--seed", "3"]
    result = CliRunner().invoke(app, ["grid", str(file), *drawn, "--measure", "2", "--out", str(tmp_path / "grid")])
    assert result.exit_code == 0
    assert "9 rows drawn out of 206" in result.output
    recipe = tmp_path / "ratio50.yaml"
    recipe.write_text("{name: ratio50, distortion: {mix: {clean: 1}}}")
    built = CliRunner().invoke(app, ["build", "--recipe", str(recipe), *drawn, "--out", str(tmp_path / "build")])
    assert built.exit_code == 0
    for name in ("draw.json", "ratio50/train-00000-of-00001.parquet"):
        assert (tmp_path / "grid" / name).read_bytes() == (tmp_path / "build" / name).read_bytes()
    again = ["--corpus", str(SAMPLE_FILE), "--replay", str(tmp_path / "grid" / "draw.json"), "--limit", "4", "--plan"]
    replayed = CliRunner().invoke(app, ["grid", str(file), *again, "--measure", "1"])
    assert "1 configs of 4 rows" in replayed.output
    assert not (tmp_path / "lomo-grid").exists()


def test_a_seed_for_a_grid_that_varies_it_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text("vary: {seed: [1, 2]}")
    result = CliRunner().invoke(app, ["grid", str(file), "--seed", "3", "--plan"])
    assert isinstance(result.exception, UsageError)
    assert "exclude each other" in str(result.exception)


def test_the_commands_that_read_a_corpus_have_the_same_options_for_it() -> None:
    """One place declares them (`lomo_hf.cli.corpus_options`), so no command can lack one or word it otherwise."""
    from typer.main import get_command

    commands = get_command(app).commands  # type: ignore[attr-defined]
    wanted = {"--corpus", "--config", "--exclude-config", "--columns", "--sample", "--tokens", "--quota", "--weights",
              "--dedup", "--exclude-overlap", "--replay", "--seed"}  # fmt: skip
    helps = [
        {option.opts[0]: option.help for option in commands[name].params if option.opts[0] in wanted}
        for name in ("build", "plan", "sample", "grid")
    ]
    assert set(helps[0]) == wanted
    assert all(texts == helps[0] for texts in helps)


def test_tables_of_many_configs_lose_nothing_on_a_narrow_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On 80 columns (every pipe, every log) counts of the later configs were blank and settings cut to "mid\u2026"."""
    monkeypatch.setenv("COLUMNS", "80")
    file = tmp_path / "grid.yaml"
    file.write_text("vary: {seed: [0, 1, 2, 3], position: [densest-math, answer-overlap], selection.by: [uniform]}\n")
    result = CliRunner().invoke(
        app, ["grid", str(file), "--limit", "4", "--measure", "2", "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    assert "\u2026" not in result.output
    for seed in range(4):
        assert f"seed{seed}-answer-overlap-by-uniform: about" in result.output
    lines = result.output.splitlines()
    counted = [line.split("\u2502")[1:] for line in lines if line.startswith((" rows  ", " rewritten "))]
    assert [count.strip() for counts in counted[::2] for count in counts] == ["4"] * 8
    assert all("%)" in count for counts in counted[1::2] for count in counts)
    assert len([count for counts in counted[1::2] for count in counts]) == 8
