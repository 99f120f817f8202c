"""Which shards a build consists of: `plan` cuts a source into row ranges, fixed by the input and by nothing else.

The number of workers, the machine and the order of work never enter, so the same plan gives the same files anywhere.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Final

from lomo_hf.corpus import Source, splits_of
from lomo_hf.corpus.splits import TRAIN
from lomo_hf.errors import BuildError, RecipeError
from lomo_hf.prepared_recipe import check_recipe
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.selection import measured

__all__ = ["FORMAT_VERSION", "ShardSpec", "plan", "rows_by_split", "shard_count"]

FORMAT_VERSION: Final = 3
"""Raised whenever the layout of a shard changes: columns, order of rows, row groups,
compression. Old receipts then match no more."""

# Eight shards keep eight workers busy on a small corpus, and a multiple of eight lets two, four or eight of them end
# together on a larger one: with nine shards, seven would wait for one. Below 1,000 rows the fixed cost of a shard
# (opening, syncing, verifying) would show; 10,000 are a minute of work, which is what a crash loses, and some 130 MB.
_SHARDS: Final = 8
_MIN_ROWS: Final = 1_000
_MAX_ROWS: Final = 10_000


@dataclass(frozen=True)
class ShardSpec:
    """One unit of work: rows `start` to `stop - 1` of a source, once for each recipe. Picklable.

    Attributes:
        index, count: The shard's number, from 0, and how many shards its split has; part of the files' names.
        start, stop: The range of rows.
        source: Where the rows come from.
        recipes: A Parquet file is written for each.
        before: How many shards the splits before its own have; decides nothing but the shard's number in the plan.
        total: Rows of the whole split; it decides rows only for recipes of a curriculum.

    Raises:
        BuildError: Index or range cannot be.
    """

    index: int
    count: int
    start: int
    stop: int
    source: Source
    recipes: tuple[Recipe, ...]
    total: int | None = None
    before: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise BuildError(f"index must be from 0 to count - 1; found {self.index} of {self.count}. Use plan().")
        if not 0 <= self.start <= self.stop:
            raise BuildError(f"start must not exceed stop; found rows {self.start} to {self.stop}. Use plan().")

    @property
    def number(self) -> int:
        """The shard's number in the whole plan, from 0."""
        return self.before + self.index

    @property
    def split(self) -> str:
        """The split of the dataset that the shard is a part of: that of the source."""
        return self.source.split

    @property
    def rows(self) -> int:
        """How many rows of the source the shard covers, refused ones included."""
        return self.stop - self.start

    def corpus_place(self, row: int) -> float | None:
        """The place in the corpus of the shard's row number `row`, from 0 to 1; the middle of the row's own share."""
        return (self.start + row + 0.5) / self.total if self.total else None

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits over all that decides the shard's bytes; a receipt must match it."""
        source = self.source
        deciding = {
            "format": FORMAT_VERSION,
            "place": [self.index, self.count, self.start, self.stop, self.total],
            "source": [source.digest, source.config, source.repo, source.revision],
            "recipes": sorted([recipe.name, recipe.digest] for recipe in self.recipes),
            **({"extra": source.extra} if source.extra else {}),
            **({"split": source.split} if source.split != TRAIN else {}),
        }
        return blake2b(json.dumps(deciding, sort_keys=True).encode(), digest_size=16).hexdigest()

    def shard_path(self, recipe: Recipe) -> str:
        """Where the recipe's Parquet file lies in the dataset folder, with forward slashes."""
        return f"{recipe.name}/{self.split}-{self._suffix}.parquet"

    def sidecar_path(self, recipe: Recipe) -> str:
        """Where the recipe's refused rows are listed, if there are any."""
        which = "" if self.split == TRAIN else f"{self.split}-"
        return f"{recipe.name}/refused-{which}{self._suffix}.jsonl"

    @property
    def _suffix(self) -> str:
        return f"{self.index:05d}-of-{self.count:05d}"

    def __str__(self) -> str:
        rows = f"rows {self.start} to {self.stop - 1}" if self.rows else "no rows"
        which = "" if self.split == TRAIN else f"{self.split} "
        return f"{which}shard {self.index} of {self.count} ({rows})"


def plan(source: Source, recipes: Sequence[Recipe], *, limit: int | None = None) -> list[ShardSpec]:
    """The shards of a build, in order; at least one, even of an empty source.

    Row ranges differ by at most one row. Each split of the source has shards of its own, train first, and its own
    source. A recipe that ranks rows by percentiles which it lacks makes the source be read once for them.

    Args:
        source: The corpus.
        recipes: At least one, each with a name of its own.
        limit: Only the first rows of each split; None takes all.

    Returns:
        The shards, which cover every row once.

    Raises:
        RecipeError: There is no recipe, two share a name, one names what does not exist, or `limit` is negative.

    >>> from lomo_hf.corpus import open_corpus
    >>> [str(spec) for spec in plan(open_corpus(), [Recipe("mine")], limit=100)]
    ['shard 0 of 1 (rows 0 to 99)']
    """
    names = [check_recipe(recipe).name for recipe in recipes]
    if not names:
        raise RecipeError("recipes must hold at least one recipe; found none. Give one, such as `ratio50`.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RecipeError(f"recipe names must be distinct, as each is a folder; found {twice[0]!r} twice. Rename one.")
    if limit is not None and limit < 0:
        raise RecipeError(f"limit must be 0 or more rows; found {limit}. Leave it out to take all rows.")
    known = tuple(measured(recipes, source, limit=limit))
    specs: list[ShardSpec] = []
    for split in splits_of(source):
        specs += _planned(split, known, limit, len(specs))
    return specs


def rows_by_split(source: Source, limit: int | None = None) -> dict[str, int]:
    """How many rows a build reads of each split.

    >>> from lomo_hf.corpus import open_corpus
    >>> rows_by_split(open_corpus(), 9)
    {'train': 9}
    """
    sizes = {split.split: len(split) for split in splits_of(source)}
    return {name: size if limit is None else min(size, limit) for name, size in sizes.items()}


def shard_count(rows: int) -> int:
    """How many shards a split of so many rows has: up to eight, or a multiple of eight.

    >>> [shard_count(rows) for rows in (0, 206, 2_500, 80_000, 90_000, 2_000_000)]
    [1, 1, 3, 8, 16, 200]
    """
    needed = max(1, _ceil(rows, min(max(_ceil(rows, _SHARDS), _MIN_ROWS), _MAX_ROWS)))
    return needed if needed <= _SHARDS else _ceil(needed, _SHARDS) * _SHARDS


def _planned(source: Source, known: tuple[Recipe, ...], limit: int | None, before: int) -> list[ShardSpec]:
    total = len(source) if limit is None else min(len(source), limit)
    count = shard_count(total)
    borders = [total * index // count for index in range(count + 1)]
    return [
        ShardSpec(index, count, borders[index], borders[index + 1], source, known, total, before)
        for index in range(count)
    ]


def _ceil(number: int, divisor: int) -> int:
    return -(-number // divisor)
