"""In which order the rows of a shard are stored; `spill` holds them until the order is known.

A shard is a range of the source, and sources come sorted: by subset, by topic, by length. LLaMA-Factory infers columns
from the first thousand rows that a worker reads and dies where they hold no image, and the Hub's viewer cuts cells
where the first ten rows are long. So rows are stored by a hash of their id, which is the same in every recipe and on
every machine, after ten short rows that show a visitor what the dataset is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lomo_hf.randomness import uniform
from lomo_hf.row import IMAGE_PLACEHOLDER, MixedRow

__all__ = ["LEADING_ROWS", "SHORT_BYTES", "SortKey", "order_of", "sort_key_of"]

LEADING_ROWS: Final = 10
"""The viewer always returns this many rows, and cuts their cells if they weigh more than 200,000 bytes of JSON."""

SHORT_BYTES: Final = 4_000
"""A row of this much text weighs at most some 15,000 bytes of JSON: its turns stand there twice, its span thrice."""


@dataclass(frozen=True)
class SortKey:
    """What decides where a row is stored: a hash of its id, its draw, and the UTF-8 bytes of its text as it was."""

    hash: float
    draw: float
    size: int


def sort_key_of(row: MixedRow) -> SortKey:
    """The sort key of a row. It is the same in every recipe of one seed, whether the row is rewritten or not.

    >>> row = {"id": "a/1", "conversations": [{"value": "So <image>."}], "images": [{}],
    ...        "lomo": {"draw": 0.1, "spans": [{"text": "what"}]}}
    >>> sort_key_of(row).size == len("So what.")
    True
    """
    shown = sum(len(turn["value"].encode()) for turn in row["conversations"])
    lomo = row["lomo"]
    hidden = sum(len(span["text"].encode()) for span in (lomo and lomo["spans"]) or ())
    size = shown + hidden - len(IMAGE_PLACEHOLDER) * len(row["images"] or ())
    return SortKey(uniform(0, row["id"], "order"), lomo["draw"] if lomo else 1.0, size)


def order_of(keys: Sequence[SortKey]) -> list[int]:
    """The indices of rows in the order of storage.

    The leading rows are the short ones of the lowest draw, since these are rewritten whatever the ratio; where there
    are too few short rows, the shortest others.

    >>> order_of([SortKey(0.9, 0.5, 10), SortKey(0.1, 0.2, 10), SortKey(0.5, 0.7, 10)])
    [1, 2, 0]
    """

    def suits(index: int) -> tuple[bool, float, float]:
        key = keys[index]
        long = key.size > SHORT_BYTES
        return long, key.size if long else key.draw, key.hash

    leading = set(sorted(range(len(keys)), key=suits)[:LEADING_ROWS])
    return sorted(range(len(keys)), key=lambda index: (index not in leading, keys[index].hash, index))
