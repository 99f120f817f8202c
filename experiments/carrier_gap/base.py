"""The stage `base`: a model that answers text and reads pages aloud, and has never been asked about a page.

Language modelling of solved problems, and reading: pages set on the device, of which the tower says which characters
and words lie where, and the decoder what the page says. Pages grow from one line to whole ones. Pages with formulas,
which no atlas sets, come from `lomo render-eval`: other problems than those of any arm or test.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap.layout import CANVASES, MERGE, PATCH, Canvas, Layout, lay_out
from experiments.carrier_gap.model import Decoder, Inputs, Tower, merged
from experiments.carrier_gap.optimizers import Muon, scheduled
from experiments.carrier_gap.page_setting import DeviceAtlas, Labels, on_device, set_pages, to_input
from experiments.carrier_gap.running import Run, load_base, new_model, save_base
from experiments.carrier_gap.sequences import Place, Rows, answer_tokens, reading_batch, token_row
from experiments.carrier_gap.vocabulary import PADDING, READ

__all__ = ["train_base"]

_ADAM_RATE = 3e-3
_MEDIUM_FROM, _LARGE_FROM = 0.15, 0.35  # shares of the budget
_DECAY_FROM = 0.5
_KEPT_EVERY = 60.0  # seconds
_FORMULAS = 0.15  # share of steps on pages with formulas, once pages are large


@dataclass(frozen=True)
class ReadingBatch:
    """Pages, their sequences, and what lies in each patch where that is known."""

    pages: Tensor
    inputs: Inputs
    labels: Labels | None


class Batches:
    """Where batches of the base come from; fresh ones at every call."""

    def __init__(self, run: Run, seed: int) -> None:
        self._run, self._rng = run, np.random.default_rng(seed)
        self._generator = torch.Generator(run.device).manual_seed(seed)
        self._folder, self._texts = run.folder, run.folder.base_texts
        self._atlas = DeviceAtlas.of(run.folder.atlas, run.device)
        self._tokens = torch.from_numpy(self._texts.tokens.astype(np.int64)).to(run.device)
        lengths = np.diff(self._texts.starts)
        self._by_length = np.argsort(lengths, kind="stable")
        self._lengths = lengths
        self._formulas = FormulaPages(run)

    def text(self, count: int) -> Inputs:
        """Solved problems of about equal length."""
        count = min(count, len(self._by_length))
        first = int(self._rng.integers(len(self._by_length) - count + 1))
        chosen = self._by_length[first : first + count]
        length = -(-int(self._lengths[chosen].max()) // 32) * 32
        at = self._texts.starts[chosen][:, None] + np.arange(length)
        at = np.where(np.arange(length) < self._lengths[chosen][:, None], at, -1)
        index = on_device(at, self._run.device)
        ids = torch.where(index >= 0, self._tokens[index.clamp(min=0)], PADDING)[None]
        return Inputs(ids, torch.full_like(ids, -1), _counted(ids))

    def reading(self, share: float) -> ReadingBatch:
        """Pages to read aloud, larger ones as training goes on."""
        chance = self._rng.random()
        if share < _MEDIUM_FROM:
            size = "small"
        elif share < _LARGE_FROM:
            size = "medium" if chance < 0.9 else "small"
        else:
            size = "large" if chance < 0.35 else "small" if chance > 0.95 else "medium"
            if self._rng.random() < _FORMULAS:
                return self._formulas.batch(self._run.settings.page_batches["medium"], self._rng)
        return self._set(CANVASES[size], self._run.settings.page_batches[size])

    def _set(self, canvas: Canvas, count: int) -> ReadingBatch:
        stream = self._texts.loose if self._rng.random() < 0.25 else self._texts.sentences
        words = _windows(stream, canvas.words, count, self._rng)
        layout = lay_out(words, self._folder.units, self._folder.atlas, canvas, self._rng)
        pages, labels = set_pages(layout, self._atlas, canvas, self._generator)
        return ReadingBatch(pages, _inputs(layout, words, self._run, canvas), labels)


class FormulaPages:
    """Pages of `lomo render-eval` that show formulas, on the device; of those that fit on the large canvas."""

    def __init__(self, run: Run) -> None:
        self._device, canvas = run.device, CANVASES["large"]
        self._across = canvas.columns // MERGE
        held, rows = [], []
        for number, prompt in run.folder.formulas():
            page = run.folder.page(number)
            high, wide = -(-page.shape[0] // PATCH), -(-page.shape[1] // (PATCH * MERGE))
            if high > canvas.rows or wide > self._across:
                continue
            sheet = np.full((canvas.rows * PATCH, canvas.columns * PATCH), 255, np.uint8)
            sheet[: page.shape[0], : page.shape[1]] = page
            rows.append(token_row([0], prompt, {0: Place(0, high, wide)}, run.folder.vocabulary, READ))
            held.append(sheet)
        self._sheets = torch.from_numpy(np.stack(held)).to(run.device)
        self._rows = Rows(rows, run.device)
        self._grid = canvas.rows * canvas.columns

    def batch(self, count: int, rng: np.random.Generator) -> ReadingBatch:
        """Some of them; of their patches no characters are known."""
        index = rng.integers(0, len(self._rows), min(count, len(self._rows)))
        inputs = self._rows.take(index[None])
        place = inputs.places - 3
        at = place[..., 0] * self._across + place[..., 1]
        first = torch.arange(len(index), device=self._device)[None, :, None] * (self._grid // MERGE)
        pages = to_input(self._sheets[torch.from_numpy(index).to(self._device)][:, None].float() / 255)
        pointers = torch.where(inputs.pointers >= 0, first + at, -1)
        return ReadingBatch(pages, Inputs(inputs.ids, pointers, inputs.places), None)


def train_base(run: Run, number: int, out: Path, seconds: float, start: Path | None = None) -> dict[str, Any]:
    """Train one base for so many seconds, or for the settings' `base_steps`, and write it to a file.

    Once a minute what there is is written beside it.

    Args:
        number: Seeds weights and batches.
        start: The file of a base to begin from: one that a stop left behind, or one that needs more time.

    Returns:
        The record that is kept with it: steps, seconds, losses of the first step and the mean of the last ones.
    """
    seconds = max(seconds, 1.0)  # a base that is asked for is made, however little is left
    torch.manual_seed(number)
    if start is None:
        tower, decoder, _ = new_model(run)
        earlier = 0
    else:
        tower, decoder, _, held = load_base(run, start)
        tower.requires_grad_(True).train()
        earlier = held["steps"]
    batches = Batches(run, number + 1000 * earlier)
    matrices = [
        parameter
        for part in (decoder.blocks, tower.blocks)
        for parameter in part.parameters()
        if min(parameter.shape[1:]) > 1
    ]
    known = {id(parameter) for parameter in matrices}
    rest = [parameter for part in (tower, decoder) for parameter in part.parameters() if id(parameter) not in known]
    parameters = sum(parameter.numel() for part in (tower, decoder) for parameter in part.parameters())
    muon = Muon(matrices, lr=run.settings.base_rate)
    adam = torch.optim.AdamW(rest, lr=_ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    began = kept = time.monotonic()
    steps = run.settings.base_steps
    step, shown, seen, first = 0, 0.0, Averages(), None
    while (share := step / steps if steps else (time.monotonic() - began) / seconds) < 1:
        pace = min(1.0, (step + 1) / 60) * max(0.02, min(1.0, (1 - share) / (1 - _DECAY_FROM)))
        scheduled(muon, run.settings.base_rate * pace)
        scheduled(adam, _ADAM_RATE * pace)
        measure = step % 10 == 0
        for losses, figures in (
            _read(run, tower, decoder, batches.reading(share), measure),
            _solve(run, decoder, batches.text(run.settings.text_batch), measure),
        ):
            losses.backward()
            seen.add(figures)
        torch.nn.utils.clip_grad_norm_(rest, 1.0)
        muon.step()
        adam.step()
        for part in (tower, decoder):
            part.zero_grad(set_to_none=True)
        step += 1
        first = first or seen.means()
        if share - shown > (0.25 if steps else min(10 / seconds, 0.25)):
            latest = seen.means()
            run.log("base", number=number, step=step, share=share, **latest)
            shown, seen = share, Averages()
        if time.monotonic() - kept > _KEPT_EVERY:
            left = {"number": number, "steps": earlier + step, "parameters": parameters}
            save_base(_partial(out), tower, decoder, left)
            kept = time.monotonic()
    run.wait()
    record = {
        "number": number,
        "steps": earlier + step,
        "seconds": round(time.monotonic() - began, 1),
        "parameters": parameters,
    }
    record |= {"first": first, "last": seen.means() or latest}
    save_base(out, tower, decoder, record)
    _partial(out).unlink(missing_ok=True)
    run.log("base saved", file=out.name, **{key: record[key] for key in ("number", "steps", "parameters")})
    return record


def _partial(out: Path) -> Path:
    return out.with_name(f"partial-{out.name}")


class Averages:
    """Means of what was measured, kept on the device until they are asked for."""

    def __init__(self) -> None:
        self._held: dict[str, list[Tensor]] = {}

    def add(self, figures: dict[str, Tensor]) -> None:
        """Take measurements."""
        for name, value in figures.items():
            self._held.setdefault(name, []).append(value.detach())

    def means(self) -> dict[str, float]:
        """The mean of each."""
        return {name: round(float(torch.stack(values).float().mean()), 4) for name, values in self._held.items()}


def _read(
    run: Run, tower: Tower, decoder: Decoder, batch: ReadingBatch, measure: bool
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of reading: of the tower's characters, and of the decoder's words."""
    with run.half():
        features = tower(batch.pages)
        output = decoder(batch.inputs, merged(features).flatten(0, 2))
        logits = decoder.logits(output.flatten(1, 2))[0]
    ids = batch.inputs.ids
    wanted, following = _following(ids)
    each = F.cross_entropy(logits.float(), following.flatten(), reduction="none")
    loss = (each * wanted.flatten()).sum() / wanted.sum()
    figures = {"reading_loss": loss}
    if measure:
        right = logits.argmax(-1) == following.flatten()
        figures["read"] = right[wanted.flatten()].float().mean()
    if batch.labels is not None:
        with run.half():
            characters = tower.read(features).flatten(1, 2)
            words = tower.read_words(merged(features)).flatten(1, 2)
        loss = loss + _slot_loss(characters, batch.labels.characters) + _slot_loss(words, batch.labels.words)
        if measure:
            for name, read, known in (("characters", characters, batch.labels.characters),
                                      ("words", words, batch.labels.words)):  # fmt: skip
                figures[name] = (read.argmax(-1) == known)[known > 0].float().mean()
    return loss, figures


