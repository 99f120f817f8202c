"""LaVer's loss for several runs side by side: pages with masked tokens, seen by a student and, whole, by a teacher."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn as nn
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap.answering import logits_of, row_losses
from experiments.carrier_gap.ground import Ground
from experiments.carrier_gap.methods import method_of
from experiments.carrier_gap.methods.laver import (
    Masking,
    VisualHead,
    clipped_gram_loss,
    draw_masked,
    follow,
    masked_image_loss,
    ramp,
    replaced,
)
from experiments.carrier_gap.model import Decoder, Inputs, norm
from experiments.carrier_gap.running import Run
from experiments.carrier_gap.sequences import stack_runs
from experiments.carrier_gap.vocabulary import IMAGE

__all__ = ["MASKINGS", "MaskedLosses"]

MASKINGS = {"laver": Masking(), "none": Masking(ratio=0.0, image_weight=0.0, gram_weight=0.0)}


class MaskedLosses:
    """L = L_LM + w_MIM L_MIM + w_CGA L_CGA; L_MIM is a mean over masked tokens, L_CGA one over pairs of a page's."""

    def __init__(self, run: Run, ground: Ground, decoder: Decoder, arms: Sequence[str], seed: int) -> None:
        self._run, self._decoder, self._features = run, decoder, ground.features
        self._sources = [ground.rows[arm] for arm in arms]
        self._maskings = [MASKINGS[str(method_of(arm).variant)] for arm in arms]
        self._ratios = torch.tensor([masking.ratio for masking in self._maskings], device=run.device)[:, None, None]
        self._generator = torch.Generator(run.device).manual_seed(seed)
        width = decoder.embed.shape[2]
        torch.manual_seed(seed)
        with run.device:
            self._head, teacher_head = VisualHead(len(arms), width), VisualHead(len(arms), width)
            self._vector = nn.Parameter(0.02 * torch.randn(len(arms), 1, 1, width))
        teacher_head.load_state_dict(self._head.state_dict())
        self._teacher = decoder.copies(ground.shape, len(arms)).requires_grad_(False)
        self._teacher_head = teacher_head.requires_grad_(False)
        self._share = 0.0

    def of(self, index: NDArray[np.int64]) -> Tensor:
        """The sum over rows of the three losses, (runs,); those of pages count once for each row."""
        inputs = stack_runs(self._sources, index)
        image = inputs.ids == IMAGE
        masked = draw_masked(image, self._ratios * ramp(self._share), self._generator)
        output, student = self._seen(self._decoder, self._head, inputs, masked)
        losses = row_losses(logits_of(self._run, self._decoder, output), inputs.ids)
        with torch.no_grad():
            _, teacher = self._seen(self._teacher, self._teacher_head, inputs, None)
        added = [
            _visual(student[own], teacher[own], masked[own], image[own], masking)
            for own, masking in enumerate(self._maskings)
        ]
        return losses + index.shape[1] * torch.stack(added)

    def parameters(self) -> list[Tensor]:
        """The head and the vector in the place of masked tokens."""
        return [*self._head.parameters(), self._vector]

    def after(self, share: float) -> None:
        """The teacher follows the student."""
        momentum = self._maskings[-1].momentum
        follow(self._teacher.parameters(), self._decoder.parameters(), momentum)
        follow(self._teacher_head.parameters(), self._head.parameters(), momentum)
        self._share = share

    def _seen(
        self, decoder: Decoder, head: VisualHead, inputs: Inputs, masked: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """The output of the last block and the visual logits of every token."""
        with self._run.half():
            x, cos, sin = decoder.start(inputs, self._features)
            x = x if masked is None else replaced(x, masked, self._vector)
            output = decoder.through(x, cos, sin, decoder.mask(inputs))
            logits = head(norm(output).flatten(1, 2))
        return output, logits.float().view(output.shape)


def _visual(student: Tensor, teacher: Tensor, masked: Tensor, image: Tensor, masking: Masking) -> Tensor:
    """Both losses of pages of one run, weighted."""
    total = student.new_zeros(())
    if masking.image_weight:
        loss = masked_image_loss(student, teacher, masked, masking.student_temperature, masking.teacher_temperature)
        total = total + masking.image_weight * loss / masked.sum().clamp(min=1)
    if masking.gram_weight:
        loss = clipped_gram_loss(student, teacher, image, symmetric=masking.symmetric)
        total = total + masking.gram_weight * loss / image.sum(-1).square().sum().clamp(min=1)
    return total
