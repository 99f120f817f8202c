"""A row that kills its process, never ends or fails unforeseen costs itself only: it stays text, with the reason."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from building.helpers import Trapped, Tree, tree_of

from lomo_hf.building import RowLimits, ShardSpec, build_shards

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")

# Rows of shard 2 that ratio50 rewrites.
FIRST, SECOND, THIRD, FOURTH = 17, 18, 22, 23
QUICK = RowLimits(hang_seconds=1.5, cpu_seconds=1, wall_seconds=20.0, memory=1 << 30)


@pytest.fixture
def spec(specs: list[ShardSpec]) -> ShardSpec:
    """Shard 2, for ratio50 alone."""
    return replace(specs[2], recipes=specs[2].recipes[1:2])


def trapped(spec: ShardSpec, harms: dict[int, str], folder: Path, times: int = 99) -> ShardSpec:
    return replace(spec, source=Trapped(spec.source, harms, folder / "marks", times))


def stored(out: Path) -> dict[str, dict[str, Any]]:
    (path,) = (out / "ratio50").glob("train-00002-*.parquet")
    return {row["id"]: row for row in pq.read_table(path).to_pylist()}


def test_rows_that_cannot_be_made_stay_text_with_the_reason_and_the_rest_is_as_ever(
    spec: ShardSpec, reference: Path, tmp_path: Path
) -> None:
    harms = {FIRST: "end", SECOND: "memory", THIRD: "kill", FOURTH: "fail"}
    reasons = {FIRST: "time", SECOND: "memory", THIRD: "killed", FOURTH: "error:ZeroDivisionError"}
    (receipt,) = build_shards([trapped(spec, harms, tmp_path)], tmp_path / "out", guarded=True, limits=QUICK)
    assert receipt.counts["ratio50"].kept == dict.fromkeys(sorted(reasons.values()), 1)
    rows, as_ever = stored(tmp_path / "out"), stored(reference)
    assert rows.keys() == as_ever.keys()
    for index, item in enumerate(spec.source.conversations(spec.start, spec.stop), spec.start):
        row, expected = rows[item.id], as_ever[item.id]
        if index not in reasons:
            assert row == expected
            continue
        assert expected["rewritten"]
        assert (row["rewritten"], row["images"], row["lomo"]["reason"]) == (False, None, reasons[index])
        assert row["lomo"]["draw"] == expected["lomo"]["draw"]
        assert row["conversations"][-1] == expected["conversations"][-1]
        spoken = "".join(part["text"] or "<image>" for part in expected["messages"][0]["content"])
        assert row["conversations"][0]["value"] == spoken.replace("<image>", expected["lomo"]["spans"][0]["text"])


def test_a_row_that_passes_when_tried_again_leaves_the_same_tree(
    spec: ShardSpec, tmp_path: Path, reference_tree: Tree
) -> None:
    """An innocent row in a worker that the system kills for want of memory."""
    build_shards([trapped(spec, {SECOND: "kill"}, tmp_path, times=1)], tmp_path / "out", guarded=True)
    assert len(list((tmp_path / "marks").rglob("harm-*"))) == 1
    (shard,) = (path for path in tree_of(tmp_path / "out").items() if not path[0].startswith(".lomo"))
    assert shard in reference_tree.items()


def test_an_error_that_nobody_foresaw_is_no_end_of_a_build_in_this_process(
    specs: list[ShardSpec], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (receipt,) = build_shards([trapped(specs[2], {SECOND: "fail"}, tmp_path)], tmp_path / "out")
    assert {name: counts.kept for name, counts in receipt.counts.items()} == {
        "ratio25": {},
        "ratio50": {"error:ZeroDivisionError": 1},
        "multispan50": {"error:ZeroDivisionError": 1},
    }
    assert "stays text (ZeroDivisionError: nobody foresaw this). Please report this row." in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize(("harm", "times"), [("kill", 3), ("kill", 4), ("end", 1), ("wait", 1), ("memory", 1)])
def test_what_passes_in_isolation_leaves_the_same_tree(
    harm: str, times: int, spec: ShardSpec, tmp_path: Path, reference_tree: Tree
) -> None:
    source = trapped(spec, {SECOND: harm}, tmp_path, times)
    build_shards([source], tmp_path / "out", guarded=True, limits=QUICK)
    (shard,) = (path for path in tree_of(tmp_path / "out").items() if not path[0].startswith(".lomo"))
    assert shard in reference_tree.items()


@pytest.mark.slow
def test_a_row_that_waits_for_ever_is_given_up_by_the_clock(spec: ShardSpec, tmp_path: Path) -> None:
    limits = replace(QUICK, wall_seconds=1.5)
    source = trapped(spec, {SECOND: "wait"}, tmp_path)
    (receipt,) = build_shards([source], tmp_path / "out", guarded=True, limits=limits)
    assert receipt.counts["ratio50"].kept == {"time": 1}


@pytest.mark.slow
def test_a_killing_row_costs_the_other_workers_nothing(
    specs: list[ShardSpec], tmp_path: Path, reference_tree: Tree
) -> None:
    mixed = [trapped(spec, {SECOND: "kill"}, tmp_path) if spec.index == 2 else spec for spec in specs]
    build_shards(mixed, tmp_path / "out", num_proc=2)
    tree = tree_of(tmp_path / "out")
    others = {path for path in reference_tree if "-00002-" not in path and not path.startswith(".lomo")}
    assert {path: tree[path] for path in others} == {path: reference_tree[path] for path in others}
    assert len(tree) == len(reference_tree)
