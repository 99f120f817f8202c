"""Which rows go into which part of an export: fixed by the shards' footers and the limits, never by the workers.

A part is a run of whole row groups, about `shard_bytes` heavy: one tar file, or one folder of images.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lomo_hf.errors import IntegrityError

__all__ = ["Group", "Part", "plan_parts"]


@dataclass(frozen=True)
class Group:
    """The first `rows` rows of one row group of a shard; `path` is relative to the dataset folder."""

    path: str
    index: int
    first_row: int
    rows: int


@dataclass(frozen=True)
class Part:
    """What one worker writes at a time."""

    index: int
    groups: tuple[Group, ...]

    @property
    def rows(self) -> int:
        """How many rows the part holds."""
        return sum(group.rows for group in self.groups)

    def to_dict(self) -> dict[str, object]:
        """Plain values, for the digest."""
        return asdict(self)


def plan_parts(folder: Path, shards: Sequence[str], *, shard_bytes: int, limit: int | None = None) -> list[Part]:
    """Cut a config into parts. Reads the footers of its shards and nothing else.

    A part is closed before the row group that would make it heavier than `shard_bytes`; a row group is never cut, so a
    part may be as heavy as the heaviest row group (about 64 MB).

    Raises:
        IntegrityError: A shard is missing or damaged.
    """
    parts: list[Part] = []
    held: list[Group] = []
    weight = 0
    for group, heavy in _groups(folder, shards, limit):
        if held and weight + heavy > shard_bytes:
            parts.append(Part(len(parts), tuple(held)))
            held, weight = [], 0
        held.append(group)
        weight += heavy
    return [*parts, Part(len(parts), tuple(held))] if held else parts


def _groups(folder: Path, shards: Sequence[str], limit: int | None) -> Iterator[tuple[Group, int]]:
    """Every row group up to the limit, with about what its images and turns weigh."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = 0
    for path in shards:
        try:
            footer = pq.read_metadata(folder / path)
        except (pa.ArrowException, OSError) as error:
            raise IntegrityError(f"{path} is missing or damaged ({error}); build the dataset again.") from error
        for index in range(footer.num_row_groups):
            group = footer.row_group(index)
            rows = group.num_rows if limit is None else min(group.num_rows, limit - row)
            if rows <= 0:
                return
            yield Group(path, index, row, rows), _weight(group) * rows // group.num_rows
            row += rows


def _weight(group: Any) -> int:
    columns = (group.column(index) for index in range(group.num_columns))
    return sum(
        column.total_uncompressed_size
        for column in columns
        if column.path_in_schema.startswith(("images.", "messages."))
    )
