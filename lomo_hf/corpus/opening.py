"""Opening a source: which files it is made of, one pass to plan them, and an early word when no row can be read.

The pass counts rows, notes where they begin, digests the content and hashes the ids. Its memory is 8 bytes a row.
"""

import json
from array import array
from collections.abc import Callable
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from lomo_hf.corpus.conversation import Refusal
from lomo_hf.corpus.dialects import DIALECT_REMEDY
from lomo_hf.corpus.identity import Uniqueness, id_hash, row_id, safe_line
from lomo_hf.corpus.json_array import JsonArray
from lomo_hf.corpus.json_lines import JsonLines
from lomo_hf.corpus.parquet import Parquet
from lomo_hf.corpus.reading import MAX_ROW_BYTES, Item, Observe, Reader, new_digest, opened
from lomo_hf.corpus.source import FileSource, Source
from lomo_hf.errors import SourceError

__all__ = ["SAMPLE", "open_source"]

SAMPLE: Final = Path(__file__).parent / "sample" / "sample.jsonl"
"""The embedded sample corpus: about 200 real prompts, to try everything without any download."""

_FORMATS: Final = {".jsonl": "JSON Lines", ".ndjson": "JSON Lines", ".json": "JSON", ".parquet": "Parquet"}
_NOT_ROWS: Final = frozenset(("dataset_info.json", "dataset_infos.json", "manifest.json", "state.json"))
_TRIED: Final = 100
_HOPELESS: Final = frozenset(("dialect", "json", "encoding"))
_MAX_CONFIG_CHARS: Final = 80


def open_source(
    path: Path | str | None = None, *, config: str | None = None, repo: str | None = None, revision: str | None = None
) -> Source:
    """A source of rows: a file, a folder of files, or - without a path - the embedded sample corpus.

    Files are JSON Lines (.jsonl, .ndjson), JSON (.json), either of them gzipped (.gz), or Parquet. A folder is read
    in the order of its files' names. `config` names the source and begins every row's id; without it, the name of the
    file or folder does. `repo` and `revision` are noted in every row's origin.

    Raises `SourceError`, with the remedy, when there is no such file, when it cannot be read, or when none of the
    first 100 rows is in a known dialect.

    >>> source = open_source()
    >>> source.config, next(source.conversations(0, 1)).user_turns
    ('sample', (0,))
    """
    place = SAMPLE if path is None else Path(path)
    files = _files(place)
    digest, hashes, readers = new_digest(), array("Q"), []
    for file in files:
        own = new_digest()
        readers.append(_scan(file)(file, _observer(hashes), own))
        digest.update(own.digest())
    name = safe_line(config or _plain_name(place), _MAX_CONFIG_CHARS).replace("/", "_")
    uniqueness = Uniqueness(np.frombuffer(hashes, dtype=np.uint64))
    description = f"{len(hashes):,} rows in {place.name}" + (f" ({len(files)} files)" if place.is_dir() else "")
    source = FileSource(name, digest.hexdigest(), description, tuple(readers), uniqueness, repo, revision)
    _check_some_row_reads(source, place)
    return source


def _files(place: Path) -> list[Path]:
    if place.is_file():
        if not _format(place):
            known = ", ".join(_FORMATS)
            raise SourceError(f"{place} is in no known format. Give a file that ends in {known} (or .jsonl.gz).")
        return [place]
    if not place.is_dir():
        raise SourceError(f"{place} does not exist. Give a file, a folder of files, or nothing for the sample corpus.")
    try:
        files = sorted(file for file in place.iterdir() if _format(file) and file.is_file())
    except OSError as error:
        raise SourceError(f"{place} cannot be listed ({error.strerror}). Check its permissions.") from error
    formats = sorted({_format(file) for file in files})
    if not files:
        inner = sorted(folder.name for folder in place.iterdir() if folder.is_dir())[:8]
        raise SourceError(f"{place} holds no files of rows; folders in it: {inner}. Give the folder that holds them.")
    if len(formats) > 1:
        raise SourceError(f"{place} holds files of {' and '.join(formats)}, maybe the same rows twice. Give one.")
    return files


def _format(file: Path) -> str:
    if file.name.startswith(".") or file.name in _NOT_ROWS:
        return ""
    plain = Path(file.stem) if file.suffix == ".gz" else file
    name = _FORMATS.get(plain.suffix.lower(), "")
    return "" if name == "Parquet" and plain is not file else name


def _plain_name(place: Path) -> str:
    # Not resolved where there is a name: the Hub's cache is made of links to files named by their digest.
    name = place.name if place.name not in ("", "..") else place.resolve().name
    for suffix in (".gz", *_FORMATS):
        name = name.removesuffix(suffix)
    return name or "rows"


def _scan(file: Path) -> "Callable[[Path, Observe, blake2b], Reader]":
    name = _format(file)
    if name == "Parquet":
        return Parquet.scan
    return JsonLines.scan if name == "JSON Lines" or _is_lines(file) else JsonArray.scan


def _is_lines(file: Path) -> bool:
    """Whether a .json file is really JSON Lines, as many on the Hub are: its first line is a whole row."""
    with opened(file) as stream:
        line = stream.readline(MAX_ROW_BYTES)
    if line.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return False
    try:
        first = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and not any(isinstance(first.get(key), list) for key in ("data", "rows"))


def _observer(hashes: "array[int]") -> Callable[[Item], None]:
    def observe(item: Item) -> None:
        hashes.append(id_hash(row_id(item, len(hashes))))

    return observe


def _check_some_row_reads(source: Source, place: Path) -> None:
    tried = list(islice(source.conversations(0, _TRIED), _TRIED))
    if not tried:
        raise SourceError(f"{place} holds no rows. {DIALECT_REMEDY}")
    refused = [row for row in tried if isinstance(row, Refusal) and row.reason in _HOPELESS]
    if len(refused) == len(tried):
        raise SourceError(f"None of the first {len(tried)} rows of {place} can be read: {refused[0].detail}")
