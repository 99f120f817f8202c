"""SFT: a stack of models, one for each arm, takes equal steps over the same rows in the same order.

Half of a step's rows are text (plain, or as a recipe made them), half multimodal and equal in all arms. The tower
stays frozen, projector and decoder are trained, and the loss counts answers alone, as in the paper.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap.answering import answer_losses
from experiments.carrier_gap.ground import Ground
from experiments.carrier_gap.methods import method_of
from experiments.carrier_gap.methods.masked import MaskedLosses
from experiments.carrier_gap.methods.paired import PairedLosses
from experiments.carrier_gap.methods.recipes import version_at
from experiments.carrier_gap.model import Decoder
from experiments.carrier_gap.optimizers import clip_each_run, scheduled
from experiments.carrier_gap.running import Run
from experiments.carrier_gap.sequences import Rows

__all__ = ["Trained", "fine_tune"]

_WARM_UP = 20
_PARTS = 4  # a step's rows go through the model in parts of about equal length
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Trained:
    """What a training left behind, beside the weights.

    Attributes:
        losses: The mean loss of each tenth of the steps, for each arm.
        step_seconds: Of one step of one arm, as its share of all that were trained side by side; without tests.
        megabytes: The most memory on a GPU that one arm took, as such a share; None on a CPU.
    """

    losses: list[list[float]]
    step_seconds: float
    megabytes: float | None


class Losses(Protocol):
    """What an arm is trained on."""

    def of(self, index: Index) -> Tensor:
        """The sum over rows of each run's loss, (runs,), for rows of an index (runs, rows)."""

    def parameters(self) -> list[Tensor]:
        """What is trained beside projector and decoder."""

    def after(self, share: float) -> None:
        """After each step; `share` of the steps are done."""


class AnswerLosses:
    """The loss of the answers alone."""

    def __init__(self, run: Run, ground: Ground, decoder: Decoder, arms: Sequence[str]) -> None:
        self._run, self._decoder, self._features = run, decoder, ground.features
        self._sources = [ground.rows[arm] for arm in arms]

    def of(self, index: Index) -> Tensor:
        """As `Losses` has it."""
        return answer_losses(self._run, self._decoder, self._sources, index, self._features)

    def parameters(self) -> list[Tensor]:
        """None."""
        return []

    def after(self, share: float) -> None:
        """Nothing."""


def fine_tune(
    run: Run,
    ground: Ground,
    decoder: Decoder,
    arms: Sequence[str],
    seed: int,
    steps: int,
    measure: Callable[[int], None] | None = None,
) -> Trained:
    """Train a stack of models in place, one for each arm; all arms have the same loss.

    Args:
        measure: Called with the number of the step at the shares of `Settings.curve`.
    """
    allocated = _peak_from_now(run)
    losses = _losses(run, ground, decoder, arms, seed)
    parameters = [*decoder.parameters(), *losses.parameters()]
    adam = torch.optim.AdamW(parameters, lr=run.settings.sft_rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    stops = {max(1, round(share * steps)) for share in run.settings.curve}
    held: list[Tensor] = []
    run.wait()
    began, tested = time.monotonic(), 0.0
    for step, (index, passes) in enumerate(_orders(ground, run.settings.half, seed, steps)):
        pace = min(1.0, (step + 1) / _WARM_UP) * max(0.02, 0.5 + 0.5 * math.cos(math.pi * step / steps))
        scheduled(adam, run.settings.sft_rate * pace)
        total = torch.zeros(len(arms), device=run.device)
        own = np.stack([_versions(ground, arm, index, passes, step / steps) for arm in arms])
        for part in _by_length([ground.rows[arm] for arm in arms], own):
            each = losses.of(own[:, part]) / len(index)
            each.sum().backward()
            total += each.detach()
        clip_each_run(parameters)
        adam.step()
        adam.zero_grad(set_to_none=True)
        losses.after((step + 1) / steps)
        held.append(total)
        if measure is not None and step + 1 in stops:
            run.wait()
            paused = time.monotonic()
            measure(step + 1)
            tested += time.monotonic() - paused
    run.wait()
    seconds = (time.monotonic() - began - tested) / steps / len(arms)
    tenths = np.array_split(torch.stack(held).cpu().numpy(), min(10, len(held)))
    means: list[list[float]] = np.round([tenth.mean(axis=0) for tenth in tenths], 4).T.tolist()
    return Trained(means, seconds, _peak_since(run, allocated, len(arms)))


def _losses(run: Run, ground: Ground, decoder: Decoder, arms: Sequence[str], seed: int) -> Losses:
    kinds = {method_of(arm).loss for arm in arms}
    if len(kinds) > 1:
        raise ValueError(f"arms that are trained side by side must have one loss; found {sorted(kinds)}.")
    if kinds == {"paired"}:
        return PairedLosses(run, ground, decoder, arms)
    if kinds == {"masked"}:
        return MaskedLosses(run, ground, decoder, arms, seed)
    return AnswerLosses(run, ground, decoder, arms)


def _versions(ground: Ground, arm: str, index: Index, passes: int, share: float) -> Index:
    """A step's rows among those of an arm: text rows in the version that its schedule shows."""
    shown = version_at(method_of(arm).schedule, index, passes, share) * (index < ground.text_rows)
    return index + ground.all_rows * shown


def _orders(ground: Ground, half: int, seed: int, steps: int) -> Iterator[tuple[Index, int]]:
    """The rows of every step, half text and half multimodal, and the passes over the text rows that are finished.

    Each side is gone through before it begins anew.
    """
    draw = np.random.default_rng(seed)
    sides = [np.arange(ground.text_rows), np.arange(ground.text_rows, ground.all_rows)]
    queues: list[list[int]] = [[], []]
    for step in range(steps):
        chosen = []
        for side, queue in zip(sides, queues, strict=True):
            while len(queue) < half:
                queue += draw.permutation(side).tolist()
            chosen += queue[:half]
            del queue[:half]
        yield np.array(chosen), step * half // ground.text_rows


def _by_length(sources: Sequence[Rows], own: Index) -> list[Index]:
    """Places in a step's rows (runs, rows) in parts, short ones first; a row is as long as in its longest arm."""
    lengths = np.max([source.lengths[index] for source, index in zip(sources, own, strict=True)], axis=0)
    return np.array_split(np.argsort(lengths, kind="stable"), min(_PARTS, own.shape[1]))


def _peak_from_now(run: Run) -> int:
    if run.device.type != "cuda":
        return 0
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated()


def _peak_since(run: Run, allocated: int, runs: int) -> float | None:
    if run.device.type != "cuda":
        return None
    return round((torch.cuda.max_memory_allocated() - allocated) / runs / 1e6, 1)
