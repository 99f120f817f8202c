"""Mean and covariance of vectors that pass by once, in float64: memory is one matrix, whatever their number."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lomo_hf.errors import RecipeError

__all__ = ["Moments", "as_vectors"]


def as_vectors(values: ArrayLike, what: str) -> NDArray[np.float64]:
    """`values` as a float64 array (n, d) of finite numbers.

    Args:
        values: n vectors of d numbers.
        what: What they are, for the message.

    Returns:
        The array.

    Raises:
        RecipeError: It is none.

    Example:
        >>> as_vectors([[1, 2]], "states").dtype
        dtype('float64')
    """
    vectors = np.asarray(values, dtype=np.float64)
    if vectors.ndim != 2 or vectors.shape[1] == 0:
        raise RecipeError(f"{what} must have shape (n, d); found {vectors.shape}. Give one vector a row.")
    if not np.isfinite(vectors).all():
        raise RecipeError(f"{what} must be finite; found NaN or infinity. Collect them in float32 or bfloat16.")
    return vectors


@dataclass
class Moments:
    """Count, mean and scatter of vectors that pass by once; updated by blocks.

    Args:
        count: How many vectors have passed.
        mean: Their mean, (d,), float64.
        scatter: The sum of outer products of deviations, (d, d), float64.

    Source:
        Blocks are merged by the formulae of Chan, Golub and LeVeque (1979), which lose no digits to cancellation where
        the mean is large against the spread.

    Example:
        >>> moments = Moments()
        >>> moments.add([[0.0, 0.0], [2.0, 0.0]])
        >>> moments.add([[4.0, 0.0]])
        >>> moments.count, moments.mean.tolist(), moments.covariance().tolist()
        (3, [2.0, 0.0], [[4.0, 0.0], [0.0, 0.0]])
    """

    count: int = 0
    mean: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    scatter: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))

    def add(self, block: ArrayLike) -> None:
        """Take a block of vectors.

        Args:
            block: n vectors, (n, d).

        Raises:
            RecipeError: It has another shape or width, or holds NaN or infinity.

        Example:
            >>> moments = Moments()
            >>> moments.add([[1.0], [3.0]])
            >>> moments.mean.tolist()
            [2.0]
        """
        vectors = as_vectors(block, "a block")
        if vectors.shape[0] == 0:
            return
        mean = vectors.mean(axis=0)
        centred = vectors - mean
        self._merge(vectors.shape[0], mean, centred.T @ centred)

    def merge(self, other: "Moments") -> None:
        """Take what another has seen, as of another process.

        Args:
            other: Moments of vectors of the same width.

        Raises:
            RecipeError: Its vectors have another width.

        Example:
            >>> first, second = Moments(), Moments()
            >>> first.add([[1.0]])
            >>> second.add([[3.0]])
            >>> first.merge(second)
            >>> first.mean.tolist()
            [2.0]
        """
        if other.count:
            self._merge(other.count, other.mean, other.scatter)

    def covariance(self) -> NDArray[np.float64]:
        """The unbiased covariance, divided by n - 1.

        Returns:
            The covariance, (d, d), float64.

        Raises:
            RecipeError: Fewer than two vectors have passed.

        Example:
            >>> moments = Moments()
            >>> moments.add([[1.0], [3.0]])
            >>> moments.covariance().tolist()
            [[2.0]]
        """
        if self.count < 2:
            raise RecipeError(f"a covariance needs at least 2 vectors; found {self.count}. Give more samples.")
        return self.scatter / (self.count - 1)

    def _merge(self, count: int, mean: NDArray[np.float64], scatter: NDArray[np.float64]) -> None:
        if self.count == 0:
            self.count, self.mean, self.scatter = count, mean.copy(), scatter.copy()
            return
        if mean.shape != self.mean.shape:
            raise RecipeError(f"vectors must have {self.mean.size} numbers as before; found {mean.size}.")
        total = self.count + count
        shift = mean - self.mean
        self.scatter += scatter + np.outer(shift, shift) * (self.count * count / total)
        self.mean += shift * (count / total)
        self.count = total
