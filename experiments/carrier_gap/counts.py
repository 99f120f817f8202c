"""Results of which only a log is left: how many answers were right in each run and test, and not which.

A log gives accuracy to a tenth of a percent, which is one whole number of the test's questions. What a drop's interval
over questions is depends on which questions were right under both carriers; the widest that the counts allow is given.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.carrier_gap.records import RESULTS

__all__ = ["counted", "drop_variance", "mean_interval", "read_log", "save_counts"]

_Z = 1.959964  # of the normal distribution: 95 %


def counted(accuracy: float, questions: int) -> int:
    """How many were right, from a share in percent with one decimal.

    >>> counted(7.3, 600)
    44
    """
    right = round(accuracy * questions / 100)
    if round(100 * right / questions, 1) != accuracy:
        raise ValueError(f"accuracy must be a share of {questions} questions; found {accuracy} %.")
    return right


def drop_variance(text: float, page: float, questions: int) -> float:
    """The largest variance of a drop over questions that shares of right answers allow.

    A question's drop is 1, 0 or -1. Its variance is text + page - 2 both - (text - page)^2, with `both` the share of
    questions that are right under both carriers, which is text + page - 1 or 0 at the least.

    Args:
        text, page: Shares, from 0 to 1.

    >>> drop_variance(0.5, 0.0, 100), drop_variance(1.0, 0.0, 100)
    (0.0025, 0.0)
    """
    both = max(0.0, text + page - 1)
    return (text + page - 2 * both - (text - page) ** 2) / questions


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("{")]


def save_counts(
    name: str,
    lines: Iterable[Mapping[str, Any]],
    questions: Mapping[str, int],
    about: Mapping[str, Any],
    to: Path = RESULTS,
) -> Path:
    """Write a result file from the lines of a log, one object for each run.

    Args:
        questions: Test -> how many it asks.
        about: Stored with every run: size, versions, rows.
    """
    found: list[dict[str, Any]] = []
    machine: Mapping[str, Any] = {}
    bases: dict[int, Mapping[str, Any]] = {}
    for line in lines:
        if line["what"] == "start":
            machine = {key: line[key] for key in ("machine", "torch", "python")}
        elif line["what"] == "base saved":
            bases[line["number"]] = {"base_steps": line["steps"], "parameters": line["parameters"]}
        elif line["what"] == "run":
            found.append(_result(line, questions) | bases[line["base"]] | dict(about) | dict(machine))
    path = to / f"{name}.json"
    path.write_text("[\n" + ",\n".join(json.dumps(one) for one in found) + "\n]\n", encoding="utf-8")
    return path


def _result(line: Mapping[str, Any], questions: Mapping[str, int]) -> dict[str, Any]:
    right = {test: counted(line[test], count) for test, count in questions.items()}
    share = {test: count / questions[test] for test, count in right.items()}
    drop = share["text"] - share["rendered"]
    wide = _Z * drop_variance(share["text"], share["rendered"], questions["rendered"]) ** 0.5
    return {
        **{key: line[key] for key in ("arm", "base", "seed", "steps")},
        "right": right,
        "questions": dict(questions),
        "accuracy": {test: round(100 * one, 2) for test, one in share.items()},
        "drop": round(100 * drop, 2),
        "drop_interval": [round(100 * (drop - wide), 2), round(100 * (drop + wide), 2)],
        "distance": None,
        "mir": line["mir"],
    }


def mean_interval(runs: Sequence[Mapping[str, Any]], z: float = _Z) -> tuple[float, float]:
    """The mean drop of several runs on the same questions and how far its interval reaches to each side, in points.

    The mean of a question's drops varies no more than single ones do, so the mean of their variances bounds it.
    """
    drops = [run["drop"] for run in runs]
    variances = [
        drop_variance(*(run["right"][test] / run["questions"][test] for test in ("text", "rendered")),
                      run["questions"]["rendered"])
        for run in runs
    ]  # fmt: skip
    return sum(drops) / len(drops), 100 * z * (sum(variances) / len(variances)) ** 0.5
