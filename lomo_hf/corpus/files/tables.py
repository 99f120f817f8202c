"""Tables beside Parquet: Arrow files, as `save_to_disk` leaves them, and CSV or TSV, every cell of which is text.

Both are read batch by batch. A slice of a CSV is read from the top, since where a row begins is not known; convert a
large one to Parquet before building from it.
"""

import csv
import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lomo_hf.corpus.columns import AS_IT_STANDS, ColumnMap, check_columns, describe
from lomo_hf.corpus.extra_columns import extra_of_schema
from lomo_hf.corpus.files.parquet import to_items
from lomo_hf.corpus.files.reading import Item, Observe, Stamp, Unreadable, opened
from lomo_hf.corpus.files.unpacking import without_packing
from lomo_hf.corpus.known_columns import MEDIA_COLUMNS
from lomo_hf.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ArrowFile", "DelimitedFile"]

_CHUNK: Final = 1 << 20
# A row must lie within two blocks; a longer one is refused with the whole file, which Arrow cannot read then.
_BLOCK: Final = 16 << 20
_ROWS: Final = 256
_HEADER_BYTES: Final = 1 << 20
_MAGIC: Final = b"ARROW1"
_UNREAD: Final = {"path": "unread"}


@dataclass(frozen=True)
class ArrowFile:
    """A planned Arrow file, stream or file format: the rows of each batch."""

    stamp: Stamp
    batch_rows: tuple[int, ...]
    columns: tuple[str, ...]
    extra: frozenset[str]

    @property
    def rows(self) -> int:
        """How many rows the file holds."""
        return sum(self.batch_rows)

    @classmethod
    def scan(cls, path: Path, observe: Observe, digest: "blake2b", columns: ColumnMap = AS_IT_STANDS) -> "ArrowFile":
        """Read the file's bytes for the digest, and its id column for `observe`."""
        stamp = Stamp.of(path)
        with opened(path) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        sizes: list[int] = []
        with _arrow_batches(stamp) as (schema, batches):
            check_columns(schema.names, str(path), columns)
            wanted = columns.fetched(schema.names)
            extra = _extra({field.name: str(field.type) for field in schema}, columns)
            ids = [name for name in wanted if name == columns.id_column()]
            for batch in batches:
                sizes.append(batch.num_rows)
                for item in _items(batch, ids, 0):
                    observe(item)
        return cls(stamp, tuple(sizes), wanted, extra)

    def read(self, start: int, stop: int) -> Iterator[Item]:
        """Rows `start` to `stop - 1`, with the columns that a dialect reads."""
        stop = min(stop, self.rows)
        if start >= stop:
            return
        ends = list(accumulate(self.batch_rows))
        first = bisect_right(ends, start)
        with _arrow_batches(self.stamp) as (_, batches):
            for number, batch in enumerate(batches):
                begin = ends[number] - batch.num_rows
                if number < first or begin >= stop:
                    continue
                inner = max(start - begin, 0)
                count = min(stop - begin, batch.num_rows) - inner
                yield from _items(batch.slice(inner, count), self.columns, begin + inner)


@dataclass(frozen=True)
class DelimitedFile:
    """A planned CSV or TSV file: its columns, and how many rows it holds."""

    stamp: Stamp
    rows: int
    names: tuple[str, ...]
    columns: tuple[str, ...]
    extra: frozenset[str]

    @classmethod
    def scan(
        cls, path: Path, observe: Observe, digest: "blake2b", columns: ColumnMap = AS_IT_STANDS
    ) -> "DelimitedFile":
        """Read the file once for the digest, and once for its rows."""
        stamp = Stamp.of(path)
        with opened(path) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        names = _header(stamp)
        check_columns(names, str(path), columns)
        wanted, rows = columns.fetched(names), 0
        ids = [name for name in wanted if name == columns.id_column()]
        with _delimited_batches(stamp, names) as batches:
            for batch in batches:
                rows += batch.num_rows
                for item in _decoded(_items(batch, ids, 0)):
                    observe(item)
        return cls(stamp, rows, tuple(names), wanted, _extra(dict.fromkeys(names, "string"), columns))

    def read(self, start: int, stop: int) -> Iterator[Item]:
        """Rows `start` to `stop - 1`, with the columns that a dialect reads; null where a cell is empty."""
        stop, begin = min(stop, self.rows), 0
        if start >= stop:
            return
        with _delimited_batches(self.stamp, self.names) as batches:
            for batch in batches:
                inner, end = max(start - begin, 0), min(stop - begin, batch.num_rows)
                if inner < end:
                    yield from _decoded(_items(batch.slice(inner, end - inner), self.columns, begin + inner))
                begin += batch.num_rows
                if begin >= stop:
                    return


