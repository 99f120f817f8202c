"""Planning files on this machine: which files a path stands for, one pass over them, and whether any row can be read.

The pass counts rows, notes where they begin, digests the content and hashes the ids. Its memory is 8 bytes a row.
"""

import json
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from lomo_hf.corpus.columns import AS_IT_STANDS, MAPPING_REMEDY, ColumnMap, describe
from lomo_hf.corpus.conversation import Refusal
from lomo_hf.corpus.extra_columns import extra_in_order, extra_of_row
from lomo_hf.corpus.files.finding import format_of
from lomo_hf.corpus.files.json_array import JsonArray
from lomo_hf.corpus.files.json_lines import JsonLines
from lomo_hf.corpus.files.parquet import Parquet
from lomo_hf.corpus.files.reading import MAX_ROW_BYTES, Item, Observe, Reader, new_digest, opened
from lomo_hf.corpus.files.tables import ArrowFile, DelimitedFile
from lomo_hf.corpus.identity import id_hash, row_id, safe_line
from lomo_hf.corpus.known_columns import DIALECT_REMEDY
from lomo_hf.corpus.source import FileSource, JoinedSource
from lomo_hf.errors import SourceError

__all__ = ["Scan", "check_some_row_reads", "config_name", "id_observer", "scan_files"]

_TABLES: Final[dict[str, type[ArrowFile] | type[DelimitedFile]]] = {"Arrow": ArrowFile, "CSV": DelimitedFile}
_TRIED: Final = 100
_HOPELESS: Final = frozenset(("dialect", "json", "encoding"))
_MAX_CONFIG_CHARS: Final = 80


@dataclass(frozen=True)
class Scan:
    """What one pass over files has shown.

    Attributes:
        readers: One for each file.
        ids: 64 bits of every row's own id.
        digest: Of the content, and of how its columns are read.
        extra: Columns of the stored rows beyond those that every row has.
    """

    readers: tuple[Reader, ...]
    ids: npt.NDArray[np.uint64]
    digest: str
    extra: tuple[str, ...]


def scan_files(files: Sequence[Path], columns: ColumnMap = AS_IT_STANDS) -> Scan:
    """Plan files on this machine, in one pass."""
    digest, hashes, readers = new_digest(), array("Q"), list[Reader]()
    extra: set[str] = set()
    if columns.pairs:
        digest.update(repr(columns.pairs).encode())
    for file in files:
        own, observe = new_digest(), id_observer(hashes, columns)
        kind = format_of(file)
        if kind == "Parquet":
            parquet = Parquet.scan(file, observe, own, columns)
            readers.append(parquet)
            extra |= parquet.layout.extra
        elif kind in _TABLES:
            table = _TABLES[kind].scan(file, observe, own, columns)
            readers.append(table)
            extra |= table.extra
        else:
            seen = _Seen(columns, observe)
            readers.append((JsonLines if _is_lines(file) else JsonArray).scan(file, seen, own))
            seen.check(file)
            extra |= seen.extra
        digest.update(own.digest())
    ids = np.array(hashes, dtype=np.uint64)
    return Scan(tuple(readers), ids, digest.hexdigest(), extra_in_order(extra, columns.keep))


class _Seen:
    """Watches the rows of a JSON file, which has no schema: for columns that are named, and for extra columns.

    Without it a name typed wrong would be an id, a system prompt or a licence that is lost in silence.
    """

    def __init__(self, columns: ColumnMap, observe: Observe) -> None:
        self.extra: set[str] = set()
        self._columns = columns
        self._unseen = set(columns.missing(()))
        self._first: list[str] = []
        self._observe = observe

    def __call__(self, item: Item) -> None:
        if isinstance(item, Mapping):
            if self._unseen:
                self._unseen.difference_update(item)
                self._first = self._first or [str(name) for name in islice(item, 100)]
            mapped = self._columns.apply(item)
            self.extra |= extra_of_row(mapped if isinstance(mapped, Mapping) else item)
        self._observe(item)

    def check(self, file: Path) -> None:
        """Raises `SourceError` for a column that no row has."""
        if self._unseen and self._first:
            wrong, there = describe(sorted(self._unseen)), describe(self._first)
            raise SourceError(
                f"no row of {file} has a column {wrong}; the first row has {there}. Name one of these; what lies "
                "inside one must become a column first."
            )


def config_name(text: str) -> str:
    """A name that may begin a row's id: one line, no slash."""
    return safe_line(text, _MAX_CONFIG_CHARS).replace("/", "_")


def _is_lines(file: Path) -> bool:
    """Whether a file is JSON Lines. Many that are called .json are, too: the first line is a whole row."""
    if format_of(file) == "JSON Lines":
        return True
    with opened(file) as stream:
        line = stream.readline(MAX_ROW_BYTES)
    if line.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return False
    try:
        first = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and not any(isinstance(first.get(key), list) for key in ("data", "rows"))


def id_observer(hashes: "array[int]", columns: ColumnMap, begin: int = 0) -> Callable[[Item], None]:
    """Notes 64 bits of the id of every row it is shown; `begin` is the index of the first."""
    column = columns.id_column()

    def observe(item: Item) -> None:
        named = {"id": item.get(column)} if column != "id" and isinstance(item, dict) else item
        hashes.append(id_hash(row_id(named, begin + len(hashes))))

    return observe


def check_some_row_reads(source: FileSource | JoinedSource, name: str) -> None:
    """An early word when none of the first 100 rows can be read."""
    tried = list(islice(source.conversations(0, _TRIED), _TRIED))
    if not tried:
        raise SourceError(f"{name} holds no rows. {DIALECT_REMEDY}")
    refused = [row for row in tried if isinstance(row, Refusal) and row.reason in _HOPELESS]
    if len(refused) == len(tried):
        _, row = next(source.rows(0, _TRIED), (0, {}))
        mapped = any(part.columns.renames for part in source.parts)
        which = "After --columns the first row has" if mapped else "The first row has the columns"
        seen = f" {which} {describe(row)}. {MAPPING_REMEDY}" if row else ""
        raise SourceError(f"None of the first {len(tried)} rows of {name} can be read: {refused[0].detail}{seen}")
