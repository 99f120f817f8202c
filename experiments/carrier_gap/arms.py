"""The stage `arms`: from each base, every arm is trained on its own rows and tested, in groups side by side."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments.carrier_gap.examining import examine, reading_errors
from experiments.carrier_gap.ground import Ground, prepare_ground
from experiments.carrier_gap.methods import groups, method_of
from experiments.carrier_gap.methods.revision import stage_one
from experiments.carrier_gap.model import Decoder
from experiments.carrier_gap.running import Run, describe_machine
from experiments.carrier_gap.tuning import fine_tune

__all__ = ["read_runs", "train_arms"]

_PROBE = 8
_RESERVE = 0.3  # of a group's time is for its tests


def train_arms(
    run: Run,
    bases: Sequence[Path],
    arms: Sequence[str],
    seeds: Sequence[int],
    *,
    steps: int | None = None,
    together: int | None = None,
) -> None:
    """Train and test what fits into the budget; every finished group of runs is a line or more in runs.jsonl.

    Runs that the file holds already are not run again, and give the number of steps.

    Args:
        bases: Their files.
        arms: Names of arms of the folder, and of `METHODS`; those of one loss are trained side by side.
        seeds: Of the order of rows; all arms of a seed see the same rows in the same order.
        steps: Of SFT; by default what the budget has room for.
        together: How many arms are trained side by side at most; by default all that have one loss.
    """
    path = run.out / "runs.jsonl"
    _drop_cut_line(path)
    done = {(record["base"], record["seed"], record["arm"]) for record in read_runs(path)}
    steps = steps or next((record["steps"] for record in read_runs(path) if record["arm"] != "base"), None)
    grounds = [prepare_ground(run, file, arms) for file in bases]
    wanted = [
        (seed, ground, missing)
        for beside in groups(arms, together)
        for seed in seeds
        for ground in grounds
        if (missing := [arm for arm in beside if (ground.base, seed, arm) not in done])
    ]
    for ground in grounds:
        if (ground.base, 0, "base") not in done:
            outcomes = examine(run, ground.decoder, ground.features, ground.exam)
            outcomes[0]["reading_errors"] = reading_errors(run, ground.decoder, ground.features, ground.exam)
            _write(path, run, ground, outcomes, ["base"], 0, 0, {})
    if wanted and steps is None:
        steps = _steps_that_fit(run, wanted)
    longest: dict[str, float] = {}
    for seed, ground, missing in wanted:
        kind = method_of(missing[0]).loss
        if run.clock.left < 1.1 * longest.get(kind, 0.0):
            run.log("left out", base=ground.base, seed=seed, arms=missing)
            continue
        began = time.monotonic()
        assert steps is not None
        _train_group(run, path, ground, missing, seed, steps)
        longest[kind] = max(longest.get(kind, 0.0), time.monotonic() - began)


def read_runs(path: Path) -> list[dict[str, Any]]:
    """The runs of a file; a last line that was cut off is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _drop_cut_line(path: Path) -> None:
    """What a killed process left of a line must not stand before the next one."""
    if path.exists():
        data = path.read_bytes()
        path.write_bytes(data[: data.rfind(b"\n") + 1])


def _train_group(run: Run, path: Path, ground: Ground, arms: Sequence[str], seed: int, steps: int) -> None:
    """Train arms of one loss side by side, test them, write them down."""
    decoder = _beginning(run, ground, arms, seed, steps)
    curve: dict[int, list[dict[str, float]]] = {}

    def measure(step: int) -> None:
        curve[step] = ground.exam.glance(run, decoder, ground.features)

    trained = fine_tune(run, ground, decoder, arms, seed, steps, measure)
    more = {
        "losses": trained.losses,
        "curve": curve,
        "step_seconds": round(trained.step_seconds, 5),
        "megabytes": trained.megabytes,
        "together": len(arms),
    }
    _write(path, run, ground, examine(run, decoder, ground.features, ground.exam), arms, seed, steps, more)


def _beginning(run: Run, ground: Ground, arms: Sequence[str], seed: int, steps: int) -> Decoder:
    """A copy of the base for each arm, with another projector where the arm begins from one."""
    decoder = ground.decoder.copies(ground.shape, len(arms))
    decoder.full_image_attention = method_of(arms[0]).loss == "masked"
    kinds = {at: method_of(arm).projector for at, arm in enumerate(arms) if method_of(arm).projector != "base"}
    if kinds:
        projectors = stage_one(run, ground, seed, max(1, steps // 2))
        with torch.no_grad():
            for at, kind in kinds.items():
                for own, other in zip(decoder.projector.parameters(), projectors[kind], strict=True):
                    own[at : at + 1].copy_(other)
    return decoder


def _steps_that_fit(run: Run, wanted: Sequence[tuple[int, Ground, list[str]]]) -> int:
    """How many steps every group can take: some of each loss are tried, and thrown away."""
    paces: dict[tuple[str, ...], float] = {}
    for _, ground, arms in wanted:
        if tuple(arms) not in paces:
            for seed, steps in ((10**6, _PROBE // 2), (10**6 + 1, _PROBE)):
                decoder = _beginning(run, ground, arms, seed, 2)
                paces[tuple(arms)] = fine_tune(run, ground, decoder, arms, seed, steps).step_seconds * len(arms)
    total = sum(paces[tuple(arms)] for _, _, arms in wanted)
    steps = max(4, int(run.clock.left * (1 - _RESERVE) / total))
    run.log("pace", seconds_a_step=[round(pace, 4) for pace in paces.values()], groups=len(wanted), steps=steps)
    return steps


def _write(
    path: Path, run: Run, ground: Ground, outcomes: list[dict[str, Any]], arms: Sequence[str], seed: int, steps: int,
    more: dict[str, Any],
) -> None:  # fmt: skip
    """One line for each run, flushed to the disk."""
    about = {
        **describe_machine(),
        "rows": ground.text_rows,
        "half": run.settings.half,
        "base_steps": ground.record["steps"],
        "parameters": ground.record["parameters"],
    }
    with path.open("a", encoding="utf-8") as stream:
        for at, (arm, outcome) in enumerate(zip(arms, outcomes, strict=True)):
            own = {"arm": arm, "base": ground.base, "seed": seed, "steps": steps, **about}
            if more:
                own |= {"loss": more["losses"][at], **{name: more[name] for name in _SHARED}}
                own["curve"] = [{"step": step, **values[at]} for step, values in more["curve"].items()]
            stream.write(json.dumps(own | outcome) + "\n")
    for arm, outcome in zip(arms, outcomes, strict=True):
        shown = {name: round(100 * float(np.mean(held["correct"])), 1) for name, held in outcome["tests"].items()}
        run.log("run", arm=arm, base=ground.base, seed=seed, steps=steps, **shown, mir=outcome["mir"])


_SHARED = ("step_seconds", "megabytes", "together")