def _slot_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of what lies in the slots of patches, (n, patches, slots, classes)."""
    weight = torch.where(labels > 0, 1.0, 0.05)  # most slots are empty
    each = F.cross_entropy(logits.float().flatten(0, 2), labels.flatten(), reduction="none")
    return (each * weight.flatten()).sum() / weight.sum()


def _solve(run: Run, decoder: Decoder, inputs: Inputs, measure: bool) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of language modelling, in which answers weigh more."""
    with run.half():
        logits = decoder.logits(decoder(inputs).flatten(1, 2))[0]
    wanted, following = _following(inputs.ids)
    each = F.cross_entropy(logits.float(), following.flatten(), reduction="none").view_as(wanted)
    words = following != PADDING
    text, answers = (each * words).sum() / words.sum(), (each * wanted).sum() / wanted.sum()
    figures = {"text_loss": text, "answer_loss": answers}
    if measure:
        right = (logits.argmax(-1) == following.flatten())[wanted.flatten()]
        figures["answered"] = right.float().mean()
    return 0.5 * text + answers, figures


def _following(ids: Tensor) -> tuple[Tensor, Tensor]:
    """For every position: whether the next token is one of an answer, and which it is; the last has none."""
    following = F.pad(ids[..., 1:], (0, 1), value=PADDING)
    return F.pad(answer_tokens(ids), (0, 1)), following


def _counted(ids: Tensor) -> Tensor:
    at = torch.arange(ids.shape[-1], device=ids.device).expand(ids.shape)
    return torch.stack((at, at), -1)


def _windows(stream: NDArray[np.int32], words: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Runs of words from anywhere in a stream, (count, words)."""
    start = rng.integers(0, max(1, len(stream) - words), count)
    return stream[start[:, None] + np.arange(min(words, len(stream)))].astype(np.int64)


def _inputs(layout: Layout, words: NDArray[np.int64], run: Run, canvas: Canvas) -> Inputs:
    arrays = reading_batch(layout, words, run.folder.units, canvas)
    return Inputs(*(on_device(array, run.device)[None] for array in arrays))
