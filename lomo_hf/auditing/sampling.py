"""Which rows the costly checks take: drawn by digest, and spread over routes, operations and scripts.

One pass over all but the pages, with memory for a sample of each kind of row and no more.
"""

import heapq
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeVar

from lomo_hf.auditing.case import Case
from lomo_hf.auditing.shards import Shard, read_rows
from lomo_hf.auditing.statistics import script_of
from lomo_hf.auditing.study import group_of
from lomo_hf.errors import IntegrityError
from lomo_hf.recipes.recipe import Recipe

__all__ = ["Key", "outlines", "page_kind", "reading_kind", "spread_sample"]


Key = tuple[str, str]  # (config, row id)
T = TypeVar("T")


def spread_sample(
    rows: Iterable[tuple[Key, T]], size: int, kind: Callable[[Key, T], Hashable | None]
) -> dict[Key, Hashable]:
    """`size` rows with their kinds, shared out evenly: one of each kind in turn, until there are enough.

    Which rows of a kind are taken depends on their ids alone. A row of kind None is never taken.

    >>> rows = [(("a", str(n)), n) for n in range(100)]
    >>> taken = spread_sample(rows, 4, lambda key, n: "rare" if n == 77 else "common")
    >>> len(taken), ("a", "77") in taken
    (4, True)
    """
    heaps: dict[Hashable, list[tuple[int, Key]]] = {}
    for key, row in rows:
        of = kind(key, row)
        if of is None or not size:
            continue
        heap = heaps.setdefault(of, [])
        # A heap of the lowest digests, upside down.
        item = (-_digest(key), key)
        if len(heap) < size:
            heapq.heappush(heap, item)
        else:
            heapq.heappushpop(heap, item)
    ordered = [(of, [key for _, key in sorted(heap, reverse=True)]) for of, heap in sorted(heaps.items(), key=str)]
    taken: dict[Key, Hashable] = {}
    for turn in range(size):
        for of, keys in ordered:
            if turn < len(keys) and len(taken) < size:
                taken[keys[turn]] = of
    return taken


def _digest(key: Key) -> int:
    # Of the row alone: configs that share rows then sample the same ones, and one page is looked at in all of them.
    return int.from_bytes(blake2b(key[1].encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


_COLUMNS: Final = ("id", "messages", "rewritten", "lomo")


def outlines(
    folder: Path, recipes: Mapping[str, Recipe], shards: Mapping[str, Sequence[Shard]]
) -> Iterator[tuple[Key, Case]]:
    """All rewritten rows of these configs, without their pages; shards that cannot be read are passed over."""
    for config, recipe in recipes.items():
        for shard in shards[config]:
            try:
                for row in read_rows(folder, shard.file, _COLUMNS):
                    if row["rewritten"]:
                        yield (config, str(row["id"])), Case(row, recipe)
            except IntegrityError:
                continue  # the check of the shard tells


def page_kind(key: Key, case: Case) -> tuple[str, ...]:
    """Config, route, operation and script; a row that cannot be read is of a kind of its own."""
    try:
        script = script_of("".join(case.span_words))
        return (key[0], str(case.lomo["renderer"]), str(case.lomo["distortion"]["op"]), script)
    except (KeyError, TypeError, IndexError):
        return (key[0],)


def reading_kind(key: Key, case: Case) -> tuple[str, ...] | None:
    """Group and script, of prose the operation too; None where a reader has nothing to read."""
    try:
        group = group_of(case)
        # Figures by operation are of prose, so other groups need not be spread over operations.
        return (*group, str(case.lomo["distortion"]["op"])) if group and group[0] == "prose" else group
    except (KeyError, TypeError, IndexError):
        return None
