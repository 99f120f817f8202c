"""Ids for the rows of a `datasets.Dataset`, as `open_corpus` gives them to the rows of a file.

A row's id decides its draws, so two rows must not share one. A map function sees one batch and a transform a few rows;
neither can know whether an id is repeated elsewhere. This pass over the id column does.
"""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lomo_hf.corpus.identity import Uniqueness, id_hash, row_id, safe_line
from lomo_hf.corpus.splits import DEFAULT_CONFIG, TRAIN
from lomo_hf.errors import SourceError

if TYPE_CHECKING:
    import datasets

__all__ = ["Naming", "check_config", "naming_of", "own_id", "with_ids"]

_MAX_CONFIG_CHARS = 80
_BATCH = 10_000
_NEW_IDS = "__lomo_hf_ids__"


@dataclass(frozen=True)
class Naming:
    """What begins the ids of a dataset's rows: the config, or the split where the config is "default".

    Attributes:
        config: As in `datasets.load_dataset(path, config)`.
        split: As in `datasets.load_dataset(path, split=split)`.

    Raises:
        SourceError: One of them is empty or too long, or holds a slash or a control character.

    >>> Naming("gsm8k")
    Naming(config='gsm8k', split='train')
    """

    config: str = DEFAULT_CONFIG
    split: str = TRAIN

    def __post_init__(self) -> None:
        check_config(self.config)
        check_config(self.split, "split")


def naming_of(dataset: Any, config: str | None = None) -> Naming:
    """The config and the split that a dataset was loaded with, as `open_corpus` names the rows of the same files.

    Args:
        dataset: A `Dataset` or `IterableDataset`.
        config: Instead of its config and split: the name that is to begin every id.

    Returns:
        What begins the ids. A slice such as `train[:100]` is of its split.

    Raises:
        SourceError: The config cannot begin an id.

    >>> import datasets
    >>> naming_of(datasets.Dataset.from_dict({"id": ["a"]}, split="test"))
    Naming(config='default', split='test')
    """
    if config is not None:
        return Naming(config)
    split = str(dataset.split or TRAIN).partition("[")[0]
    return Naming(str(dataset.info.config_name or DEFAULT_CONFIG), split or TRAIN)


def check_config(config: str, what: str = "config") -> str:
    """`config`, if it can begin a row's id as it stands.

    Raises:
        SourceError: It is empty or too long, or holds a slash or a control character.

    >>> check_config("train")
    'train'
    """
    if not config or "/" in config or safe_line(config, _MAX_CONFIG_CHARS) != config:
        raise SourceError(
            f"{what} must be 1 to {_MAX_CONFIG_CHARS} printable characters without '/'; found {config!r}. "
            "Write the name that begins every id, such as 'train'."
        )
    return config


def own_id(row: Mapping[str, object]) -> str | None:
    """The id that a row gives itself, made safe; None where it gives none.

    >>> own_id({"id": 7}), own_id({"id": None})
    ('7', None)
    """
    identifier = row_id(row, 0)
    # Only a row without an id of its own is named after its index.
    return identifier if identifier == row_id(row, 1) else None


def with_ids(dataset: "datasets.Dataset", column: str = "id") -> "datasets.Dataset":
    """The dataset with an `id` column in which every row has an id of its own, as `open_corpus` would give it.

    A row without an id takes its index, padded to eight digits; an id that occurs more than once gets "~<index>" in
    every place. Where there is nothing to mend the dataset comes back as it is. Apply it once, to the dataset as it
    was loaded: before `shuffle`, `select` or `filter`, which change the indices. `map_dataset` does it by itself; a
    `Transform` cannot. Memory: 8 bytes a row, and the new column where there is one.

    Args:
        dataset: The dataset as it was loaded.
        column: The name of the column that holds the ids.

    Returns:
        The dataset, with the same rows in the same order.

    >>> import datasets
    >>> with_ids(datasets.Dataset.from_dict({"id": ["a", "b", "a", ""]}))["id"][:]
    ['a~0', 'b', 'a~2', '00000003']
    """
    from datasets import Value

    hashes = array("Q", (id_hash(name) for _, name in _names(dataset, column)))
    uniqueness = Uniqueness(np.frombuffer(hashes, dtype=np.uint64))
    finals = (uniqueness.resolve(name, index) for index, (_, name) in enumerate(_names(dataset, column)))
    has_column = column in dataset.column_names
    if has_column and all(final == value for final, (value, _) in zip(finals, _names(dataset, column), strict=True)):
        return dataset
    ids = [uniqueness.resolve(name, index) for index, (_, name) in enumerate(_names(dataset, column))]
    if not has_column:
        return dataset.add_column(column, ids, feature=Value("string"))
    # Added before the old one goes: a table without any column has no rows to put it beside.
    added = dataset.add_column(_NEW_IDS, ids, feature=Value("string"))
    return added.remove_columns(column).rename_column(_NEW_IDS, column)


def _names(dataset: "datasets.Dataset", column: str) -> Iterator[tuple[object, str]]:
    """(the value of the id column, the id that the row gives itself or its padded index), row by row."""
    if column not in dataset.column_names:
        yield from ((None, row_id({}, index)) for index in range(len(dataset)))
        return
    ids = dataset.with_format(None).select_columns([column])
    index = 0
    for batch in ids.iter(_BATCH):
        for value in batch[column]:
            yield value, row_id({"id": value}, index)
            index += 1
