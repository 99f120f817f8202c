"""Parquet: rows in row groups. Only the columns that a dialect reads are fetched, a few rows at a time.

Of a medium only the column `path` is read, never its bytes: whether a row has one is all that a text corpus asks.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lomo_hf.corpus.columns import AS_IT_STANDS, ColumnMap, check_columns
from lomo_hf.corpus.extra_columns import extra_of_schema
from lomo_hf.corpus.files.reading import Item, Observe, Stamp, Unreadable, opened
from lomo_hf.corpus.known_columns import MEDIA_COLUMNS
from lomo_hf.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["Layout", "Parquet", "read_layout", "to_items"]

_BATCH_ROWS: Final = 256
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Layout:
    """What the footer of a Parquet file says, as far as reading its rows needs it. Picklable.

    Attributes:
        group_rows: The rows of each row group.
        leaves: The leaf columns to fetch, by their paths; of media only `path`.
        id_leaves: Those of the id, for a pass over the ids alone.
        media: Columns that hold media (their type is not null).
        bytes: Compressed bytes of the leaves that are fetched, of the ids alone, and of all columns.
        extra: Columns of the stored rows beyond those that every row has, as far as the schema tells.
    """

    group_rows: tuple[int, ...]
    leaves: tuple[str, ...]
    id_leaves: tuple[str, ...]
    media: tuple[str, ...]
    bytes: tuple[int, int, int]
    extra: frozenset[str] = frozenset()

    @property
    def rows(self) -> int:
        """All rows of the file."""
        return sum(self.group_rows)

    def fetch(self, file: "pq.ParquetFile", start: int, stop: int, *, ids_only: bool = False) -> Iterator[Item]:
        """Rows `start` to `stop - 1` of an open `ParquetFile`, one row group after the other."""
        stop = min(stop, self.rows)
        if start >= stop:
            return
        ends = list(accumulate(self.group_rows))
        leaves = list(self.id_leaves if ids_only else self.leaves)
        for group in range(bisect_right(ends, start), bisect_right(ends, stop - 1) + 1):
            row = ends[group] - self.group_rows[group]
            for batch in file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=leaves, use_threads=False):
                begin, end = max(start - row, 0), min(stop - row, batch.num_rows)
                if begin < end:
                    yield from self._items(batch.slice(begin, end - begin), row + begin)
                row += batch.num_rows
                if row >= stop:
                    return

    def _items(self, batch: "pa.RecordBatch", first: int) -> Iterator[Item]:
        for item in to_items(batch, first):
            if isinstance(item, dict):
                for column in self.media:
                    if item.get(column) is not None:
                        item[column] = _unread(item[column])
            yield item


def read_layout(file: "pq.ParquetFile", where: str, columns: ColumnMap = AS_IT_STANDS) -> Layout:
    """Plan the reading of an open `ParquetFile`.

    Raises:
        SourceError: No column holds turns, or the mapping names one that is not there.
    """
    names = file.schema_arrow.names
    check_columns(names, where, columns)
    wanted = columns.fetched(names)
    light = [] if columns.whole else [name for name in wanted if name in MEDIA_COLUMNS]
    media = tuple(name for name in light if not _is_null(file.schema_arrow.field(name)))
    paths = _leaf_paths(file.metadata)
    leaves = [path for path in paths if path.partition(".")[0] in wanted]
    skipped = {path for path in leaves if path.partition(".")[0] in media and _has_path(path, leaves)}
    kept = tuple(path for path in leaves if path not in skipped or path.endswith(".path"))
    ids = tuple(path for path in leaves if path == columns.id_column())
    groups = range(file.metadata.num_row_groups)
    sizes = [0] * len(paths)
    for group in groups:
        described = file.metadata.row_group(group)
        for index in range(len(paths)):
            sizes[index] += described.column(index).total_compressed_size
    weight = dict(zip(paths, sizes, strict=True))
    totals = (sum(weight[path] for path in kept), sum(weight[path] for path in ids), sum(sizes))
    rows = tuple(file.metadata.row_group(group).num_rows for group in groups)
    kinds = {field.name: str(field.type) for field in file.schema_arrow}
    mapped = columns.apply(kinds)
    extra = extra_of_schema(mapped if isinstance(mapped, dict) else kinds)
    return Layout(rows, kept, ids, media, totals, extra)


@dataclass(frozen=True)
class Parquet:
    """A planned Parquet file on this machine."""

    stamp: Stamp
    layout: Layout

    @property
    def rows(self) -> int:
        """How many rows the file holds."""
        return self.layout.rows

    @classmethod
    def scan(cls, path: Path, observe: Observe, digest: blake2b, columns: ColumnMap = AS_IT_STANDS) -> "Parquet":
        """Read the file's bytes for the digest, and its id column for `observe`."""
        stamp = Stamp.of(path)
        with opened(path) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        with _parquet(stamp) as file:
            layout = read_layout(file, str(path), columns)
            if layout.id_leaves:
                for row in layout.fetch(file, 0, layout.rows, ids_only=True):
                    observe(row)
            else:
                for _ in range(layout.rows):
                    observe({})
        return cls(stamp, layout)

    def read(self, start: int, stop: int) -> Iterator[Item]:
        """Rows `start` to `stop - 1`, with the columns that a dialect reads."""
        if start < min(stop, self.rows):
            with _parquet(self.stamp) as file:
                yield from self.layout.fetch(file, start, stop)


def _leaf_paths(metadata: "pq.FileMetaData") -> list[str]:
    """The path of every leaf column. Asked for its schema, a footer would be held until Python looks for cycles."""
    if metadata.num_row_groups:
        group = metadata.row_group(0)
        return [group.column(index).path_in_schema for index in range(metadata.num_columns)]
    return [metadata.schema.column(index).path for index in range(metadata.num_columns)]


def _is_null(field: "pa.Field") -> bool:
    return str(field.type) == "null"


def _has_path(leaf: str, leaves: list[str]) -> bool:
    return leaf.rpartition(".")[0] + ".path" in leaves


def _unread(value: object) -> object:
    """A medium whose bytes were not fetched, in a form that no dialect takes for nothing."""
    if isinstance(value, list):
        return [_unread(item) for item in value if item is not None]
    return {"path": value.get("path") or "unread"} if isinstance(value, dict) else value


def to_items(batch: "pa.RecordBatch", first: int) -> Iterator[Item]:
    try:
        yield from batch.to_pylist()
        return
    except UnicodeDecodeError:
        pass  # Arrow does not check strings on reading; find the row that is not UTF-8.
    for offset in range(batch.num_rows):
        try:
            item = batch.slice(offset, 1).to_pylist()[0]
        except UnicodeDecodeError:
            item = Unreadable("encoding", f"Row {first + offset} holds text that is not UTF-8.")
        yield item


@contextmanager
def _parquet(stamp: Stamp) -> "Iterator[pq.ParquetFile]":
    import pyarrow as pa
    import pyarrow.parquet as pq

    with opened(stamp) as stream:
        try:
            with pq.ParquetFile(stream) as file:
                yield file
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{stamp.path} is not a whole Parquet file ({error}). Fetch it again.") from error
