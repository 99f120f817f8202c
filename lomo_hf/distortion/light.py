"""Light: a shadow over one side of the page, or a stain on its surface. The geometry stays as it is."""

from functools import cache, reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from lomo_hf.distortion.fields import Field, Page, centres, lattices, shade, smoothstep, texture

__all__ = ["edge_shadow", "stain"]

SHADOW_STEP = 4
SHADOW_ROOM = 200  # pixels
STAIN_STEP = 2
WAVES = 5  # of a stain's outline
DIRECTIONS = 2048  # in which its outline is known
WIDEST_STAIN = 240  # pixels


def edge_shadow(page: Page, side: str, strength: float, width: float, softness: float, tilt: float) -> Page:
    """A shadow that falls in from one side, as of a book's gutter (softness near 1) or of a phone (softness small).

    `side`: "left", "right", "top" or "bottom"; `strength`: how much light it takes, 0 to 1; `width`: share of the
    page that it covers (on a low page, of half the longer side or 200 pixels); `softness`: share of that width over
    which it ends; `tilt`: how much its border slants.
    """
    # A page of one line is seen as a part of a larger one: a shadow has no room to fall off within 40 pixels.
    reach = max(SHADOW_ROOM, max(page.shape) / 2)
    units = [max(length - 1, reach) for length in page.shape]
    y, x = (centres(length, SHADOW_STEP) / unit for length, unit in zip(page.shape, units, strict=True))
    bottom, right = ((length - 1) / unit for length, unit in zip(page.shape, units, strict=True))
    down, across = y[:, None], x[None, :]
    way, along = {
        "left": (across, down - bottom / 2), "right": (right - across, down - bottom / 2),
        "top": (down, across - right / 2), "bottom": (bottom - down, across - right / 2),
    }[side]  # fmt: skip
    depth = (way + tilt * along) / width
    border = 1 - smoothstep((depth - (1 - softness)) / softness)
    return shade(page, strength * border * (1 - 0.3 * np.clip(depth, 0, 1)), SHADOW_STEP)


def stain(page: Page, x: float, y: float, radius: float, strength: float, fill: float, texture_seed: int) -> Page:
    """A dried drink: a blotch with a darker, broken rim and a few drops beside it.

    `x`, `y`: its centre as shares of the page; `radius`: share of the root of the page's area, at most 240 pixels;
    `strength`: how much light its rim takes, 0 to 1; `fill`: how dark the inside is against the rim, 0 to 1.
    """
    height, width = page.shape
    size = min(radius * float(np.sqrt(height * width)), WIDEST_STAIN)
    centre_y, centre_x = y * (height - 1), x * (width - 1)
    rows, columns = _span(centre_y, 1.9 * size, height), _span(centre_x, 1.9 * size, width)
    part = page[rows, columns]
    rng = texture(texture_seed)
    at_y = centres(part.shape[0], STAIN_STEP) + (rows.start - centre_y)
    at_x = centres(part.shape[1], STAIN_STEP) + (columns.start - centre_x)
    darkness = np.zeros((len(at_y), len(at_x)), np.float32)
    outline, breaks = _around(rng, 2)
    near = _within(at_y, 0.0, 1.45 * size), _within(at_x, 0.0, 1.45 * size)
    darkness[near] = _blotch(at_y[near[0]], at_x[near[1]], outline, breaks, size, fill)
    for _ in range(int(rng.random() * 4)):
        _add_drop(darkness, rng, at_y, at_x, size, fill)
    grain = lattices(rng, at_y, at_x, max(4.0, size / 6), 1)[0]
    darkness *= 0.9 + 0.2 * grain
    stained = page.copy()
    stained[rows, columns] = shade(part, strength * np.minimum(darkness, 1), STAIN_STEP)
    return stained


