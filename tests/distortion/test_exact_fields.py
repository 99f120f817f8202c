"""What is done to pixels is exact: whole-number arithmetic, or the library's own way, gives the very same ones."""

from fractions import Fraction

import numpy as np
import pytest
from distortion.page_strategies import Page, quick, seeds
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lomo_hf.distortion.fields import LIGHT, SUBPIXELS, displace, shade
from lomo_hf.distortion.imgaug_compat import augmenters, turned

Whole = NDArray[np.int64]

steps = st.sampled_from([2, 4, 8])
small = st.integers(8, 40)


def enlarged(coarse: Whole, step: int, height: int, width: int) -> Whole:
    """A field of whole numbers between its samples, in parts of 4 * step * step."""
    rows, columns = np.arange(height), np.arange(width)
    return along(along(coarse, step, rows).T, step, columns).T


def along(coarse: Whole, step: int, places: Whole) -> Whole:
    """Linear between samples at step / 2 - 1/2 and every `step` from there, level beyond; in parts of 2 * step."""
    halves = np.clip(2 * places + 1 - step, 0, 2 * step * (len(coarse) - 1))
    first, part = np.divmod(halves, 2 * step)
    second = np.minimum(first + 1, len(coarse) - 1)
    return coarse[first] * (2 * step - part)[:, None] + coarse[second] * part[:, None]


def half_to_even(numbers: Whole, parts: int) -> Whole:
    quotient, rest = np.divmod(numbers, parts)
    up = (2 * rest > parts) | ((2 * rest == parts) & (quotient % 2 == 1))
    return quotient + up


@quick
@given(height=small, width=small, step=steps, seed=seeds)
def test_shade_is_each_pixel_times_its_light_rounded_once(height: int, width: int, step: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    page = rng.integers(0, 256, (height, width)).astype(np.uint8)
    light = rng.integers(0, LIGHT + 1, (-(-height // step), -(-width // step)))
    out = shade(page, (1 - light / LIGHT).astype(np.float32), step)
    fine = enlarged(light, step, height, width)
    assert np.array_equal(out, half_to_even(page * fine, LIGHT * 4 * step * step))


@quick
@given(height=small, width=small, step=steps, seed=seeds)
def test_what_is_displaced_is_read_between_four_pixels_rounded_once(
    height: int, width: int, step: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    pad = 3
    page = rng.integers(0, 256, (height, width)).astype(np.uint8)
    tall, wide = height + 2 * pad, width + 2 * pad
    shifts = rng.integers(-pad * SUBPIXELS, pad * SUBPIXELS + 1, (2, -(-tall // step), -(-wide // step)))
    out = displace(page, *(shifts / SUBPIXELS).astype(np.float32), pad, step)
    y, x = (half_to_even(enlarged(shift, step, tall, wide), 4 * step * step) for shift in shifts)
    y += SUBPIXELS * np.arange(-pad, height + pad)[:, None]
    x += SUBPIXELS * np.arange(-pad, width + pad)
    around = np.full((tall + 8 * pad, wide + 8 * pad), 255, np.int64)
    around[4 * pad : 4 * pad + height, 4 * pad : 4 * pad + width] = page
    (top, down), (left, right) = np.divmod(y, SUBPIXELS), np.divmod(x, SUBPIXELS)
    corners = [
        around[top + 4 * pad + below, left + 4 * pad + beside]
        * (down if below else SUBPIXELS - down)
        * (right if beside else SUBPIXELS - right)
        for below in (0, 1)
        for beside in (0, 1)
    ]
    assert np.array_equal(out, half_to_even(sum(corners[1:], corners[0]), SUBPIXELS**2))


def test_the_whole_numbers_of_this_test_are_those_of_the_formula() -> None:
    """The oracle itself, by fractions: a sample, the middle of two, a tie."""
    field = enlarged(np.array([[0, 32]]), 8, 1, 16)[0]
    assert [Fraction(int(part), 256) for part in field[[0, 3, 4, 8, 15]]] == [0, 0, 2, 18, 32]
    assert half_to_even(np.array([5, 15, 16, 25]), 10).tolist() == [0, 2, 2, 2]


@quick
@given(
    height=st.integers(8, 200), width=st.integers(8, 200), seed=seeds,
    degrees=st.one_of(st.floats(-180, 180), st.sampled_from([90.0, -90.0, 180.0, 45.0])),
)  # fmt: skip
def test_a_page_is_turned_as_imgaug_turns_it(height: int, width: int, seed: int, degrees: float) -> None:
    page: Page = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    affine = augmenters().Affine(rotate=degrees, order=1, cval=255, fit_output=True, backend="cv2", seed=0)
    theirs, ours = affine.augment_image(page), turned(page, degrees, 255)
    assert ours.shape == theirs.shape
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert (ours != theirs).mean() <= 0.01


@pytest.mark.parametrize("degrees", [0.3, 3.0, -20.0])
def test_a_turn_is_about_the_middle_of_the_page(degrees: float) -> None:
    page = np.full((101, 201), 255, np.uint8)
    page[50, 100] = 0
    out = 255 - turned(page, degrees, 255).astype(float)
    y, x = np.mgrid[: out.shape[0], : out.shape[1]]
    middle = (out * y).sum() / out.sum(), (out * x).sum() / out.sum()
    assert middle == pytest.approx([(side - 1) / 2 for side in out.shape], abs=0.6)
