"""What holds for blur, shadows and stains: ink stays, light is only taken, and each is where its parameters put it."""

from collections.abc import Callable
from math import atan2, degrees

import numpy as np
import pytest
from distortion.page_strategies import BLUR, Page, ink, quick, seeds, sides, strengths
from hypothesis import given
from hypothesis import strategies as st

from lomo_hf.distortion import Distortion, distort
from lomo_hf.distortion.blur import motion_kernel

LIGHT = ["edge_shadow", "stain"]


@quick
@given(height=sides, width=sides, seed=seeds, strength=strengths, op=st.sampled_from(LIGHT))
def test_light_is_only_taken_and_no_more_than_the_strength(
    random_page: Callable[..., Page], drawn: Callable[..., Distortion],
    height: int, width: int, seed: int, strength: str, op: str,
) -> None:  # fmt: skip
    page = random_page(height, width, seed)
    distortion = drawn(op, seed, strength)
    out, _ = distort(page, distortion)
    darkest = np.floor(page * (1 - float(distortion.params["strength"])) - 1.5)
    assert (out <= page).all()
    assert (out >= darkest).all()
    assert out.sum() < page.sum()  # it is seen


@pytest.mark.parametrize("op", BLUR)
@pytest.mark.parametrize("strength", ["mild", "hard"])
def test_blur_keeps_the_ink_and_softens_it(
    op: str, strength: str, prompt_pages: list[Page], drawn: Callable[..., Distortion]
) -> None:
    for seed, page in enumerate(prompt_pages):
        out, _ = distort(page, drawn(op, seed, strength))
        assert ink(out) == pytest.approx(ink(page), rel=0.02)
        assert np.abs(np.diff(out.astype(int), axis=1)).sum() < np.abs(np.diff(page.astype(int), axis=1)).sum()
        assert out.min() < 160  # still ink


def test_box_blur_is_the_mean_of_a_square(random_page: Callable[..., Page]) -> None:
    page = random_page(60, 80, 5, margin=4)
    out, _ = distort(page, Distortion("box_blur", {"size": 3}))
    windows = np.lib.stride_tricks.sliding_window_view(page, (3, 3)).mean(axis=(2, 3))
    assert np.abs(out[1:-1, 1:-1] - windows).max() <= 0.51


def test_gaussian_blur_has_the_deviation_it_names() -> None:
    page = np.full((41, 41), 255, np.uint8)
    page[20, 20] = 0
    out, _ = distort(page, Distortion("gaussian_blur", {"sigma": 1.2}))
    darkness = 255 - out.astype(float)
    y = np.arange(41) - 20
    assert np.sqrt((darkness.sum(axis=1) * y**2).sum() / darkness.sum()) == pytest.approx(1.2, abs=0.15)


@quick
@given(length=st.floats(1, 10), angle=st.floats(0, 180))
def test_a_motion_kernel_lies_along_its_angle(length: float, angle: float) -> None:
    kernel = motion_kernel(length, angle).astype(float)
    assert kernel.sum() == 1
    assert (kernel * 4096 == np.rint(kernel * 4096)).all()  # so that any order of summing gives the same bytes
    assert np.allclose(kernel, kernel[::-1, ::-1], atol=0.03)
    if length >= 4:
        y, x = (np.mgrid[: len(kernel), : len(kernel)] - len(kernel) // 2) * 1.0
        xx, yy, xy = (kernel * x * x).sum(), (kernel * y * y).sum(), -(kernel * x * y).sum()
        lies = degrees(atan2(2 * xy, xx - yy)) / 2
        assert abs((lies - angle + 90) % 180 - 90) <= 4


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_a_shadow_falls_from_the_side_it_names(side: str) -> None:
    page = np.full((300, 420), 255, np.uint8)
    out, _ = distort(page, Distortion("edge_shadow", {
        "side": side, "strength": 0.4, "width": 0.4, "softness": 0.8, "tilt": 0.1,
    }))  # fmt: skip
    means = {"left": out[:, :40], "right": out[:, -40:], "top": out[:40], "bottom": out[-40:]}
    assert min(means, key=lambda name: float(means[name].mean())) == side


def test_a_stain_lies_where_it_is_put_and_its_rim_is_darker_than_its_inside() -> None:
    page = np.full((400, 600), 255, np.uint8)
    for seed in range(20):
        out, _ = distort(page, Distortion("stain", {
            "x": 0.5, "y": 0.5, "radius": 0.2, "strength": 0.4, "fill": 0.4, "texture_seed": seed,
        }))  # fmt: skip
        y, x = np.mgrid[:400, :600]
        distance = np.hypot(y - 199.5, x - 299.5) / (0.2 * np.sqrt(400 * 600))
        inside, rim, beyond = out[distance < 0.6], out[(distance > 0.85) & (distance < 1.1)], out[distance > 1.9]
        assert np.percentile(rim, 5) < inside.mean() - 15
        assert 180 < inside.mean() < 250
        assert (beyond == 255).all()


@quick
@given(height=sides, width=sides, seed=seeds, strength=strengths, op=st.sampled_from(LIGHT))
def test_light_falls_on_ink_as_on_paper_so_that_contrast_stays(
    random_page: Callable[..., Page], drawn: Callable[..., Distortion],
    height: int, width: int, seed: int, strength: str, op: str,
) -> None:  # fmt: skip
    page, distortion = random_page(height, width, seed), drawn(op, seed, strength)
    out, _ = distort(page, distortion)
    light, _ = distort(np.full_like(page, 255), distortion)
    assert np.abs(out - page * (light / 255)).max() <= 1
