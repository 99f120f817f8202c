"""Which rows the costly checks take: drawn by digest, and spread over routes, operations and scripts.

One pass over all but the pages, with memory for a sample of each kind of row and no more.
"""

import heapq
from collections.abc import Callable, Hashable, Iterable
from hashlib import blake2b
from typing import TypeVar

__all__ = ["Key", "spread_sample"]

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
