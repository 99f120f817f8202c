"""What holds for the pixels of every operation, and what holds for each kind."""

import json
from collections.abc import Callable
from math import ceil, hypot

import cv2
import numpy as np
import pytest
from distortion.page_strategies import BLUR, Page, ink, quick, seeds, sides, strengths
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lomo_hf.distortion import OPERATIONS, Distortion, distort, operations
from lomo_hf.distortion.geometry import limit_rotation
from lomo_hf.distortion.imgaug_compat import augmenters
from lomo_hf.errors import RenderError

OPS = [operation.name for operation in operations()]
GEOMETRY = ["rotate_small", "rotate_large", "wave", "fold"]

augmenters()  # imported here, so that no example pays for it

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
    marks, masses = _marks(out)
    assert len(marks) == len(centres)
    # A turn and a shear keep a mark's area, but for sampling; a wave stretches the paper under it.
    stretch = 0.35 if op == "wave" else 0.1
    assert np.abs(masses / 25 - 1).max() <= stretch


@pytest.mark.parametrize("degrees_", [-20.0, -1.0, 0.3, 2.0, 8.0])
def test_a_rotation_keeps_a_thin_frame_on_the_very_border(degrees_: float) -> None:
    out, _ = distort(_framed(), Distortion("rotate_large", {"degrees": degrees_}))
    assert ink(out) == pytest.approx(ink(_framed()), rel=0.01)
    assert _border(out).min() == 255


@pytest.mark.parametrize("direction", ["upright", "level"])
@pytest.mark.parametrize("creases", [1, 2, 3])
def test_a_fold_keeps_a_thin_frame_on_the_very_border(direction: str, creases: int) -> None:
    fold: dict[str, float | int | str] = {
        "amplitude": 4.0, "creases": creases, "direction": direction, "position": 0.5, "tilt": 0.02, "reach": 40.0,
        "shade_depth": 0.0,
    }  # fmt: skip
    out, _ = distort(_framed(), Distortion("fold", fold))
    assert ink(out) == pytest.approx(ink(_framed()), rel=0.01)
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
    marks, _ = _marks(out)
    marks -= marks.mean(axis=0)
    distances = np.hypot(*(expected[:, None] - marks[None]).transpose(2, 0, 1))
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
    marks, _ = _marks(out)
    marks -= pad
    moved = np.hypot(*(centres[:, None] - marks[None]).transpose(2, 0, 1)).min(axis=1).max()
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


def test_a_canvas_of_exactly_the_limit_of_pixels_is_allowed() -> None:
    """100 by 100 and a pixel of border, turned by 30 degrees: ceil(101 (cos 30 + sin 30)) + 2 = 140 pixels a side."""
    drawn: dict[str, float | int | str] = {"degrees": 30.0}
    assert limit_rotation((100, 100), drawn, 140 * 140) == drawn
    assert limit_rotation((100, 100), drawn, 140 * 140 - 1)["degrees"] != 30.0


def test_a_canvas_is_reckoned_with_the_sides_that_it_may_not_fall_below() -> None:
    """A strip turned upright keeps its width: it needs a square, not a strip."""
    page = np.full((100, 1000), 255, np.uint8)
    out, applied = distort(page, Distortion("rotate_large", {"degrees": 90.0}), max_pixels=500_000)
    assert out.size <= 500_000
    assert 0 < float(applied.params["degrees"]) < 90


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


WAVE: dict[str, float | int | str] = {"amplitude": 6.0, "cell": 200.0, "shade_depth": 0.0, "texture_seed": 3}
FOLD: dict[str, float | int | str] = {
    "amplitude": 4.0, "creases": 2, "direction": "upright", "position": 0.5, "tilt": 0.0, "reach": 60.0,
    "shade_depth": 0.0,
}  # fmt: skip


