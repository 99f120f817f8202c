"""Rows, spans or distortions that are chosen otherwise than by chance: honest folders pass, sealed lies do not."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from auditing.audit_helpers import Rows, first, read, rewrite
from hypothesis import given, settings
from hypothesis import strategies as st

from lomo_hf.auditing import AuditReport, audit_dataset
from lomo_hf.building import planning
from lomo_hf.corpus import SAMPLE
from lomo_hf.dataset import build_dataset, check_dataset, read_manifest
from lomo_hf.dataset.manifest import write_manifest
from lomo_hf.distortion import OPERATIONS, draw_distortion
from lomo_hf.recipes.recipe import Caps, DistortionSettings, Recipe, Selection
from lomo_hf.selection import STRATEGIES
from lomo_hf.spans import POSITION_WORDS, POSITIONS

CHEAP = DistortionSettings(mix={"clean": 1.0, "gaussian_blur": 1.0})
RISING = DistortionSettings(mix={"gaussian_blur": 1.0}, strength="rising")


def selection(by: str) -> Selection:
    return Selection() if by == "uniform" else Selection(by, first="low" if by == "length" else "high", chance=0.2)


RECIPES = [
    *(Recipe(f"by-{by}", ratio=0.4, selection=selection(by), distortion=CHEAP) for by in STRATEGIES),
    *(Recipe(name, ratio=0.4, position=name, distortion=CHEAP) for name in POSITIONS),
    Recipe("rising", ratio=0.6, selection=Selection("place"), distortion=RISING),
    Recipe("rising-all", ratio=1.0, selection=Selection("place"), distortion=RISING),
]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of the sample with a score, one in five without one; a row that is refused shifts no other's place."""
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()[::6]]
    for number, row in enumerate(rows):
        if number % 5:
            row["score"] = (number * 37 % 100) / 10
    rows[3:3] = [{"id": "held", "messages": [{"role": "user", "content": "<image>"}]}]
    path = tmp_path_factory.mktemp("scored") / "scored.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chosen(scored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every strategy and every position. Not to be written to."""
    return build_dataset(scored, RECIPES, tmp_path_factory.mktemp("chosen") / "data").folder


@pytest.fixture
def lying(chosen: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(chosen, tmp_path / "data"))


def failures(report: AuditReport) -> dict[str, list[str]]:
    return {outcome.name: [finding.id for finding in outcome.examples] for outcome in report.failures}


def params(row: Mapping[str, Any]) -> dict[str, float]:
    values: dict[str, float] = json.loads(row["lomo"]["distortion"]["params"])
    return values


def test_every_strategy_and_position_passes_with_and_without_its_source(chosen: Path, scored: Path) -> None:
    report = audit_dataset(chosen, corpus=scored, sample=12)
    assert failures(report) == {}
    assert report.notes == []
    rewritten = sum(statistics["rewritten"] for statistics in report.statistics.values())
    checked = {outcome.name: outcome.checked for outcome in report.outcomes}
    assert checked["span-as-chosen"] == checked["distortion-drawn"] == rewritten
    alone = audit_dataset(chosen, no_source=True, sample=2)
    assert failures(alone) == {}
    (note,) = alone.notes
    assert note.startswith("by-score chooses rows by score, which stored rows do not hold")
    assert check_dataset(str(chosen)).findings == []


def test_the_share_that_is_drawn_stands_beside_the_ratio(chosen: Path, scored: Path) -> None:
    report = audit_dataset(chosen, corpus=scored, sample=1)
    for recipe in RECIPES:
        statistics, rows = report.statistics[recipe.name], read(chosen, recipe.name)
        assert statistics["ratio"] == recipe.ratio
        assert statistics["drawn"] == sum(row["lomo"]["draw"] < recipe.ratio for row in rows)
        assert statistics["drawn"] == statistics["rewritten"] + sum(statistics["kept"].values())


