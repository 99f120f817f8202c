"""ReVision's stage 1 (Yu et al., arXiv 2602.07026): a projector trained on moved text embeddings, the decoder frozen.

Text embeddings are moved into the distribution of image embeddings (`lomo_hf.related_methods.realign`: anchor, trace,
centroid) and stand where a page's features would; the decoder is to say the caption that each was made of. There is no
dual encoder on this bench: the tower's features of a page, pooled, stand in for its image embeddings, and the mean
states of the decoder over a caption, filled up with zeros to the same width, for its text embeddings. So both sides
share statistics after the move, and no directions, which a dual encoder's training would have given them.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap import product
from experiments.carrier_gap.answering import answer_losses
from experiments.carrier_gap.ground import Ground
from experiments.carrier_gap.model import Decoder, Linear
from experiments.carrier_gap.optimizers import clip_each_run, scheduled
from experiments.carrier_gap.running import Run, plain_blocks
from experiments.carrier_gap.sequences import Place, Rows, is_text, token_row
from experiments.carrier_gap.vocabulary import QUESTION, READ

__all__ = ["fill_up", "noised", "stage_one"]

_RATE, _AT_ONCE = 1e-3, 512
Projector = list[Tensor]


def stage_one(run: Run, ground: Ground, seed: int, steps: int) -> dict[str, Projector]:
    """Weights of the projector: `fresh` without stage 1, and after it with `realign` and with `noise`.

    Args:
        seed: Of the fresh weights, the noise and the order of captions.
        steps: Of stage 1.
    """
    captions = _captions(run)
    images, texts = pooled(ground), _embeddings(run, ground, captions)
    draw = np.random.default_rng(seed)
    length = float(np.linalg.norm(images, axis=1).mean())
    kinds = {"realign": product.realigned(images, texts) * length, "noise": noised(images, texts, draw) * length}
    features = torch.from_numpy(np.concatenate(list(kinds.values())).astype(np.float32)).to(run.device)
    sources = [
        Rows(
            [
                token_row([0], caption, {0: Place(kind * len(captions) + at, 1, 1)}, run.folder.vocabulary, READ)
                for at, caption in enumerate(captions)
            ],
            run.device,
        )
        for kind in range(len(kinds))
    ]
    decoder = ground.decoder.copies(ground.shape, len(kinds))
    fresh = fresh_projector(decoder, seed)
    with plain_blocks():
        losses = _train(run, decoder, sources, features.bfloat16(), draw, steps)
    run.log("stage 1", seed=seed, steps=steps, captions=len(captions), first=losses[0], last=losses[-1])
    trained = [parameter.detach() for parameter in decoder.projector.parameters()]
    return {"fresh": fresh, **{name: [tensor[at : at + 1] for tensor in trained] for at, name in enumerate(kinds)}}


def fill_up(vectors: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Vectors (n, d) with zeros behind them, (n, width): lengths and angles stay.

    >>> fill_up(np.ones((1, 2)), 3).tolist()
    [[1.0, 1.0, 0.0]]
    """
    return np.pad(vectors, ((0, 0), (0, width - vectors.shape[1])))


def noised(images: NDArray[np.float64], texts: NDArray[np.float64], draw: np.random.Generator) -> NDArray[np.float64]:
    """Noise instead of ReAlign: e' = e_y + epsilon, both of length 1 but for the noise, and divided by its length.

    Epsilon is normal and as long, in the mean square, as the gap between the two means, so that it spans the gap
    without pointing across it.

    Args:
        images, texts: (n, d) and (m, d).

    Returns:
        (m, d), each of length 1.
    """
    first, second = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (images, texts))
    gap = float(np.linalg.norm(first.mean(axis=0) - second.mean(axis=0)))
    moved = second + draw.normal(size=second.shape) * gap / second.shape[1] ** 0.5
    noisy: NDArray[np.float64] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return noisy


def fresh_projector(decoder: Decoder, seed: int) -> Projector:
    """New weights in the projector of every run, the same in all; returns those of one."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for layer in decoder.projector:
            new = Linear(1, layer.weight.shape[2], layer.weight.shape[1], bias=True)
            for own, other in zip(layer.parameters(), new.parameters(), strict=True):
                own.copy_(other.expand_as(own))
    return [parameter[:1].detach().clone() for parameter in decoder.projector.parameters()]


def pooled(ground: Ground) -> NDArray[np.float64]:
    """The mean feature of every page, (pages, inputs)."""
    means = [
        ground.features[place.offset : place.offset + place.rows * place.columns].float().mean(0)
        for place in ground.pages.values()
    ]
    return torch.stack(means).cpu().numpy().astype(np.float64)


def _captions(run: Run) -> list[str]:
    """The sentences of the training prompts."""
    sentences = {sentence.strip() for row in run.folder.prompts for sentence in row.split(". ")}
    return sorted(sentence for sentence in sentences if sentence)


@torch.no_grad()
def _embeddings(run: Run, ground: Ground, captions: list[str]) -> NDArray[np.float64]:
    """The mean state over a caption's tokens after the last block, filled up to the width of a page's features."""
    vocabulary = run.folder.vocabulary
    rows = Rows([token_row([caption], None, {}, vocabulary, QUESTION) for caption in captions], run.device)
    means = np.zeros((len(captions), ground.decoder.embed.shape[2]))
    for index in rows.batches(_AT_ONCE):
        inputs = rows.take(index[None])
        with run.half():
            states = ground.decoder(inputs)[0].float()
        words = is_text(inputs.ids[0])[..., None].float()
        means[index] = ((states * words).sum(1) / words.sum(1)).cpu().numpy()
    return fill_up(means, ground.features.shape[1])


def _train(
    run: Run, decoder: Decoder, sources: list[Rows], features: Tensor, draw: np.random.Generator, steps: int
) -> list[list[float]]:
    """The projector alone; returns the first and the last mean loss of each run."""
    decoder.requires_grad_(False)
    parameters = list(decoder.projector.requires_grad_(True).parameters())
    adam = torch.optim.AdamW(parameters, lr=_RATE, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
    size, held = min(2 * run.settings.half, len(sources[0])), []
    for step in range(steps):
        scheduled(adam, _RATE * min(1.0, (step + 1) / 10) * (1 - step / steps))
        index = np.tile(draw.choice(len(sources[0]), size, replace=False), (len(sources), 1))
        losses = answer_losses(run, decoder, sources, index, features) / size
        losses.sum().backward()
        clip_each_run(parameters)
        adam.step()
        decoder.zero_grad(set_to_none=True)
        held.append(losses.detach())
    shown = [held[0], torch.stack(held[-10:]).mean(0)]
    return [[round(loss, 3) for loss in step_losses.tolist()] for step_losses in shown]
