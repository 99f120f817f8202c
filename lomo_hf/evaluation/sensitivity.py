"""Carrier sensitivity: how much accuracy a model loses when the same questions reach it as pixels (paper, figure 1).

Results are paired by id. What only one of the two files holds is left out and counted, never compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np

from lomo_hf.errors import RecipeError, SourceError
from lomo_hf.evaluation.paired_tests import mcnemar, paired_bootstrap
from lomo_hf.evaluation.results import Outcome, read_results

__all__ = ["DistanceBin", "Sensitivity", "SensitivityReport", "carrier_sensitivity", "drop_by_distance"]

Results = str | Path | Mapping[str, Outcome]


@dataclass(frozen=True)
class Sensitivity:
    """Paired results over a group of questions.

    Attributes:
        name: The category; "all" for all of them.
        questions: How many are in both files.
        standard, rendered: Mean score of each, from 0 to 1.
        drop: standard - rendered.
        low, high: The paired bootstrap interval of the drop.
        both, only_standard, only_rendered, neither: How many are right in which; None where a score is not 0 or 1.
        p_value: McNemar's exact test, two-sided; None where a score is not 0 or 1.
    """

    name: str
    questions: int
    standard: float
    rendered: float
    drop: float
    low: float
    high: float
    both: int | None
    only_standard: int | None
    only_rendered: int | None
    neither: int | None
    p_value: float | None


@dataclass(frozen=True)
class SensitivityReport:
    """All questions, each category (by name), how many ids only one file holds, and the confidence of intervals."""

    overall: Sensitivity
    categories: tuple[Sensitivity, ...]
    left_out_standard: int
    left_out_rendered: int
    confidence: float


@dataclass(frozen=True)
class DistanceBin:
    """Questions whose pairwise distance lies from `least` to `most`, and their sensitivity."""

    least: float
    most: float
    sensitivity: Sensitivity


def carrier_sensitivity(
    standard: Results, rendered: Results, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> SensitivityReport:
    """Accuracy under each carrier, the drop with its interval, and McNemar's test; over all and by category.

    The p-values of categories are not corrected for their number.

    Args:
        standard, rendered: Result files, or outcomes by id (`read_results`).

    Raises:
        SourceError: A file cannot be read, the two share no id, or they disagree about a category.

    >>> standard = {name: Outcome(name, 1.0) for name in "abcd"}
    >>> rendered = {name: Outcome(name, float(name == "a")) for name in "abcd"}
    >>> overall = carrier_sensitivity(standard, rendered).overall
    >>> overall.drop, overall.only_standard, overall.p_value
    (0.75, 3, 0.25)
    """
    first, second = _results(standard), _results(rendered)
    shared = [name for name in first if name in second]
    if not shared:
        examples = f"{next(iter(first), '')!r} and {next(iter(second), '')!r}"
        raise SourceError(f"the two result files share no id; they begin with {examples}. Name the column of ids.")
    groups: dict[str, list[str]] = {}
    for name in shared:
        kind = _category(first[name], second[name])
        if kind is not None:
            groups.setdefault(kind, []).append(name)
    options = {"confidence": confidence, "resamples": resamples, "seed": seed}
    return SensitivityReport(
        _sensitivity("all", shared, first, second, **options),  # type: ignore[arg-type]
        tuple(_sensitivity(kind, groups[kind], first, second, **options) for kind in sorted(groups)),  # type: ignore[arg-type]
        len(first) - len(shared),
        len(second) - len(shared),
        confidence,
    )


def drop_by_distance(
    standard: Results,
    rendered: Results,
    distances: Mapping[str, float],
    *,
    bins: int = 5,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[DistanceBin, ...]:
    """The drop in bins of equal numbers of questions, by the pairwise distance of each (paper, figure 1b).

    Args:
        distances: id -> `pairwise_distance` of that question's two versions. Ids without one are left out.

    Raises:
        RecipeError: There are fewer questions than bins, or a distance is no finite number.

    >>> standard = {name: Outcome(name, 1.0) for name in "abcd"}
    >>> rendered = {name: Outcome(name, float(name in "ab")) for name in "abcd"}
    >>> found = drop_by_distance(standard, rendered, {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4}, bins=2)
    >>> [(one.least, one.most, one.sensitivity.drop) for one in found]
    [(0.1, 0.2, 0.0), (0.3, 0.4, 1.0)]
    """
    first, second = _results(standard), _results(rendered)
    shared = sorted((distances[name], name) for name in first if name in second and name in distances)
    bad = next((name for distance, name in shared if not isfinite(distance)), None)
    if bad is not None:  # NaN has no place in an order: bins would mix near and far
        raise RecipeError(f"distances must be finite; found {distances[bad]!r} for {bad!r}. Leave that id out.")
    if isinstance(bins, bool) or not isinstance(bins, int) or not 1 <= bins <= len(shared):
        raise RecipeError(f"bins must be from 1 to the {len(shared)} questions that have a distance; found {bins}.")
    found = []
    for index, part in enumerate(np.array_split(np.arange(len(shared)), bins), 1):
        least, most = shared[part[0]][0], shared[part[-1]][0]
        names = [shared[at][1] for at in part]
        one = _sensitivity(f"bin {index}", names, first, second, confidence=confidence, resamples=resamples, seed=seed)
        found.append(DistanceBin(float(least), float(most), one))
    return tuple(found)


def _results(said: Results) -> Mapping[str, Outcome]:
    return read_results(said) if isinstance(said, str | Path) else said


def _category(first: Outcome, second: Outcome) -> str | None:
    kinds = {one.category for one in (first, second) if one.category is not None}
    if len(kinds) > 1:
        raise SourceError(f"{first.id!r} is in category {first.category!r} and in {second.category!r}. Fix one file.")
    return next(iter(kinds), None)


def _sensitivity(
    name: str,
    ids: Sequence[str],
    first: Mapping[str, Outcome],
    second: Mapping[str, Outcome],
    *,
    confidence: float,
    resamples: int,
    seed: int,
) -> Sensitivity:
    pairs = np.array([(first[one].score, second[one].score) for one in ids])
    low, high = paired_bootstrap(
        pairs[:, 0] - pairs[:, 1], confidence=confidence, resamples=resamples, seed=seed, name=name
    )
    standard, rendered = (float(mean) for mean in pairs.mean(axis=0))
    binary = bool(np.isin(pairs, (0.0, 1.0)).all())
    counts = [int((pairs == side).all(axis=1).sum()) if binary else None for side in ((1, 1), (1, 0), (0, 1), (0, 0))]
    both, only_standard, only_rendered, neither = counts
    tested = only_standard is not None and only_rendered is not None
    p_value = mcnemar(only_standard or 0, only_rendered or 0) if tested else None
    drop = float((pairs[:, 0] - pairs[:, 1]).mean())
    return Sensitivity(
        name, len(ids), standard, rendered, drop, low, high, both, only_standard, only_rendered, neither, p_value
    )