@pytest.mark.parametrize(("height", "width"), [(32, 40), (40, 60), (48, 120)])
def test_on_a_small_page_waves_and_folds_are_lower_so_that_text_stays_text(height: int, width: int) -> None:
    """A wave is no longer than 0.6 of the longer side and no higher than a 14th of that; a fold is felt over 0.4 of
    the longer side and no deeper than an 8th of that. The canvas grows by what is moved, and by a pixel."""
    page = _lined(height, width)
    highest = 0.6 * max(height, width) / 14
    out, _ = distort(page, Distortion("wave", WAVE))
    assert (np.array(out.shape) - page.shape == 2 * (ceil(highest) + 1)).all()
    moved = _line_heights(out)
    assert np.abs(moved - (out.shape[0] - 1) / 2).max() <= highest + 0.5
    assert np.ptp(moved) > 0.5  # and still waves

    deepest = 0.4 * max(height, width) / 8
    out, _ = distort(page, Distortion("fold", {**FOLD, "amplitude": 10.0, "creases": 1, "reach": 1000.0}))
    assert (np.array(out.shape) - page.shape == 2 * (ceil(deepest) + 1)).all()
    assert np.abs(_line_heights(out) - (out.shape[0] - 1) / 2).max() == pytest.approx(deepest, abs=0.5)


@pytest.mark.parametrize("creases", [2, 3])
def test_paper_is_folded_to_and_fro(creases: int) -> None:
    """Each crease goes the other way than the one before: a line of text dips at one and rises at the next."""
    page = _lined(150, 480)
    out, _ = distort(page, Distortion("fold", {**FOLD, "creases": creases}))
    assert (np.array(out.shape) - page.shape == 2 * (4 * creases + 1)).all()
    heights = _line_heights(out) - (out.shape[0] - 1) / 2
    at_creases = [heights[round((n + 0.5) / creases * (len(heights) - 1))] for n in range(creases)]
    signs = [round(height / 4) for height in at_creases]
    assert signs in ([-1, 1, -1][:creases], [1, -1, 1][:creases])
    between = heights[round((len(heights) - 1) / creases)]
    assert abs(between) < 1


@pytest.mark.parametrize("direction", ["upright", "level"])
def test_a_crease_leans_by_its_tilt_about_the_middle_of_the_page(direction: str) -> None:
    """Read off the shade, which is darkest on the crease: further left (up) the further down (right)."""
    page = np.full((400, 400), 255, np.uint8)
    out, _ = distort(page, Distortion("fold", {
        **FOLD, "creases": 1, "direction": direction, "tilt": 0.1, "reach": 30.0, "shade_depth": 0.5,
    }))  # fmt: skip
    lines = out if direction == "upright" else out.T
    crease = lines.argmin(axis=1)
    slope, middle = np.polyfit(np.arange(len(crease)) - len(crease) / 2, crease, 1)
    assert slope == pytest.approx(-0.1, abs=0.01)
    assert middle == pytest.approx(lines.shape[1] / 2, abs=2)


def test_one_side_of_a_crease_lies_in_shade_and_the_other_side_at_the_next_crease() -> None:
    page = np.full((200, 600), 255, np.uint8)
    out, _ = distort(page, Distortion("fold", {**FOLD, "reach": 60.0, "shade_depth": 0.5}))
    profile = out.mean(axis=0)
    first, second = (round(share * len(profile)) for share in (0.25, 0.75))
    assert profile[first + 10 : first + 40].mean() < profile[first - 40 : first - 10].mean() - 10
    assert profile[second - 40 : second - 10].mean() < profile[second + 10 : second + 40].mean() - 10


@quick
@given(
    height=sides, width=sides, depth=st.floats(0.05, 0.9), seed=st.integers(0, 2**31 - 1), creases=st.integers(1, 3)
)
def test_the_shade_of_waves_and_folds_is_as_deep_as_they_name_and_no_deeper(
    height: int, width: int, depth: float, seed: int, creases: int
) -> None:
    page = np.full((height, width), 255, np.uint8)
    folds: dict[str, float | int | str] = {**FOLD, "creases": creases, "shade_depth": depth}
    darkest = 255 * (1 - depth)
    for distortion in (
        Distortion("wave", {**WAVE, "shade_depth": depth, "texture_seed": seed}),
        Distortion("fold", folds),
    ):
        out, _ = distort(page, distortion)
        assert darkest - 1.5 <= out.min() <= 255 - 0.6 * (255 - darkest)  # a crease may fall between two samples


