"""Rows -> one Parquet file, as the Hub wants it: small row groups, page index, page checksums, content-defined chunks.

Options are those of `datasets` 5 (`push_to_hub`), so a shard is what the Hub's own tools would have written, with page
checksums added: without them, a flipped bit goes unnoticed by readers. Zstandard in place of snappy saves 1.5 % of a
shard, measured at ratio 50, since nearly all of it is PNG; that is not worth leaving the common way.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lomo_hf.building.ordering import SortKey, order_of, sort_key_of
from lomo_hf.building.receipts import Counts
from lomo_hf.building.spill import Spill
from lomo_hf.errors import IntegrityError
from lomo_hf.row import MixedRow
from lomo_hf.row_columns import extra_columns_of, stored_schema, with_old_features
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import PendingFile
from lomo_hf.storage.memory import release_memory
from lomo_hf.storage.records import FileRecord

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["MAX_GROUP_ROWS", "ShardWriter", "rewrite_parquet", "verify_parquet", "write_ordered_rows"]

MAX_GROUP_ROWS: Final = 100
"""Rows in a row group: what the Hub's viewer reads for one page, and what a worker holds for each recipe."""

# A row group is closed early at this weight, so that memory stays bounded and the viewer, which refuses to read more
# than 300 MB at once, still shows it.
_MAX_GROUP_BYTES: Final = 64 << 20
# Rows that are only on the disk between two releases of memory: each costs a millisecond, and what is needed again.
_SPILLED_ROWS: Final = 300
# Chunk borders follow the content, so that two versions share most chunks on the Hub. Values of `datasets`.
_CHUNKING: Final = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}


class ShardWriter:
    """Takes rows in any order and writes them to a pending file in theirs; the file is sealed by its owner.

    With `keep_order`, rows are stored as they come, and each group of them is written at once. `extra` names columns
    beyond those that every row has; a row without one has null in it.
    """

    def __init__(self, pending: PendingFile, *, extra: tuple[str, ...] = (), keep_order: bool = False) -> None:
        self._schema = stored_schema(extra)
        self._keep_order = keep_order
        self._most_held = MAX_GROUP_ROWS if keep_order else _SPILLED_ROWS
        self.weight = 0  # about what the rows so far take on the disk, in bytes: in the file, and until then beside it
        self._group: list[MixedRow] = []  # of rows that are stored as they come
        self._held = self._held_weight = 0  # rows since memory was released, and what they weigh
        self._keys: list[SortKey] = []
        self._weights: list[int] = []
        self._pending = pending
        self._spill = Spill(pending)

    def add(self, row: MixedRow) -> None:
        """Take a row; it goes to the disk at once, or with up to a hundred others."""
        weight = _weight(row)
        self.weight += weight if self._keep_order else 2 * weight
        self._held += 1
        self._held_weight += weight
        if self._keep_order:
            self._group.append(row)
        else:
            self._spill.write(row)
            self._keys.append(sort_key_of(row))
            self._weights.append(weight)
        if self._held >= self._most_held or self._held_weight >= _MAX_GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Write the rows in their order, and the footer."""
        self._flush()
        for group in self._groups():
            self._write(self._spill.rows(group))
            release_memory()
        self._writer.close()
        self._spill.close()

    def abandon(self) -> None:
        """Leave nothing behind but the pending file, which is the owner's. Harmless after `close`."""
        self._spill.close()

    def _flush(self) -> None:
        if self._group:
            self._write(self._group)
        self._group, self._held, self._held_weight = [], 0, 0
        release_memory()

    def _write(self, rows: Sequence[MixedRow]) -> None:
        import pyarrow as pa

        table = pa.Table.from_pylist(rows, schema=self._schema)
        self._writer.write_table(table, row_group_size=MAX_GROUP_ROWS)

    def _groups(self) -> Iterator[list[int]]:
        """The rows of each row group: full, or closed early by its weight."""
        group: list[int] = []
        weight = 0
        for index in order_of(self._keys):
            group.append(index)
            weight += self._weights[index]
            if len(group) >= MAX_GROUP_ROWS or weight >= _MAX_GROUP_BYTES:
                yield group
                group, weight = [], 0
        if group:
            yield group

    @cached_property
    def _writer(self) -> "pq.ParquetWriter":
        """Made at the first row group, since it writes at once and so may fail."""
        return _parquet_writer(self._pending, self._schema)


