"""What `lomo plan` promises is what a build then makes, also where rows are not chosen by chance alone."""

import json
from pathlib import Path

import pytest

from lomo_hf.building import plan
from lomo_hf.building.estimating import Estimate, estimate
from lomo_hf.corpus import SAMPLE, FileSource, open_corpus
from lomo_hf.dataset import build_dataset, read_manifest
from lomo_hf.recipes.recipe import DistortionSettings, Recipe, Selection

CLEAN = DistortionSettings(mix={"clean": 1.0})
# Turned further, a page grows: the strength shows in bytes.
TURNING = DistortionSettings(mix={"rotate_large": 1.0}, strength="rising")


@pytest.fixture(scope="module")
def sorted_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short prompts first, long ones last: what the late rows cost is not what the middle ones do."""
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    rows.sort(key=lambda row: max(len(turn["content"]) for turn in row["messages"] if turn["role"] == "user"))
    path = tmp_path_factory.mktemp("sorted") / "sorted.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows[:140:2]), encoding="utf-8")
    return path


def estimated(path: Path, recipe: Recipe, measure: int) -> Estimate:
    source = open_corpus(path)
    assert isinstance(source, FileSource)
    return estimate(source, plan(source, [recipe]), measure=measure)


def built(path: Path, recipe: Recipe, out: Path) -> tuple[int, int, int]:
    """Rows with a page, pages, and bytes of shards."""
    manifest = read_manifest(build_dataset(path, [recipe], out).folder)
    assert manifest is not None
    counts = [receipt.counts[recipe.name] for receipt in manifest.receipts]
    size = sum(receipt.files[recipe.name].bytes for receipt in manifest.receipts)
    return sum(count.rewritten for count in counts), sum(count.images for count in counts), size


RECIPES = [
    Recipe("rising", ratio=0.4, selection=Selection("place", chance=0), distortion=CLEAN),
    Recipe("falling", ratio=0.4, selection=Selection("place", first="low", chance=0), distortion=CLEAN),
    Recipe("long", ratio=0.3, selection=Selection("length", chance=0), distortion=CLEAN),
    Recipe("spans", ratio=0.3, selection=Selection("place", chance=0), position="multi-span", distortion=CLEAN),
    Recipe("harder", ratio=1.0, distortion=TURNING),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_where_nothing_is_left_to_chance_all_rows_measured_are_the_build(
    recipe: Recipe, sorted_corpus: Path, tmp_path: Path
) -> None:
    estimates = estimated(sorted_corpus, recipe, measure=1000)
    rewritten, pages, size = built(sorted_corpus, recipe, tmp_path / "out")
    assert estimates.measured == estimates.rows == 70
    # Shares are of 1 in 70 rows; that of the row at the border may be told either way.
    assert estimates.rewritten.middle == pytest.approx(rewritten, abs=1)
    assert estimates.pages.middle == pytest.approx(pages, abs=2)
    assert estimates.output.middle == pytest.approx(size, rel=0.1)


def test_a_sample_of_a_rising_corpus_brackets_the_build(sorted_corpus: Path, tmp_path: Path) -> None:
    rising = Recipe("rising", ratio=0.5, selection=Selection("place", chance=0.3), distortion=CLEAN)
    estimates = estimated(sorted_corpus, rising, measure=30)
    rewritten, _, size = built(sorted_corpus, rising, tmp_path / "out")
    assert estimates.measured == 30
    assert estimates.rewritten.low <= rewritten <= estimates.rewritten.high
    assert estimates.output.low <= size <= estimates.output.high


def test_chance_is_taken_out_so_the_share_is_the_ratio(sorted_corpus: Path) -> None:
    for by in ("uniform", "place", "length", "mathematics"):
        recipe = Recipe("half", ratio=0.5, selection=Selection(by), distortion=CLEAN)
        assert estimated(sorted_corpus, recipe, measure=1000).rewritten.middle == pytest.approx(35, abs=1), by


def test_ratios_that_nest_share_their_pages_and_are_each_counted(sorted_corpus: Path) -> None:
    source = open_corpus(sorted_corpus)
    assert isinstance(source, FileSource)
    recipes = [Recipe(f"r{n}", ratio=n / 100, distortion=CLEAN) for n in (25, 50, 75)]
    estimates = estimate(source, plan(source, recipes), measure=30)
    assert estimates.rewritten.middle == pytest.approx(1.5 * 70, rel=0.01)
