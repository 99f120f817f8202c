"""Parquet: rows in row groups. Only the columns that a dialect reads are fetched, a few rows at a time."""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from lomo_hf.corpus.dialects import COLUMNS, DIALECT_REMEDY, TURN_HOLDERS
from lomo_hf.corpus.identity import safe_line
from lomo_hf.corpus.reading import Item, Observe, Stamp, Unreadable, opened
from lomo_hf.errors import SourceError

__all__ = ["Parquet"]

_BATCH_ROWS: Final = 256
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Parquet:
    """A planned Parquet file: the rows of each row group, and which columns to fetch."""

    stamp: Stamp
    rows: int
    group_rows: tuple[int, ...]
    columns: tuple[str, ...]

    @classmethod
    def scan(cls, path: Path, observe: Observe, digest: blake2b) -> "Parquet":
        """Read the file's bytes for the digest, and its id column for `observe`."""
        stamp = Stamp.of(path)
        with opened(path) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        with _parquet(stamp) as file:
            names = file.schema_arrow.names
            groups = tuple(file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups))
        if not set(names) & set(TURN_HOLDERS):
            seen = ", ".join(safe_line(name, 40) for name in names[:20])
            raise SourceError(f"{path} has no column that holds turns; its columns are [{seen}]. {DIALECT_REMEDY}")
        planned = cls(stamp, sum(groups), groups, tuple(name for name in COLUMNS if name in names))
        if "id" in names:
            for row in planned._fetch(0, planned.rows, ("id",)):
                observe(row)
        else:
            for _ in range(planned.rows):
                observe({})
        return planned

    def read(self, start: int, stop: int) -> Iterator[Item]:
        """Rows `start` to `stop - 1`, with the columns that a dialect reads."""
        return self._fetch(start, stop, self.columns)

    def _fetch(self, start: int, stop: int, columns: tuple[str, ...]) -> Iterator[Item]:
        stop = min(stop, self.rows)
        if start >= stop:
            return
        ends = list(accumulate(self.group_rows))
        first = bisect_right(ends, start)
        row = ends[first] - self.group_rows[first]
        with _parquet(self.stamp) as file:
            groups = list(range(first, bisect_right(ends, stop - 1) + 1))
            for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups, columns=list(columns)):
                begin, end = max(start - row, 0), min(stop - row, batch.num_rows)
                if begin < end:
                    yield from _items(batch.slice(begin, end - begin), row + begin)
                row += batch.num_rows
                if row >= stop:
                    return


def _items(batch: Any, first: int) -> Iterator[Item]:
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
def _parquet(stamp: Stamp) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with opened(stamp) as stream:
        try:
            with pq.ParquetFile(stream) as file:
                yield file
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{stamp.path} is not a whole Parquet file ({error}). Fetch it again.") from error
