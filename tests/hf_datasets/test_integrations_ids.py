"""Ids, and with them the draws, are those that the corpus room gives to the same rows in a file."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import datasets
import pytest
from hf_datasets.integration_oracle import Row, stored, substituted
from hypothesis import given, settings
from hypothesis import strategies as st

from lomo_hf import Recipe, open_corpus
from lomo_hf.errors import SourceError
from lomo_hf.hf_datasets import LomoBuilder, Transform, map_dataset, substitute, with_ids
from lomo_hf.hf_datasets.sources import shards_of
from lomo_hf.row_columns import row_features

TEXT_ONLY = Recipe("text", ratio=0.0)
CHAT = {"prompt": "What is 2 + 3?", "answer": "5"}

awkward_ids = st.one_of(
    st.none(),
    st.sampled_from(["a", "b", "a~0", "b~2", "a~2", "", " ", "00000001", "tab\t", "x" * 200]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(awkward_ids, min_size=1, max_size=8))
def test_ids_are_those_of_the_same_rows_in_a_file(write: Callable[..., Path], ids: list[str | None]) -> None:
    rows = [{"id": row_id, **CHAT} for row_id in ids]
    features = datasets.Features({name: datasets.Value("string") for name in rows[0]})
    source = open_corpus(write(rows))
    from_file = [conversation.id for conversation in source.conversations(0, len(source))]
    assert [f"train/{row_id}" for row_id in with_ids(datasets.Dataset.from_list(rows, features))["id"]] == from_file


@pytest.mark.parametrize("ids", [[7, 8], [7, 7], ["a", None], None])
def test_missing_repeated_and_whole_number_ids_are_mended(ids: list[Any] | None, write: Callable[..., Path]) -> None:
    rows: list[Row] = [CHAT, CHAT] if ids is None else [{"id": row_id, **CHAT} for row_id in ids]
    wanted = substituted(write(rows), Recipe("half"))
    dataset = datasets.Dataset.from_list(rows)
    assert stored(map_dataset(dataset, Recipe("half"))) == wanted
    assert list(with_ids(dataset).with_transform(Transform(Recipe("half"), decode=False))) == wanted


def test_good_ids_leave_the_dataset_as_it_is() -> None:
    dataset = datasets.Dataset.from_list([{"id": "a", **CHAT}, {"id": "b", **CHAT}])
    assert with_ids(dataset) is dataset


def test_with_indices_names_rows_without_an_id(write: Callable[..., Path]) -> None:
    rows = [CHAT] * 5
    wanted = [row["id"] for row in substituted(write(rows), TEXT_ONLY)]
    dataset = datasets.Dataset.from_list(rows)
    options = {"batched": True, "batch_size": 2, "remove_columns": ["prompt", "answer"], "features": row_features()}
    assert wanted[4] == "train/00000004"
    for form in (dataset, dataset.to_iterable_dataset()):
        assert [row["id"] for row in form.map(substitute(TEXT_ONLY), with_indices=True, **options)] == wanted


def test_no_id_and_no_index_is_an_error_with_the_remedy() -> None:
    dataset = datasets.Dataset.from_list([CHAT])
    with pytest.raises(SourceError, match=r"has no id.*with_ids"):
        dataset.map(substitute("ratio50"), batched=True, remove_columns=dataset.column_names)
    with pytest.raises(SourceError, match=r"has no id.*with_ids"):
        dataset.with_transform(Transform("ratio50"))[0]


def test_iterable_rows_without_ids_take_indices_in_one_shard_and_are_refused_in_several() -> None:
    def rows(shards: list[int]) -> Any:
        yield from ({**CHAT, "id": None} for _ in shards)

    single = datasets.IterableDataset.from_generator(rows, gen_kwargs={"shards": [0]})
    assert next(iter(map_dataset(single, TEXT_ONLY)))["id"] == "train/00000000"
    double = datasets.IterableDataset.from_generator(rows, gen_kwargs={"shards": [0, 1]})
    with pytest.raises(SourceError, match="has no id"):
        list(map_dataset(double, TEXT_ONLY))


@given(st.integers(1, 5_000_000))
def test_shards_cover_the_rows_once_and_in_order(rows: int) -> None:
    shards = shards_of(rows)
    assert shards[0][0] == 0
    assert shards[-1][1] == rows
    assert all(shard[1] == other[0] for shard, other in pairwise(shards))
    assert all(0 < stop - start <= 512 for start, stop in shards)
    assert len(shards) >= min(32, rows // 16)


def test_shards_in_any_order_give_the_rows_of_their_slices(corpus: Path, tmp_path: Path) -> None:
    builder = LomoBuilder(recipe=TEXT_ONLY, corpus=corpus, cache_dir=str(tmp_path))
    wanted = [row["id"] for row in substituted(corpus, TEXT_ONLY)]
    shards = [(32, 35), (0, 16), (16, 32)]
    keyed = [
        (key.original_shard_id, row["id"])
        for key, row in builder._generate_examples([("train", *shard) for shard in shards])
    ]
    assert keyed == [(place, wanted[i]) for place, (start, stop) in enumerate(shards) for i in range(start, stop)]
