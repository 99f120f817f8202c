"""Light: a shadow over one side of the page, or a stain on its surface. The geometry stays as it is."""

import numpy as np

from lomo_hf.distortion.fields import Field, Page, centres, lattice, shade, smoothstep, texture

__all__ = ["edge_shadow", "stain"]

SHADOW_STEP = 4
SHADOW_ROOM = 200  # pixels
STAIN_STEP = 2
WAVES = 5  # of a stain's outline
WIDEST_STAIN = 240  # pixels


def edge_shadow(page: Page, side: str, strength: float, width: float, softness: float, tilt: float) -> Page:
    """A shadow that falls in from one side, as of a book's gutter (softness near 1) or of a phone (softness small).

    `side`: "left", "right", "top" or "bottom"; `strength`: how much light it takes, 0 to 1; `width`: share of the
    page that it covers (on a low page, of half the longer side or 200 pixels); `softness`: share of that width over
    which it ends; `tilt`: how much its border slants.
    """
    # A page of one line is seen as a part of a larger one: a shadow has no room to fall off within 40 pixels.
    reach = max(SHADOW_ROOM, max(page.shape) / 2)
    y, x = (centres(length, SHADOW_STEP) / max(length - 1, reach) for length in page.shape)
    down, across = y[:, None], x[None, :]
    way, along = {
        "left": (across, down), "right": (across[:, ::-1], down),
        "top": (down, across), "bottom": (down[::-1], across),
    }[side]  # fmt: skip
    depth = (way + tilt * (along - (along.min() + along.max()) / 2)) / width
    border = 1 - smoothstep((depth - (1 - softness)) / softness)
    return shade(page, strength * border * (1 - 0.3 * np.clip(depth, 0, 1)))


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
    at_y = centres(part.shape[0], STAIN_STEP) + rows.start - centre_y
    at_x = centres(part.shape[1], STAIN_STEP) + columns.start - centre_x
    darkness = _blotch(rng, at_y, at_x, size, fill)
    for _ in range(int(rng.random() * 4)):
        darkness = np.maximum(darkness, _drop(rng, at_y, at_x, size, fill))
    grain = lattice(rng, at_y, at_x, max(4.0, size / 6))
    stained = page.copy()
    stained[rows, columns] = shade(part, strength * np.minimum(darkness * (0.9 + 0.2 * grain), 1))
    return stained


def _blotch(rng: np.random.Generator, y: Field, x: Field, size: float, fill: float) -> Field:
    distance = np.sqrt(np.square(y[:, None]) + np.square(x[None, :])) + 1e-6
    cosine, sine = x[None, :] / distance, y[:, None] / distance
    outline, breaks = _around(rng, cosine, sine, 2)
    edge = distance / (size * (1 + 0.09 * outline))
    rim_width = max(0.09, 3.0 / size)
    rim = np.square(np.clip(1 - np.square((edge - 1 + rim_width / 2) / rim_width), 0, 1)) * (0.75 + 0.45 * breaks)
    inside = smoothstep((1 - edge) / rim_width + 0.5) * fill * (0.75 + 0.25 * smoothstep((edge - 0.3) / 0.7))
    bleed = 0.25 * fill * np.square(np.clip(1 - np.abs(edge - 1) / 0.3, 0, 1))
    return np.asarray(np.maximum(np.maximum(rim, inside), bleed))


def _around(rng: np.random.Generator, cosine: Field, sine: Field, count: int) -> list[Field]:
    """Smooth random functions of the direction, about -1 to 1: made of cos kt and sin kt by recurrence."""
    drawn = [[(2 * rng.random(2) - 1) / k**0.7 for k in range(1, WAVES + 1)] for _ in range(count)]
    totals = [np.zeros_like(cosine) for _ in range(count)]
    c, s, first, second = cosine.copy(), sine.copy(), np.empty_like(cosine), np.empty_like(cosine)
    for k in range(WAVES):
        for total, weights in zip(totals, drawn, strict=True):
            np.multiply(weights[k][0], c, out=first)
            np.multiply(weights[k][1], s, out=second)
            total += np.add(first, second, out=first)
        if k + 1 < WAVES:
            np.multiply(c, sine, out=second)
            np.multiply(c, cosine, out=c)
            c -= np.multiply(s, sine, out=first)
            np.multiply(s, cosine, out=s)
            s += second
    return [np.clip(np.multiply(0.8, total, out=total), -1, 1, out=total) for total in totals]


def _drop(rng: np.random.Generator, y: Field, x: Field, size: float, fill: float) -> Field:
    way = 2 * rng.random(2) - 1
    way = way / max(0.2, float(np.sqrt(np.square(way).sum())))
    far, radius = size * (1.2 + 0.5 * rng.random()), max(1.5, size * (0.03 + 0.07 * rng.random()))
    distance = np.sqrt(np.square(y[:, None] - far * way[0]) + np.square(x[None, :] - far * way[1]))
    return (0.4 + 0.5 * fill) * smoothstep((1 - distance / radius) * 2 + 0.5)


def _span(centre: float, reach: float, length: int) -> slice:
    return slice(max(0, int(centre - reach)), min(length, int(centre + reach) + 2))
