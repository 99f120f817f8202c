"""From runs to results: one object for each run, small enough to be kept, and the outcomes behind it.

    results/NAME.json             a list of runs: arm, base, seed, steps, accuracy by test, drop, distance, ...
    results/outcomes/NAME.json    which question was answered rightly in which run, as strings of 0 and 1

Every figure is computed by `lomo_hf.evaluation` from the outcomes; `outcome_files` writes them as `lomo sensitivity`
reads them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from experiments.carrier_gap import product

__all__ = ["RESULTS", "Outcomes", "RunKey", "load_results", "outcome_files", "save_results"]

RESULTS = Path(__file__).parent / "results"
_OPTIONAL = ("half", "loss", "curve", "step_seconds", "megabytes", "together", "reading_errors")


@dataclass(frozen=True, order=True)
class RunKey:
    """Which run: its arm, its base and the seed of its order of rows."""

    arm: str
    base: int
    seed: int

    def __str__(self) -> str:
        return f"{self.arm}-{self.base}-{self.seed}"


@dataclass(frozen=True)
class Outcomes:
    """Right or wrong of every question in every run.

    Attributes:
        ids: Test -> ids of its questions.
        categories: id -> family.
        correct: Run -> test -> a string of 0 and 1, in the order of `ids`.
        distances: Run -> the pairwise distance of each question of `rendered`, in the order of `ids`.
    """

    ids: Mapping[str, Sequence[str]]
    categories: Mapping[str, str]
    correct: Mapping[RunKey, Mapping[str, str]]
    distances: Mapping[RunKey, Sequence[float]]

    def of(self, key: RunKey, test: str) -> dict[str, Any]:
        """One test of one run, for `lomo_hf.evaluation`."""
        ids = self.ids[test]
        return product.outcomes(
            ids, [int(right) for right in self.correct[key][test]], [self.categories[name] for name in ids]
        )

    def mean_over(self, keys: Sequence[RunKey], test: str) -> dict[str, Any]:
        """Each question's share of right answers over several runs, so that intervals are over questions."""
        ids = self.ids[test]
        shares = [fmean(int(self.correct[key][test][at]) for key in keys) for at in range(len(ids))]
        return product.outcomes(ids, shares, [self.categories[name] for name in ids])

    def to_dict(self) -> dict[str, Any]:
        """As it is stored."""
        runs = [
            {
                "arm": key.arm,
                "base": key.base,
                "seed": key.seed,
                "correct": dict(self.correct[key]),
                "distances": list(self.distances[key]),
            }
            for key in self.correct
        ]
        return {"ids": dict(self.ids), "categories": dict(self.categories), "runs": runs}

    @classmethod
    def from_dict(cls, held: Mapping[str, Any]) -> "Outcomes":
        """From what `to_dict` gave."""
        keys = [RunKey(run["arm"], run["base"], run["seed"]) for run in held["runs"]]
        return cls(
            held["ids"],
            held["categories"],
            {key: run["correct"] for key, run in zip(keys, held["runs"], strict=True)},
            {key: run["distances"] for key, run in zip(keys, held["runs"], strict=True)},
        )


def save_results(
    name: str,
    runs: Sequence[Mapping[str, Any]],
    categories: Mapping[str, str],
    about: Mapping[str, Any],
    to: Path = RESULTS,
) -> Path:
    """Write the results of the runs that a device brought back.

    Args:
        runs: Lines of runs.jsonl.
        categories: id -> family of every test question.
        about: Size and versions, stored with every run.

    Returns:
        The file of results.
    """
    outcomes = _outcomes(runs, categories)
    results = [_result(run, outcomes, about) for run in runs]
    (to / "outcomes").mkdir(parents=True, exist_ok=True)
    (to / "outcomes" / f"{name}.json").write_text(json.dumps(outcomes.to_dict(), indent=0) + "\n", encoding="utf-8")
    path = to / f"{name}.json"
    path.write_text("[\n" + ",\n".join(json.dumps(result) for result in results) + "\n]\n", encoding="utf-8")
    return path


