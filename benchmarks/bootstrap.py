"""`python -m benchmarks.bootstrap`: how often the 95 % interval of a drop holds the true one, by number of questions.

Exact over samples, not simulated: every possible count of questions that only one side gets right is gone through,
with its probability, and its interval is drawn as `lomo sensitivity` draws it.
"""

import argparse
import sys
from collections.abc import Sequence
from math import comb

import numpy as np

from lomo_hf.evaluation import SMALL_SAMPLE, paired_bootstrap

__all__ = ["coverage"]

# How many questions of a hundred only the standard config gets right, and only the rendered one.
POPULATIONS = ((0.30, 0.10), (0.30, 0.05), (0.25, 0.05), (0.20, 0.10))
SIZES = (5, 10, 15, 20, 30, 50)
_NEGLIGIBLE = 1e-7


def coverage(questions: int, only_standard: float, only_rendered: float, *, resamples: int = 10_000) -> float:
    """The probability that the interval of the drop holds the true one, `only_standard - only_rendered`."""
    drop, same = only_standard - only_rendered, 1 - only_standard - only_rendered
    held = seen = 0.0
    for first in range(questions + 1):
        for second in range(questions + 1 - first):
            rest = questions - first - second
            ways = comb(questions, first) * comb(questions - first, second)
            chance = ways * only_standard**first * only_rendered**second * same**rest
            if chance < _NEGLIGIBLE:
                continue
            differences = np.repeat([1.0, -1.0, 0.0], [first, second, rest])
            low, high = paired_bootstrap(differences, resamples=resamples)
            held += chance * (low - 1e-12 <= drop <= high + 1e-12)
            seen += chance
    return held / seen


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bootstrap", description=__doc__)
    parser.add_argument("--resamples", type=int, default=10_000)
    given = parser.parse_args(arguments)
    print(
        f"Coverage of the 95 % interval, {given.resamples} resamples; lomo sensitivity warns below {SMALL_SAMPLE}.\n"
    )
    print("| only standard right | only rendered right |" + "".join(f" n = {size} |" for size in SIZES))
    print("| ---: | ---: |" + " ---: |" * len(SIZES))
    for first, second in POPULATIONS:
        cells = [coverage(size, first, second, resamples=given.resamples) for size in SIZES]
        print(f"| {first:.0%} | {second:.0%} |" + "".join(f" {cell:.3f} |" for cell in cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())
