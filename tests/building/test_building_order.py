"""Rows are stored in an order that trainers and the Hub's viewer can live with, whatever order the source has."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from building.helpers import tree_of
from hypothesis import given
from hypothesis import strategies as st

from lomo_hf import substitution
from lomo_hf.building import ShardSpec, build_shard
from lomo_hf.building.ordering import LEADING_ROWS, SHORT_BYTES, SortKey, order_of
from lomo_hf.corpus import Conversation, Origin, Turn
from lomo_hf.errors import BuildError
from lomo_hf.recipes.named import load_recipe

NAMES = ("ratio25", "ratio50", "fulltext50")


@dataclass(frozen=True)
class Sorted:
    """A source as they come: a topic after the other, short rows first; 330 rows, so several batches of a shard."""

    rows: int = 330
    config: str = "sorted"
    digest: str = "0"
    repo: str | None = None
    revision: str | None = None
    extra: tuple[str, ...] = ()
    split: str = "train"

    def __len__(self) -> int:
        return self.rows

    def conversations(self, start: int, stop: int) -> Iterator[Conversation]:
        for index in range(start, stop):
            prompt = " ".join([f"Tell me about number {index}."] * (1 + index // 2))
            origin = Origin(None, self.config, str(index), None, None, None)
            yield Conversation(f"sorted/{index:03d}", (Turn("user", prompt), Turn("assistant", "It is odd.")), origin)


@pytest.fixture(scope="module", autouse=True)
def one_page_for_all() -> Iterator[None]:
    """Order has nothing to do with pixels, so every span gets the first span's page."""
    render, pages = substitution.render_span, []

    def rendered(*arguments: Any) -> Any:
        pages[:] = pages or [render(*arguments)]
        return pages[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(substitution, "render_span", rendered)
        yield


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    out = tmp_path_factory.mktemp("sorted")
    recipes = tuple(load_recipe(name) for name in NAMES)
    receipt = build_shard(ShardSpec(0, 1, 0, 330, Sorted(), recipes), out)
    columns = ["id", "rewritten", "lomo", "conversations"]
    return {name: pq.read_table(out / receipt.files[name].path, columns=columns).to_pylist() for name in NAMES}


def test_every_config_has_the_same_order_and_every_row(stored: dict[str, list[dict[str, Any]]]) -> None:
    orders = [[row["id"] for row in rows] for rows in stored.values()]
    assert orders[0] == orders[1] == orders[2]
    assert sorted(orders[0]) == [f"sorted/{index:03d}" for index in range(330)]


def test_a_sorted_source_is_mixed(stored: dict[str, list[dict[str, Any]]]) -> None:
    places = [int(row["id"][-3:]) for row in stored["ratio50"]][LEADING_ROWS:]
    thirds = [places[start : start + 100] for start in (0, 100, 200)]
    assert all(110 < sum(third) / 100 < 220 for third in thirds)
    assert max(len(run) for run in _runs([row["rewritten"] for row in stored["ratio25"]])) < 50


def test_the_first_ten_rows_are_short_and_hold_a_page_whatever_the_ratio(
    stored: dict[str, list[dict[str, Any]]],
) -> None:
    for rows in stored.values():
        first = rows[:LEADING_ROWS]
        assert all(row["rewritten"] for row in first)
        assert all(len(turn["value"]) < SHORT_BYTES for row in first for turn in row["conversations"])
    assert max(len(span["text"]) for row in stored["fulltext50"] for span in row["lomo"]["spans"] or ()) > SHORT_BYTES


sort_keys = st.lists(
    st.builds(SortKey, hash=st.floats(0, 1), draw=st.floats(0, 1), size=st.integers(0, 9_000)),
    unique_by=(lambda key: key.hash, lambda key: key.draw, lambda key: key.size),
    max_size=60,
)


@given(sort_keys, st.randoms(use_true_random=False))
def test_the_order_is_a_permutation_that_does_not_depend_on_arrival(keys: list[SortKey], random: Any) -> None:
    order = order_of(keys)
    assert sorted(order) == list(range(len(keys)))
    arrived = random.sample(keys, len(keys))
    assert [arrived[index] for index in order_of(arrived)] == [keys[index] for index in order]


@given(sort_keys)
def test_no_short_row_of_lower_draw_is_left_out_of_the_leading_ones(keys: list[SortKey]) -> None:
    rows = [keys[index] for index in order_of(keys)]
    leading, others = rows[:LEADING_ROWS], rows[LEADING_ROWS:]
    assert [key.hash for key in others] == sorted(key.hash for key in others)
    short = sorted(key.draw for key in keys if key.size <= SHORT_BYTES)[:LEADING_ROWS]
    assert sorted(key.draw for key in leading if key.size <= SHORT_BYTES) == short


def test_nothing_is_left_beside_the_shard_when_it_is_done_or_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ShardSpec(0, 1, 0, 330, Sorted(), (load_recipe("ratio25"),))
    build_shard(spec, tmp_path / "done")
    assert [path.name for path in (tmp_path / "done/ratio25").iterdir()] == ["train-00000-of-00001.parquet"]

    def fail(self: Any, indices: Any) -> None:
        assert list((tmp_path / "failed/ratio25").glob(".train-*.rows.*.tmp"))
        raise OSError("the disk is gone")

    monkeypatch.setattr("lomo_hf.building.spill.Spill.rows", fail)
    with pytest.raises(BuildError, match="the disk is gone"):
        build_shard(spec, tmp_path / "failed")
    assert tree_of(tmp_path / "failed") == {}


def _runs(flags: list[bool]) -> Iterator[list[bool]]:
    run: list[bool] = []
    for flag in flags:
        if flag:
            yield run
            run = []
        else:
            run.append(flag)
    yield run
