"""What holds for the pixels of every operation, and what holds for each kind."""

import json
from collections.abc import Callable
from math import atan2, ceil, degrees, hypot

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lomo_hf.distortion import OPERATIONS, Distortion, distort, operations
from lomo_hf.distortion.blur import motion_kernel
from lomo_hf.distortion.imgaug_compat import augmenters
from lomo_hf.errors import RenderError

Page = NDArray[np.uint8]
OPS = [operation.name for operation in operations()]
GEOMETRY = ["rotate_small", "rotate_large", "wave", "fold"]
BLUR = ["gaussian_blur", "box_blur", "motion_blur"]
LIGHT = ["edge_shadow", "stain"]

augmenters()  # imported here, so that no example pays for it

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
sides = st.integers(32, 260)
seeds = st.integers(0, 2**32 - 1)
strengths = st.sampled_from(["mild", "hard"])
a_page = given(height=sides, width=sides, seed=seeds, strength=strengths, op=st.sampled_from(OPS))


@quick
@a_page
def test_a_distorted_page_is_grey_and_no_smaller_and_grows_within_bounds(
    random_page: Callable[..., Page], drawn: Callable[..., Distortion],
    height: int, width: int, seed: int, strength: str, op: str,
) -> None:  # fmt: skip
    page = random_page(height, width, seed)
    out, _ = distort(page, drawn(op, seed, strength))
    assert out.dtype == np.uint8
    assert out.ndim == 2
    assert out.flags.c_contiguous
    assert out.shape[0] >= height
    assert out.shape[1] >= width
    if OPERATIONS[op].group == "wave":
        assert max(out.shape[0] - height, out.shape[1] - width) <= 64
    elif OPERATIONS[op].group != "rotate":
        assert out.shape == page.shape


@quick
@a_page
def test_what_was_applied_replays_to_the_same_bytes_through_json(
    random_page: Callable[..., Page], drawn: Callable[..., Distortion],
    height: int, width: int, seed: int, strength: str, op: str,
) -> None:  # fmt: skip
    page = random_page(height, width, seed)
    page.flags.writeable = False
    before = page.copy()
    limit = int(height * width * 1.2)
    out, applied = distort(page, drawn(op, seed, strength), max_pixels=limit)
    again, same = distort(page, Distortion.from_json(applied.to_json()), max_pixels=limit)
    assert np.array_equal(out, again)
    assert same == applied
    assert same.to_json() == applied.to_json() == json.dumps(json.loads(applied.to_json()), separators=(",", ":"))
    assert np.array_equal(page, before)
    assert not np.shares_memory(out, page)


@quick
@given(height=sides, width=sides, seed=seeds)
def test_clean_is_the_page(random_page: Callable[..., Page], height: int, width: int, seed: int) -> None:
    page = random_page(height, width, seed)
    out, applied = distort(page, Distortion("clean", {}))
    assert np.array_equal(out, page)
    assert applied == Distortion("clean", {})


@quick
@given(height=sides, width=sides, seed=seeds, strength=strengths, op=st.sampled_from(GEOMETRY))
def test_geometry_keeps_every_mark_even_those_on_the_border(
    marked_page: Callable[..., tuple[Page, NDArray[np.float64]]], drawn: Callable[..., Distortion],
    height: int, width: int, seed: int, strength: str, op: str,
) -> None:  # fmt: skip
    page, centres = marked_page(height, width)
    out, _ = distort(page, _without_shade(drawn(op, seed, strength)), max_pixels=10**9)
    found, masses = _marks(out)
    assert len(found) == len(centres)
    # A turn and a shear keep a mark's area, but for sampling; a wave stretches the paper under it.
    stretch = 0.35 if op == "wave" else 0.1
    assert np.abs(masses / 25 - 1).max() <= stretch


@pytest.mark.parametrize("degrees_", [-20.0, -1.0, 0.3, 2.0, 8.0])
def test_a_rotation_keeps_a_thin_frame_on_the_very_border(degrees_: float) -> None:
    out, _ = distort(_framed(), Distortion("rotate_large", {"degrees": degrees_}))
    assert _ink(out) == pytest.approx(_ink(_framed()), rel=0.01)
    assert _border(out).min() == 255


