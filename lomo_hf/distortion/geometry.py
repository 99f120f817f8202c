"""Geometry: a page that lies askew, is curled or was folded. The canvas grows so that no ink is lost.

Rotation grows the canvas to hold the turned page; wave and fold grow it by what they move, at most 32 pixels a side.
"""

from math import ceil

import numpy as np

from lomo_hf.distortion.fields import WHITE, Field, Page, centres, displace, lattice, shade, texture
from lomo_hf.distortion.imgaug_compat import turned
from lomo_hf.distortion.parameters import Value

__all__ = ["fold", "limit_rotation", "rotate", "wave"]

EDGE = 1  # white pixels around a page before it is turned, so that ink on its border does not touch the new one
FINEST_ANGLE = 0.05
SIDEWAYS = 0.5  # of a wave's amplitude, along the lines of text
STEEPEST_WAVE = 1 / 14  # amplitude for each pixel of the cell: on a small page a wave is lower, and text stays text
STEEPEST_FOLD = 1 / 8  # amplitude for each pixel of the reach
LOWEST_LEVEL_FOLD = 110  # pixels: on a page of few lines, a level crease would strike a line of text out
COARSE = 8
CREASE_STEP = 2
CREASE_WIDTH = 3.0


def rotate(page: Page, degrees: float) -> Page:
    """The page turned clockwise by `degrees` on a white canvas that holds all of it, and no side smaller."""
    if degrees == 0:
        return page.copy()
    return _no_smaller(turned(_bordered(page, 2 * EDGE, 2 * EDGE), degrees, WHITE), page.shape)


def limit_rotation(shape: tuple[int, int], params: dict[str, Value], max_pixels: int) -> dict[str, Value]:
    """`params` with the widest angle, at most the one drawn, whose canvas fits; the one drawn is kept beside it.

    >>> limit_rotation((1600, 1500), {"degrees": 30.0}, 2_560_000)
    {'drawn_degrees': 30.0, 'degrees': 1.75}
    """
    drawn = float(params["degrees"])
    candidates = np.append(np.arange(0, abs(drawn), FINEST_ANGLE), abs(drawn))
    fitting = candidates[(_turned_pixels(shape, candidates) <= max_pixels) | (candidates == 0)]
    if fitting[-1] == abs(drawn):
        return params
    degrees = round(float(fitting[-1]), 4)
    return {"drawn_degrees": drawn, **params, "degrees": -degrees if drawn < 0 < degrees else degrees}


def _turned_pixels(shape: tuple[int, int], degrees: Field) -> Field:
    # One pixel more than the corners span: the canvas is rounded up, and may be rounded otherwise than here.
    height, width = (side + 2 * EDGE for side in shape)
    cosine, sine = np.abs(np.cos(np.radians(degrees))), np.abs(np.sin(np.radians(degrees)))
    new_height = np.ceil((height - 1) * cosine + (width - 1) * sine) + 2
    new_width = np.ceil((width - 1) * cosine + (height - 1) * sine) + 2
    return np.asarray(np.maximum(new_height, shape[0]) * np.maximum(new_width, shape[1]))


def wave(page: Page, amplitude: float, cell: float, shade_depth: float, texture_seed: int) -> Page:
    """Paper that does not lie flat.

    `amplitude`: largest shift in pixels, less on a small page; `cell`: about half the way from one crest to the next,
    in pixels; `shade_depth`: the darkest that a slope gets, 0 to 1.
    """
    cell = min(cell, 0.6 * max(page.shape))  # so that one line of text has a crest too
    amplitude = min(amplitude, STEEPEST_WAVE * cell)
    pad = ceil(amplitude) + 1
    height, width = (side + 2 * pad for side in page.shape)
    y, x = centres(height, COARSE), centres(width, COARSE)
    rng = texture(texture_seed)
    lift, drift = (_balanced(lattice(rng, y, x, cell)) for _ in range(2))
    moved = displace(page, amplitude * lift, SIDEWAYS * amplitude * drift, pad)
    slope = _balanced(np.pad(np.diff(lift, axis=1), ((0, 0), (0, 1)), mode="edge"))
    return shade(moved, shade_depth * (1 - slope) / 2)


def fold(
    page: Page, amplitude: float, creases: int, direction: str, position: float, tilt: float, reach: float,
    shade_depth: float,
) -> Page:  # fmt: skip
    """Paper that was folded: at each crease it sinks, and one of its sides lies in shade.

    `amplitude`: shift at a crease, along it, in pixels, less on a small page; `creases`: how many, evenly spread;
    `direction`: "upright" or, on a page of four lines or more, "level"; `position`: of each crease, as a share of its
    part of the page; `tilt`: slope of the creases against the page's sides; `reach`: how far a crease is felt, in
    pixels; `shade_depth`: the darkest that it gets, 0 to 1.
    """
    reach = min(reach, 0.4 * max(page.shape))
    amplitude = min(amplitude, STEEPEST_FOLD * reach)
    pad = ceil(amplitude * creases) + 1
    height, width = (side + 2 * pad for side in page.shape)
    upright = direction == "upright" or page.shape[0] < LOWEST_LEVEL_FOLD
    shift = np.zeros((len(centres(height, COARSE)), len(centres(width, COARSE))))
    darkness = np.zeros((len(centres(height, CREASE_STEP)), len(centres(width, CREASE_STEP))))
    sign = 1
    for place in ((n + position) / creases for n in range(creases)):
        coarse = _distance(height, width, COARSE, upright, place, tilt)
        fine = _distance(height, width, CREASE_STEP, upright, place, tilt)
        shift = shift + sign * amplitude * np.square(np.clip(1 - np.abs(coarse) / reach, 0, 1))
        darkness = darkness + shade_depth * _crease_shade(sign * fine, reach)
        sign = -sign
    moved = displace(page, shift, None, pad) if upright else displace(page, None, shift, pad)
    return shade(moved, np.minimum(darkness, shade_depth))


def _crease_shade(distance: Field, reach: float) -> Field:
    near = np.abs(distance)
    slope = np.divide(near, reach)
    np.subtract(1, slope, out=slope)
    np.clip(slope, 0, 1, out=slope)
    np.square(slope, out=slope)
    np.multiply(slope, 0.6, out=slope)
    np.multiply(slope, 0.25, out=slope, where=distance <= 0)
    close = near < CREASE_WIDTH
    slope[close] += 0.4 * np.square(np.clip(1 - np.square(distance[close] / CREASE_WIDTH), 0, 1))
    return slope


def _distance(height: int, width: int, step: int, upright: bool, place: float, tilt: float) -> Field:
    y, x = centres(height, step)[:, None], centres(width, step)[None, :]
    if upright:
        return np.asarray(x - place * width + tilt * (y - height / 2))
    return np.asarray(y - place * height + tilt * (x - width / 2))


def _balanced(values: Field) -> Field:
    low, high = float(values.min()), float(values.max())
    spread = (high - low) / 2
    return (values - (low + spread)) / spread if spread > 0 else np.zeros_like(values)


def _bordered(page: Page, vertical: int, horizontal: int) -> Page:
    import cv2

    sides = (vertical // 2, vertical - vertical // 2, horizontal // 2, horizontal - horizontal // 2)
    return np.asarray(cv2.copyMakeBorder(page, *sides, cv2.BORDER_CONSTANT, value=(WHITE,)), dtype=np.uint8)


def _no_smaller(page: Page, shape: tuple[int, int]) -> Page:
    missing = [max(0, wanted - side) for wanted, side in zip(shape, page.shape, strict=True)]
    return _bordered(page, *missing) if any(missing) else np.ascontiguousarray(page)
