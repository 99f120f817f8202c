"""The oracle of this room: the rows that `Substituter` makes, and those that a dataset holds, alike in form."""

from pathlib import Path
from typing import Any

import datasets

from lomo_hf import Recipe, open_corpus
from lomo_hf.corpus import Refusal
from lomo_hf.substitution import Substituter

Row = dict[str, Any]


def substituted(file: Path | None, recipe: Recipe, limit: int | None = None) -> list[Row]:
    source, substituter = open_corpus(file), Substituter([recipe])
    read = source.conversations(0, limit or len(source))
    results = [read_row if isinstance(read_row, Refusal) else substituter.rows(read_row)[0] for read_row in read]
    return [row for row in results if isinstance(row, dict)]


def stored(dataset: Any) -> list[Row]:
    """The rows of a dataset with images as the bytes that are stored."""
    return list(dataset.cast_column("images", datasets.List(datasets.Image(decode=False))))
