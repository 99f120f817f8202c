"""Pages of the base, set and worn on the device from an atlas of glyphs; and the label of every patch."""

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap.glyphs import CHARACTERS, Atlas
from experiments.carrier_gap.layout import MERGE, PATCH, Canvas, Layout

__all__ = ["CLASSES", "SLOTS", "WHITE", "WORD_SLOTS", "DeviceAtlas", "Labels", "on_device", "set_pages", "to_input"]

SLOTS, WORD_SLOTS = 3, 2  # characters of a patch, and words that begin in a merged patch, that have a label
CLASSES = len(CHARACTERS) + 1
WHITE = -0.3  # paper, as the tower takes it
_LINES = 16


@dataclass(frozen=True)
class DeviceAtlas:
    """Ink on the device, flat."""

    ink: Tensor
    height: int
    width: int

    @classmethod
    def of(cls, atlas: Atlas, device: torch.device) -> "DeviceAtlas":
        """The atlas, moved."""
        return cls(torch.from_numpy(atlas.ink).to(device).flatten(), *atlas.ink.shape[2:])


def on_device(array: NDArray[Any], device: torch.device) -> Tensor:
    """An array on the device. From pinned memory, so that the copy does not wait for what was asked of the GPU."""
    held = torch.from_numpy(array)
    return held.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else held


def to_input(page: Tensor) -> Tensor:
    """A page of 0 (black) to 1 (white) as the tower takes it."""
    return (1 - page) * 2 + WHITE


@dataclass(frozen=True)
class Labels:
    """What lies in each patch, in reading order; 0 where there is nothing.

    Attributes:
        characters: (n, patches, SLOTS), places in `CHARACTERS` plus 1.
        words: (n, merged patches, WORD_SLOTS), the first tokens of words that begin there.
    """

    characters: Tensor
    words: Tensor


@torch.no_grad()
def set_pages(layout: Layout, atlas: DeviceAtlas, canvas: Canvas, generator: torch.Generator) -> tuple[Tensor, Labels]:
    """Pages (n, 1, height, width) for the tower, and their labels."""
    held = {name: on_device(getattr(layout, name), atlas.ink.device) for name in _MOVED}
    ink = _turned(_flat(held, atlas, canvas), held, canvas, generator)
    return to_input(_worn(_blurred(ink, generator), generator)), _labels(held, canvas)


_MOVED = ("characters", "xs", "lines", "advances", "begun", "face", "pitch", "margin", "extent", "turned", "angle")


def _flat(held: dict[str, Tensor], atlas: DeviceAtlas, canvas: Canvas) -> Tensor:
    """Ink from 0 to 1, lines level, the page's corner in the canvas's corner."""
    high, wide = canvas.rows * PATCH, canvas.columns * PATCH
    characters, device = held["characters"].long(), held["characters"].device
    count, most = characters.shape
    xs, margin = held["xs"].long() + held["margin"][:, None], held["margin"]
    used = characters < 255
    # Which character begins at each column of each line; the last that began is the one that a pixel belongs to.
    place = (torch.arange(count, device=device)[:, None] * _LINES + held["lines"].long()) * wide + xs.clamp(
        0, wide - 1
    )
    began = torch.full((count * _LINES * wide + 1,), -1, dtype=torch.long, device=device)
    began[torch.where(used, place, len(began) - 1).flatten()] = torch.arange(most, device=device).repeat(count)
    began = began[:-1].view(count, _LINES, wide).cummax(-1).values
    y = torch.arange(high, device=device)[None] - margin[:, None]
    pitch = held["pitch"][:, None]
    line, inside = y.div(pitch, rounding_mode="floor").clamp(0, _LINES - 1), y.remainder(pitch)
    here = began.gather(1, line[:, :, None].expand(count, high, wide))
    at = here.clamp(min=0).view(count, -1)
    across = torch.arange(wide, device=device).repeat(high)[None] - xs.gather(1, at)
    down = inside[:, :, None].expand(count, high, wide).reshape(count, -1)
    good = (here.view(count, -1) >= 0) & (across < atlas.width) & (down < atlas.height)
    good &= (y >= 0)[:, :, None].expand(count, high, wide).reshape(count, -1)
    cell = (held["face"][:, None] * len(CHARACTERS) + characters.gather(1, at).clamp(max=CLASSES - 2)) * atlas.height
    ink = atlas.ink[(cell + down.clamp(max=atlas.height - 1)) * atlas.width + across.clamp(0, atlas.width - 1)]
    return (ink.float() / 255 * good).view(count, 1, high, wide)