def test_a_wave_darkens_the_slopes_that_fall_and_moves_text_along_its_lines_too() -> None:
    page = np.full((300, 400), 255, np.uint8)
    page[:, 198:203] = 0  # one upright line
    out, _ = distort(page, Distortion("wave", WAVE))
    ink = (255 - out.astype(float))[20:-20]
    places = (ink * np.arange(ink.shape[1])).sum(axis=1) / ink.sum(axis=1)
    assert 1 < np.ptp(places) <= 2 * 0.5 * 6.0 + 0.5

    level = _lined(300, 400)
    moved = _line_heights(distort(level, Distortion("wave", WAVE))[0])
    light = distort(np.full_like(level, 255), Distortion("wave", {**WAVE, "shade_depth": 0.5}))[0][150]
    # `lift` is where a pixel comes from, so it rises where the line on the page sinks back (moved falls).
    slopes = np.diff(moved[20:-20])
    assert np.corrcoef(slopes, light[20 : 20 + len(slopes)].astype(float))[0, 1] < -0.5


@pytest.mark.parametrize("creases", [1, 2, 3])
def test_each_crease_lies_in_its_own_part_of_the_page_where_it_is_said_to_be(creases: int) -> None:
    """Read off the shade, which is deepest on the crease."""
    page = np.full((300, 600), 255, np.uint8)
    for position in (0.3, 0.7):
        out, _ = distort(page, Distortion("fold", {
            **FOLD, "creases": creases, "position": position, "reach": 40.0, "shade_depth": 0.5,
        }))  # fmt: skip
        profile = out.mean(axis=0)
        for n in range(creases):
            part = profile[round(n * len(profile) / creases) : round((n + 1) * len(profile) / creases)]
            assert np.argmin(part) / len(part) == pytest.approx(position, abs=0.03)


def test_a_level_crease_waits_for_a_page_of_four_lines_and_is_upright_on_lower_ones() -> None:
    """Level, it would strike the one line of a low page out."""
    for height, is_level in [(46, False), (109, False), (110, True), (300, True)]:
        page = _lined(height, 400)
        level, upright = (
            distort(page, Distortion("fold", {**FOLD, "direction": direction, "shade_depth": 0.3}))[0]
            for direction in ("level", "upright")
        )
        assert np.array_equal(level, upright) is not is_level


# A turn, a shear (fold) and a blur keep the area of ink; a wave stretches paper, and its marks are counted above.
@pytest.mark.parametrize("op", ["rotate_small", "rotate_large", "fold", *BLUR])
def test_one_line_of_text_keeps_itsink(op: str, prompt_pages: list[Page], drawn: Callable[..., Distortion]) -> None:
    page = prompt_pages[-1]
    for seed in range(10):
        out, _ = distort(page, _without_shade(drawn(op, seed)))
        assert ink(out) == pytest.approx(ink(page), rel=0.02)


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


def _lined(height: int, width: int) -> Page:
    """A page with one level line through its middle, 5 pixels thick."""
    page = np.full((height, width), 255, np.uint8)
    page[(height - 5) // 2 : (height + 5) // 2] = 0
    return page


def _line_heights(page: Page) -> NDArray[np.float64]:
    """Where the ink of each column is, from top to bottom, in the columns that the line still fills."""
    ink = 255 - page.astype(float)
    inked = ink.sum(axis=0) > 3 * 255
    return np.asarray((ink * np.arange(len(page))[:, None]).sum(axis=0)[inked] / ink.sum(axis=0)[inked])


def _border(page: Page) -> Page:
    return np.concatenate([page[0], page[-1], page[:, 0], page[:, -1]])


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
