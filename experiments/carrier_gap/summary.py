"""What the runs of each arm say together: means over runs, intervals over questions, the spread over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from experiments.carrier_gap import product
from experiments.carrier_gap.records import Outcomes, RunKey, key_of

__all__ = ["ArmSummary", "Summary", "summarise"]


@dataclass(frozen=True)
class ArmSummary:
    """One arm over its runs; percent and points.

    Attributes:
        runs: How many.
        accuracy: Test -> mean.
        drop, low, high: Of rendered against text: the mean over runs and its interval over questions.
        least, most, spread: Of the drops of single runs: smallest, largest, standard deviation (0 for one run).
        against: Drop minus the drop of `standard` on the same questions, bases and seeds, with its interval; None for
            `standard` itself and where no run of it is paired.
        agreement, distance, mir: Means over runs.
    """

    arm: str
    runs: int
    accuracy: Mapping[str, float]
    drop: float
    low: float
    high: float
    least: float
    most: float
    spread: float
    against: tuple[float, float, float] | None
    agreement: float
    distance: float
    mir: float
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

    def bins(self, arm: str, count: int = 5) -> Any:
        """Figure 1b of an arm: the drop by pairwise distance, of all its runs' questions."""
        text: dict[str, Any] = {}
        page: dict[str, Any] = {}
        distances: dict[str, float] = {}
        for key in self.keys(arm):
            for held, test in ((text, "text"), (page, "rendered")):
                held.update({f"{key} {name}": one for name, one in self.outcomes.of(key, test).items()})
            ids = self.outcomes.ids["rendered"]
            distances.update({f"{key} {name}": at for name, at in zip(ids, self.outcomes.distances[key], strict=True)})
        return product.drop_by_distance(text, page, distances, count)


def summarise(runs: Sequence[Mapping[str, Any]], outcomes: Outcomes) -> Summary:
    """Put the runs of each arm together."""
    arms = dict.fromkeys(run["arm"] for run in runs)
    return Summary({arm: _arm(arm, runs, outcomes) for arm in arms}, runs, outcomes)


def _arm(arm: str, runs: Sequence[Mapping[str, Any]], outcomes: Outcomes) -> ArmSummary:
    own = [run for run in runs if run["arm"] == arm]
    keys = [key_of(run) for run in own]
    overall = product.sensitivity(outcomes.mean_over(keys, "text"), outcomes.mean_over(keys, "rendered")).overall
    drops = [run["drop"] for run in own]
    return ArmSummary(
        arm=arm,
        runs=len(own),
        accuracy={test: fmean(run["accuracy"][test] for run in own) for test in own[0]["accuracy"]},
        drop=100 * overall.drop,
        low=100 * overall.low,
        high=100 * overall.high,
        least=min(drops),
        most=max(drops),
        spread=stdev(drops) if len(drops) > 1 else 0.0,
        against=_against_standard(arm, keys, outcomes),
        agreement=fmean(run["agreement"]["rendered"] for run in own),
        distance=fmean(run["distance"] for run in own),
        mir=fmean(run["mir"] for run in own),
        sensitivity=overall,
    )


def _against_standard(arm: str, keys: Sequence[RunKey], outcomes: Outcomes) -> tuple[float, float, float] | None:
    pairs = [(key, RunKey("standard", key.base, key.seed)) for key in keys]
    pairs = [(key, other) for key, other in pairs if other in outcomes.correct]
    if arm in ("standard", "base") or not pairs:
        return None
    own, standard = [key for key, _ in pairs], [other for _, other in pairs]
    return product.difference_of_drops(
        *(outcomes.mean_over(which, test) for which in (own, standard) for test in ("text", "rendered"))
    )
