"""Carrier sensitivity: how much accuracy a model loses when the same questions reach it as pixels (paper, figure 1).

Results are paired by id. What only one of the two files holds is left out and counted, never compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np

from lomo_hf.errors import RecipeError, SourceError
from lomo_hf.evaluation.paired_tests import SMALL_SAMPLE, mcnemar, paired_bootstrap
from lomo_hf.evaluation.results import Outcome, read_results

__all__ = [
    "DistanceBin",
    "Sensitivity",
    "SensitivityReport",
    "carrier_sensitivity",
    "drop_by_distance",
    "sensitivity_table",
]

Results = str | Path | Mapping[str, Outcome]


@dataclass(frozen=True)
class Sensitivity:
    """Paired results over a group of questions.

    Args:
        name: The category; "all" for all of them.
        questions: How many are in both files.
        standard: Mean score with the question as text, from 0 to 1.
        rendered: Mean score with the question as a page.
        drop: standard - rendered.
        low: The lower end of the paired bootstrap interval of the drop.
        high: Its upper end.
        both: How many are right in both; this and the next three are None where a score is not 0 or 1.
        only_standard: How many are right as text alone.
        only_rendered: How many are right as a page alone.
        neither: How many are right in neither.
        p_value: McNemar's exact test, two-sided; None where a score is not 0 or 1.

    Source:
        LoMo, figure 1a, for the drop; the interval and the test are ours.

    Example:
        >>> Sensitivity("all", 4, 0.75, 0.5, 0.25, 0.0, 0.5, 2, 1, 0, 1, 1.0).is_small
        True
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

    @property
    def is_small(self) -> bool:
        """Whether there are so few questions that the interval is narrower than its confidence says."""
        return self.questions < SMALL_SAMPLE


@dataclass(frozen=True)
class SensitivityReport:
    """Carrier sensitivity over all questions and by category.

    Args:
        overall: Over all questions.
        categories: By category, in the order of their names.
        left_out_standard: How many ids only the standard file holds.
        left_out_rendered: How many only the rendered file holds.
        confidence: Of the intervals.

    Source:
        LoMo, figure 1a, for the drop; the interval and the test are ours.

    Example:
        >>> result = Sensitivity("all", 4, 0.75, 0.5, 0.25, 0.0, 0.5, 2, 1, 0, 1, 1.0)
        >>> SensitivityReport(result, (), 0, 0, 0.95).overall.drop
        0.25
    """

    overall: Sensitivity
    categories: tuple[Sensitivity, ...]
    left_out_standard: int
    left_out_rendered: int
    confidence: float


@dataclass(frozen=True)
class DistanceBin:
    """Questions of like pairwise distance.

    Args:
        least: The smallest distance among them.
        most: The largest.
        sensitivity: Their carrier sensitivity.

    Source:
        LoMo, figure 1b.

    Example:
        >>> result = Sensitivity("bin 1", 4, 0.75, 0.5, 0.25, 0.0, 0.5, 2, 1, 0, 1, 1.0)
        >>> DistanceBin(0.1, 0.4, result).most
        0.4
    """

    least: float
    most: float
    sensitivity: Sensitivity