def load_results(name: str, where: Path = RESULTS) -> tuple[list[dict[str, Any]], Outcomes]:
    """The runs and the outcomes of a result file."""
    runs: list[dict[str, Any]] = json.loads((where / f"{name}.json").read_text(encoding="utf-8"))
    held = json.loads((where / "outcomes" / f"{name}.json").read_text(encoding="utf-8"))
    return runs, Outcomes.from_dict(held)


def outcome_files(outcomes: Outcomes, to: Path) -> list[Path]:
    """One file for each run and test, which `lomo sensitivity` reads: ARM-BASE-SEED-TEST.jsonl."""
    to.mkdir(parents=True, exist_ok=True)
    written = []
    for key, tests in outcomes.correct.items():
        for test in tests:
            path = to / f"{key}-{test}.jsonl"
            lines = [
                json.dumps({"id": outcome.id, "correct": int(outcome.score), "category": outcome.category})
                for outcome in outcomes.of(key, test).values()
            ]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            written.append(path)
    return written


def key_of(run: Mapping[str, Any]) -> RunKey:
    """Of a run's object."""
    return RunKey(run["arm"], run["base"], run["seed"])


def _outcomes(runs: Iterable[Mapping[str, Any]], categories: Mapping[str, str]) -> Outcomes:
    ids: dict[str, list[str]] = {}
    correct, distances = {}, {}
    for run in runs:
        for test, held in run["tests"].items():
            if ids.setdefault(test, held["ids"]) != held["ids"]:
                raise ValueError(f"runs must be tested on the same questions; {key_of(run)} has others in {test}.")
        correct[key_of(run)] = {test: "".join(map(str, held["correct"])) for test, held in run["tests"].items()}
        distances[key_of(run)] = [run["distance"].get(name) for name in run["tests"]["rendered"]["ids"]]
    return Outcomes(ids, categories, correct, distances)


def _result(run: Mapping[str, Any], outcomes: Outcomes, about: Mapping[str, Any]) -> dict[str, Any]:
    """One run's object: percent and points, with one decimal more than a table shows."""
    key = key_of(run)
    text = outcomes.of(key, "text")
    reports = {test: product.sensitivity(text, outcomes.of(key, test)) for test in run["tests"] if test != "text"}
    reports = {test: report for test, report in reports.items() if not test.startswith("own")}
    rendered = reports["rendered"].overall
    accuracy = {
        test: round(100 * fmean(held["correct"]), 2)
        for test, held in run["tests"].items()
        if not test.startswith("own")
    }
    kept = {name: run[name] for name in ("arm", "base", "seed", "steps", "rows", "base_steps", "parameters")}
    return {
        **kept,
        "accuracy": accuracy,
        "drop": _points(rendered.drop),
        "drop_interval": [_points(rendered.low), _points(rendered.high)],
        "mcnemar_p": rendered.p_value,
        "drops": {test: _points(report.overall.drop) for test, report in reports.items()},
        "agreement": {test: _agreement(run, test) for test in run["tests"] if test not in ("text", "own_text")},
        "distance": round(fmean(run["distance"].values()), 5) if run["distance"] else None,
        "mir": run["mir"],
        "mir_by_layer": run["mir_by_layer"],
        "homogenisation": run.get("homogenisation"),
        "families": {
            category.name: [round(100 * category.standard, 1), round(100 * category.rendered, 1)]
            for category in reports["rendered"].categories
        },
        **{name: run[name] for name in _OPTIONAL if name in run},
        **about,
        **{name: run[name] for name in ("machine", "torch", "python")},
    }


def _agreement(run: Mapping[str, Any], test: str) -> float:
    """Mean of log p(a | x) - log p(a | T(x)) over the questions of a test: the loss that LoMo is said to press on."""
    standard = run["tests"]["own_text" if test.startswith("own") else "text"]
    shown = run["tests"][test]
    text = dict(zip(standard["ids"], standard["log_probability"], strict=True))
    return round(
        fmean(text[name] - likely for name, likely in zip(shown["ids"], shown["log_probability"], strict=True)), 4
    )


def _points(share: float) -> float:
    return round(100 * share, 2)