@pytest.mark.parametrize("direction", ["upright", "level"])
@pytest.mark.parametrize("creases", [1, 2, 3])
def test_a_fold_keeps_a_thin_frame_on_the_very_border(direction: str, creases: int) -> None:
    fold: dict[str, float | int | str] = {
        "amplitude": 4.0, "creases": creases, "direction": direction, "position": 0.5, "tilt": 0.02, "reach": 40.0,
        "shade_depth": 0.0,
    }  # fmt: skip
    out, _ = distort(_framed(), Distortion("fold", fold))
    assert _ink(out) == pytest.approx(_ink(_framed()), rel=0.01)
    assert _border(out).min() == 255


@quick
@given(height=sides, width=sides, seed=seeds, strength=strengths, op=st.sampled_from(GEOMETRY))
def test_geometry_leaves_no_ink_at_the_border(
    random_page: Callable[..., Page], drawn: Callable[..., Distortion],
    height: int, width: int, seed: int, strength: str, op: str,
) -> None:  # fmt: skip
    page = random_page(height, width, seed, margin=2)
    out, _ = distort(page, _without_shade(drawn(op, seed, strength)), max_pixels=10**9)
    assert _border(out).min() == 255


@quick
@given(height=sides, width=sides, angle=st.floats(0.5, 45), sign=st.sampled_from([-1, 1]))
def test_rotation_turns_the_page_by_the_angle_it_names(
    marked_page: Callable[..., tuple[Page, NDArray[np.float64]]], height: int, width: int, angle: float, sign: int
) -> None:
    page, centres = marked_page(height, width)
    out, applied = distort(page, Distortion("rotate_large", {"degrees": sign * round(angle, 4)}), max_pixels=10**9)
    turn = np.radians(float(applied.params["degrees"]))
    y, x = (centres - centres.mean(axis=0)).T
    expected = np.stack([y * np.cos(turn) + x * np.sin(turn), x * np.cos(turn) - y * np.sin(turn)], axis=1)
    found, _ = _marks(out)
    found -= found.mean(axis=0)
    distances = np.hypot(*(expected[:, None] - found[None]).transpose(2, 0, 1))
    assert distances.min(axis=1).max() <= 0.6


@quick
@given(height=sides, width=sides, seed=seeds, strength=strengths, op=st.sampled_from(["wave", "fold"]))
def test_wave_and_fold_move_no_mark_farther_than_their_amplitude(
    marked_page: Callable[..., tuple[Page, NDArray[np.float64]]], drawn: Callable[..., Distortion],
    height: int, width: int, seed: int, strength: str, op: str,
) -> None:  # fmt: skip
    page, centres = marked_page(height, width, spacing=40)
    distortion = _without_shade(drawn(op, seed, strength))
    out, _ = distort(page, distortion)
    pad = (np.array(out.shape) - page.shape) / 2
    found, _ = _marks(out)
    found -= pad
    moved = np.hypot(*(centres[:, None] - found[None]).transpose(2, 0, 1)).min(axis=1).max()
    farthest = float(distortion.params["amplitude"]) * (hypot(1, 0.5) if op == "wave" else 1)
    farthest *= float(distortion.params.get("creases", 1))
    assert moved <= farthest + 0.6


@quick
@given(
    height=sides,
    width=sides,
    seed=seeds,
    spare=st.floats(1, 1.6),
    angle=st.floats(1, 45),
    sign=st.sampled_from([-1, 1]),
)
def test_a_rotation_is_limited_to_the_widest_angle_that_fits(
    random_page: Callable[..., Page], height: int, width: int, seed: int, spare: float, angle: float, sign: int
) -> None:
    page = random_page(height, width, seed)
    limit = ceil(height * width * spare)
    drawn = Distortion("rotate_large", {"degrees": sign * round(angle, 4)})
    out, applied = distort(page, drawn, max_pixels=limit)
    assert out.size <= limit
    turned = float(applied.params["degrees"])
    if turned == drawn.params["degrees"]:
        assert applied == drawn
    else:
        assert applied.params["drawn_degrees"] == drawn.params["degrees"]
        assert 0 <= turned * sign < angle
        # Half a degree more needs a canvas, by the formula of a turned rectangle, within 5 pixels a side of the limit.
        t = np.radians(abs(turned) + 0.5)
        grown = [
            max(a, a * np.cos(t) + b * np.sin(t)) + 5 for a, b in ((height, width), (width, height))
        ]  # fmt: skip
        assert grown[0] * grown[1] > limit


