"""Builder, map and transform give, row for row and byte for byte, what `Substituter` gives."""

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import datasets
import pytest
from hf_datasets.integration_oracle import Row, stored, substituted

from lomo_hf import NAMED_RECIPES, Recipe
from lomo_hf.hf_datasets import LomoBuilder, Transform, map_dataset, substitute
from lomo_hf.row_columns import row_features

EDGE_DIALECTS = Path(__file__).parents[1] / "data" / "edge_upstream_dialects.jsonl"

both_recipes = pytest.mark.parametrize("name", ["ratio50", "multispan50"])
# Python 3.12 warns of every fork in a process with threads; `datasets` forks for num_proc.
forks = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def prepared(builder: LomoBuilder, **options: Any) -> datasets.Dataset:
    builder.download_and_prepare(**options)
    return builder.as_dataset(split="train")


def mapped(dataset: Any, function: Callable[..., Any], **options: Any) -> Any:
    columns = dataset.column_names
    return dataset.map(
        function, batched=True, remove_columns=columns, features=row_features(), batch_size=7, **options
    )


def sharegpt(lines: list[Row]) -> list[Row]:
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    return [
        {
            "id": line["id"],
            "source": line["source"],
            "license": line["license"],
            "conversations": [{"from": names[turn["role"]], "value": turn["content"]} for turn in line["messages"]],
        }
        for line in lines
    ]


def test_the_oracle_rewrites_some_rows_and_keeps_others(expected: dict[str, list[Row]]) -> None:
    assert 10 < sum(row["rewritten"] for row in expected["ratio50"]) < 25
    assert any(row["images"] and len(row["images"]) == 2 for row in expected["multispan50"])
    assert {row["rewritten"] for row in expected["multispan50"]} == {True, False}


@both_recipes
def test_the_builder_gives_the_rows_prepared_and_streaming(
    name: str, corpus: Path, expected: dict[str, list[Row]], tmp_path: Path
) -> None:
    builder = LomoBuilder(name, corpus=corpus, cache_dir=str(tmp_path))
    assert stored(prepared(builder)) == expected[name]
    assert stored(builder.as_streaming_dataset(split="train")) == expected[name]


@forks
def test_the_builder_gives_the_rows_with_two_processes(
    corpus: Path, expected: dict[str, list[Row]], tmp_path: Path
) -> None:
    rows = prepared(LomoBuilder("ratio50", corpus=corpus, cache_dir=str(tmp_path)), num_proc=2)
    assert len(rows.cache_files) == 2
    assert stored(rows) == expected["ratio50"]


def test_the_builder_reads_the_embedded_sample_without_a_corpus(tmp_path: Path) -> None:
    builder = LomoBuilder(limit=20, cache_dir=str(tmp_path))
    assert builder.config.name == "ratio50"
    assert stored(builder.as_streaming_dataset(split="train")) == substituted(None, NAMED_RECIPES["ratio50"], 20)


def test_the_builder_writes_parquet_that_loads_back(
    corpus: Path, expected: dict[str, list[Row]], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    builder = LomoBuilder("ratio50", corpus=corpus, cache_dir=str(tmp_path / "cache"))
    builder.download_and_prepare(str(folder), file_format="parquet")
    assert stored(datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path))) == expected["ratio50"]


def test_streaming_workers_share_the_rows_out(corpus: Path, expected: dict[str, list[Row]], tmp_path: Path) -> None:
    rows = LomoBuilder("ratio50", corpus=corpus, cache_dir=str(tmp_path)).as_streaming_dataset(split="train")
    assert rows.num_shards == 3
    parts = [stored(rows.shard(3, index)) for index in (2, 0, 1)]
    assert parts[1] + parts[2] + parts[0] == expected["ratio50"]
    shuffled = stored(rows.shuffle(seed=1, buffer_size=5))
    assert sorted(shuffled, key=lambda row: row["id"]) == sorted(expected["ratio50"], key=lambda row: row["id"])


@both_recipes
def test_map_gives_the_rows_for_map_style_and_iterable_datasets(
    name: str, corpus: Path, load: Callable[..., Any], expected: dict[str, list[Row]]
) -> None:
    assert stored(mapped(load(corpus), substitute(name))) == expected[name]
    assert stored(mapped(load(corpus, streaming=True), substitute(name))) == expected[name]


@forks
def test_map_gives_the_rows_with_two_processes(
    corpus: Path, load: Callable[..., Any], expected: dict[str, list[Row]]
) -> None:
    assert stored(mapped(load(corpus), substitute("ratio50"), num_proc=2)) == expected["ratio50"]


