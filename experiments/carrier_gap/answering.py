"""The loss of answers, for several runs side by side, and what stands at an answer's places in a batch."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap.model import Decoder, Inputs
from experiments.carrier_gap.running import Run
from experiments.carrier_gap.sequences import Rows, answer_tokens, stack_runs
from experiments.carrier_gap.vocabulary import PADDING

__all__ = ["answer_losses", "answer_places", "at_places", "logits_of", "row_losses"]


def answer_losses(
    run: Run, decoder: Decoder, sources: Sequence[Rows], index: NDArray[np.int64], features: Tensor
) -> Tensor:  # fmt: skip
    """The sum over rows of the mean loss of a row's answer tokens, (runs,), for rows of an index (runs, rows)."""
    inputs = stack_runs(sources, index)
    return row_losses(logits_of(run, decoder, decoder_output(run, decoder, inputs, features)), inputs.ids)


def decoder_output(run: Run, decoder: Decoder, inputs: Inputs, features: Tensor) -> Tensor:
    """The output of the last block, matrix products in bfloat16."""
    with run.half():
        output: Tensor = decoder(inputs, features)
    return output


def logits_of(run: Run, decoder: Decoder, output: Tensor) -> Tensor:
    """Logits of next tokens in float32, (runs, rows, tokens, width) -> (runs, rows, tokens, ids)."""
    with run.half():
        logits = decoder.logits(output.flatten(1, 2))
    return logits.float().view(*output.shape[:3], -1)


def row_losses(logits: Tensor, ids: Tensor) -> Tensor:
    """The sum over rows of the mean loss of a row's answer tokens, (runs,)."""
    following = F.pad(ids[..., 1:], (0, 1), value=PADDING)
    wanted = F.pad(answer_tokens(ids), (0, 1))
    each = F.cross_entropy(logits.flatten(0, 2), following.flatten(), reduction="none").view_as(wanted)
    return ((each * wanted).sum(-1) / wanted.sum(-1)).sum(-1)


def answer_places(ids: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Where the tokens stand that an answer's tokens follow, (..., most), and which of these places there are.

    Args:
        ids: (..., length); each row has one answer.
        most: As many places as the longest answer with its end.
    """
    wanted = answer_tokens(ids)
    step = torch.arange(most, device=ids.device)
    counted = step < wanted.sum(-1, keepdim=True)
    return torch.where(counted, wanted.int().argmax(-1, keepdim=True) + step, 0), counted


def at_places(values: Tensor, places: Tensor) -> Tensor:
    """Values (..., length, d) at places (..., most): (..., most, d)."""
    return values.gather(-2, places[..., None].expand(*places.shape, values.shape[-1]))