def test_the_card_says_what_is_chosen_and_what_rises(chosen: Path) -> None:
    card = (chosen / "README.md").read_text(encoding="utf-8")
    assert (
        "- `rising`: the share of rows that are chosen rises over the corpus, from shard to shard; 50% of the draw is "
        "chance; of a prompt the page holds the middle third; distortions go from mild at the corpus's first row to "
        "hard at its last. It is a single shard, within which rows stand in no order, and so no curriculum.\n"
    ) in card
    assert "| gaussian_blur | blur | rising | sigma 0.5 to 1.2 at first, 1.2 to 2 at last |" in card
    assert "| gaussian_blur | blur | mild | sigma 0.5 to 1.2 |" in card
    assert set(POSITION_WORDS) == set(POSITIONS)
    for words in POSITION_WORDS.values():
        assert f"of a prompt the page holds {words}" in card


def test_the_card_counts_the_steps_of_a_curriculum(
    scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_MIN_ROWS", 10)
    rising = [recipe for recipe in RECIPES if recipe.name == "rising"]
    card = (build_dataset(scored, rising, tmp_path / "data", limit=30).folder / "README.md").read_text("utf-8")
    assert "The order of its 3 shards is the curriculum: read them in order, and do not shuffle." in card


def test_percentiles_of_another_corpus_are_noted(scored: Path, tmp_path: Path) -> None:
    short = Selection("length", chance=0, quantiles=tuple(float(n) for n in range(101)))
    folder = build_dataset(scored, [Recipe("long", selection=short, distortion=CHEAP)], tmp_path / "data").folder
    report = audit_dataset(folder, corpus=scored, sample=1)
    assert report.true
    assert "its percentiles may be of another corpus" in report.notes[0]


# -- lies --------------------------------------------------------------------------------------------------------


def rewrite_one_more(rows: Rows) -> str:
    """A late row's draw and page stand in an early row: the curriculum no longer rises."""
    row = next(row for row in rows if not row["rewritten"])
    row["lomo"]["draw"] = 0.01
    return str(row["id"])


def soften(rows: Rows) -> str:
    """A mild value, as the first rows have, where the last rows are to be hard."""
    row = max((row for row in rows if row["rewritten"]), key=lambda row: params(row)["sigma"])
    row["lomo"]["distortion"]["params"] = '{"sigma":0.5}'
    return str(row["id"])


def another_operation(rows: Rows) -> str:
    row = first(rows)
    row["lomo"]["distortion"] = {"op": "clean", "params": "{}"}
    return str(row["id"])


def another_span(rows: Rows) -> str:
    """The first third instead of the chosen one, restored to the character and recorded as if it had been chosen."""
    row = next(row for row in rows if row["rewritten"] and row["lomo"]["spans"][0]["start"] > 40)
    span = row["lomo"]["spans"][0]
    content = row["messages"][row["lomo"]["turn"]]["content"]
    place = next(index for index, part in enumerate(content) if part["type"] == "image")
    before, after = content[place - 1]["text"], "".join(part["text"] for part in content[place + 1 :])
    content[:] = [{"type": "image", "text": None}, {"type": "text", "text": span["text"] + after}]
    row["conversations"][row["lomo"]["turn"]]["value"] = "<image>" + span["text"] + after
    span.update(start=0, end=len(before), text=before)
    return str(row["id"])


def another_draw(rows: Rows) -> str:
    row = next(row for row in rows if row["rewritten"])
    row["lomo"]["draw"] = row["lomo"]["draw"] / 2 + 1e-6
    return str(row["id"])


MUST_FIND: list[tuple[str, Callable[[Rows], str], str]] = [
    ("rising", rewrite_one_more, "drawn-by-ratio"),
    ("rising", another_draw, "drawn-by-ratio"),
    ("rising", soften, "distortion-drawn"),
    ("rising", another_operation, "distortion-drawn"),
    ("by-place", another_draw, "drawn-by-ratio"),
    ("by-score", another_draw, "drawn-by-ratio"),
    ("by-length", another_draw, "drawn-by-ratio"),
    ("by-mathematics", another_draw, "drawn-by-ratio"),
    ("densest-math", another_span, "span-as-chosen"),
    ("answer-overlap", another_span, "span-as-chosen"),
    ("suffix", another_span, "span-as-chosen"),
]


@pytest.mark.parametrize(
    ("config", "lie", "check"), MUST_FIND, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_a_sealed_lie_is_found_under_its_row(
    config: str, lie: Callable[[Rows], str], check: str, lying: Path, scored: Path
) -> None:
    ids: list[str] = []
    rewrite(lying, config, lambda rows: ids.append(lie(rows)))
    failed = failures(audit_dataset(lying, corpus=scored, sample=1))
    assert failed[check] == ids


def test_a_rising_release_that_is_turned_around_fails(lying: Path, scored: Path) -> None:
    """The same rows and pages as the record of a falling curriculum: each row is whole, only the order is not."""
    manifest = read_manifest(lying)
    assert manifest is not None
    falling = {
        name: replace(recipe, selection=replace(recipe.selection, first="low"))
        if recipe.selection.by == "place"
        else recipe
        for name, recipe in manifest.recipes.items()
    }
    write_manifest(lying, replace(manifest, recipes=falling))
    failed = failures(audit_dataset(lying, corpus=scored, sample=1))
    assert set(failed) == {"drawn-by-ratio"}


def test_a_steady_release_that_calls_itself_rising_fails(scored: Path, tmp_path: Path) -> None:
    steady = Recipe("steady", ratio=1.0, distortion=replace(RISING, strength="mild"))
    folder = build_dataset(scored, [steady], tmp_path / "data").folder
    manifest = read_manifest(folder)
    assert manifest is not None
    write_manifest(folder, replace(manifest, recipes={"steady": replace(steady, distortion=RISING)}))
    assert set(failures(audit_dataset(folder, corpus=scored, sample=1))) == {"distortion-drawn"}


@pytest.mark.parametrize("lie", [soften, rewrite_one_more])
def test_without_the_source_a_rising_release_is_held_to_its_shard(
    lie: Callable[[Rows], str], scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lomo_hf.building import planning

    monkeypatch.setattr(planning, "_MIN_ROWS", 9)
    folder = build_dataset(scored, [Recipe("rising", ratio=0.9, selection=Selection("place"), distortion=RISING)],
                           tmp_path / "data").folder  # fmt: skip
    assert failures(audit_dataset(folder, no_source=True, sample=1)) == {}
    ids: list[str] = []
    wanted = "-00003-" if lie is soften else "-00000-"
    rewrite(folder, "rising", lambda rows: ids.append(lie(rows)), part=wanted)
    check = "distortion-drawn" if lie is soften else "drawn-by-ratio"
    assert failures(audit_dataset(folder, no_source=True, sample=1))[check] == ids


def test_a_span_cut_to_fit_its_page_is_as_chosen_and_any_other_cut_is_not(scored: Path, tmp_path: Path) -> None:
    tight = Recipe("tight", ratio=1.0, position="full", caps=Caps(max_pixels=40_000), distortion=CHEAP)
    folder = build_dataset(scored, [tight], tmp_path / "data").folder
    rows = [row for row in read(folder, "tight") if row["rewritten"]]
    cut = [row for row in rows if row["lomo"]["spans"][0]["end"] < row["lomo"]["prompt_chars"] - 1]
    assert len(cut) > 3
    assert failures(audit_dataset(folder, corpus=scored, sample=1)) == {}
    roomy = replace(tight, caps=Caps(max_pixels=2_000_000))
    manifest = read_manifest(folder)
    assert manifest is not None
    write_manifest(folder, replace(manifest, recipes={"tight": roomy}))
    failed = {outcome.name: outcome.failed for outcome in audit_dataset(folder, corpus=scored, sample=1).failures}
    assert failed["span-as-chosen"] >= len(cut)


@settings(max_examples=60, deadline=None)
@given(
    op=st.sampled_from(sorted(OPERATIONS)),
    seed=st.integers(0, 2**32),
    places=st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted),
)
def test_what_is_drawn_lies_between_what_is_drawn_before_and_after_it(op: str, seed: int, places: list[float]) -> None:
    """Why the ends of a shard bound its rows; an audit without the source relies on it."""
    rising = DistortionSettings(mix={op: 1.0}, strength="rising")
    before, here, after = (draw_distortion(rising, np.random.default_rng(seed), place) for place in places)
    for name, value in here.params.items() if here.op == before.op == after.op else ():
        ends = before.params[name], after.params[name]
        if isinstance(value, str):
            assert ends == (value, value)
        else:
            slack = 0 if isinstance(value, int) else 2e-4
            assert min(ends) - slack <= value <= max(ends) + slack  # type: ignore[type-var, operator]
