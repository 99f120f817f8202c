"""A corpus with splits gives a dataset with splits: built, audited, checked, verified and exported by split."""

import json
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest

from lomo_hf import audit_dataset, build_dataset, check_dataset, open_corpus, verify_dataset
from lomo_hf.building import plan, share_of
from lomo_hf.corpus import SAMPLE, open_splits
from lomo_hf.dataset import read_manifest, refresh_card
from lomo_hf.errors import BuildError, IntegrityError, UsageError
from lomo_hf.exporting import export_dataset
from lomo_hf.recipes.recipe import Recipe, Selection

SIZES = {"train": 8, "validation": 3, "test": 4}
REFUSED = {"id": "bad", "prompt": "An <image> of what?", "answer": "None."}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    lines = iter(SAMPLE.read_text(encoding="utf-8").splitlines()[::13])
    for split, size in SIZES.items():
        rows = [next(lines) for _ in range(size)]
        extra = [json.dumps(REFUSED)] if split == "test" else []
        (folder / f"{split}.jsonl").write_text("\n".join([*rows, *extra]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_dataset(corpus, ["ratio50", "ratio100"], tmp_path_factory.mktemp("out") / "splits").folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_split_loads_by_its_name_in_every_config(built: Path, tmp_path: Path) -> None:
    for config in ("ratio50", "ratio100"):
        loaded = datasets.load_dataset(str(built), config, cache_dir=str(tmp_path))
        assert {split: len(rows) for split, rows in loaded.items()} == SIZES
    test = datasets.load_dataset(str(built), "ratio50", split="test", cache_dir=str(tmp_path))
    assert all(row["id"].startswith("test/") for row in test)
    assert (built / "ratio50" / "refused-test-00000-of-00001.jsonl").read_text().count("test/bad") == 1


def test_the_folder_is_true_whole_and_unchanged_by_a_second_build(built: Path, corpus: Path, tmp_path: Path) -> None:
    before = files_of(built)
    assert check_dataset(built).loads
    verify_dataset(built)
    report = audit_dataset(built, corpus=corpus)
    assert report.true
    assert report.statistics["ratio100"]["rows"] == sum(SIZES.values())
    assert build_dataset(corpus, ["ratio50", "ratio100"], built).unchanged
    refresh_card(built)
    assert files_of(built) == before
    parallel = build_dataset(corpus, ["ratio50", "ratio100"], tmp_path / "splits", num_proc=2).folder
    assert files_of(parallel) == before


def test_shards_of_several_machines_come_to_the_same_folder(built: Path, corpus: Path, tmp_path: Path) -> None:
    for index in range(2):
        build_dataset(corpus, ["ratio50", "ratio100"], tmp_path / "splits", share=(index, 2))
    assert build_dataset(corpus, ["ratio50", "ratio100"], tmp_path / "splits").whole
    assert files_of(tmp_path / "splits") == files_of(built)
    specs = plan(open_splits(corpus), [Recipe("mine")])
    assert sorted(spec.number for index in range(2) for spec in share_of(specs, index, 2)) == [0, 1, 2]


def test_an_audit_finds_a_row_that_was_moved_to_another_split(corpus: Path, tmp_path: Path) -> None:
    folder = build_dataset(corpus, ["ratio50"], tmp_path / "moved").folder
    shards = {split: next((folder / "ratio50").glob(f"{split}-*.parquet")) for split in SIZES}
    pq.write_table(pq.read_table(shards["test"]), shards["validation"])
    report = audit_dataset(folder, corpus=corpus)
    assert not report.true
    (folder / "ratio50" / "test-00001-of-00002.parquet").write_bytes(shards["test"].read_bytes())
    failed = {outcome.name for outcome in audit_dataset(folder, corpus=corpus).outcomes if outcome.failed}
    assert "no-stray-files" in failed
    with pytest.raises(IntegrityError):
        verify_dataset(folder)


def test_the_limit_is_of_each_split_and_other_splits_are_another_dataset(corpus: Path, tmp_path: Path) -> None:
    report = build_dataset(corpus, "ratio50", tmp_path / "out", limit=2)
    manifest = read_manifest(report.folder)
    assert manifest is not None
    assert manifest.source["splits"] == {"train": 2, "validation": 2, "test": 2}
    assert manifest.source["rows"] == 6
    with pytest.raises(BuildError, match="from another source or limit"):
        build_dataset(open_corpus(corpus), "ratio50", tmp_path / "out", limit=2)


def test_one_split_alone_keeps_its_name(corpus: Path, tmp_path: Path) -> None:
    folder = build_dataset(open_corpus(corpus, split="test"), "ratio50", tmp_path / "out").folder
    loaded = datasets.load_dataset(str(folder), "ratio50", cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"test": 4}
    assert audit_dataset(folder, corpus=corpus).true


def test_an_export_is_of_one_split(built: Path, tmp_path: Path) -> None:
    assert export_dataset(built, tmp_path / "train").rows == SIZES["train"]
    assert export_dataset(built, tmp_path / "test", split="test").rows == SIZES["test"]
    with pytest.raises(UsageError, match="Did you mean 'test'"):
        export_dataset(built, tmp_path / "none", split="tests")


def test_ranks_are_measured_on_the_training_split_alone(corpus: Path, tmp_path: Path) -> None:
    recipe = Recipe("long", selection=Selection("length"))
    whole = build_dataset(corpus, recipe, tmp_path / "whole").folder
    train = build_dataset(open_corpus(corpus), recipe, tmp_path / "train").folder
    manifests = [read_manifest(folder) for folder in (whole, train)]
    assert all(manifest is not None for manifest in manifests)
    assert len({manifest.recipes["long"].digest for manifest in manifests if manifest}) == 1
