"""Whether the Hub's viewer can compute the statistics of a split, which one column can spoil for all of them.

The viewer draws a histogram of the lengths of lists and of texts, and of whole numbers. Where the lowest and the
highest differ by exactly 1, its `generate_bins` (`libcommon/statistics_utils.py`, 20 August 2026) makes two edges,
which `compute_histogram` takes for an error; then the statistics of the whole split are lost. Rows and pages are
shown all the same, and nothing fails to load.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from lomo_hf.dataset.checks.findings import Finding, warns
from lomo_hf.dataset.checks.inspected import Inspected, Shard

__all__ = ["statistics_findings"]

_MAX_BYTES: Final = 5_000_000_000
# Texts with few different values are labels to the viewer, of which it counts each.
_FEW_LABELS, _MAX_LABELS, _SHARE_OF_LABELS = 10, 1_000, 0.2


def statistics_findings(dataset: Inspected) -> Iterator[Finding]:
    """What the viewer's statistics leave out or fail on, split by split.

    Args:
        dataset: The dataset, as its card declares it.

    Yields:
        A warning for each split that is read in part, and for each column that spoils a split. Top-level columns of
        pictures, whose widths the viewer counts, are not looked at.
    """
    for config in dataset.configs:
        if config.columns is not None:
            continue  # the viewer cannot open it at all, which another check says
        for split in config.splits:
            shards = list(dataset.shards(config, split))
            counted = _counted(shards)
            if len(counted) < len(shards):
                yield warns(f"{config.name!r} has over 5 GB, so the viewer counts and searches its beginning alone.")
            for name, low, unit in _spoilt(dataset, counted):
                yield warns(
                    f"The viewer has no statistics of {config.name!r}, {split!r}: in column {name!r} all have "
                    f"{low} or {low + 1} {unit}, on which its histogram fails. {_remedy(name, low)}"
                )


def _remedy(name: str, low: int) -> str:
    if name == "images" and low == 1:
        return "Build it again: rows that stayed text now hold an empty list beside rows of two pages."
    if name in ("messages", "conversations"):
        return "Rows and loading are not touched; a single row with another number of turns mends it."
    return "Rows and loading are not touched; a value of a third length mends it."


def _counted(shards: Sequence[Shard]) -> list[Shard]:
    """The shards that the viewer reads: the first ones, until they are beyond its limit."""
    counted: list[Shard] = []
    size = 0
    for shard in shards:
        if size > _MAX_BYTES:
            break
        counted.append(shard)
        size += sum(shard.metadata.row_group(index).total_byte_size for index in range(shard.metadata.num_row_groups))
    return counted


@dataclass
class _Range:
    """The lowest and highest of what the viewer measures in a column; `unit` says what that is."""

    unit: str
    low: int | None = None
    high: int | None = None
    labels: set[str | None] = field(default_factory=set)

    def see(self, low: int | None, high: int | None) -> None:
        if low is not None and high is not None:
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)

    def fails(self, rows: int) -> bool:
        """Whether the viewer's histogram fails; texts that it takes for labels have none."""
        few = len(self.labels) <= max(_FEW_LABELS, min(_MAX_LABELS, _SHARE_OF_LABELS * rows))
        is_label = self.unit == "letters" and few
        return self.low is not None and self.high == self.low + 1 and not is_label


def _spoilt(dataset: Inspected, shards: Sequence[Shard]) -> Iterator[tuple[str, int, str]]:
    """(column, lowest, unit) of every column on which the histogram fails."""
    ranges: dict[str, _Range] = {}
    for shard in shards:
        for name, leaf, unit in _measured(shard):
            for table in dataset.tables(shard.path, [leaf]):
                _see(table[name], ranges.setdefault(name, _Range(unit)))
    rows = sum(shard.metadata.num_rows for shard in shards)
    for name, values in ranges.items():
        if values.fails(rows) and values.low is not None:
            yield name, values.low, values.unit


def _measured(shard: Shard) -> Iterator[tuple[str, str, str]]:
    """(column, its lightest leaf, what is counted in it) of the columns whose lengths or values are counted."""
    import pyarrow as pa

    for column in shard.schema:
        if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
            yield column.name, _lightest_leaf(shard, column.name), "elements"
        elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            yield column.name, column.name, "letters"
        elif pa.types.is_integer(column.type):
            yield column.name, column.name, "as its value"


def _lightest_leaf(shard: Shard, column: str) -> str:
    """The leaf by which the lengths of a list are read at the least cost: never the bytes of pictures."""
    sizes: dict[str, int] = {}
    for group in range(shard.metadata.num_row_groups):
        for index in range(shard.metadata.num_columns):
            chunk = shard.metadata.row_group(group).column(index)
            if chunk.path_in_schema.partition(".")[0] == column:
                sizes[chunk.path_in_schema] = sizes.get(chunk.path_in_schema, 0) + chunk.total_compressed_size
    return min(sizes, key=lambda path: sizes[path], default=column)


def _see(cells: object, into: _Range) -> None:
    import pyarrow.compute as pc

    if into.unit == "letters":
        if len(into.labels) <= _MAX_LABELS:
            into.labels.update(pc.unique(cells).to_pylist())
        cells = pc.utf8_length(cells)
    elif into.unit == "elements":
        cells = pc.list_value_length(cells)
    both = pc.min_max(cells).as_py()
    into.see(both["min"], both["max"])