def _items(batch: "pa.RecordBatch", columns: Sequence[str], first: int) -> Iterator[Item]:
    """The rows of a batch, a few at a time, the first of this index; of a medium only whether there is one."""
    media = [name for name in columns if name in MEDIA_COLUMNS]
    there = {name: _holds_medium(batch.column(name)) for name in media}
    texts = batch.select([name for name in columns if name not in media])
    for begin in range(0, batch.num_rows, _ROWS):
        count = min(_ROWS, batch.num_rows - begin)
        rows = to_items(texts.slice(begin, count), first + begin) if texts.num_columns else ({} for _ in range(count))
        for offset, row in enumerate(rows, begin):
            if isinstance(row, dict):
                row.update((name, _UNREAD if there[name][offset] else None) for name in media)
            yield row


def _holds_medium(column: "pa.Array") -> list[bool]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return [bool(length) for length in pc.list_value_length(column).to_pylist()]
    if pa.types.is_struct(column.type):
        parts = [column.field(index).is_valid().to_pylist() for index in range(column.type.num_fields)]
        return [any(part) for part in zip(*parts, strict=True)] if parts else [False] * len(column)
    valid: list[bool] = column.is_valid().to_pylist()
    return valid


@contextmanager
def _arrow_batches(stamp: Stamp) -> "Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]":
    import pyarrow as pa

    with opened(stamp) as stream:
        try:
            is_file_format = stream.read(len(_MAGIC)) == _MAGIC
            stream.seek(0)
            if is_file_format:
                file = pa.ipc.open_file(stream)
                yield file.schema, (file.get_batch(index) for index in range(file.num_record_batches))
            else:
                reader = pa.ipc.open_stream(stream)
                yield reader.schema, iter(reader)
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{stamp.path} is not a whole Arrow file ({error}). Fetch it again.") from error


@contextmanager
def _delimited_batches(stamp: Stamp, names: Sequence[str]) -> "Iterator[Iterator[pa.RecordBatch]]":
    import pyarrow as pa
    import pyarrow.csv as pc

    text = dict.fromkeys(names, pa.binary())  # checked row by row whether it is UTF-8, not for the whole file
    with opened(stamp) as stream:
        try:
            yield iter(
                pc.open_csv(
                    stream,
                    pc.ReadOptions(block_size=_BLOCK, use_threads=False),
                    pc.ParseOptions(delimiter=_delimiter(stamp.path), newlines_in_values=True),
                    pc.ConvertOptions(column_types=text, null_values=[""], strings_can_be_null=True),
                )
            )
        except (pa.ArrowException, OSError) as error:
            raise SourceError(
                f"{stamp.path} cannot be read as a table ({error}). Every row needs as many cells as the first."
            ) from error


def _header(stamp: Stamp) -> list[str]:
    with opened(stamp) as stream:
        # Rows that follow may hold anything; surrogates stand for bytes that are not UTF-8.
        head = io.StringIO(stream.read(_HEADER_BYTES).decode("utf-8-sig", "surrogateescape"), newline="")
        try:
            names = next(csv.reader(head, delimiter=_delimiter(stamp.path)), [])
            "".join(names).encode()
        except (UnicodeEncodeError, csv.Error) as error:
            raise SourceError(f"{stamp.path} does not begin with the names of its columns ({error}).") from error
    if len(set(names)) < len(names) or not all(names):
        raise SourceError(f"{stamp.path} must begin with distinct names of columns; found {describe(names)}.")
    return names


def _decoded(items: Iterator[Item]) -> Iterator[Item]:
    """Cells as texts."""
    for index, item in enumerate(items):
        try:
            yield {name: None if cell is None else str(cell, "utf-8") for name, cell in item.items()}
        except UnicodeDecodeError:
            yield Unreadable("encoding", f"A row near row {index} holds text that is not UTF-8.")


def _delimiter(path: Path) -> str:
    return "\t" if without_packing(path).suffix.lower() == ".tsv" else ","


def _extra(kinds: dict[str, str], columns: ColumnMap) -> frozenset[str]:
    mapped = columns.apply(kinds)
    return extra_of_schema(mapped if isinstance(mapped, dict) else kinds)