def write_ordered_rows(
    folder: Folder, path: str, rows: Iterable[MixedRow], *, extra: tuple[str, ...] = ()
) -> tuple[FileRecord, Counts]:
    """Write rows in the order in which they come, as one shard that is read back before it has its name.

    Args:
        folder: The dataset folder.
        path: Of the shard in it.
        rows: The rows; taken one by one.
        extra: Columns beyond those that every row has.

    Returns:
        The record of the file, and what was counted in it.

    Raises:
        IntegrityError: What was written cannot be read back.
        OSError: It cannot be written.

    Example:
        >>> import tempfile
        >>> from lomo_hf import Recipe, open_corpus, substitute_row
        >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("none", ratio=0.0))
        >>> file, counts = write_ordered_rows(Folder(tempfile.mkdtemp()), "none/train-00000-of-00001.parquet", [row])
        >>> file.rows, counts.rows, counts.rewritten
        (1, 1, 0)
    """
    pending = PendingFile(folder / path)
    try:
        writer, counts = ShardWriter(pending, extra=extra, keep_order=True), Counts()
        for row in rows:
            counts += Counts.of(row)
            writer.add(row)
        writer.close()
        digest = pending.seal()
        verify_parquet(pending.temporary, counts.rows, extra)
        pending.publish()
        return FileRecord(path, pending.size, digest, counts.rows), counts
    finally:
        pending.abandon()


def rewrite_parquet(path: Path, pending: PendingFile) -> None:
    """Write a Parquet file again as a shard is written, in row groups of at most a hundred rows.

    Rows and their order stay; lists in the `datasets` features of its schema take the form that all versions read.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        schema = with_old_features(file.schema_arrow)
        ours = _schema_of_rows(schema)
        if ours is not None:  # whatever it calls the elements of lists
            schema = ours
        with _parquet_writer(pending, schema) as writer:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, use_threads=False).cast(schema)
                writer.write_table(table, row_group_size=MAX_GROUP_ROWS)


def _parquet_writer(pending: PendingFile, schema: "pa.Schema") -> "pq.ParquetWriter":
    import pyarrow.parquet as pq

    writer = pq.ParquetWriter(
        pending,
        schema,
        version="2.6",
        data_page_version="1.0",
        write_page_index=True,
        write_page_checksum=True,
        use_content_defined_chunking=_CHUNKING,
        **_column_options(schema),
    )
    writer.add_key_value_metadata({"content_defined_chunking": json.dumps(_CHUNKING)})
    return writer


def _schema_of_rows(schema: "pa.Schema") -> "pa.Schema | None":
    """Our own schema of the same columns, where they are those of stored rows; else None."""
    try:
        ours = stored_schema(extra_columns_of(schema.names))
    except ValueError:
        return None
    return ours if schema.equals(ours, check_metadata=False) else None


def verify_parquet(path: Path, rows: int, extra: tuple[str, ...] | None = ()) -> None:
    """Read a whole shard, page checksums and all.

    Args:
        path: A Parquet file.
        rows: How many rows it must hold.
        extra: Columns that it must have beyond those that every row has; None for whatever it has.

    Raises:
        IntegrityError: A page is damaged, the columns are others, or the number of rows is.

    >>> import tempfile
    >>> damaged = Path(tempfile.mkdtemp(), "shard.parquet")
    >>> _ = damaged.write_bytes(b"PAR1")
    >>> verify_parquet(damaged, 3)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lomo_hf.errors.IntegrityError: ... is damaged (...); build the shard again.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows_read = 0
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            wanted = _schema_of_rows(schema) if extra is None else stored_schema(extra)
            if wanted is None or not schema.equals(wanted, check_metadata=False):
                raise IntegrityError(f"{path} has other columns than a row has; build the shard again.")
            for group in range(file.num_row_groups):
                rows_read += file.read_row_group(group, use_threads=False).num_rows
        release_memory()
    except (pa.ArrowException, OSError) as error:
        raise IntegrityError(f"{path} is damaged ({error}); build the shard again.") from error
    if rows_read != rows:
        raise IntegrityError(f"{path} must hold {rows} rows; found {rows_read}. Build the shard again.")


def _weight(row: MixedRow) -> int:
    pages = sum(len(image["bytes"]) for image in row["images"] or ())
    # Both views hold every turn.
    return pages + 2 * sum(len(turn["value"]) for turn in row["conversations"])


def _column_options(schema: "pa.Schema") -> dict[str, object]:
    """PNG bytes as they are, everything else in dictionaries and snappy; by the path of each leaf."""
    leaves = [leaf for column in schema for leaf in _leaves(column.name, column.type)]
    pages = {leaf for leaf in leaves if leaf.startswith("images.")}
    return {
        "compression": {leaf: "none" if leaf in pages else "snappy" for leaf in leaves},
        "use_dictionary": [leaf for leaf in leaves if leaf not in pages],
        "column_encoding": {leaf: "PLAIN" for leaf in leaves if leaf in pages},
    }


def _leaves(path: str, kind: "pa.DataType") -> Iterator[str]:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        for inner in kind:
            yield from _leaves(f"{path}.{inner.name}", inner.type)
    elif pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path
