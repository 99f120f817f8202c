"""Rows -> one Parquet file, as the Hub wants it: small row groups, page index, page checksums, content-defined chunks.

Options are those of `datasets` 5 (`push_to_hub`), so a shard is what the Hub's own tools would have written, with page
checksums added: without them, a flipped bit goes unnoticed by readers. Zstandard in place of snappy saves 1.5 % of a
shard, measured at ratio 50, since nearly all of it is PNG; that is not worth leaving the common way.
"""

import json
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from lomo_hf.building.files import PendingFile
from lomo_hf.errors import IntegrityError
from lomo_hf.row import row_features
from lomo_hf.substitution import Row

__all__ = ["MAX_GROUP_ROWS", "ShardWriter", "verify_parquet"]

MAX_GROUP_ROWS: Final = 100
"""Rows in a row group: what the Hub's viewer reads for one page, and what a worker holds for each recipe."""

# A row group is closed early at this weight, so that memory stays bounded and the viewer, which refuses to read more
# than 300 MB at once, still shows it.
_MAX_GROUP_BYTES: Final = 64 << 20
# Chunk borders follow the content, so that two versions share most chunks on the Hub. Values of `datasets`.
_CHUNKING: Final = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}


class ShardWriter:
    """Writes rows to a pending file, a row group at a time; the file is sealed by its owner after `close`."""

    def __init__(self, pending: PendingFile) -> None:
        self.weight = 0  # of all rows so far, in bytes, about what the file will take
        self._held: list[Row] = []
        self._held_weight = 0
        self._pending = pending

    def add(self, row: Row) -> None:
        """Take a row; every hundredth writes a row group."""
        weight = _weight(row)
        self.weight += weight
        self._held_weight += weight
        self._held.append(row)
        if len(self._held) >= MAX_GROUP_ROWS or self._held_weight >= _MAX_GROUP_BYTES:
            self._write_group()

    def close(self) -> None:
        """Write what is held, and the footer."""
        self._write_group()
        self._writer.close()

    @cached_property
    def _writer(self) -> Any:
        """Made at the first row group, since it writes at once and so may fail."""
        import pyarrow.parquet as pq

        writer = pq.ParquetWriter(
            self._pending,
            _schema(),
            version="2.6",
            data_page_version="1.0",
            write_page_index=True,
            write_page_checksum=True,
            use_content_defined_chunking=_CHUNKING,
            **_column_options(),
        )
        writer.add_key_value_metadata({"content_defined_chunking": json.dumps(_CHUNKING)})
        return writer

    def _write_group(self) -> None:
        import pyarrow as pa

        if self._held:
            table = pa.Table.from_pylist(self._held, schema=_schema())
            self._held, self._held_weight = [], 0
            self._writer.write_table(table, row_group_size=MAX_GROUP_ROWS)


def verify_parquet(path: Path, rows: int) -> None:
    """Read a whole shard, page checksums and all.

    Raises:
        IntegrityError: A page is damaged, the columns are others, or the number of rows is.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = 0
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(_schema(), check_metadata=False):
                raise IntegrityError(f"{path} has other columns than a row has; build the shard again.")
            for group in range(file.num_row_groups):
                found += file.read_row_group(group, use_threads=False).num_rows
    except (pa.ArrowException, OSError) as error:
        raise IntegrityError(f"{path} is damaged ({error}); build the shard again.") from error
    if found != rows:
        raise IntegrityError(f"{path} must hold {rows} rows; found {found}. Build the shard again.")


def _weight(row: Row) -> int:
    pages = sum(len(image["bytes"]) for image in row["images"] or ())
    # Both views hold every turn.
    return pages + 2 * sum(len(turn["value"]) for turn in row["conversations"])


@cache
def _schema() -> Any:
    """The arrow schema, with the metadata by which `datasets` knows an image for an image."""
    return row_features().arrow_schema


@cache
def _column_options() -> dict[str, Any]:
    """PNG bytes as they are, everything else in dictionaries and snappy; by the path of each leaf."""
    leaves = [leaf for column in _schema() for leaf in _leaves(column.name, column.type)]
    pages = {leaf for leaf in leaves if leaf.startswith("images.")}
    return {
        "compression": {leaf: "none" if leaf in pages else "snappy" for leaf in leaves},
        "use_dictionary": [leaf for leaf in leaves if leaf not in pages],
        "column_encoding": {leaf: "PLAIN" for leaf in leaves if leaf in pages},
    }


def _leaves(path: str, kind: Any) -> Iterator[str]:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        for inner in kind:
            yield from _leaves(f"{path}.{inner.name}", inner.type)
    elif pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path
