"""Splits: which one a file or folder is of by its name, as `datasets` judges, and what begins the ids of its rows.

A row's id decides its draws. So it must not depend on how a file was opened: by its path, as part of a folder, or by
`datasets.load_dataset`, which knows the split and, on the Hub, the config, but not the name of a file.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from lomo_hf.errors import SourceError, UsageError
from lomo_hf.recipes.names import nearest

__all__ = [
    "DEFAULT_CONFIG", "TRAIN", "by_split", "check_split", "choose_split", "id_prefix", "in_order", "nearest",
    "split_in_name",
]  # fmt: skip

TRAIN: Final = "train"

DEFAULT_CONFIG: Final = "default"
"""The config of a dataset that has none by name."""

_SPLITS: Final = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
_WORD: Final = re.compile(
    rf"(?:.*[-_. ])?({'|'.join(sorted(_SPLITS, key=len, reverse=True))})(?:[-_. ].*)?", re.DOTALL
)

# As `datasets` has it, in ASCII: the name is part of the names of files.
_SPLIT_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,40}(?:\.[A-Za-z0-9_]{1,40})*")
_MAX_SPLIT_CHARS: Final = 80

_T = TypeVar("_T")


def split_in_name(name: str) -> str | None:
    """The split that the name of a file or folder says, without its ending; None where it says none.

    >>> [split_in_name(name) for name in ("train-00000-of-00002", "my_dev", "eval", "contest")]
    ['train', 'validation', 'test', None]
    """
    match = _WORD.fullmatch(name.lower())
    return _SPLITS[match[1]] if match else None


def choose_split(splits: Mapping[str, _T], wanted: str | None, where: str) -> str:
    """The split to read: the one that is wanted, "train" where none is, or the only one.

    Args:
        splits: What there is.
        wanted: What was asked for.
        where: For messages.

    Raises:
        UsageError: It is not there.
        SourceError: There are several and none is "train".

    >>> choose_split({"train": 1, "test": 2}, None, "data")
    'train'
    """
    there = ", ".join(splits)
    if wanted is not None:
        if wanted not in splits:
            raise UsageError(f"{where} has no split {wanted!r}; it has {there}.{nearest(wanted, splits)}")
        return wanted
    if TRAIN in splits:
        return TRAIN
    if len(splits) > 1:
        raise SourceError(f"{where} has the splits {there} and no train. Name one with --split.")
    return next(iter(splits))


def id_prefix(config: str, split: str = TRAIN) -> str:
    """What begins the ids of a split's rows: the config where it has a name, else the split.

    >>> id_prefix("default"), id_prefix("default", "test"), id_prefix("gsm8k"), id_prefix("gsm8k", "test")
    ('train', 'test', 'gsm8k', 'gsm8k-test')
    """
    if config == DEFAULT_CONFIG:
        return split
    return config if split == TRAIN else f"{config}-{split}"


def check_split(name: str) -> str:
    """The name of a split, if files can be named by it.

    Raises:
        SourceError: It is not letters, digits and "_", with dots between.

    >>> check_split("train_sft")
    'train_sft'
    """
    if len(name) > _MAX_SPLIT_CHARS or not _SPLIT_NAME.fullmatch(name):
        raise SourceError(
            f"a split must be named by letters, digits, '_' and single dots, as `datasets` asks; found {name[:80]!r}. "
            "Rename it."
        )
    return name


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Names of splits: train, validation, test, then the others as they come.

    >>> in_order(["test", "extra", "train"])
    ('train', 'test', 'extra')
    """
    present = dict.fromkeys(names)
    usual = [name for name in dict.fromkeys(_SPLITS.values()) if name in present]
    return tuple(check_split(name) for name in dict.fromkeys([*usual, *present]))


def by_split(names: Iterable[str]) -> dict[str, list[str]]:
    """Names by the split that they say; those that say none under "" ."""
    grouped: dict[str, list[str]] = {}
    for name in names:
        grouped.setdefault(split_in_name(name) or "", []).append(name)
    return grouped
