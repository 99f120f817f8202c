"""What the runs of each arm say together: means over runs, intervals over questions, the spread over seeds."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from experiments.carrier_gap import product
from experiments.carrier_gap.records import Outcomes, RunKey, key_of

__all__ = ["ArmSummary", "Summary", "summarise"]

Difference = tuple[float, float, float]  # points, with the ends of the interval


@dataclass(frozen=True)
class ArmSummary:
    """One arm over its runs; percent and points. What was not measured is None.

    Attributes:
        runs: How many.
        accuracy: Test -> mean.
        drop, low, high: Of rendered against text: the mean over runs and its interval over questions.
        spread: Standard deviation of the drops of single runs (0 for one run).
        against: Drop minus the drop of `standard` on the same questions, bases and seeds, with its interval; None for
            `standard` itself and where no run of it is paired.
        agreement, distance, mir, step_seconds, megabytes: Means over runs.
        homogenisation: Of the last layer, mean over runs.
        sensitivity: As `lomo_hf.evaluation` reports it.
    """

    arm: str
    runs: int
    accuracy: Mapping[str, float]
    drop: float
    low: float
    high: float
    spread: float
    against: Difference | None
    agreement: float | None
    distance: float | None
    mir: float | None
    homogenisation: float | None
    step_seconds: float | None
    megabytes: float | None
    sensitivity: Any


@dataclass(frozen=True)
class Summary:
    """All arms of a result file, in their order there; `base` is the model before SFT."""

    arms: Mapping[str, ArmSummary]
    runs: Sequence[Mapping[str, Any]]
    outcomes: Outcomes

    def keys(self, arm: str) -> list[RunKey]:
        """The runs of an arm."""
        return [key_of(run) for run in self.runs if run["arm"] == arm]

    def difference(self, arm: str, other: str) -> Difference | None:
        """One arm's drop minus another's, over the bases and seeds that both have."""
        return _difference(self.keys(arm), other, self.outcomes)

    def accuracy_difference(self, arm: str, other: str, test: str) -> Difference | None:
        """One arm's accuracy in a test minus another's, over the bases and seeds that both have."""
        pairs = _paired(self.keys(arm), other, self.outcomes)
        if not pairs:
            return None
        own, beside = (self.outcomes.mean_over(side, test) for side in zip(*pairs, strict=True))
        overall = product.sensitivity(own, beside).overall
        return 100 * overall.drop, 100 * overall.low, 100 * overall.high

    def beside(self, arms: Container[str]) -> "Summary":
        """Of the bases and seeds that these arms have, so that means are over the same runs."""
        shared = {(run["base"], run["seed"]) for run in self.runs if run["arm"] in arms}
        return summarise([run for run in self.runs if (run["base"], run["seed"]) in shared], self.outcomes)

    def bins(self, arm: str, count: int = 5) -> Any:
        """Figure 1b of an arm: the drop by pairwise distance, both the mean of a question's runs."""
        keys, ids = self.keys(arm), self.outcomes.ids["rendered"]
        text, page = (self.outcomes.mean_over(keys, test) for test in ("text", "rendered"))
        held = {name: [self.outcomes.distances[key][at] for key in keys] for at, name in enumerate(ids)}
        distances = {name: fmean(known) for name, known in held.items() if None not in known}
        return product.drop_by_distance(text, page, distances, count)


def summarise(runs: Sequence[Mapping[str, Any]], outcomes: Outcomes) -> Summary:
    """Put the runs of each arm together."""
    arms = dict.fromkeys(run["arm"] for run in runs)
    return Summary({arm: _arm(arm, runs, outcomes) for arm in arms}, runs, outcomes)


def _arm(arm: str, runs: Sequence[Mapping[str, Any]], outcomes: Outcomes) -> ArmSummary:
    own = [run for run in runs if run["arm"] == arm]
    drops = [run["drop"] for run in own]
    keys = [key_of(run) for run in own]
    overall = product.sensitivity(outcomes.mean_over(keys, "text"), outcomes.mean_over(keys, "rendered")).overall
    return ArmSummary(
        arm=arm,
        runs=len(own),
        accuracy={test: fmean(run["accuracy"][test] for run in own) for test in own[0]["accuracy"]},
        drop=100 * overall.drop,
        low=100 * overall.low,
        high=100 * overall.high,
        spread=stdev(drops) if len(drops) > 1 else 0.0,
        against=None if arm in ("standard", "base") else _difference(keys, "standard", outcomes),
        agreement=_mean(run.get("agreement", {}).get("rendered") for run in own),
        distance=_mean(run.get("distance") for run in own),
        mir=_mean(run.get("mir") for run in own),
        homogenisation=_mean((run.get("homogenisation") or [None])[-1] for run in own),
        step_seconds=_mean(run.get("step_seconds") for run in own),
        megabytes=_mean(run.get("megabytes") for run in own),
        sensitivity=overall,
    )


def _mean(values: Any) -> float | None:
    held = [value for value in values if value is not None]
    return fmean(held) if held else None


def _difference(keys: Sequence[RunKey], other: str, outcomes: Outcomes) -> Difference | None:
    """Over the bases and seeds that both arms have, on the same questions; None where there are none."""
    pairs = _paired(keys, other, outcomes)
    if not pairs:
        return None
    own, others = [key for key, _ in pairs], [beside for _, beside in pairs]
    return product.difference_of_drops(
        *(outcomes.mean_over(which, test) for which in (own, others) for test in ("text", "rendered"))
    )


def _paired(keys: Sequence[RunKey], other: str, outcomes: Outcomes) -> list[tuple[RunKey, RunKey]]:
    pairs = [(key, RunKey(other, key.base, key.seed)) for key in keys if key.arm != other]
    return [(key, beside) for key, beside in pairs if beside in outcomes.correct]
