"""A page as PNG: every reader gets the same page back, and a page is packed the way that suits it."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rendering.page_helpers import page_of

from lomo_hf.distortion import OPERATIONS, draw_distortion
from lomo_hf.distortion.applying import distort
from lomo_hf.recipes.recipe import DistortionSettings
from lomo_hf.rendering.png import read_png_header, to_png

PROSE = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. " * 6


@given(height=st.integers(1, 60), width=st.integers(1, 60), seed=st.integers(0, 2**32 - 1), plain=st.booleans())
def test_two_readers_get_the_very_page_back(height: int, width: int, seed: int, plain: bool) -> None:
    page = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    data = to_png(page, plain=plain)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image), page)
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), page)
    assert read_png_header(data).grey


@pytest.mark.parametrize("op", [name for name, operation in OPERATIONS.items() if not operation.plain])
def test_a_page_that_is_not_plain_takes_about_as_little_room_in_its_own_way(op: str) -> None:
    page = page_of(PROSE).pixels
    rng = np.random.default_rng(5)
    settings = DistortionSettings(mix={OPERATIONS[op].group: 1})
    drawn = [candidate for candidate in (draw_distortion(settings, rng) for _ in range(40)) if candidate.op == op]
    own = plain = 0
    for distortion in drawn[:6]:
        distorted, _ = distort(page, distortion)
        own, plain = own + len(to_png(distorted, plain=False)), plain + len(to_png(distorted))
    assert own <= 1.1 * plain
