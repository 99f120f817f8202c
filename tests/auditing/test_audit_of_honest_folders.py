"""What is true passes every check; the report is the same bytes each time and goes onto the card."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from auditing.audit_helpers import read, seal

from lomo_hf.auditing import CHECKS, audit_dataset
from lomo_hf.auditing.sampling import spread_sample
from lomo_hf.auditing.statistics import script_of
from lomo_hf.building import planning
from lomo_hf.cli import main
from lomo_hf.dataset import build_dataset, read_manifest, record_audit
from lomo_hf.dataset import manifest as manifests
from lomo_hf.errors import IntegrityError
from lomo_hf.recipes.recipe import Recipe

EDGE = Path(__file__).parent.parent / "data" / "edge.jsonl"


def test_an_honest_folder_passes_every_check_over_every_row(honest: Path, corpus: Path) -> None:
    report = audit_dataset(honest, corpus=corpus)
    assert report.true
    checked = {outcome.name: outcome.checked for outcome in report.outcomes}
    assert list(checked) == list(CHECKS)
    rows = {name: read(honest, name) for name in ("half", "all")}
    stored = sum(len(stored_rows) for stored_rows in rows.values())
    rewritten = sum(row["rewritten"] for stored_rows in rows.values() for row in stored_rows)
    assert checked["restored-prompt"] == checked["views-agree"] == checked["unique-ids"] == stored
    assert checked["rows-accounted"] == checked["refusals-true"] == stored + 2 * 2
    assert checked["geometry"] == checked["distortion-replays"] == checked["ink"] == rewritten
    assert checked["nested-ratios"] == sum(row["rewritten"] for row in rows["half"])
    statistics = report.statistics["all"]
    assert statistics["rows"] == statistics["rewritten"] == len(rows["all"])
    assert statistics["refused"] == 2
    assert (
        statistics["renderers"]["latex"] + statistics["renderers"]["fallback"]
        == statistics["rows_with_mathematics"]
        > 0
    )
    assert statistics["spans_by_script"]["Latin"] > statistics["spans_by_script"]["Han"] > 0


def test_adversarial_rows_pass_too_under_every_policy(tmp_path: Path) -> None:
    recipes = [Recipe(policy, ratio=1.0, placeholders=policy, position="multi-span") for policy in ("drop", "escape")]
    recipes.append(Recipe("keep", ratio=1.0, placeholders="keep", turn="longest"))
    folder = build_dataset(EDGE, recipes, tmp_path / "edge").folder
    report = audit_dataset(folder, corpus=EDGE)
    assert [(outcome.name, outcome.examples) for outcome in report.failures] == []


def test_a_report_is_the_same_bytes_and_tells_nothing_of_the_machine(
    honest: Path, corpus: Path, tmp_path: Path
) -> None:
    first = audit_dataset(honest, corpus=corpus, sample=6).to_json()
    elsewhere = shutil.copytree(honest, tmp_path / "elsewhere")
    moved = Path(shutil.copy(corpus, tmp_path / "renamed.jsonl"))
    assert audit_dataset(elsewhere, corpus=moved, sample=6).to_json() == first
    for word in (str(honest.parent), str(corpus.parent), str(Path.home())):
        assert word not in first


def test_configs_of_two_builds_in_many_shards_meet_part_by_part(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_MIN_ROWS", 6)
    build_dataset(corpus, ["ratio50"], tmp_path / "data")
    folder = build_dataset(corpus, ["ratio25", "prefix50"], tmp_path / "data").folder
    assert len(list((folder / "ratio25").glob("train-*"))) >= 3
    report = audit_dataset(folder, corpus=corpus, sample=4)
    assert report.true
    checked = {outcome.name: outcome.checked for outcome in report.outcomes}
    assert checked["nested-ratios"] == report.statistics["ratio25"]["rewritten"] > 0
    path = sorted((folder / "ratio25").glob("train-*"))[1]
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    seal(folder, path)
    lost = audit_dataset(folder, corpus=corpus, sample=4)
    (missed,) = [outcome for outcome in lost.failures if outcome.name == "rows-accounted"]
    assert [finding.id for finding in missed.examples] == [table["id"][0].as_py()]


def test_without_the_source_what_is_inner_truth_is_still_checked(honest: Path) -> None:
    report = audit_dataset(honest, no_source=True, sample=6)
    assert report.true
    assert report.source is None
    skipped = {outcome.name for outcome in report.outcomes if outcome.skipped}
    assert skipped == {"restored-prompt", "answers-untouched", "system-untouched", "origin-true", "refusals-true"}
    assert {outcome.checked for outcome in report.outcomes if outcome.name == "distortion-replays"} == {6}


def test_a_sample_limits_the_costly_checks_only(honest: Path, corpus: Path) -> None:
    checked = {outcome.name: outcome.checked for outcome in audit_dataset(honest, corpus=corpus, sample=5).outcomes}
    assert checked["images-decode"] == checked["ink"] == checked["distortion-replays"] == 5
    assert checked["restored-prompt"] == len(read(honest, "half")) + len(read(honest, "all"))


def test_pages_made_by_other_engines_are_not_made_again(honest: Path, corpus: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(honest, tmp_path / "data"))
    manifest = read_manifest(folder)
    assert manifest is not None
    older = {
        name: replace(recipe, engines={**recipe.engines, "typst": "0.1"}) for name, recipe in manifest.recipes.items()
    }
    manifests.write_manifest(folder, replace(manifest, recipes=older))
    report = audit_dataset(folder, corpus=corpus)
    (replays,) = [outcome for outcome in report.outcomes if outcome.name == "distortion-replays"]
    assert report.true
    assert (replays.checked, replays.skipped) == (0, "built with other engines than are installed")


def test_an_audit_goes_into_the_folder_the_card_and_the_manifest(folder: Path, corpus: Path) -> None:
    report = audit_dataset(folder, corpus=corpus, sample=3)
    record_audit(folder, report.to_json())
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "## Audit" in card
    assert "| restored-prompt |" in card
    assert "{{" not in card
    assert "audit.json" in (folder / "manifest.json").read_text(encoding="utf-8")
    # Audited again it says the same, and what is in the folder agrees with the manifest.
    assert audit_dataset(folder, corpus=corpus, sample=3).to_json() == report.to_json()


def test_an_audit_of_other_shards_leaves_the_card(corpus: Path, tmp_path: Path) -> None:
    folder = build_dataset(corpus, ["ratio25"], tmp_path / "data", limit=8).folder
    report = audit_dataset(folder, corpus=corpus, sample=1).to_json()
    record_audit(folder, report)
    build_dataset(corpus, ["nodistort50"], folder, limit=8)
    assert not (folder / "audit.json").exists()
    assert "No audit of these shards" in (folder / "README.md").read_text(encoding="utf-8")
    with pytest.raises(IntegrityError, match="other shards"):
        record_audit(folder, report)


@pytest.mark.parametrize("honestly", [True, False])
def test_the_command_says_what_it_found_and_exits_with_it(
    folder: Path,
    corpus: Path,
    honestly: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not honestly:
        (folder / "dataset_info.json").write_text("{}")
    out = tmp_path / "report.json"
    arguments = ["audit", str(folder), "--corpus", str(corpus), "--sample", "2", "--out", str(out)]
    monkeypatch.setattr("sys.argv", ["lomo", *arguments])
    monkeypatch.setenv("COLUMNS", "160")
    try:
        main()
        code = 0
    except SystemExit as left:
        code = int(left.code or 0)
    printed = capsys.readouterr()
    assert code == (0 if honestly else 3)
    assert "restored-prompt" in printed.out
    assert json.loads(out.read_text(encoding="utf-8"))["true"] is honestly
    assert ("files-as-recorded" in printed.err) is not honestly
    assert not (folder / "audit.json").exists()


def test_a_sample_is_spread_over_all_kinds_and_depends_on_ids_alone() -> None:
    rows = [(("c", f"r/{n}"), "rare" if n % 50 == 0 else "common") for n in range(300)]
    taken = spread_sample(rows, 12, lambda key, kind: kind)
    assert sorted(taken.values(), key=str).count("rare") == 6
    assert spread_sample(reversed(rows), 12, lambda key, kind: kind) == taken
    assert len(spread_sample(rows, 1000, lambda key, kind: kind)) == 300
    assert set(spread_sample(rows, 20, lambda key, kind: None if kind == "common" else kind).values()) == {"rare"}


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Ein schönes Häuschen.", "Latin, accented"),
        ("Αλφα", "Greek"),
        ("Кошка", "Cyrillic"),
        ("שלום", "Hebrew"),
        ("مرحبا", "Arabic"),
        ("नमस्ते", "Devanagari"),
        ("สวัสดี", "Thai"),
        ("안녕하세요", "Hangul"),
        ("求 f(x) 的最小值", "Han"),
        ("$$ 12 + 3", "none"),
        ("\U0001d465 is x", "Latin"),
    ],
)
def test_scripts_are_told_apart(text: str, script: str) -> None:
    assert script_of(text) == script
