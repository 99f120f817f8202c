"""The README's three ways in Python - build, builder, map and transform - give the very same rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from hf_datasets.integration_oracle import Row, stored

from lomo_hf import LomoBuilder, Transform, build_dataset, map_dataset
from lomo_hf.corpus import SAMPLE
from lomo_hf.hf_datasets import with_ids


def by_id(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: str(row["id"]))


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("here") / "prompts.jsonl"
    path.write_text("\n".join(SAMPLE.read_text(encoding="utf-8").splitlines()[::17]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("opened", ["file", "folder", "parquet", "saved"])
def test_build_builder_map_and_transform_give_the_very_same_rows(
    opened: str, prompts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = str(tmp_path / "cache")
    texts = datasets.load_dataset("json", data_files=str(prompts), split="train", cache_dir=cache)
    places = {"file": prompts, "folder": prompts.parent, "parquet": tmp_path / "x.parquet", "saved": tmp_path / "disk"}
    if opened == "parquet":
        texts.to_parquet(places[opened])
    elif opened == "saved":
        texts.save_to_disk(places[opened])
    corpus = places[opened]
    folder = build_dataset(str(corpus), "ratio50", tmp_path / "built").folder
    built = by_id(stored(datasets.load_dataset(str(folder), "ratio50", split="train", cache_dir=cache)))
    assert 0 < sum(row["rewritten"] for row in built) < len(built)
    builder = LomoBuilder("ratio50", corpus=str(corpus), cache_dir=cache)
    builder.download_and_prepare()
    assert by_id(stored(builder.as_dataset(split="train"))) == built
    assert by_id(stored(map_dataset(texts, "ratio50"))) == built
    assert by_id(list(texts.with_transform(Transform("ratio50", decode=False)))) == built


def test_splits_of_a_corpus_are_splits_of_all_three(prompts: Path, tmp_path: Path) -> None:
    corpus, cache, lines = (
        tmp_path / "corpus",
        str(tmp_path / "cache"),
        prompts.read_text(encoding="utf-8").split("\n"),
    )
    corpus.mkdir()
    (corpus / "train.jsonl").write_text("\n".join(lines[:6]), encoding="utf-8")
    (corpus / "test.jsonl").write_text("\n".join(lines[6:10]), encoding="utf-8")
    texts = datasets.load_dataset(str(corpus), cache_dir=cache)
    mapped = map_dataset(texts, "ratio50")
    folder = build_dataset(str(corpus), "ratio50", tmp_path / "built").folder
    builder = LomoBuilder("ratio50", corpus=str(corpus), cache_dir=cache)
    builder.download_and_prepare()
    for split, rows in (("train", 6), ("test", 4)):
        built = by_id(stored(datasets.load_dataset(str(folder), "ratio50", split=split, cache_dir=cache)))
        assert len(built) == rows
        assert all(row["id"].startswith(f"{split}/") for row in built)
        assert by_id(stored(mapped[split])) == by_id(stored(map_dataset(texts[split], "ratio50"))) == built
        assert by_id(stored(builder.as_dataset(split=split))) == built
        transform = Transform("ratio50", split=split, decode=False)
        assert by_id(list(texts[split].with_transform(transform))) == built


def test_columns_of_any_name_are_mapped_as_they_are_built(tmp_path: Path, write: Callable[[list[Row]], Path]) -> None:
    rows = [{"uid": 7 if n < 2 else n, "q": f"What is {n} + 2? Say why.", "gold": "5", "hard": "a"} for n in range(6)]
    columns = {"prompt": "q", "answer": "gold", "id": "uid"}
    from lomo_hf.corpus import open_corpus

    source = open_corpus(write(rows), columns=columns, keep=["hard"])
    folder = build_dataset(source, "ratio50", tmp_path / "built").folder
    built = by_id(stored(datasets.load_dataset(str(folder), "ratio50", split="train", cache_dir=str(tmp_path / "c"))))
    texts = datasets.Dataset.from_list(rows)
    assert by_id(stored(map_dataset(texts, "ratio50", columns=columns, keep=["hard"]))) == built
    assert {row["hard"] for row in built} == {"a"}
    few: list[Any] = list(with_ids(texts, "uid").with_transform(Transform("ratio50", columns=columns, decode=False)))
    assert by_id([{**row, "hard": "a"} for row in few]) == built


def test_preferences_are_mapped_as_they_are_built(tmp_path: Path, write: Callable[[list[Row]], Path]) -> None:
    rows = [{"id": n, "prompt": f"What is {n} + 2?", "chosen": f"{n + 2}", "rejected": "No."} for n in range(4)]
    folder = build_dataset(write(rows), "ratio100", tmp_path / "built").folder
    built = by_id(stored(datasets.load_dataset(str(folder), "ratio100", split="train", cache_dir=str(tmp_path / "c"))))
    texts = datasets.Dataset.from_list(rows)
    assert by_id(stored(map_dataset(texts, "ratio100"))) == built
    assert by_id(stored(map_dataset(texts.to_iterable_dataset(), "ratio100"))) == built
    builder = LomoBuilder("ratio100", corpus=write(rows), cache_dir=str(tmp_path / "cache"))
    builder.download_and_prepare()
    assert by_id(stored(builder.as_dataset(split="train"))) == built
