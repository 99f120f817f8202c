"""Where chance comes from: one counter-based stream for each (seed, row, purpose), and no other.

A row's draws depend on nothing but these three, so a row is the same whatever the number of workers, the order of
the rows, the shard, the engine or the machine. No global random state is read or written anywhere in lomo_hf.
"""

from hashlib import blake2b

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import DTypeLike, NDArray

__all__ = ["philox", "stream", "uniform"]


def stream(seed: int, row_id: str, purpose: str) -> np.random.Generator:
    """A generator of its own for one purpose in one row: Philox, keyed by a 128-bit BLAKE2b digest.

    Args:
        seed: The recipe's.
        row_id: The row's.
        purpose: What is drawn; every purpose has draws of its own.

    Returns:
        The generator, the same on every machine.

    >>> a = stream(0, "gsm8k/1", "distortion").random()
    >>> a == stream(0, "gsm8k/1", "distortion").random(), a == stream(0, "gsm8k/1", "turn").random()
    (True, False)
    """
    return philox(int.from_bytes(_digest(seed, row_id, purpose), "little"))


def philox(key: int) -> np.random.Generator:
    """A generator with the numbers of `numpy.random.Philox(key=key)`.

    Args:
        key: Less than 2**128.

    Returns:
        The generator, the same on every machine.

    >>> philox(7).random() == np.random.Generator(np.random.Philox(key=7)).random()
    True
    """
    return np.random.Generator(np.random.Philox(_Key(key)))  # type: ignore[arg-type]


class _Key(ISeedSequence):
    """A key in the place of a seed: for a bare one, NumPy first asks the system for entropy, and throws it away."""

    def __init__(self, key: int) -> None:
        self._key = key

    def generate_state(self, n_words: int, dtype: DTypeLike = np.uint64) -> NDArray[np.uint64]:
        return np.frombuffer(self._key.to_bytes(16, "little"), "<u8").astype(np.uint64)


def uniform(seed: int, row_id: str, purpose: str) -> float:
    """One number in [0, 1) with 53 random bits, without the cost of building a generator.

    Args:
        seed: The recipe's.
        row_id: The row's.
        purpose: What is drawn; every purpose has draws of its own.

    Returns:
        The number, the same on every machine.

    >>> 0 <= uniform(0, "gsm8k/1", "ratio") < 1
    True
    """
    return (int.from_bytes(_digest(seed, row_id, purpose)[:8], "little") >> 11) * 2.0**-53


def _digest(seed: int, row_id: str, purpose: str) -> bytes:
    # Lengths keep ("a", "bc") and ("ab", "c") apart; surrogatepass keeps the function total.
    parts = (str(seed), row_id, purpose)
    raws = [part.encode("utf-8", "surrogatepass") for part in parts]
    data = b"".join(len(raw).to_bytes(8, "little") + raw for raw in raws)
    return blake2b(data, digest_size=16).digest()
