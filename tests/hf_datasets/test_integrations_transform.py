"""The transform answers every way of asking for rows, and another epoch has other draws for the same rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hf_datasets.integration_oracle import Row

from lomo_hf.errors import RecipeError
from lomo_hf.hf_datasets import Transform
from lomo_hf.row_columns import ROW_COLUMNS


def test_every_way_of_indexing_gives_the_same_rows(
    corpus: Path, load: Callable[..., Any], expected: dict[str, list[Row]]
) -> None:
    rows, wanted = load(corpus).with_transform(Transform("ratio50", decode=False)), expected["ratio50"]
    assert rows[3] == wanted[3]
    assert rows[-1] == wanted[-1]
    assert rows[2:5] == {name: [row[name] for row in wanted[2:5]] for name in ROW_COLUMNS}
    assert rows[[9, 4]]["images"] == [wanted[9]["images"], wanted[4]["images"]]
    assert rows.__getitems__([7, 1]) == [wanted[7], wanted[1]]  # as torch's DataLoader asks
    shuffled = list(rows.shuffle(seed=3))
    assert shuffled != wanted
    assert sorted(shuffled, key=lambda row: row["id"]) == sorted(wanted, key=lambda row: row["id"])
    assert rows[:0] == {name: [] for name in ROW_COLUMNS}


def test_some_columns_are_enough_and_others_can_be_kept(
    corpus: Path, load: Callable[..., Any], expected: dict[str, list[Row]]
) -> None:
    transform = Transform("ratio50", decode=False)
    row = load(corpus).with_transform(transform, columns=["id", "messages"])[0]
    assert row["images"] == expected["ratio50"][0]["images"]
    assert row["source_license"] is None  # it was not among the columns
    kept = load(corpus).with_transform(transform, columns=["id", "messages"], output_all_columns=True)[0]
    assert kept["lang"] == "en"
    assert kept["messages"] == expected["ratio50"][0]["messages"]


def test_epoch_0_is_as_published_and_others_differ_in_draws_alone(
    corpus: Path, load: Callable[..., Any], expected: dict[str, list[Row]]
) -> None:
    transform, source = Transform("ratio50", decode=False), load(corpus)
    assert transform.at_epoch(3).at_epoch(0) == transform
    epochs = [source.with_transform(transform.at_epoch(epoch))[:] for epoch in (0, 1, 2)]
    again = source.with_transform(Transform("ratio50", epoch=2, decode=False))[:]
    assert epochs[0]["images"] == [row["images"] for row in expected["ratio50"]]
    assert again == epochs[2]
    assert all(epoch["id"] == epochs[0]["id"] for epoch in epochs)
    drawn = [tuple(lomo["draw"] < 0.5 for lomo in epoch["lomo"]) for epoch in epochs]
    assert len(set(drawn)) == 3
    assert all(8 < sum(flags) < 27 for flags in drawn)  # of 35; outside with a chance of 0.2 %
    twice = [
        (first, other)
        for first, other in zip(epochs[1]["lomo"], epochs[2]["lomo"], strict=True)
        if first["spans"] and other["spans"]
    ]
    texts = [[[span["text"] for span in lomo["spans"]] for lomo in pair] for pair in twice]
    assert all(first == other for first, other in texts)
    assert any(first["distortion"] != other["distortion"] for first, other in twice)


@pytest.mark.parametrize("epoch", [-1, 1.5, True, "1"])
def test_an_epoch_is_a_whole_number(epoch: Any) -> None:
    with pytest.raises(RecipeError, match="epoch must be a whole number"):
        Transform("ratio50").at_epoch(epoch)
