"""The stage `arms`: from each base, every arm is trained on its own rows, all arms of a seed in lockstep.

Half of a step's rows are text (plain, or as a recipe made them), half multimodal and equal in all arms. The tower
stays frozen, projector and decoder are trained, and the loss counts answers alone, as in the paper.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap.examining import Exam, examine, reading_errors
from experiments.carrier_gap.features import Features, multimodal_rows, open_pages, read_pages
from experiments.carrier_gap.model import Decoder, Inputs, Shape
from experiments.carrier_gap.optimizers import clip_each_run, scheduled
from experiments.carrier_gap.running import Run, describe_machine, load_base
from experiments.carrier_gap.sequences import Place, Rows, answer_tokens, stack_runs, token_row
from experiments.carrier_gap.vocabulary import PADDING

__all__ = ["Ground", "read_runs", "train_arms"]

_WARM_UP, _PROBE = 20, 8
_PARTS = 3  # a step's rows go through the model in parts of about equal length
_RESERVE = 0.3  # of a group's time is for its tests


@dataclass(frozen=True)
class Ground:
    """What all arms of one base stand on: its weights, the features of every page, rows and tests."""

    base: int
    decoder: Decoder
    shape: Shape
    features: Tensor
    pages: dict[int, Place]
    rows: dict[str, Rows]
    text_rows: int
    exam: Exam
    record: dict[str, Any]


def train_arms(
    run: Run, bases: Sequence[Path], arms: Sequence[str], seeds: Sequence[int], *, steps: int | None = None
) -> None:
    """Train and test what fits into the budget; every finished group of runs is a line or more in runs.jsonl.

    Runs that the file holds already are not run again, and give the number of steps.

    Args:
        bases: Their files.
        arms: Names of arms of the folder.
        seeds: Of the order of rows; all arms of a seed see the same rows in the same order.
        steps: Of SFT; by default what the budget has room for.
    """
    path = run.out / "runs.jsonl"
    _drop_cut_line(path)
    done = {(one["base"], one["seed"], one["arm"]) for one in read_runs(path)}
    steps = steps or next((one["steps"] for one in read_runs(path) if one["arm"] != "base"), None)
    grounds = [prepare_ground(run, file, arms) for file in bases]
    groups = [
        (seed, ground, missing)
        for seed in seeds
        for ground in grounds
        if (missing := [arm for arm in arms if (ground.base, seed, arm) not in done])
    ]
    for ground in grounds:
        if (ground.base, 0, "base") not in done:
            found = examine(run, ground.decoder, ground.features, ground.exam)
            found[0]["reading_errors"] = reading_errors(run, ground.decoder, ground.features, ground.exam)
            _write(path, run, ground, found, ["base"], 0, 0, {})
    if groups and steps is None:
        steps = _steps_that_fit(run, groups[0][1], groups[0][2], len(groups))
    longest = 0.0
    for seed, ground, missing in groups:
        if run.clock.left < 1.1 * longest:
            run.log("left out", base=ground.base, seed=seed, arms=missing)
            continue
        began = time.monotonic()
        assert steps is not None
        decoder = ground.decoder.copies(ground.shape, len(missing))
        curve: dict[int, list[dict[str, float]]] = {}

        def measure(step: int, decoder: Decoder = decoder, ground: Ground = ground, curve: Any = curve) -> None:
            curve[step] = ground.exam.glance(run, decoder, ground.features)

        losses = fine_tune(run, ground, decoder, missing, seed, steps, measure)
        more = {"losses": losses, "curve": curve, "sft_seconds": round(time.monotonic() - began, 2)}
        _write(path, run, ground, examine(run, decoder, ground.features, ground.exam), missing, seed, steps, more)
        longest = max(longest, time.monotonic() - began)


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


def prepare_ground(run: Run, file: Path, arms: Sequence[str]) -> Ground:
    """Load a base, show the tower all pages, make the rows of every arm and test."""
    began = time.monotonic()
    tower, decoder, shape, record = load_base(run, file)
    folder, features = run.folder, Features()
    prompts = {arm: folder.train(arm) for arm in arms}
    tests = {name: folder.test(name) for name in folder.tests}
    shown = [parts for rows in prompts.values() for parts, _ in rows]
    shown += [parts for rows in tests.values() for _, parts in rows]
    numbers = {part for parts in shown for part in parts if isinstance(part, int)}
    both = multimodal_rows(run, tower, features)
    pages = read_pages(run, tower, open_pages(folder, numbers), features)
    rows = {
        arm: Rows([token_row(parts, answer, pages, folder.vocabulary) for parts, answer in own] + both, run.device)
        for arm, own in prompts.items()
    }
    exam = Exam.of(run, tests, pages)
    text_rows = len(next(iter(prompts.values())))
    run.log("ground", base=record["number"], pages=len(pages), rows=text_rows, multimodal=len(both),
            lengths={arm: round(float(own.lengths[:text_rows].mean()), 1) for arm, own in rows.items()},
            took=time.monotonic() - began)  # fmt: skip
    return Ground(record["number"], decoder, shape, features.joined(), pages, rows, text_rows, exam, record)


def fine_tune(
    run: Run,
    ground: Ground,
    decoder: Decoder,
    arms: Sequence[str],
    seed: int,
    steps: int,
    measure: Callable[[int], None] | None = None,
) -> list[list[float]]:
    """Train a stack of models, one for each arm.

    Returns:
        The mean loss of each tenth of the steps, for each arm.
    """
    parameters = list(decoder.parameters())
    adam = torch.optim.AdamW(parameters, lr=run.settings.sft_rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    stops = {max(1, round(share * steps)) for share in run.settings.curve}
    held: list[Tensor] = []
    for step, index in enumerate(_orders(ground, run.settings.half, seed, steps)):
        pace = min(1.0, (step + 1) / _WARM_UP) * max(0.02, 0.5 + 0.5 * math.cos(math.pi * step / steps))
        scheduled(adam, run.settings.sft_rate * pace)
        total = torch.zeros(len(arms), device=run.device)
        for part in _by_length([ground.rows[arm] for arm in arms], index):
            inputs = stack_runs([ground.rows[arm] for arm in arms], np.tile(part, (len(arms), 1)))
            losses = answer_losses(run, decoder, inputs, ground.features) / len(index)
            losses.sum().backward()
            total += losses.detach()
        clip_each_run(parameters)
        adam.step()
        decoder.zero_grad(set_to_none=True)
        held.append(total)
        if measure is not None and step + 1 in stops:
            measure(step + 1)
    run.wait()
    tenths = np.array_split(torch.stack(held).cpu().numpy(), min(10, len(held)))
    means: list[list[float]] = np.round([tenth.mean(axis=0) for tenth in tenths], 4).T.tolist()
    return means


def answer_losses(run: Run, decoder: Decoder, inputs: Inputs, features: Tensor) -> Tensor:
    """The sum over rows of the mean loss of a row's answer tokens, for each run."""
    with run.half():
        logits = decoder.logits(decoder(inputs, features).flatten(1, 2))
    following = F.pad(inputs.ids[..., 1:], (0, 1), value=PADDING)
    wanted = F.pad(answer_tokens(inputs.ids), (0, 1))
    each = F.cross_entropy(logits.float().flatten(0, 1), following.flatten(), reduction="none").view_as(wanted)
    return ((each * wanted).sum(-1) / wanted.sum(-1)).sum(-1)


