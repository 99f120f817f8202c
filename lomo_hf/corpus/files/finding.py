"""Which files a path stands for: one file, a folder of one split, a folder that says splits, or one of `save_to_disk`.

Splits are told by names, as `datasets` tells them: `train-00000-of-00002.parquet`, `test/`, `data/dev.jsonl`. Rows of
two splits are never mixed: one is read, and the description of the source names the others.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lomo_hf.corpus.files.unpacking import PACKED, without_packing
from lomo_hf.corpus.splits import TRAIN, by_split, check_split, choose_split, in_order, split_in_name
from lomo_hf.errors import SourceError
from lomo_hf.storage.file_names import NOT_ROWS

__all__ = ["FORMATS", "FoundFiles", "find_files", "find_splits", "format_of"]

FORMATS: Final = {
    ".jsonl": "JSON Lines",
    ".ndjson": "JSON Lines",
    ".json": "JSON",
    ".parquet": "Parquet",
    ".csv": "CSV",
    ".tsv": "CSV",
    ".arrow": "Arrow",
}
"""Ending of a file -> its format."""

_NEVER_PACKED: Final = ("Parquet", "Arrow")
_STATE: Final = "state.json"
_SPLITS: Final = "dataset_dict.json"
_INFO: Final = "dataset_info.json"


@dataclass(frozen=True)
class FoundFiles:
    """The files of one split.

    Attributes:
        files: In order of their names.
        split: The split that they are.
        others: Splits that lie beside it and are not read.
        config: The config that the rows were loaded from, where `save_to_disk` noted one.
    """

    files: tuple[Path, ...]
    split: str = TRAIN
    others: tuple[str, ...] = ()
    config: str | None = None


def format_of(file: Path) -> str:
    """The format of a file of rows by its name; "" where it is none.

    >>> format_of(Path("a/rows.jsonl.zst")), format_of(Path("dataset_info.json")), format_of(Path("a.parquet.gz"))
    ('JSON Lines', '', '')
    """
    if file.name.startswith(".") or file.name in NOT_ROWS:
        return ""
    plain = without_packing(file)
    name = FORMATS.get(plain.suffix.lower(), "")
    return "" if name in _NEVER_PACKED and plain != file else name


def find_files(path: Path, split: str | None = None, *, every: bool = False) -> FoundFiles:
    """The files of rows that a path stands for.

    Args:
        path: A file or a folder.
        split: The split to read; by default "train", or the only one. A single file is the split that is named.
        every: Take the files of all splits, as one.

    Raises:
        SourceError: There is no such path, split, or file of rows; or it is not clear what is to be read.
    """
    if path.is_file():
        if not format_of(path):
            known = ", ".join(FORMATS)
            raise SourceError(
                f"{path} is in no known format. Give a file that ends in {known}, packed ({', '.join(PACKED)}) or not."
            )
        return FoundFiles((path,), split or TRAIN)
    if not path.is_dir():
        raise SourceError(f"{path} does not exist. Give a file, a folder of files, or nothing for the sample corpus.")
    splits = _splits(path)
    if every:
        return FoundFiles(_of_one_format([file for files in splits.values() for file in files], path))
    chosen = choose_split(splits, split, str(path))
    others = tuple(name for name in splits if name != chosen)
    files = _of_one_format(splits[chosen], path)
    return FoundFiles(files, check_split(chosen), others, _saved_config(files[0].parent))


def find_splits(path: Path) -> tuple[str, ...]:
    """The splits that a path stands for, train first; a single file is one of train.

    Raises:
        SourceError: As `find_files`.

    >>> find_splits(Path(__file__))
    ('train',)
    """
    return in_order(_splits(path)) if path.is_dir() else (TRAIN,)


def _splits(folder: Path) -> dict[str, list[Path]]:
    """Split -> its files."""
    entries = _listed(folder)
    if folder / _SPLITS in entries:
        return {name: _saved(folder / name)[1] for name in _saved_splits(folder / _SPLITS)}
    if folder / _STATE in entries and any(file.suffix == ".arrow" for file in entries):
        name, files = _saved(folder)
        return {name: files}
    files = [entry for entry in entries if format_of(entry) and entry.is_file()]
    folders = [entry for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    if not files:
        return _splits_in_folders(folder, folders)
    named = by_split(without_packing(file).stem for file in files)
    if "" in named and len(named) > 1:
        unclear = next(file.name for file in files if not split_in_name(without_packing(file).stem))
        others = ", ".join(name for name in named if name)
        raise SourceError(
            f"{folder} holds files of {others}, and {unclear}, which says no split. Give the file itself."
        )
    grouped: dict[str, list[Path]] = {}
    for file in files:
        grouped.setdefault(split_in_name(without_packing(file).stem) or TRAIN, []).append(file)
    return grouped


def _splits_in_folders(folder: Path, folders: Iterable[Path]) -> dict[str, list[Path]]:
    named = {entry.name: entry for entry in folders}
    grouped: dict[str, list[Path]] = {}
    for name, entry in named.items():
        split = split_in_name(name)
        files = [file for file in _listed(entry) if format_of(file) and file.is_file()] if split else []
        if split and files:
            grouped.setdefault(split, []).extend(files)
    if not grouped and "data" in named:
        return _splits(named["data"])
    if not grouped:
        inner = sorted(named)[:8]
        raise SourceError(f"{folder} holds no files of rows; folders in it: {inner}. Give the folder that holds them.")
    return grouped


def _saved_splits(path: Path) -> list[str]:
    """The splits of a `DatasetDict` that was saved."""
    names = _json(path).get("splits")
    if not isinstance(names, list) or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise SourceError(f"{path} does not name the splits that save_to_disk wrote. Save the dataset again.")
    return names


def _saved(folder: Path) -> tuple[str, list[Path]]:
    """The split and the files of a `Dataset` that was saved."""
    state = _json(folder / _STATE)
    if state.get("_indices_data_files"):
        raise SourceError(f"{folder} holds a selection of rows. Save it again, after dataset.flatten_indices().")
    listed = state.get("_data_files")
    names = [entry.get("filename") for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise SourceError(
            f"{folder / _STATE} does not name the files that save_to_disk wrote. Save the dataset again."
        )
    split = state.get("_split")
    return split if isinstance(split, str) and split.isidentifier() else TRAIN, [folder / str(name) for name in names]


def _saved_config(folder: Path) -> str | None:
    """The config that a dataset was loaded from before it was saved; `map_dataset` names rows by it, too."""
    if not (folder / _STATE).is_file() or not (folder / _INFO).is_file():
        return None
    config = _json(folder / _INFO).get("config_name")
    return config if isinstance(config, str) and config else None


def _json(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"{path} cannot be read ({error}). Save the dataset again.") from error
    return document if isinstance(document, dict) else {}


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise SourceError(f"{folder} cannot be listed ({error.strerror}). Check its permissions.") from error


def _of_one_format(files: list[Path], folder: Path) -> tuple[Path, ...]:
    formats = sorted({format_of(file) for file in files})
    if len(formats) > 1:
        raise SourceError(f"{folder} holds files of {' and '.join(formats)}, maybe the same rows twice. Give one.")
    return tuple(files)
