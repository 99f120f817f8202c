"""In which order the rows of a shard are stored; what holds them until the order is known lies next door, in `spill`.

A shard is a range of the source, and sources come sorted: by subset, by topic, by length. LLaMA-Factory infers columns
from the first thousand rows that a worker reads and dies where they hold no image, and the Hub's viewer cuts cells
where the first ten rows are long. So rows are stored by a hash of their id, which is the same in every recipe and on
every machine, after ten short rows that show a visitor what the dataset is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lomo_hf.randomness import uniform
from lomo_hf.row import IMAGE_PLACEHOLDER
from lomo_hf.substitution import Row

__all__ = ["LEADING_ROWS", "SHORT_BYTES", "Place", "order_of", "place_of"]

LEADING_ROWS: Final = 10
"""The viewer always returns this many rows, and cuts their cells if they weigh more than 200,000 bytes of JSON."""

SHORT_BYTES: Final = 4_000
"""A row of this much text weighs at most some 15,000 bytes of JSON: its turns stand there twice, its span thrice."""


@dataclass(frozen=True)
class Place:
    """What decides where a row is stored: a hash of its id, its draw, and the UTF-8 bytes of its text as it was."""

    key: float
    draw: float
    size: int


def place_of(row: Row) -> Place:
    """The place of a row. It is the same in every recipe of one seed, whether the row is rewritten or not.

    >>> row = {"id": "a/1", "conversations": [{"value": "So <image>."}], "images": [{}],
    ...        "lomo": {"draw": 0.1, "spans": [{"text": "what"}]}}
    >>> place_of(row).size == len("So what.")
    True
    """
    said = sum(len(turn["value"].encode()) for turn in row["conversations"])
    hidden = sum(len(span["text"].encode()) for span in row["lomo"]["spans"] or ())
    size = said + hidden - len(IMAGE_PLACEHOLDER) * len(row["images"] or ())
    return Place(uniform(0, row["id"], "order"), row["lomo"]["draw"], size)


def order_of(places: Sequence[Place]) -> list[int]:
    """The indices of rows in the order of storage.

    The leading rows are the short ones of the lowest draw, since these are rewritten whatever the ratio; where there
    are too few short rows, the shortest others.

    >>> order_of([Place(0.9, 0.5, 10), Place(0.1, 0.2, 10), Place(0.5, 0.7, 10)])
    [1, 2, 0]
    """

    def suits(index: int) -> tuple[bool, float, float]:
        place = places[index]
        long = place.size > SHORT_BYTES
        return long, place.size if long else place.draw, place.key

    leading = set(sorted(range(len(places)), key=suits)[:LEADING_ROWS])
    return sorted(range(len(places)), key=lambda index: (index not in leading, places[index].key, index))
