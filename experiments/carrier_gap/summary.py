"""What the runs of each arm say together: means over runs, intervals over questions, the spread over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from experiments.carrier_gap import product
from experiments.carrier_gap.counts import mean_interval
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
        sensitivity: As `lomo_hf.evaluation` reports it; None where only counts are left.
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
    """All arms of a result file, in their order there; `base` is the model before SFT.

    Attributes:
        outcomes: Which questions were right; None where only counts are left.
    """

    arms: Mapping[str, ArmSummary]
    runs: Sequence[Mapping[str, Any]]
    outcomes: Outcomes | None

    def keys(self, arm: str) -> list[RunKey]:
        """The runs of an arm."""
        return [key_of(run) for run in self.runs if run["arm"] == arm]

    def difference(self, arm: str, other: str) -> Difference | None:
        """One arm's drop minus another's, over the bases and seeds that both have."""
        return _difference(self.runs, self.outcomes, arm, other)

    def bins(self, arm: str, count: int = 5) -> Any:
        """Figure 1b of an arm: the drop by pairwise distance, of all its runs' questions."""
        assert self.outcomes is not None
        text: dict[str, Any] = {}
        page: dict[str, Any] = {}
        distances: dict[str, float] = {}
        for key in self.keys(arm):
            for held, test in ((text, "text"), (page, "rendered")):
                held.update({f"{key} {name}": one for name, one in self.outcomes.of(key, test).items()})
            ids = self.outcomes.ids["rendered"]
            known = zip(ids, self.outcomes.distances[key], strict=True)
            distances.update({f"{key} {name}": at for name, at in known if at is not None})
        return product.drop_by_distance(text, page, distances, count)


def summarise(runs: Sequence[Mapping[str, Any]], outcomes: Outcomes | None) -> Summary:
    """Put the runs of each arm together."""
    arms = dict.fromkeys(run["arm"] for run in runs)
    return Summary({arm: _arm(arm, runs, outcomes) for arm in arms}, runs, outcomes)


def _arm(arm: str, runs: Sequence[Mapping[str, Any]], outcomes: Outcomes | None) -> ArmSummary:
    own = [run for run in runs if run["arm"] == arm]
    drops = [run["drop"] for run in own]
    if outcomes is None:
        overall = None
        drop, wide = mean_interval(own)
        low, high = drop - wide, drop + wide
    else:
        keys = [key_of(run) for run in own]
        overall = product.sensitivity(outcomes.mean_over(keys, "text"), outcomes.mean_over(keys, "rendered")).overall
        drop, low, high = 100 * overall.drop, 100 * overall.low, 100 * overall.high
    return ArmSummary(
        arm=arm,
        runs=len(own),
        accuracy={test: fmean(run["accuracy"][test] for run in own) for test in own[0]["accuracy"]},
        drop=drop,
        low=low,
        high=high,
        spread=stdev(drops) if len(drops) > 1 else 0.0,
        against=None if arm in ("standard", "base") else _difference(runs, outcomes, arm, "standard"),
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


def _difference(
    runs: Sequence[Mapping[str, Any]], outcomes: Outcomes | None, arm: str, other: str
) -> Difference | None:
    """Over questions; with counts alone, as if the two arms had been asked different questions."""
    by_key = {key_of(run): run for run in runs}
    pairs = [(key, RunKey(other, key.base, key.seed)) for key in by_key if key.arm == arm]
    pairs = [(key, beside) for key, beside in pairs if beside in by_key]
    if not pairs or arm == other:
        return None
    own, others = [key for key, _ in pairs], [beside for _, beside in pairs]
    if outcomes is not None:
        return product.difference_of_drops(
            *(outcomes.mean_over(which, test) for which in (own, others) for test in ("text", "rendered"))
        )
    (first, wide), (second, wider) = (mean_interval([by_key[key] for key in keys]) for keys in (own, others))
    reach = (wide**2 + wider**2) ** 0.5
    return first - second, first - second - reach, first - second + reach