def _turned(ink: Tensor, held: dict[str, Tensor], canvas: Canvas, generator: torch.Generator) -> Tensor:
    """The page turned about its centre, and a quarter of pages waved; shifted by less than a pixel."""
    count, _, high, wide = ink.shape
    device = ink.device
    old, new, angle = held["extent"] / 2, held["turned"] / 2, held["angle"][:, None, None]

    def draw() -> Tensor:
        return torch.rand(count, 1, 1, device=device, generator=generator)

    y, x = torch.meshgrid(
        torch.arange(high, device=device) + 0.5, torch.arange(wide, device=device) + 0.5, indexing="ij"
    )
    right, down = x[None] - new[:, 0, None, None], y[None] - new[:, 1, None, None]
    waved = (draw() < 0.25) * draw() * 3
    down = down + waved * torch.sin(x[None] / (18 + 20 * draw()) + 2 * math.pi * draw())
    cos, sin = angle.cos(), angle.sin()
    from_x = cos * right + sin * down + old[:, 0, None, None] + draw() - 0.5
    from_y = -sin * right + cos * down + old[:, 1, None, None] + draw() - 0.5
    grid = torch.stack((from_x / wide * 2 - 1, from_y / high * 2 - 1), -1)
    return F.grid_sample(ink, grid, align_corners=False)


def _blurred(ink: Tensor, generator: torch.Generator) -> Tensor:
    """Four pages in ten a little out of focus, or moved."""
    device = ink.device
    draws = torch.rand(4, generator=generator, device=device)
    steps = torch.arange(5, device=device) - 2.0
    bell = torch.exp(-(steps**2) / (2 * (0.5 + 0.7 * draws[0]) ** 2))
    streak = torch.zeros(5, 5, device=device)
    streak[2, 1:4] = 1.0
    streak = torch.where(draws[1] < 0.5, streak, streak.T)
    kernel = torch.where(draws[2] < 0.6, bell[:, None] * bell[None], streak)
    soft = F.conv2d(ink, (kernel / kernel.sum())[None, None], padding=2)
    return torch.where(torch.rand(len(ink), 1, 1, 1, device=device, generator=generator) < 0.4, soft, ink)


def _worn(ink: Tensor, generator: torch.Generator) -> Tensor:
    """Pale ink, a shadow from one side, a stain, grain; a page of 0 to 1."""
    count, _, high, wide = ink.shape
    device = ink.device

    def draw() -> Tensor:
        return torch.rand(count, 1, 1, 1, device=device, generator=generator)

    y = torch.linspace(0, 1, high, device=device)[None, None, :, None]
    x = torch.linspace(0, 1, wide, device=device)[None, None, None, :]
    page = 1 - ink * (0.7 + 0.3 * draw())
    side = (x - 0.5) * (draw() * 2 - 1) + (y - 0.5) * (draw() * 2 - 1)
    page = page * (1 - (draw() < 0.3) * draw() * 0.6 * torch.sigmoid(8 * side))
    away = (((x - draw()) * wide) ** 2 + ((y - draw()) * high) ** 2).sqrt()
    page = page * (1 - (draw() < 0.15) * draw() * 0.4 * torch.sigmoid((20 + 60 * draw() - away) / 3))
    grain = torch.randn(page.shape, device=device, generator=generator)
    return page + 0.02 * draw() * grain


def _labels(held: dict[str, Tensor], canvas: Canvas) -> Labels:
    """Which characters and words lie where; a character is where its centre is."""
    characters = held["characters"].long()
    margin, pitch = held["margin"][:, None], held["pitch"][:, None]
    x = held["xs"] + margin + held["advances"] / 2 - held["extent"][:, :1] / 2
    y = margin + (held["lines"] + 0.55) * pitch - held["extent"][:, 1:] / 2
    cos, sin = held["angle"][:, None].cos(), held["angle"][:, None].sin()
    column = ((cos * x - sin * y + held["turned"][:, :1] / 2) / PATCH).floor().long()
    row = ((sin * x + cos * y + held["turned"][:, 1:] / 2) / PATCH).floor().long()
    used = (characters < 255) & (row >= 0) & (row < canvas.rows) & (column >= 0) & (column < canvas.columns)
    across = canvas.columns // MERGE
    begun = held["begun"].long()
    return Labels(
        _slots(characters + 1, row * canvas.columns + column, used, canvas.rows * canvas.columns, SLOTS),
        _slots(begun, row * across + column // MERGE, used & (begun >= 0), canvas.rows * across, WORD_SLOTS),
    )


def _slots(values: Tensor, places: Tensor, used: Tensor, total: int, slots: int) -> Tensor:
    """The first values (n, k) of each place, in their order: (n, total, slots), 0 where there is none."""
    count, device = len(values), values.device
    key = torch.where(used, places, total)
    # The rank of each value among those of its place: a stable sort brings equal places together.
    order = key.argsort(dim=1, stable=True)
    ranked = key.gather(1, order)
    new = F.pad(ranked[:, 1:] != ranked[:, :-1], (1, 0), value=True)
    at = torch.arange(values.shape[1], device=device).expand_as(ranked)
    rank = at - torch.where(new, at, 0).cummax(1).values
    fits = (ranked < total) & (rank < slots)
    held = torch.zeros(count * total * slots + 1, dtype=torch.long, device=device)
    to = (torch.arange(count, device=device)[:, None] * total + ranked) * slots + rank
    held[torch.where(fits, to, len(held) - 1).flatten()] = values.gather(1, order).flatten()
    return held[:-1].view(count, total, slots)