def carrier_sensitivity(
    standard: Results, rendered: Results, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> SensitivityReport:
    """Accuracy under each carrier, the drop with its interval, and McNemar's test; over all and by category.

    The p-values of categories are not corrected for their number. Intervals of fewer than `SMALL_SAMPLE` questions are
    too narrow (`Sensitivity.is_small`).

    Args:
        standard: A result file, or outcomes by id (`read_results`), of the questions as text.
        rendered: Of the questions as pages.
        confidence: Of the intervals, between 0 and 1.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.

    Returns:
        The report.

    Raises:
        SourceError: A file cannot be read, the two share no id, or they disagree about a category.

    Source:
        LoMo, figure 1a, for the comparison; the interval and the test are ours.

    Example:
        >>> standard = {name: Outcome(name, 1.0) for name in "abcd"}
        >>> rendered = {name: Outcome(name, float(name == "a")) for name in "abcd"}
        >>> overall = carrier_sensitivity(standard, rendered).overall
        >>> overall.drop, overall.only_standard, overall.p_value
        (0.75, 3, 0.25)
    """
    first, second = _outcomes(standard), _outcomes(rendered)
    shared = [name for name in first if name in second]
    if not shared:
        examples = f"{next(iter(first), '')!r} and {next(iter(second), '')!r}"
        raise SourceError(f"the two result files share no id; they begin with {examples}. Name the column of ids.")
    groups: dict[str, list[str]] = {}
    for name in shared:
        category = _category(first[name], second[name])
        if category is not None:
            groups.setdefault(category, []).append(name)
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
    """The drop in bins of equal numbers of questions, by the pairwise distance of each.

    Args:
        standard: As for `carrier_sensitivity`.
        rendered: As for `carrier_sensitivity`.
        distances: Id -> `pairwise_distance` of that question's two versions. Ids without one are left out.
        bins: How many bins.
        confidence: Of the intervals.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.

    Returns:
        The bins, from near to far.

    Raises:
        RecipeError: There are fewer questions than bins, or a distance is no finite number.

    Source:
        LoMo, figure 1b.

    Example:
        >>> standard = {name: Outcome(name, 1.0) for name in "abcd"}
        >>> rendered = {name: Outcome(name, float(name in "ab")) for name in "abcd"}
        >>> bins = drop_by_distance(standard, rendered, {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4}, bins=2)
        >>> [(part.least, part.most, part.sensitivity.drop) for part in bins]
        [(0.1, 0.2, 0.0), (0.3, 0.4, 1.0)]
    """
    first, second = _outcomes(standard), _outcomes(rendered)
    shared = sorted((distances[name], name) for name in first if name in second and name in distances)
    bad = next((name for distance, name in shared if not isfinite(distance)), None)
    if bad is not None:  # NaN has no place in an order: bins would mix near and far
        raise RecipeError(f"distances must be finite; found {distances[bad]!r} for {bad!r}. Leave that id out.")
    if isinstance(bins, bool) or not isinstance(bins, int) or not 1 <= bins <= len(shared):
        raise RecipeError(f"bins must be from 1 to the {len(shared)} questions that have a distance; found {bins}.")
    options = {"confidence": confidence, "resamples": resamples, "seed": seed}
    parts = []
    for index, part in enumerate(np.array_split(np.arange(len(shared)), bins), 1):
        least, most = shared[part[0]][0], shared[part[-1]][0]
        names = [shared[at][1] for at in part]
        sensitivity = _sensitivity(f"bin {index}", names, first, second, **options)  # type: ignore[arg-type]
        parts.append(DistanceBin(float(least), float(most), sensitivity))
    return tuple(parts)


def sensitivity_table(report: SensitivityReport) -> str:
    """The report as a table in Markdown: all questions, then each category; scores and drops in points of a hundred.

    Args:
        report: What `carrier_sensitivity` returned.

    Returns:
        The table, and below it a note where an interval is of few questions.

    Example:
        >>> standard = {name: Outcome(name, 1.0) for name in "abcd"}
        >>> rendered = {name: Outcome(name, float(name == "a")) for name in "abcd"}
        >>> print(sensitivity_table(carrier_sensitivity(standard, rendered)).splitlines()[2])
        | all | 4 | 100.00 | 25.00 | 75.00 | 25.00 to 100.00 * | 3 | 0 | 0.25 |
    """
    interval = f"{report.confidence * 100:g} % interval"
    head = f"| | n | standard | rendered | drop | {interval} | only standard | only rendered | p (exact) |"
    lines = [head, "| --- |" + " ---: |" * 8]
    groups = (report.overall, *report.categories)
    for group in groups:
        scores = (f"{100 * value:.2f}" for value in (group.standard, group.rendered, group.drop))
        ends = f"{100 * group.low:.2f} to {100 * group.high:.2f}{' *' * group.is_small}"
        counts = ("-" if value is None else str(value) for value in (group.only_standard, group.only_rendered))
        p_value = "-" if group.p_value is None else f"{group.p_value:.3g}"
        name = " ".join(group.name.replace("|", "\\|").split())
        lines.append("| " + " | ".join((name, str(group.questions), *scores, ends, *counts, p_value)) + " |")
    if any(group.is_small for group in groups):
        lines += ["", f"\\* Of fewer than {SMALL_SAMPLE} questions: the interval is narrower than it should be."]
    return "\n".join(lines) + "\n"


def _outcomes(results: Results) -> Mapping[str, Outcome]:
    return read_results(results) if isinstance(results, str | Path) else results


def _category(first: Outcome, second: Outcome) -> str | None:
    kinds = {outcome.category for outcome in (first, second) if outcome.category is not None}
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
    pairs = np.array([(first[question].score, second[question].score) for question in ids])
    differences = pairs[:, 0] - pairs[:, 1]
    low, high = paired_bootstrap(differences, confidence=confidence, resamples=resamples, seed=seed, name=name)
    standard, rendered = (float(mean) for mean in pairs.mean(axis=0))
    binary = bool(np.isin(pairs, (0.0, 1.0)).all())
    counts = [int((pairs == side).all(axis=1).sum()) if binary else None for side in ((1, 1), (1, 0), (0, 1), (0, 0))]
    both, only_standard, only_rendered, neither = counts
    tested = only_standard is not None and only_rendered is not None
    p_value = mcnemar(only_standard or 0, only_rendered or 0) if tested else None
    drop = float(differences.mean())
    return Sensitivity(
        name, len(ids), standard, rendered, drop, low, high, both, only_standard, only_rendered, neither, p_value
    )
