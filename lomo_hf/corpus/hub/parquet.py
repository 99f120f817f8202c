"""A Parquet file on the Hub, read by ranges: the footer once, then the wanted columns of the wanted row groups.

Where text is most of the file, blocks of 4 MB are fetched and shared by the columns; where pictures are, exactly the
chunks of the other columns. Either way memory is bounded by some blocks and a batch of rows.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from lomo_hf.corpus.columns import AS_IT_STANDS, ColumnMap
from lomo_hf.corpus.files.parquet import Layout, read_layout
from lomo_hf.corpus.files.reading import Item, Observe
from lomo_hf.corpus.hub.file import BLOCK, HubFile
from lomo_hf.corpus.known_columns import MEDIA_COLUMNS
from lomo_hf.errors import SourceError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["HubParquet", "footer_media", "opened_parquet"]

# Bytes of a column chunk that are held at once; a row group may be of any size.
_BUFFER: Final = 1 << 20
_MEDIA_TYPES: Final = ("Image", "Audio", "Video")


@dataclass(frozen=True)
class HubParquet:
    """A planned Parquet file on the Hub. Picklable; a worker opens it itself."""

    file: HubFile
    layout: Layout

    @property
    def rows(self) -> int:
        """How many rows the file holds, by its footer."""
        return self.layout.rows

    @classmethod
    def plan(cls, file: HubFile, columns: ColumnMap = AS_IT_STANDS) -> "HubParquet":
        """Read the footer."""
        with opened_parquet(file) as parquet:
            return cls(file, read_layout(parquet, f"{file.repo}/{file.path}", columns))

    def read(self, start: int, stop: int) -> Iterator[Item]:
        """Rows `start` to `stop - 1`, with the columns that a dialect reads."""
        if start < min(stop, self.rows):
            wanted, _, whole = self.layout.bytes
            with opened_parquet(self.file, BLOCK if 2 * wanted > whole else 0) as parquet:
                yield from self.layout.fetch(parquet, start, stop)

    def _is_small(self, wanted: int) -> bool:
        """Whether blocks of the whole file cost less than the requests that exact ranges would take."""
        _, _, whole = self.layout.bytes
        return 4 * wanted > whole or (self.file.size <= BLOCK and not self.layout.media)

    def read_ids(self, observe: Observe, start: int, stop: int) -> None:
        """Show the id column of rows `start` to `stop - 1` to `observe`, and nothing else of them."""
        if not self.layout.id_leaves:
            for _ in range(start, stop):
                observe({})
            return
        with opened_parquet(self.file, BLOCK if self._is_small(self.layout.bytes[1]) else 0) as parquet:
            for row in self.layout.fetch(parquet, start, stop, ids_only=True):
                observe(row)


def footer_media(file: HubFile) -> tuple[str, ...]:
    """The columns that hold media, by a file's footer: not null, and media by name or by the features it carries."""
    with opened_parquet(file) as parquet:
        schema = parquet.schema_arrow
        carried = (schema.metadata or {}).get(b"huggingface", b"").decode("utf-8", "replace")
    media = []
    for column in schema:
        if str(column.type) != "null" and (column.name in MEDIA_COLUMNS or _is_medium(column.name, carried)):
            media.append(column.name)
    return tuple(media)


@contextmanager
def opened_parquet(file: HubFile, block: int = 0) -> "Iterator[pq.ParquetFile]":
    """A `ParquetFile` over the Hub's file. Every failure is a `SourceError`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    where = f"{file.path} of {file.repo} at {file.commit[:12]}"
    try:
        stream = file.open(block)
        with pq.ParquetFile(stream, metadata=_footer(file), buffer_size=_BUFFER, pre_buffer=False) as parquet:
            yield parquet
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{where} is not a whole Parquet file ({error}).") from error


@lru_cache(maxsize=8)
def _footer(file: HubFile) -> "pq.FileMetaData":
    """Kept for the few files that a worker goes back to for one slice after the other."""
    import pyarrow.parquet as pq

    return pq.read_metadata(file.open())


def _is_medium(column: str, carried: str) -> bool:
    try:
        feature = json.loads(carried)["info"]["features"][column]
    except (ValueError, KeyError, TypeError):
        return False
    return any(f'"_type": "{kind}"' in json.dumps(feature) for kind in _MEDIA_TYPES)
