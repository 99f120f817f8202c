"""Geometry: a page that lies askew, is curled or was folded. The canvas grows so that no ink is lost.

Rotation grows the canvas to hold the turned page; wave and fold grow it by what they move, at most 32 pixels a side.
"""

from math import ceil

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lomo_hf.distortion.fields import WHITE, Field, Page, centres, displace, lattices, shade, texture
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
PROFILE_PARTS = 8  # of a pixel, by which a crease may be off its place in the shade it casts


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
    if _turned_pixels(shape, np.asarray(abs(drawn))) <= max_pixels:
        return params
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
    lift, drift = map(_balanced, lattices(rng, y, x, cell, 2))
    moved = displace(page, amplitude * lift, SIDEWAYS * amplitude * drift, pad, COARSE)
    slope = np.diff(lift, axis=1)
    slope = _balanced(np.concatenate([slope, slope[:, -1:]], axis=1))
    return shade(moved, shade_depth * (1 - slope) / 2, COARSE)


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
    along, across = (height, width) if upright else (width, height)  # the sides of the canvas, as the creases run
    shift, darkness = (np.zeros((len(centres(along, step)), len(centres(across, step))), np.float32)
                       for step in (COARSE, CREASE_STEP))  # fmt: skip
    for n in range(creases):
        sign, place = (-1) ** n, (n + position) / creases * across
        coarse, fine = (tilt * (centres(along, step) - along / 2) - place for step in (COARSE, CREASE_STEP))
        distance = coarse[:, None] + centres(across, COARSE)
        shift += sign * amplitude * np.square(np.clip(1 - np.abs(distance) / reach, 0, 1))
        starts = fine + centres(across, CREASE_STEP)[0]
        darkness += shade_depth * _crease_shades(starts, darkness.shape[1], sign, reach)
    darkness = np.minimum(darkness, shade_depth)
    if upright:
        return shade(displace(page, shift, None, pad, COARSE), darkness, CREASE_STEP)
    return shade(displace(page, None, shift.T, pad, COARSE), darkness.T, CREASE_STEP)


def _crease_shades(starts: Field, count: int, sign: int, reach: float) -> Field:
    """How dark a crease makes `count` samples on each line across it, of which the first lies at `starts` from it."""
    # All lines are the same profile from another place on: it is sampled once, in fine steps.
    steps = CREASE_STEP * PROFILE_PARTS
    first = np.rint(starts * PROFILE_PARTS).astype(np.intp)
    lowest = first.min()
    length = steps * (count + 1 + (first.max() - lowest) // steps)
    profile = _crease_shade(sign * np.arange(lowest, lowest + length, dtype=np.float32) / PROFILE_PARTS, reach)
    lines = sliding_window_view(profile.reshape(-1, steps).T, count, axis=1)
    at = first - lowest
    return np.asarray(lines[at % steps, at // steps])


def _crease_shade(distance: Field, reach: float) -> Field:
    slope = np.square(np.clip(1 - np.abs(distance) / reach, 0, 1))
    line = np.square(np.clip(1 - np.square(distance / CREASE_WIDTH), 0, 1))
    return np.asarray(slope * np.where(distance > 0, np.float32(0.6), np.float32(0.15)) + 0.4 * line)


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
