"""What the card says in numbers, read from the shards themselves: the columns `lomo` and `source_*`, never a page.

Quantities are tallied by value, so that memory does not grow with the dataset and quantiles are exact.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lomo_hf.dataset.card.languages import kind_of_text
from lomo_hf.image_tokens import QWEN2_5_VL, QWEN3_VL, image_tokens
from lomo_hf.storage.memory import release_memory

__all__ = ["Specimen", "Statistics", "config_statistics", "quantile"]

_LEAVES: Final = (
    "rewritten", "lomo.spans.list.element.start", "lomo.spans.list.element.end", "lomo.spans.list.element.width",
    "lomo.spans.list.element.height", "lomo.renderer", "lomo.distortion.op", "lomo.width", "lomo.height",
    "lomo.prompt_chars", "source_config", "source_data_source", "source_license",
)  # fmt: skip
_LANGUAGE_GROUPS: Final = 5  # of each shard: up to 500 rows, in an order that is as good as random
_MAX_SOURCES: Final = 1_000
_SPECIMEN_HEIGHT, _SPECIMEN_CHARS = 420, 900

Source = tuple[str | None, str | None, str | None]  # config, data source, licence


@dataclass(frozen=True)
class Specimen:
    """Where a row stands that shows an operation or a route well: small, with a short prompt."""

    path: str
    group: int
    index: int
    # 0 where page and prompt are small, 1 where the page is also the whole prompt, else its area in px.
    display_cost: int


@dataclass(frozen=True)
class Statistics:
    """Tallies over a config: value -> rows, for rewritten rows unless said otherwise.

    `span_percent` is the share of the prompt's characters that was rendered; `tokens_14` and `tokens_16` are of all
    pages of a row; `width` and `height` are of pages, in px. `sources` counts all rows, `kinds` what those rows are
    written in whose text was looked at.
    """

    rows: int = 0
    rewritten: int = 0
    span_percent: Counter[int] = field(default_factory=Counter)
    tokens_14: Counter[int] = field(default_factory=Counter)
    tokens_16: Counter[int] = field(default_factory=Counter)
    width: Counter[int] = field(default_factory=Counter)
    height: Counter[int] = field(default_factory=Counter)
    sources: Counter[Source] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    specimens: dict[str, Specimen] = field(default_factory=dict)


def quantile(tally: Counter[int], share: float) -> int:
    """The smallest value that at least this share of what was counted does not exceed; 0 of nothing.

    >>> quantile(Counter({10: 3, 20: 1}), 0.5), quantile(Counter({10: 3, 20: 1}), 1.0), quantile(Counter(), 0.5)
    (10, 20, 0)
    """
    wanted, seen = share * tally.total(), 0
    for value, count in sorted(tally.items()):
        seen += count
        if seen >= wanted:
            return value
    return 0


def config_statistics(folder: Path, paths: Sequence[str]) -> Statistics:
    """Read the shards of a config, below the dataset folder."""
    rows = rewritten = 0
    tallies: dict[str, Counter[int]] = {
        name: Counter() for name in ("span_percent", "tokens_14", "tokens_16", "width", "height")
    }
    sources: Counter[Source] = Counter()
    kinds: Counter[str] = Counter()
    specimens: dict[str, Specimen] = {}
    for path, group, table in _tables(folder, paths):
        rows += table.num_rows
        rewritten += _tally(table, tallies)
        _count_sources(table, sources)
        _pick_specimens(table, path, group, specimens)
        kinds.update(_kinds(folder / path, group))
    return Statistics(rows, rewritten, **tallies, sources=sources, kinds=kinds, specimens=specimens)


def _tables(folder: Path, paths: Iterable[str]) -> Iterator[tuple[str, int, Any]]:
    import pyarrow.parquet as pq

    for path in paths:
        with pq.ParquetFile(folder / path) as shard:
            for group in range(shard.num_row_groups):
                yield path, group, _read(shard, group, _LEAVES).combine_chunks()
        release_memory()


def _read(shard: Any, group: int, leaves: Sequence[str]) -> Any:
    """In this thread alone: each further one keeps memory of its own for as long as the process lives."""
    return shard.read_row_group(group, columns=list(leaves), use_threads=False)


def _kinds(path: Path, group: int) -> list[str]:
    """What the rows of a row group are written in."""
    import pyarrow.parquet as pq

    if group >= _LANGUAGE_GROUPS:
        return []
    with pq.ParquetFile(path) as shard:
        turns = _read(shard, group, ["conversations.list.element.value"])["conversations"]
    return [kind_of_text("\n".join(turn["value"] for turn in row)) for row in turns.to_pylist()]


def _tally(table: Any, tallies: dict[str, Counter[int]]) -> int:
    """Add the rewritten rows of a table; returns how many there are."""
    import pyarrow.compute as pc

    lomo = table.filter(table["rewritten"])["lomo"].combine_chunks()
    if not len(lomo):
        return 0
    spans = lomo.field("spans")
    parents, flat = _numbers(pc.list_parent_indices(spans)), spans.flatten()
    start, end, width, height = (_numbers(flat.field(name)) for name in ("start", "end", "width", "height"))

    def by_row(values: NDArray[Any]) -> NDArray[np.int64]:
        return np.bincount(parents, values, len(lomo)).astype(np.int64)

    chars = _numbers(lomo.field("prompt_chars"))
    for name, values in (
        ("span_percent", np.rint(100 * by_row(end - start) / np.maximum(chars, 1)).astype(np.int64)),
        ("tokens_14", by_row(image_tokens(width, height, QWEN2_5_VL))),
        ("tokens_16", by_row(image_tokens(width, height, QWEN3_VL))),
        ("width", width),
        ("height", height),
    ):
        distinct, counts = np.unique(values, return_counts=True)
        tallies[name].update(dict(zip(distinct.tolist(), counts.tolist(), strict=True)))
    return len(lomo)


def _numbers(array: Any) -> NDArray[np.int64]:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=np.int64)


def _count_sources(table: Any, sources: Counter[Source]) -> None:
    columns = (table[name].to_pylist() for name in ("source_config", "source_data_source", "source_license"))
    for config, data_source, declared in zip(*columns, strict=True):
        key = (config, data_source, declared)
        # Some corpora name a source of its own for every row.
        sources[key if key in sources or len(sources) < _MAX_SOURCES else (config, None, declared)] += 1


def _pick_specimens(table: Any, path: str, group: int, specimens: dict[str, Specimen]) -> None:
    """Keep the first row that shows an operation or a route well, else the one with the smallest page."""
    for index, lomo in enumerate(table["lomo"].to_pylist()):
        if lomo is None or lomo["renderer"] is None:  # a row with pictures of its own, or one of text
            continue
        small = lomo["height"] <= _SPECIMEN_HEIGHT and lomo["prompt_chars"] <= _SPECIMEN_CHARS
        whole = sum(span["end"] - span["start"] for span in lomo["spans"]) == lomo["prompt_chars"]
        specimen = Specimen(path, group, index, int(whole) if small else lomo["width"] * lomo["height"])
        for name in (lomo["distortion"]["op"], f"route-{lomo['renderer']}"):
            if name not in specimens or specimen.display_cost < specimens[name].display_cost:
                specimens[name] = specimen