def _blotch(y: Field, x: Field, outline: Field, breaks: Field, size: float, fill: float) -> Field:
    """How dark it is at `y` by `x` from its centre; its outline and the breaks of its rim are given by direction."""
    distance = np.sqrt(np.square(y)[:, None] + np.square(x))
    towards = _directions(y, x)
    edge = distance / (size * (1 + 0.09 * outline))[towards]
    rim_width = max(0.09, 3.0 / size)
    rim = np.square(np.clip(1 - np.square((edge - (1 - rim_width / 2)) / rim_width), 0, 1))
    rim *= (0.75 + 0.45 * breaks)[towards]
    inside = smoothstep((1 - edge) / rim_width + 0.5) * (0.75 + 0.25 * smoothstep((edge - 0.3) / 0.7))
    bleed = np.square(np.clip(1 - np.abs(edge - 1) / 0.3, 0, 1))
    return np.asarray(np.maximum(rim, fill * np.maximum(inside, 0.25 * bleed)))


def _directions(y: Field, x: Field) -> NDArray[np.intp]:
    """The number of the direction of each place `y` by `x` from the centre, 0 to `DIRECTIONS`."""
    # How far along the edge of a square that stands on its corner: arctan2 is not the same on every processor.
    share = y[:, None] / (np.abs(y)[:, None] + np.abs(x) + 1e-6)
    left = x < 0
    share[:, left] = 2 - share[:, left]
    return ((share + 1) * (DIRECTIONS / 4)).astype(np.intp)


@cache
def _waves() -> list[tuple[Field, Field]]:
    """The cosine and sine of the first multiples of each direction's angle."""
    share = np.arange(DIRECTIONS + 1) / (DIRECTIONS / 4) - 1
    y, x = np.where(share <= 1, share, 2 - share), np.where(share <= 1, 1 - np.abs(share), np.abs(2 - share) - 1)
    length = np.sqrt(np.square(y) + np.square(x))
    cosine, sine = x / length, y / length
    waves, c, s = [], cosine, sine
    for _ in range(WAVES):
        waves.append((c.astype(np.float32), s.astype(np.float32)))
        c, s = c * cosine - s * sine, s * cosine + c * sine
    return waves


def _around(rng: np.random.Generator, count: int) -> list[Field]:
    """Smooth random functions of the direction, about -1 to 1: sums of its cosines and sines."""
    functions: list[Field] = []
    for _ in range(count):
        drawn = [(2 * rng.random(2) - 1) / k**0.7 for k in range(1, WAVES + 1)]
        parts = (float(a) * cosine + float(b) * sine for (a, b), (cosine, sine) in zip(drawn, _waves(), strict=True))
        functions.append(np.clip(0.8 * reduce(add, parts), -1, 1))
    return functions


def _add_drop(darkness: Field, rng: np.random.Generator, y: Field, x: Field, size: float, fill: float) -> None:
    way = 2 * rng.random(2) - 1
    way = way / max(0.2, float(np.sqrt(np.square(way).sum())))
    far, radius = size * (1.2 + 0.5 * rng.random()), max(1.5, size * (0.03 + 0.07 * rng.random()))
    centre_y, centre_x = (float(far * part) for part in way)
    near = _within(y, centre_y, 1.25 * radius), _within(x, centre_x, 1.25 * radius)
    distance = np.sqrt(np.square(y[near[0]] - centre_y)[:, None] + np.square(x[near[1]] - centre_x))
    drop = (0.4 + 0.5 * fill) * smoothstep((1 - distance / radius) * 2 + 0.5)
    np.maximum(darkness[near], drop, out=darkness[near])


def _within(places: Field, centre: float, reach: float) -> slice:
    """Those of rising places that lie within `reach` of `centre`."""
    first, last = np.searchsorted(places, (centre - reach, centre + reach))
    return slice(int(first), int(last))


def _span(centre: float, reach: float, length: int) -> slice:
    return slice(max(0, int(centre - reach)), min(length, int(centre + reach) + 2))
