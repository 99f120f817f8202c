"""Which corpus a builder reads: the many ways in which `datasets` lets one say where the files are, made one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from lomo_hf.building.planning import rows_by_split
from lomo_hf.corpus import Source, open_splits
from lomo_hf.errors import RecipeError, SourceError

__all__ = ["Corpus", "choose_source", "count_rows", "shards_of"]

Corpus: TypeAlias = str | Path | Source | None

_ROWS_OF_A_SHARD = 512
_LEAST_ROWS = 16
_WANTED_SHARDS = 64


def choose_source(corpus: Corpus = None, data_dir: str | Path | None = None, data_files: object = None) -> Source:
    """The one source that the arguments name; the embedded sample where none does.

    `data_files` may be a path, a list of one, or a mapping of "train" to either; splits lie in a folder of their own.

    Raises:
        SourceError: More than one is named, or `open_corpus` cannot open it.

    >>> choose_source().config
    'sample'
    """
    named = [given for given in (corpus, data_dir, _one_file(data_files)) if given is not None]
    if len(named) > 1:
        raise SourceError("Give one of corpus, data_dir and data_files; found more than one.")
    place = named[0] if named else None
    if place is None or isinstance(place, str | Path):
        return open_splits(place)
    return place


def _one_file(data_files: object) -> str | Path | None:
    files = data_files
    if isinstance(files, Mapping):
        if list(files) != ["train"]:
            raise SourceError(
                f"data_files must name one split, 'train'; found {list(files)}. Put splits in a folder: data_dir=..."
            )
        files = files["train"]
    if isinstance(files, Sequence) and not isinstance(files, str):
        if len(files) != 1:
            raise SourceError(f"data_files must be one file; found {len(files)}. Put them in a folder: data_dir=...")
        files = files[0]
    if files is not None and not isinstance(files, str | Path):
        raise SourceError(f"data_files must be a path; found {type(files).__name__}. Write a path as a string.")
    return files


def count_rows(source: Source, limit: int | None) -> dict[str, int]:
    """How many rows are read of each split: all, or the first `limit`.

    Raises:
        RecipeError: The limit is no whole number of 1 or more.

    >>> count_rows(choose_source(), 5)
    {'train': 5}
    """
    if limit is None:
        return rows_by_split(source)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise RecipeError(f"limit must be a whole number of 1 or more; found {limit!r}. Leave it out to read all.")
    return rows_by_split(source, limit)


def shards_of(rows: int) -> list[tuple[int, int]]:
    """Slices (start, stop) of the source, fixed by the number of rows alone: what `num_proc` and loaders share out.

    >>> shards_of(40)
    [(0, 16), (16, 32), (32, 40)]
    >>> len(shards_of(2_000_000))
    3907
    """
    size = max(_LEAST_ROWS, min(_ROWS_OF_A_SHARD, -(-rows // _WANTED_SHARDS)))
    return [(start, min(start + size, rows)) for start in range(0, rows, size)]