def test_lomo_map_fills_in_the_arguments_for_every_kind_of_dataset(
    corpus: Path, load: Callable[..., Any], expected: dict[str, list[Row]]
) -> None:
    rows, streamed = load(corpus), load(corpus, streaming=True)
    for dataset in (rows, streamed, rows.with_format("numpy"), rows.to_iterable_dataset()):
        assert stored(map_dataset(dataset, "ratio50")) == expected["ratio50"]
    for mapping in (datasets.DatasetDict(train=rows), datasets.IterableDatasetDict(train=streamed)):
        result = map_dataset(mapping, "ratio50")
        assert type(result) is type(mapping)
        assert stored(result["train"]) == expected["ratio50"]


def test_arguments_that_lomo_map_fills_in_cannot_be_given_twice(corpus: Path, load: Callable[..., Any]) -> None:
    for dataset in (load(corpus), load(corpus, streaming=True)):
        with pytest.raises(TypeError, match="multiple values for keyword argument 'batched'"):
            map_dataset(dataset, batched=False)


def test_splits_of_a_dict_begin_their_ids_with_their_names(corpus: Path, load: Callable[..., Any]) -> None:
    few = load(corpus).select(range(2))
    result = map_dataset(datasets.DatasetDict(train=few, test=few), Recipe("text", ratio=0.0))
    assert [result[split][0]["id"].split("/")[0] for split in ("train", "test")] == ["train", "test"]
    again = map_dataset(datasets.DatasetDict(test=few), Recipe("text", ratio=0.0), config="mine")
    assert again["test"][0]["id"].startswith("mine/")


@both_recipes
def test_the_transform_gives_the_rows(
    name: str, corpus: Path, load: Callable[..., Any], expected: dict[str, list[Row]]
) -> None:
    rows = load(corpus).with_transform(Transform(name, decode=False))
    assert [rows[index] for index in range(len(rows))] == expected[name]


def test_sharegpt_and_messages_give_the_same_rows(
    lines: list[Row], write: Callable[..., Path], load: Callable[..., Any], expected: dict[str, list[Row]]
) -> None:
    file = write(sharegpt(lines))
    assert stored(map_dataset(load(file), "ratio50")) == expected["ratio50"]
    assert stored(map_dataset(load(file, streaming=True), "ratio50")) == expected["ratio50"]
    assert stored(LomoBuilder("ratio50", corpus=file).as_streaming_dataset(split="train")) == expected["ratio50"]


@pytest.mark.parametrize("line", EDGE_DIALECTS.read_text(encoding="utf-8").splitlines())
def test_every_dialect_of_the_corpus_is_read_as_from_a_file(line: str, write: Callable[..., Path]) -> None:
    row = json.loads(line)
    recipe = Recipe("all", ratio=1.0)
    result = map_dataset(datasets.Dataset.from_list([row]), recipe)
    assert stored(result) == substituted(write([row]), recipe)


def test_repo_revision_and_config_are_those_of_the_source(corpus: Path, load: Callable[..., Any]) -> None:
    from lomo_hf import open_corpus

    source = open_corpus(corpus, config="gsm8k", repo="org/name", revision="abc")
    origin = {"config": "gsm8k", "repo": "org/name", "revision": "abc"}
    built = stored(LomoBuilder("ratio50", corpus=source, limit=8).as_streaming_dataset(split="train"))
    few = load(corpus).select(range(8))
    assert built[0]["id"].startswith("gsm8k/")
    assert built[0]["source_repo"] == "org/name"
    assert stored(map_dataset(few, "ratio50", **origin)) == built
    assert few.with_transform(Transform("ratio50", decode=False, **origin))[:]["lomo"] == [
        row["lomo"] for row in built
    ]


def test_threads_make_no_difference(corpus: Path, load: Callable[..., Any], expected: dict[str, list[Row]]) -> None:
    transform = Transform("ratio50", decode=False)
    batches = [load(corpus)[start : start + 5] for start in range(0, 35, 5)] * 2
    with ThreadPoolExecutor(4) as threads:
        outputs = list(threads.map(transform, batches))
    assert [image for batch in outputs for image in batch["images"]] == [
        row["images"] for row in expected["ratio50"]
    ] * 2


def test_decoded_images_are_those_of_a_dataset(corpus: Path, load: Callable[..., Any], tmp_path: Path) -> None:
    built = prepared(LomoBuilder("multispan50", corpus=corpus, cache_dir=str(tmp_path)))
    shown = load(corpus).with_transform(Transform("multispan50"))
    for row, other in zip(built, shown, strict=True):
        assert row.keys() == other.keys()
        assert (row["images"] is None) == (other["images"] is None)
        for ours, theirs in zip(row["images"] or [], other["images"] or [], strict=True):
            assert (ours.mode, ours.size, ours.tobytes()) == (theirs.mode, theirs.size, theirs.tobytes())
            theirs.save(io.BytesIO(), "PNG")  # a picture, not a closed file
