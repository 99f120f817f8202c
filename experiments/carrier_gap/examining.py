"""Tests on the device: is an answer right, how likely was it, and how far apart are text and page inside.

An answer is right if greedy decoding gives it exactly: one pass shows whether each of its tokens is the most likely
one after those before it. Distance and integration rate are computed by `lomo_hf.evaluation` on each run's states.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap import product
from experiments.carrier_gap.model import Decoder, Inputs
from experiments.carrier_gap.packing import Part
from experiments.carrier_gap.running import Run
from experiments.carrier_gap.sequences import Place, Rows, answer_tokens, is_text, token_row
from experiments.carrier_gap.vocabulary import END, IMAGE, PADDING, READ

__all__ = ["Exam", "examine"]

_TOKENS_AT_ONCE = {"cuda": 400_000, "cpu": 20_000}
_AT_ONCE = 32  # rows whose states of all layers are held together
States = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Exam:
    """All tests of a base: rows by test, their ids, and a few of text and rendered for learning curves."""

    tests: dict[str, Rows]
    ids: dict[str, list[str]]
    few: dict[str, Rows]
    aloud: dict[str, tuple[Rows, list[str]]]

    @classmethod
    def of(
        cls, run: Run, tests: Mapping[str, Sequence[tuple[dict[str, Any], list[Part]]]], pages: Mapping[int, Place]
    ) -> "Exam":
        """From what the model is shown of each question."""
        vocabulary = run.folder.vocabulary
        token_rows = {
            name: [token_row(parts, row["answer"], pages, vocabulary) for row, parts in shown]
            for name, shown in tests.items()
        }
        few = {name: Rows(token_rows[name][: run.settings.curve_rows], run.device) for name in ("text", "rendered")}
        aloud = {
            name: (
                Rows(
                    [token_row(parts, None, pages, vocabulary, READ) for _, parts in shown[: run.settings.aloud_rows]],
                    run.device,
                ),
                [row["prompt"] for row, _ in shown[: run.settings.aloud_rows]],
            )
            for name, shown in tests.items()
            if name not in ("text", "middle") and not name.startswith("own")
        }
        rows = {name: Rows(own, run.device) for name, own in token_rows.items()}
        return cls(rows, {name: [row["id"] for row, _ in shown] for name, shown in tests.items()}, few, aloud)

    def glance(self, run: Run, decoder: Decoder, features: Tensor) -> list[dict[str, float]]:
        """For each run the accuracy over a few questions, in percent."""
        answers = {name: _answered(run, decoder, features, rows)[0] for name, rows in self.few.items()}
        return [
            {name: round(100 * float(correct[at].mean()), 2) for name, correct in answers.items()}
            for at in range(decoder.runs)
        ]


@torch.no_grad()
def examine(run: Run, decoder: Decoder, features: Tensor, exam: Exam) -> list[dict[str, Any]]:
    """For each run: right answers and their log-probabilities by test, distances, and the integration rate."""
    decoder.eval()
    results: list[dict[str, Any]] = [{"tests": {}} for _ in range(decoder.runs)]
    means = {}
    for name, rows in exam.tests.items():
        correct, likely, mean = _answered(run, decoder, features, rows, with_means=name in ("text", "rendered"))
        means[name] = mean
        for at, result in enumerate(results):
            result["tests"][name] = {
                "ids": exam.ids[name],
                "correct": correct[at].astype(int).tolist(),
                "log_probability": np.round(likely[at], 3).tolist(),
            }
    shared = [name for name in exam.ids["text"] if name in set(exam.ids["rendered"])]
    at_text, at_page = ([exam.ids[test].index(name) for name in shared] for test in ("text", "rendered"))
    with ThreadPoolExecutor() as threads:
        states = _states(run, decoder, features, exam.tests["middle"])
        rates = [threads.submit(product.integration_rate, samples) for samples in states]
        alike = [threads.submit(product.homogenisation, samples) for samples in states]
        for at, result in enumerate(results):
            pairs = zip(means["text"][at][at_text][:, :1], means["rendered"][at][at_page][:, 1:], strict=True)
            # The first attention of a model that was hardly trained returns 0, which has no direction.
            result["distance"] = {
                name: round(product.distance(text, image), 5)
                for name, (text, image) in zip(shared, pairs, strict=True)
                if text.any() and image.any()
            }
            rate = rates[at].result()
            result["mir"] = round(rate.mean, 5)
            result["mir_by_layer"] = [round(value, 5) for value in rate.per_layer]
            result["homogenisation"] = [round(value, 5) for value in alike[at].result()]
    decoder.train()
    return results


def reading_errors(run: Run, decoder: Decoder, features: Tensor, exam: Exam) -> dict[str, float]:
    """Share of characters that a base reads wrong, by test, without any help (edit distance over length)."""
    return {name: _read_aloud(run, decoder, features, rows, texts) for name, (rows, texts) in exam.aloud.items()}


@torch.no_grad()
def _answered(
    run: Run, decoder: Decoder, features: Tensor, rows: Rows, *, with_means: bool = False
) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32]]:
    """Right (runs, rows), log-probability (runs, rows), and mean states of text and image (runs, rows, 2, width)."""
    runs, count, width = decoder.runs, len(rows), decoder.embed.shape[2]
    right, likely = np.zeros((runs, count), bool), np.zeros((runs, count), np.float32)
    means = np.zeros((runs, count if with_means else 0, 2, width), np.float32)
    size = max(1, _TOKENS_AT_ONCE[run.device.type] // (int(rows.lengths.max()) * runs))
    for index in rows.batches(size):
        inputs = rows.take(np.tile(index, (runs, 1)))
        wanted = answer_tokens(inputs.ids[0])
        row, at = wanted.nonzero(as_tuple=True)
        with run.half():
            output = decoder(inputs, features)[:, row, at]
            logits = decoder.logits(output).float()
        target = inputs.ids[0][row, at + 1].expand(runs, -1)
        hit = logits.argmax(-1) == target
        log_probability = logits.log_softmax(-1).gather(-1, target[..., None])[..., 0]
        wrong = torch.zeros(runs, len(index), device=run.device).index_add_(1, row, (~hit).float())
        total = torch.zeros(runs, len(index), device=run.device).index_add_(1, row, log_probability)
        right[:, index], likely[:, index] = (wrong == 0).cpu().numpy(), total.cpu().numpy()
        if with_means:
            with run.half():
                first = decoder.first_attention(inputs, features)
            for side, mask in enumerate((is_text(inputs.ids[0]), inputs.ids[0] == IMAGE)):
                weight = mask[None, ..., None].float()
                mean = (first * weight).sum(2) / weight.sum(2).clamp(min=1)
                means[:, index, side] = mean.cpu().numpy()
    return right, likely, means


@torch.no_grad()
def _states(run: Run, decoder: Decoder, features: Tensor, rows: Rows) -> list[list[States]]:
    """For each run and for some rows: states of text and of image tokens, each (layers, tokens, width)."""
    states: list[list[States]] = [[] for _ in range(decoder.runs)]
    count = min(run.settings.state_rows, len(rows))
    for start in range(0, count, _AT_ONCE):
        index = np.arange(start, min(start + _AT_ONCE, count))
        inputs = rows.take(np.tile(index, (decoder.runs, 1)))
        with run.half():
            layers = decoder.states(inputs, features)
        ids = inputs.ids[0]
        masks = is_text(ids), ids == IMAGE
        ends = [mask.sum(-1).cumsum(0)[:-1].cpu().numpy() for mask in masks]
        for at, own in enumerate(states):
            held = torch.stack([layer[at] for layer in layers])
            texts, images = (
                np.split(held[:, mask].cpu().numpy(), end, axis=1) for mask, end in zip(masks, ends, strict=True)
            )
            own += zip(texts, images, strict=True)
    return states


@torch.no_grad()
def _read_aloud(run: Run, decoder: Decoder, features: Tensor, rows: Rows, texts: Sequence[str]) -> float:
    """Greedy decoding of a batch, without a cache; the share of characters that are wrong."""
    inputs, most = rows.take(np.arange(len(rows))[None]), run.settings.aloud_tokens
    ids, pointers, places = (
        torch.cat((held, torch.full((1, len(rows), most, *held.shape[3:]), value, device=run.device)), 2)
        for held, value in ((inputs.ids, PADDING), (inputs.pointers, -1), (inputs.places, 0))
    )
    each, length = torch.arange(len(rows), device=run.device), torch.as_tensor(rows.lengths, device=run.device)
    for step in range(most):
        places[0, each, length + step] = places[0, each, length + step - 1] + 1
        end = int(rows.lengths.max()) + step
        with run.half():
            output = decoder(Inputs(ids[:, :, :end], pointers[:, :, :end], places[:, :, :end]), features)
            logits = decoder.logits(output[:, each, length + step - 1])
        ids[0, each, length + step] = logits[0].argmax(-1)
    wrong = total = 0
    for row, start, text in zip(ids[0].cpu().numpy(), rows.lengths, texts, strict=True):
        reading = row[start : start + most].tolist()
        reading = reading[: reading.index(END)] if END in reading else reading
        wrong, total = wrong + edit_distance(run.folder.vocabulary.decode(reading), text), total + len(text)
    return wrong / total


def edit_distance(first: str, second: str) -> int:
    """Characters to insert, delete or replace.

    >>> edit_distance("kitten", "sitting")
    3
    """
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]
