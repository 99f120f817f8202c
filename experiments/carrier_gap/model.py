"""A small vision-language model: a tower that reads pages, a projector, a decoder; several runs side by side.

All arms of one seed are trained in lockstep: their weights are stacked along a first dimension, `runs`, and every
matrix product is one for all of them. So arms take equal steps on the same rows by construction, and one GPU is kept
busy by models that are far too small for it. Nothing couples the runs: each has its own gradients.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from experiments.carrier_gap.layout import MERGE, PATCH
from experiments.carrier_gap.page_setting import CLASSES, SLOTS, WHITE, WORD_SLOTS
from experiments.carrier_gap.vocabulary import IMAGE, IMAGE_START

__all__ = ["Block", "Decoder", "Inputs", "Linear", "Shape", "Tower", "image_attention"]

_HEAD = 64


@dataclass(frozen=True)
class Shape:
    """Width and depth of the decoder and of the tower, and the number of token ids."""

    width: int
    depth: int
    tower_width: int
    tower_depth: int
    vocabulary: int


@dataclass(frozen=True)
class Inputs:
    """A batch for every run.

    Attributes:
        ids: (runs, rows, length) int64.
        pointers: (runs, rows, length) int64; where an image token's features lie, -1 for text.
        places: (runs, rows, length, 2) int64; row and column of each token. A text token has its number in both, an
            image token its place on the page, counted from the token before the page.
    """

    ids: Tensor
    pointers: Tensor
    places: Tensor

    def rows(self, chosen: slice) -> "Inputs":
        """Some rows of every run."""
        return Inputs(self.ids[:, chosen], self.pointers[:, chosen], self.places[:, chosen])


def norm(x: Tensor) -> Tensor:
    """Root-mean-square norm over the last dimension."""
    return F.rms_norm(x, (x.size(-1),))


class Linear(nn.Module):
    """A linear map for each run: (runs, n, inputs) -> (runs, n, outputs)."""

    def __init__(self, runs: int, inputs: int, outputs: int, *, zero: bool = False, bias: bool = False) -> None:
        super().__init__()
        bound = 0.0 if zero else inputs**-0.5
        self.weight = nn.Parameter(torch.empty(runs, outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(runs, 1, outputs)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        output = torch.bmm(x, self.weight.mT)
        return output if self.bias is None else output + self.bias


class Block(nn.Module):
    """Attention and a gated layer, each after a norm and added to what came in."""

    fast: Callable[..., Tensor] | None = None  # `plain`, compiled; for training alone, so that shapes stay few
    fast_runs = 0  # the number of runs side by side that it is compiled for

    def __init__(self, runs: int, width: int, *, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = max(1, width // _HEAD), causal
        inner = -(-width * 8 // 3 // 64) * 64
        self.qkv, self.out = Linear(runs, width, 3 * width), Linear(runs, width, width, zero=True)
        self.up, self.down = Linear(runs, width, 2 * inner), Linear(runs, inner, width, zero=True)
        self.first, self.second = (nn.Parameter(torch.ones(runs, 1, width)) for _ in range(2))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None = None) -> Tensor:
        """x: (runs, rows, length, width); cos, sin: (runs or 1, rows or 1, 1, length, head / 2)."""
        own = type(self)
        if own.fast and torch.is_grad_enabled() and len(x) == own.fast_runs and x.shape[1] > 1 and mask is None:
            return own.fast(self, x, cos, sin)
        return self.plain(x, cos, sin, mask)

    def plain(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None = None) -> Tensor:
        """As `forward`, as it is written."""
        x = x + self.attend(x, cos, sin, mask)
        gate, value = self.up((norm(x).flatten(1, 2)) * self.second).chunk(2, -1)
        return x + self.down(F.silu(gate) * value).view(x.shape)

    def attend(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None = None) -> Tensor:
        """What attention returns, before it is added. mask: (runs, rows, 1, length, length), True where seen."""
        runs, rows, length, width = x.shape
        mixed = self.qkv(norm(x).flatten(1, 2) * self.first).view(runs, rows, length, 3, self.heads, -1)
        query, key, value = mixed.permute(3, 0, 1, 4, 2, 5)
        query, key = (_rotated(norm(vectors), cos, sin).to(value.dtype).flatten(0, 1) for vectors in (query, key))
        seen = None if mask is None else mask.flatten(0, 1)
        causal = self.causal and mask is None
        attended = F.scaled_dot_product_attention(query, key, value.flatten(0, 1), attn_mask=seen, is_causal=causal)
        return self.out(attended.transpose(1, 2).reshape(runs, rows * length, width)).view(x.shape)


class Tower(nn.Module):
    """Grey pages (n, 1, height, width) -> a vector for each patch of 16 x 16 px, (n, rows, columns, width)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.tower_width
        sizes = (1, 16, 32, width // 2, width)
        self.stem = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in pairwise(sizes))
        self.blocks = nn.ModuleList(Block(1, width, causal=False) for _ in range(shape.tower_depth))
        self.reader = nn.Linear(width, SLOTS * CLASSES)
        self.word_reader = nn.Linear(MERGE * width, WORD_SLOTS * shape.vocabulary)
        self.width, self.rotary = width, width // max(1, width // _HEAD) // 2

    def forward(self, page: Tensor) -> Tensor:
        # Four layers of stride 2 look at corners of patches; half a patch further they look at the middle.
        page = F.pad(page, (0, PATCH // 2, 0, PATCH // 2), value=WHITE)[..., PATCH // 2 :, PATCH // 2 :]
        for layer in self.stem[:-1]:
            page = F.gelu(F.group_norm(layer(page), 1))
        x = self.stem[-1](page).permute(0, 2, 3, 1).float().contiguous()
        count, rows, columns, width = x.shape
        at = torch.arange(rows * columns, device=x.device)
        places = torch.stack((at // columns, at % columns), -1)
        wave = _angles(places, width // 2, 500.0)
        x = x.view(1, count, -1, width) + 0.3 * torch.cat((wave.sin(), wave.cos()), -1)
        turn = _angles(places, self.rotary, 100.0)[None, None, None]
        cos, sin = turn.cos(), turn.sin()
        for block in self.blocks:
            x = block(x, cos, sin)
        return norm(x).view(count, rows, columns, width)

    def read(self, features: Tensor) -> Tensor:
        """Logits of the characters in each patch, (..., SLOTS, CLASSES)."""
        return self.reader(features).view(*features.shape[:-1], SLOTS, CLASSES)

    def read_words(self, patches: Tensor) -> Tensor:
        """Logits of the words that begin in each merged patch, (..., WORD_SLOTS, ids)."""
        return self.word_reader(patches).view(*patches.shape[:-1], WORD_SLOTS, -1)


def merged(features: Tensor) -> Tensor:
    """Patches beside each other become one token: (n, rows, columns, width) -> (n, rows, columns / 2, 2 width)."""
    count, rows, columns, width = features.shape
    return features.reshape(count, rows, columns // MERGE, MERGE * width)


def image_attention(ids: Tensor) -> Tensor:
    """Full attention among the tokens of each page, causal for all else: (..., length) -> (..., length, length).

    True where the token of a row sees that of a column. Pages are told apart by the marks before them.
    """
    image = ids == IMAGE
    page = (ids == IMAGE_START).cumsum(-1)
    same = image[..., :, None] & image[..., None, :] & (page[..., :, None] == page[..., None, :])
    at = torch.arange(ids.shape[-1], device=ids.device)
    return same | (at[:, None] >= at)


class Decoder(nn.Module):
    """Projector and decoder of `runs` models.

    Attributes:
        full_image_attention: Tokens of a page see all of it, later ones too; else attention is causal everywhere.
    """

    full_image_attention = False

    def __init__(self, shape: Shape, runs: int = 1) -> None:
        super().__init__()
        width = shape.width
        self.runs, self.rotary = runs, width // max(1, width // _HEAD) // 2
        self.projector = nn.ModuleList(
            (Linear(runs, MERGE * shape.tower_width, width, bias=True), Linear(runs, width, width, bias=True))
        )
        self.embed = nn.Parameter(torch.randn(runs, shape.vocabulary, width) * 0.5)
        self.blocks = nn.ModuleList(Block(runs, width, causal=True) for _ in range(shape.depth))
        self.last = nn.Parameter(torch.ones(runs, 1, width))
        self.head = Linear(runs, width, shape.vocabulary, zero=True)

    def project(self, features: Tensor) -> Tensor:
        """Features of image tokens (runs, n, inputs) -> (runs, n, width)."""
        first, second = self.projector
        projected: Tensor = second(F.gelu(first(features)))
        return projected

    def start(self, inputs: Inputs, features: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings (runs, rows, length, width), and the cosines and sines of places."""
        ids = inputs.ids
        offset = torch.arange(self.runs, device=ids.device)[:, None, None] * self.embed.shape[1]
        x = F.embedding(ids + offset, self.embed.flatten(0, 1))
        if features is not None:
            # Text points at patches too, each token at another: many gradients at one place are slow to add up.
            spread = torch.arange(ids.numel(), device=ids.device).view_as(ids) % len(features)
            chosen = torch.where(inputs.pointers >= 0, inputs.pointers, spread)
            patches = features.index_select(0, chosen.flatten()).view(self.runs, -1, features.shape[1])
            seen = self.project(patches).view(x.shape)
            x = torch.where((ids == IMAGE)[..., None], seen.to(x.dtype), x)
        turn = _angles(inputs.places, self.rotary, 2000.0)[:, :, None]
        return x, turn.cos(), turn.sin()

    def forward(self, inputs: Inputs, features: Tensor | None = None) -> Tensor:
        """The output of the last block (runs, rows, length, width); `features` (n, inputs) hold merged patches."""
        return self.through(*self.start(inputs, features), self.mask(inputs))

    def through(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None = None) -> Tensor:
        """What `start` gave, through all blocks."""
        for block in self.blocks:
            x = block(x, cos, sin, mask)
        return x

    def mask(self, inputs: Inputs) -> Tensor | None:
        """Which token sees which, for attention; None is causal."""
        return image_attention(inputs.ids)[:, :, None] if self.full_image_attention else None

    def logits(self, x: Tensor) -> Tensor:
        """Logits of the next token from the output of the last block, (runs, n, width) -> (runs, n, ids)."""
        logits: Tensor = self.head(norm(x) * self.last)
        return logits

    def first_attention(self, inputs: Inputs, features: Tensor | None = None) -> Tensor:
        """What the first attention returns, before it is added, in float32."""
        first: Tensor = self.blocks[0].attend(*self.start(inputs, features), self.mask(inputs)).float()
        return first

    def states(self, inputs: Inputs, features: Tensor | None = None) -> list[Tensor]:
        """The output of every block, in float32."""
        (x, cos, sin), mask, held = self.start(inputs, features), self.mask(inputs), []
        for block in self.blocks:
            x = block(x, cos, sin, mask)
            held.append(x.float())
        return held

    def copies(self, shape: Shape, runs: int) -> "Decoder":
        """`runs` models that begin as this one, which has one."""
        with self.embed.device:  # many weights, of which none is kept: not drawn on the CPU
            decoder = Decoder(shape, runs)
        with torch.no_grad():
            for own, other in zip(decoder.parameters(), self.parameters(), strict=True):
                own.copy_(other.expand_as(own))
        decoder.full_image_attention = self.full_image_attention
        return decoder


def _angles(places: Tensor, size: int, base: float) -> Tensor:
    """Rotary angles (..., size): half of them follow the row, half the column."""
    each = size // 2
    rates = base ** (-torch.arange(each, device=places.device) / each)
    return (places[..., None].float() * rates).flatten(-2)


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    left, right = x.chunk(2, -1)
    return torch.cat((left * cos - right * sin, left * sin + right * cos), -1)
