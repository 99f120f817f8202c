"""A refused row never vanishes in silence: it is counted and named in the log, or it is an error with the remedy."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from hf_datasets.integration_oracle import Row, stored, substituted

from lomo_hf import NAMED_RECIPES, Recipe, open_corpus
from lomo_hf.errors import RecipeError, SourceError
from lomo_hf.hf_datasets import LomoBuilder, Transform, acceptable, count_refusals, map_dataset, substitute

LOG = "lomo_hf.hf_datasets"
REASONS = {"placeholder:<image>": 2, "empty:user": 1}


@pytest.fixture(scope="module")
def spoilt(lines: list[Row], write: Callable[..., Path]) -> Path:
    """Five good rows with three among them that are refused."""
    image = [{"role": "user", "content": "What is in <image>?"}, {"role": "assistant", "content": "A cat."}]
    empty = [{"role": "user", "content": " "}, {"role": "assistant", "content": "A cat."}]
    bad = [{**lines[0], "id": f"bad{i}", "messages": turns} for i, turns in enumerate((image, empty, image))]
    return write([bad[0], lines[0], lines[1], bad[1], lines[2], lines[3], lines[4], bad[2]])


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    caplog.set_level(logging.WARNING, logger=LOG)
    return lambda: "\n".join(record.getMessage() for record in caplog.records if record.name == LOG)


def test_the_builder_leaves_them_out_and_says_so(spoilt: Path, tmp_path: Path, messages: Callable[[], str]) -> None:
    builder = LomoBuilder("ratio50", corpus=spoilt, cache_dir=str(tmp_path))
    assert builder.count_refusals() == REASONS
    rows = stored(builder.as_streaming_dataset(split="train"))
    assert rows == substituted(spoilt, NAMED_RECIPES["ratio50"])
    assert len(rows) == 5
    assert "3 of 8 rows refused and left out (placeholder:<image> 2, empty:user 1)" in messages()
    assert "the first is train/bad0" in messages()


def test_a_stream_that_is_left_early_has_said_so_too(
    spoilt: Path, tmp_path: Path, messages: Callable[[], str]
) -> None:
    builder = LomoBuilder("ratio50", corpus=spoilt, cache_dir=str(tmp_path))
    examples = builder._generate_examples([("train", 0, 8)])
    next(examples)
    examples.close()
    assert "1 of 2 rows refused" in messages()


def test_map_leaves_them_out_and_says_so(spoilt: Path, load: Callable[..., Any], messages: Callable[[], str]) -> None:
    wanted = substituted(spoilt, NAMED_RECIPES["ratio50"])
    # Batches of one: some come back empty.
    assert stored(map_dataset(load(spoilt), "ratio50", batch_size=1)) == wanted
    assert "1 of 1 rows refused and left out (placeholder:<image> 1); the first is train/bad0" in messages()
    assert stored(map_dataset(load(spoilt, streaming=True), "ratio50", batch_size=1)) == wanted
    assert stored(map_dataset(load(spoilt, streaming=True), "ratio50")) == wanted
    assert "3 of 8 rows refused and left out" in messages()


def test_a_shorter_result_from_the_cache_is_spoken_of(
    spoilt: Path, load: Callable[..., Any], messages: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    map_dataset(load(spoilt), "ratio25")
    caplog.clear()
    map_dataset(load(spoilt), "ratio25")
    assert messages() == "3 of 8 rows were refused; count_refusals(dataset) says why."


def test_refused_rows_stop_the_map_if_asked(spoilt: Path, load: Callable[..., Any]) -> None:
    with pytest.raises(SourceError, match=r"train/bad0' is refused \(placeholder:<image>\)"):
        map_dataset(load(spoilt), "ratio50", refusals="raise")
    with pytest.raises(RecipeError, match="refusals must be one of drop, raise; found 'keep'"):
        substitute("ratio50", refusals="keep")


def test_a_dataset_of_refused_rows_only_is_empty_and_typed(messages: Callable[[], str]) -> None:
    bad = datasets.Dataset.from_list([{"id": "a", "prompt": "no answer"}, {"id": "b", "prompt": "none"}])
    assert len(map_dataset(bad, "ratio50")) == 0
    assert map_dataset(bad, "ratio50").features == datasets.Features(LomoBuilder("ratio50").info.features)
    assert "dialect 2" in messages()


def test_a_dataset_of_no_known_column_is_an_error_with_its_columns_and_the_remedy() -> None:
    texts = datasets.Dataset.from_list([{"id": "a", "text": "no turns"}])
    for dataset in (texts, texts.to_iterable_dataset(), datasets.DatasetDict(train=texts)):
        with pytest.raises(SourceError, match=r"columns are \[id, text\].*columns=\{'prompt': 'NAME'"):
            map_dataset(dataset, "ratio50")


def test_counts_are_those_of_the_source(spoilt: Path, load: Callable[..., Any]) -> None:
    assert count_refusals(load(spoilt)) == count_refusals(load(spoilt, streaming=True)) == REASONS
    assert len(open_corpus(spoilt)) - len(substituted(spoilt, Recipe("text", ratio=0.0))) == sum(REASONS.values())
    assert count_refusals(load(spoilt), Recipe("mine", placeholders="escape")) == {"empty:user": 1}


def test_a_transform_names_the_remedy_and_the_remedy_works(spoilt: Path, load: Callable[..., Any]) -> None:
    transform = Transform("ratio50", decode=False)
    with pytest.raises(SourceError, match=r"train/bad0.*filter\(acceptable\(recipe\)\)"):
        load(spoilt).with_transform(transform)[0]
    good = load(spoilt).filter(acceptable("ratio50"))
    assert list(good.with_transform(transform)) == substituted(spoilt, NAMED_RECIPES["ratio50"])
    streamed = load(spoilt, streaming=True).filter(acceptable("ratio50"))
    assert [row["id"] for row in streamed] == [row["id"] for row in good]


def test_a_row_with_a_picture_is_refused_not_rendered() -> None:
    from PIL import Image

    features = datasets.Features(
        {**{name: datasets.Value("string") for name in ("id", "prompt", "answer")}, "image": datasets.Image()}
    )
    chat = {"prompt": "What is 2 + 3?", "answer": "5"}
    rows = [{"id": "a", **chat, "image": Image.new("L", (4, 4))}, {"id": "b", **chat, "image": None}]
    dataset = datasets.Dataset.from_list(rows, features)
    assert count_refusals(dataset) == {"image-row": 1}
    assert map_dataset(dataset, "ratio50")["id"][:] == ["train/b"]


def test_a_single_row_instead_of_a_batch_is_an_error_with_the_remedy() -> None:
    dataset = datasets.Dataset.from_list([{"id": "a", "prompt": "What is 2 + 3?", "answer": "5"}])
    with pytest.raises(SourceError, match="batched=True"):
        dataset.map(substitute("ratio50"))
    with pytest.raises(SourceError, match=r"found list.*load_dataset"):
        map_dataset([{"id": "a"}])
