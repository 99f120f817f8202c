"""Which rows of a config were drawn: a bit for each row, and the ranking by which they are drawn.

Each row has a rank, 64 bits that depend on the seed, the config and the row's id alone; the k rows of the smallest
ranks are drawn. So a draw is exact, needs no shuffling, does not depend on the order of the rows, and a smaller draw
lies within a larger one.
"""

import base64
import zlib
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from lomo_hf.corpus.identity import Uniqueness, id_hash
from lomo_hf.errors import IntegrityError

__all__ = ["Picks", "rank_rows", "smallest", "within_budget"]

_Ranks = npt.NDArray[np.uint64]
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Picks:
    """Rows chosen out of `size`, as packed bits. 7 million rows take less than a megabyte.

    >>> picks = Picks.of(np.array([True, False, True]))
    >>> picks.indexes().tolist(), len(picks), Picks.decode(3, picks.encode()) == picks
    ([0, 2], 2, True)
    """

    size: int
    bits: bytes

    @classmethod
    def of(cls, mask: _Mask) -> "Picks":
        """From a mask over all rows."""
        return cls(len(mask), np.packbits(mask).tobytes())

    @classmethod
    def decode(cls, size: int, text: str) -> "Picks":
        """From what `encode` wrote. Raises `IntegrityError`."""
        try:
            bits = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), (size + 7) // 8 + 1)
        except (ValueError, zlib.error) as error:
            raise IntegrityError(f"the rows of a draw cannot be read ({error}). Draw again.") from error
        if len(bits) != (size + 7) // 8:
            raise IntegrityError(f"the rows of a draw must be a bit for each of {size:,}; found {len(bits)} bytes.")
        return cls(size, bits)

    def __len__(self) -> int:
        return int(np.bitwise_count(np.frombuffer(self.bits, np.uint8)).sum())

    def mask(self) -> _Mask:
        """True for every chosen row."""
        return np.unpackbits(np.frombuffer(self.bits, np.uint8), count=self.size).astype(bool)

    def indexes(self) -> npt.NDArray[np.int64]:
        """The chosen rows, rising."""
        return np.flatnonzero(self.mask())

    def encode(self) -> str:
        """Text for a manifest."""
        return base64.b64encode(zlib.compress(self.bits, 9)).decode("ascii")

    def digest(self) -> str:
        """16 hexadecimal digits over the size and the bits."""
        return blake2b(self.size.to_bytes(8, "little") + self.bits, digest_size=8).hexdigest()


def rank_rows(id_hashes: _Ranks, uniqueness: Uniqueness, config: str, seed: int) -> _Ranks:
    """The rank of every row of a config. Rows that share an id are told apart by their index, as their ids are."""
    key = np.uint64(id_hash(f"draw\n{seed}\n{config}"))
    repeated = uniqueness.repeats(id_hashes)
    told_apart = id_hashes.copy()
    told_apart[repeated] ^= _scrambled(np.flatnonzero(repeated).astype(np.uint64) + np.uint64(1))
    return _scrambled(told_apart ^ key)


def smallest(ranks: _Ranks, eligible: _Mask | None, count: int) -> _Mask:
    """A mask of the `count` eligible rows of the smallest ranks; equal ranks go by the order of rows."""
    mask = np.zeros(len(ranks), bool)
    candidates = ranks if eligible is None else ranks[eligible]
    if not count:
        return mask
    last = np.partition(candidates, count - 1)[count - 1]
    np.less(ranks, last, out=mask)
    ties = ranks == last
    if eligible is not None:
        mask &= eligible
        ties &= eligible
    mask[np.flatnonzero(ties)[: count - int(mask.sum())]] = True
    return mask


def within_budget(ranks: _Ranks, eligible: _Mask, costs: npt.NDArray[np.uint32], budget: int) -> _Mask:
    """A mask of eligible rows in order of rank, as many as cost no more than `budget` together."""
    candidates = np.flatnonzero(eligible)
    order = candidates[np.argsort(ranks[candidates], kind="stable")]
    spent = np.cumsum(costs[order], dtype=np.uint64)
    mask = np.zeros(len(ranks), bool)
    mask[order[: int(np.searchsorted(spent, np.uint64(budget), side="right"))]] = True
    return mask


def _scrambled(values: _Ranks) -> _Ranks:
    """The finalizer of SplitMix64: every bit of the input moves half of the output, and no two inputs meet."""
    with np.errstate(over="ignore"):
        mixed = values + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)