@pytest.mark.parametrize("op", OPS)
def test_the_largest_page_keeps_its_limit_of_pixels(
    op: str, random_page: Callable[..., Page], drawn: Callable[..., Distortion]
) -> None:
    page = random_page(1536, 1536, 0)
    out, applied = distort(page, drawn(op, 3, "hard"))
    assert out.size <= 2_560_000
    if op == "rotate_large":
        assert 0 < abs(float(applied.params["degrees"])) < abs(float(applied.params["drawn_degrees"]))


def test_the_strongest_wave_and_fold_that_a_recipe_may_ask_for_grow_a_side_by_no_more_than_32(
    random_page: Callable[..., Page],
) -> None:
    page = random_page(500, 700, 1)
    wave: dict[str, float | int | str] = {"amplitude": 12.0, "cell": 1000.0, "shade_depth": 0.9, "texture_seed": 1}
    fold: dict[str, float | int | str] = {
        "amplitude": 10.0, "creases": 3, "direction": "upright", "position": 0.5, "tilt": 0.3, "reach": 1000.0,
        "shade_depth": 0.9,
    }  # fmt: skip
    for distortion in (Distortion("wave", wave), Distortion("fold", fold)):
        out, _ = distort(page, distortion)
        assert (np.array(out.shape) - page.shape).max() <= 64


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
        assert _ink(out) == pytest.approx(_ink(page), rel=0.02)
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
    ink = 255 - out.astype(float)
    y = np.arange(41) - 20
    assert np.sqrt((ink.sum(axis=1) * y**2).sum() / ink.sum()) == pytest.approx(1.2, abs=0.15)


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


# A turn, a shear (fold) and a blur keep the area of ink; a wave stretches paper, and its marks are counted above.
@pytest.mark.parametrize("op", ["rotate_small", "rotate_large", "fold", *BLUR])
def test_one_line_of_text_keeps_its_ink(op: str, prompt_pages: list[Page], drawn: Callable[..., Distortion]) -> None:
    page = prompt_pages[-1]
    for seed in range(10):
        out, _ = distort(page, _without_shade(drawn(op, seed)))
        assert _ink(out) == pytest.approx(_ink(page), rel=0.02)


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


@pytest.mark.parametrize("page", [
    np.full((40, 40, 3), 255, np.uint8), np.full((40, 40), 1.0), np.full((1, 40), 255, np.uint8),
])  # fmt: skip
def test_what_is_not_a_page_is_refused(page: Page) -> None:
    with pytest.raises(RenderError, match="page must be uint8"):
        distort(page, Distortion("clean", {}))


def _without_shade(distortion: Distortion) -> Distortion:
    params = dict(distortion.params)
    return Distortion(distortion.op, {**params, "shade_depth": 0.0} if "shade_depth" in params else params)


def _framed() -> Page:
    page = np.full((120, 150), 0, np.uint8)
    page[1:-1, 1:-1] = 255
    return page


def _border(page: Page) -> Page:
    return np.concatenate([page[0], page[-1], page[:, 0], page[:, -1]])


def _ink(page: Page) -> float:
    return float((255 - page.astype(float)).sum())


def _marks(page: Page) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres (y, x) of the connected marks, and the ink of each in black pixels."""
    count, labels = cv2.connectedComponents((page < 250).astype(np.uint8), connectivity=8)
    ink = (255 - page.astype(float)) / 255
    masses = np.array([ink[labels == n].sum() for n in range(1, count)])
    y, x = np.mgrid[: page.shape[0], : page.shape[1]]
    centres = [
        [(grid[labels == n] * ink[labels == n]).sum() / ink[labels == n].sum() for grid in (y, x)]
        for n in range(1, count)
    ]  # fmt: skip
    return np.array(centres), masses
