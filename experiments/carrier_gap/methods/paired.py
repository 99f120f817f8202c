"""The loss over two carriers, for several runs side by side: the answer after the text, and after its page."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap.answering import answer_places, at_places, decoder_output, logits_of, row_losses
from experiments.carrier_gap.ground import Ground
from experiments.carrier_gap.methods import method_of
from experiments.carrier_gap.methods.alignment import ALIGNMENTS, aligned
from experiments.carrier_gap.model import Decoder, Inputs
from experiments.carrier_gap.running import Run
from experiments.carrier_gap.sequences import stack_runs

__all__ = ["PairedLosses"]


class PairedLosses:
    """SFT on each row, and the divergence of its answer from that after its twin, where the twin is another."""

    def __init__(self, run: Run, ground: Ground, decoder: Decoder, arms: Sequence[str]) -> None:
        self._run, self._ground, self._decoder = run, ground, decoder
        self._sources = [ground.rows[arm] for arm in arms]
        self._twins = [ground.twins[arm].rows for arm in arms]
        self._differs = np.array([ground.twins[arm].differs for arm in arms])
        self._alignments = [ALIGNMENTS[str(method_of(arm).variant)] for arm in arms]

    def of(self, index: NDArray[np.int64]) -> Tensor:
        """The sum over rows of both losses, (runs,)."""
        inputs = stack_runs(self._sources, index)
        logits = self._logits(inputs)
        losses = row_losses(logits, inputs.ids)
        # Arms of one group draw the same rows, and their twins are other rows at the same places.
        rows = index[0]
        places = np.flatnonzero((rows < self._ground.text_rows) & self._differs[0][rows % self._ground.text_rows])
        if not len(places):
            return losses
        twins = stack_runs(self._twins, index[:, places])
        most = int(self._twins[0].answers[rows[places]].max())
        chosen = torch.from_numpy(places).to(inputs.ids.device)
        ids = inputs.ids[:, chosen]
        at, counted = answer_places(ids, most)
        text = at_places(logits[:, chosen], at)
        page = self._answers(twins, most)
        answer = ids.gather(-1, at + 1)
        added = [
            alignment.weight * aligned(text[own], page[own], answer[own], counted[own], alignment)
            for own, alignment in enumerate(self._alignments)
        ]
        return losses + torch.stack(added)

    def parameters(self) -> list[Tensor]:
        """None."""
        return []

    def after(self, share: float) -> None:
        """Nothing."""

    def _logits(self, inputs: Inputs) -> Tensor:
        output = decoder_output(self._run, self._decoder, inputs, self._ground.features)
        return logits_of(self._run, self._decoder, output)

    def _answers(self, inputs: Inputs, most: int) -> Tensor:
        output = decoder_output(self._run, self._decoder, inputs, self._ground.features)
        return logits_of(self._run, self._decoder, at_places(output, answer_places(inputs.ids, most)[0]))
