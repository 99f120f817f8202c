"""Full-text, no-text, mix and curriculum (Yao et al., arXiv 2510.22836) as rows of this bench, and when each is shown.

In terms of a rewritten row, as `lomo_hf.related_methods.imbalance` has them: full-text is the row's pages and then the
whole prompt as text; no-text is the rewritten prompt, where what a page says is in the page alone. Every training row
is rewritten (`ratio100`), so no-text is that arm.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from experiments.carrier_gap.packing import Part

__all__ = ["SCHEDULES", "full_text", "version_at"]

SCHEDULES = ("only", "mix", "curriculum")


def full_text(parts: Sequence[Part], prompt: str) -> list[Part]:
    """A row's pages, and then its whole prompt.

    >>> full_text(["Ann has", 7, "How many?"], "Ann has two. How many?")
    [7, 'Ann has two. How many?']
    """
    return [*(part for part in parts if isinstance(part, int)), prompt]


def version_at(schedule: str, rows: NDArray[np.int64], passes: int, share: float) -> NDArray[np.int64]:
    """Which of a row's two versions is shown, 0 or 1.

    mix         each pass over the rows shows half of them in each version, and the next pass the other one
    curriculum  the first version during the first half of the steps, then the second

    Args:
        rows: Numbers of rows.
        passes: How many passes over the rows are finished.
        share: Of the steps that are done, from 0 to 1.

    >>> version_at("mix", np.arange(4), 0, 0.0).tolist(), version_at("mix", np.arange(4), 1, 0.4).tolist()
    ([0, 1, 0, 1], [1, 0, 1, 0])
    >>> [version_at("curriculum", np.arange(2), 0, share).tolist() for share in (0.4, 0.5)]
    [[0, 0], [1, 1]]
    """
    if schedule == "mix":
        return (rows + passes) % 2
    return np.full(len(rows), int(schedule == "curriculum" and share >= 0.5))
