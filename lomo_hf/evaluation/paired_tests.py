"""Statistics of paired scores: McNemar's exact test, and the paired bootstrap. Exact where that is possible."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lomo_hf.errors import RecipeError
from lomo_hf.randomness import stream

__all__ = ["SMALL_SAMPLE", "mcnemar", "paired_bootstrap"]

SMALL_SAMPLE: Final = 20
"""Below so many questions the percentile interval holds the true drop less often than it says
(`python -m benchmarks.bootstrap`)."""

_HELD = 4_000_000  # counts held at once


def mcnemar(only_first: int, only_second: int) -> float:
    """The two-sided exact p-value of McNemar's test.

    Under the null hypothesis each of the m = b + c discordant questions falls to either side with probability 1/2:
    p = min(1, 2 P(X <= min(b, c))), X ~ Binomial(m, 1/2); computed in whole numbers.

    Args:
        only_first: b, how many questions only the first side got right.
        only_second: c, how many only the second did.

    Returns:
        The p-value.

    Raises:
        RecipeError: A count is no whole number of 0 or more.

    Source:
        McNemar, Psychometrika 12 (1947).

    Example:
        >>> mcnemar(10, 0) == 2 / 2**10, mcnemar(3, 3)
        (True, 1.0)
    """
    for count in (only_first, only_second):
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise RecipeError(f"discordant counts must be whole numbers of 0 or more; found {count!r}.")
    discordant = only_first + only_second
    term = total = 1  # C(m, 0)
    for k in range(min(only_first, only_second)):
        term = term * (discordant - k) // (k + 1)
        total += term
    # Whole numbers of any size divide to the nearest float; capped because the middle term is counted twice.
    return min(1.0, 2 * total / 2**discordant) if discordant < 1000 else min(1.0, _ratio(2 * total, discordant))


def _ratio(number: int, power: int) -> float:
    """number / 2**power, where 2**power is beyond the floats."""
    shift = max(number.bit_length() - 64, 0)
    return float(np.ldexp(float(number >> shift), shift - power))


def paired_bootstrap(
    differences: NDArray[np.float64],
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    name: str = "",
) -> tuple[float, float]:
    """The percentile interval of the mean of paired differences, resampled with replacement.

    A resample of n differences is a multinomial draw of how often each distinct value occurs, so its cost is the
    number of distinct values (three for right-or-wrong scores), and its distribution that of drawing rows one by one.
    The draws depend on `seed` and `name` alone.

    Of few questions the interval is too narrow: it holds the true mean less often than `confidence` says below
    `SMALL_SAMPLE` (20) of them. `python -m benchmarks.bootstrap` computes how often.

    Args:
        differences: One for each question, (n,), float64.
        confidence: Of the interval, between 0 and 1.
        resamples: How many resamples are drawn.
        seed: Of the draws.
        name: Of the group of questions, such as a category: groups of other names have other draws.

    Returns:
        The lower and the upper end.

    Raises:
        RecipeError: There are no differences, or confidence or resamples are out of range.

    Source:
        Efron, The Annals of Statistics 7 (1979).

    Example:
        >>> paired_bootstrap(np.array([1.0, 1.0, 1.0]))
        (1.0, 1.0)
    """
    if differences.ndim != 1 or differences.size == 0 or not np.isfinite(differences).all():
        raise RecipeError(f"differences must be finite, shape (n,) with n of 1 or more; found {differences.shape}.")
    if not 0 < confidence < 1:
        raise RecipeError(f"confidence must be between 0 and 1; found {confidence!r}. Write 0.95.")
    if isinstance(resamples, bool) or not isinstance(resamples, int) or not 1 <= resamples <= 10_000_000:
        raise RecipeError(f"resamples must be a whole number from 1 to 10000000; found {resamples!r}.")
    values, counts = np.unique(differences.astype(np.float64), return_counts=True)
    draw = stream(seed, name, "bootstrap")
    size, shares = differences.size, counts / counts.sum()
    step = max(1, _HELD // values.size)
    means = [
        draw.multinomial(size, shares, min(step, resamples - start)) @ values / size
        for start in range(0, resamples, step)
    ]
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(low), float(high)