def _orders(ground: Ground, half: int, seed: int, steps: int) -> Iterator[NDArray[np.int64]]:
    """The rows of every step, half text and half multimodal; each side is gone through before it begins anew."""
    draw = np.random.default_rng(seed)
    total = len(next(iter(ground.rows.values())))
    sides = [np.arange(ground.text_rows), np.arange(ground.text_rows, total)]
    queues: list[list[int]] = [[], []]
    for _ in range(steps):
        chosen = []
        for side, queue in zip(sides, queues, strict=True):
            while len(queue) < half:
                queue += draw.permutation(side).tolist()
            chosen += queue[:half]
            del queue[:half]
        yield np.array(chosen)


def _by_length(sources: Sequence[Rows], index: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """A step's rows in parts, short ones first; the length of a row is that of its longest arm."""
    lengths = np.max([source.lengths[index] for source in sources], axis=0)
    return np.array_split(index[np.argsort(lengths, kind="stable")], min(_PARTS, len(index)))


def _steps_that_fit(run: Run, ground: Ground, arms: Sequence[str], groups: int) -> int:
    """How many steps every group can take: some are tried, and thrown away."""
    decoder = ground.decoder.copies(ground.shape, len(arms))
    fine_tune(run, ground, decoder, arms, 10**6, _PROBE // 2)
    began = time.monotonic()
    fine_tune(run, ground, decoder, arms, 10**6 + 1, _PROBE)
    pace = (time.monotonic() - began) / _PROBE
    steps = max(4, int(run.clock.left * (1 - _RESERVE) / groups / pace))
    run.log("pace", seconds_a_step=pace, groups=groups, steps=steps)
    return steps


def _write(
    path: Path, run: Run, ground: Ground, found: list[dict[str, Any]], arms: Sequence[str], seed: int, steps: int,
    more: dict[str, Any],
) -> None:  # fmt: skip
    """One line for each run, flushed to the disk."""
    about = {
        **describe_machine(),
        "rows": ground.text_rows,
        "base_steps": ground.record["steps"],
        "parameters": ground.record["parameters"],
    }
    with path.open("a", encoding="utf-8") as stream:
        for at, (arm, outcome) in enumerate(zip(arms, found, strict=True)):
            own = {"arm": arm, "base": ground.base, "seed": seed, "steps": steps, **about}
            if more:
                own |= {"loss": more["losses"][at], "sft_seconds": more["sft_seconds"]}
                own["curve"] = [{"step": step, **values[at]} for step, values in more["curve"].items()]
            stream.write(json.dumps(own | outcome) + "\n")
    for arm, outcome in zip(arms, found, strict=True):
        shown = {name: round(100 * float(np.mean(held["correct"])), 1) for name, held in outcome["tests"].items()}
        run.log("run", arm=arm, base=ground.base, seed=seed, steps=steps, **shown, mir=outcome["mir"])
