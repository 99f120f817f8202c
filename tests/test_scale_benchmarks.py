"""The benchmarks of scale measure what they say: a corpus of the real shape, shards that stand for others, peers."""

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.assembling import link_shards
from benchmarks.corpus import prompts_of, recombined, write_corpus
from benchmarks.peers import PEERS, measured_apart
from benchmarks.planning import PRESET_BYTES, write_sparse_parquet
from benchmarks.scale import Line, Rates, hours
from lomo_hf.building import BuiltAlready, plan
from lomo_hf.corpus import open_corpus
from lomo_hf.dataset.views import footprints
from lomo_hf.hub.names import LLAVA_OV15_TEXT
from lomo_hf.recipes import Recipe


def test_a_sparse_file_is_the_parquet_file_that_it_says(tmp_path: Path) -> None:
    sparse = write_sparse_parquet(tmp_path / "a/train.parquet", "gsm8k", range(100, 2_350), 1_181)
    table = pq.read_table(tmp_path / "a/train.parquet")
    assert table["id"].to_pylist() == [f"gsm8k_{index:012d}" for index in range(100, 2_350)]
    assert abs(len(sparse) / (2_250 * 1_181) - 1) < 0.05
    assert sparse[: len(sparse)] == (tmp_path / "a/train.parquet").read_bytes()
    assert (tmp_path / "a/train.parquet").stat().st_blocks * 512 < len(sparse) / 2


def test_the_corpus_that_is_planned_has_the_configs_of_the_preset() -> None:
    assert set(PRESET_BYTES) == set(LLAVA_OV15_TEXT)


def test_a_linked_shard_is_trusted_as_the_shard_of_its_plan(tmp_path: Path) -> None:
    prompts = list(recombined(prompts_of(None), 6))
    write_corpus(iter(prompts * 2), tmp_path / "rows.jsonl")
    whole = plan(open_corpus(tmp_path / "rows.jsonl"), [Recipe("mine")])[0]
    specs = [replace(whole, index=at, count=2, start=6 * at, stop=6 * at + 6) for at in range(2)]
    link_shards(specs, tmp_path / "out")
    receipts = BuiltAlready()(specs, tmp_path / "out", None)
    assert [receipt.counts["mine"].rows for receipt in receipts] == [6, 6]
    footprint = footprints(tmp_path / "out", receipts, ["mine"])["mine"]
    assert (footprint.shards, footprint.rows) == (2, 12)
    assert footprint.column_bytes == footprint.splits["train"].column_bytes


def test_shards_of_unequal_length_cannot_stand_for_one_another(tmp_path: Path) -> None:
    whole = plan(open_corpus(None), [Recipe("mine")])[0]
    with pytest.raises(ValueError, match="as many rows"):
        link_shards([replace(whole, count=2, stop=3), replace(whole, index=1, count=2, stop=4)], tmp_path)


def test_no_build_is_faster_than_its_last_shard() -> None:
    rates = Rates(0.005, 7_000, Line(0, 0), Line(0, 0))
    alone, many, more = (hours(rates, 2_000_000, machines, 16) for machines in (1, 16, 100))
    assert alone == pytest.approx(13 * 50 / 3600)
    assert many == more == pytest.approx(50 / 3600)


def test_a_peer_that_is_missing_or_fails_is_a_cell_of_the_table(tmp_path: Path) -> None:
    by_name = {peer.name: peer for peer in PEERS}
    assert measured_apart(by_name["trdg"], ["a text"], tmp_path) == "not installed (--install)"
    cost = measured_apart(by_name["Pillow, grey"], ["a text"], tmp_path)
    assert isinstance(cost, float), cost
