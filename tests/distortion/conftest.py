"""Pages to distort: real prompts set with Pillow, random pages, and pages of marks whose places are known."""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lomo_hf.distortion import OPERATIONS, Distortion, draw_distortion
from lomo_hf.recipes.recipe import DistortionSettings

Page = NDArray[np.uint8]

# GSM8K, training set (MIT).
PROMPTS = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May.\n"
    "How many clips did Natalia sell altogether in April and May?",
    "Weng earns $12 an hour for babysitting. Yesterday, she just did 50 minutes of babysitting.\n"
    "How much did she earn?",
    "What is 12/60?",
)


@pytest.fixture(scope="session")
def prompt_pages() -> list[Page]:
    """Real prompts in 20 px DejaVu Sans with a margin of 12 px, smallest last."""
    font = ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), 20)
    pages = []
    for prompt in PROMPTS:
        lines = prompt.split("\n")
        width = round(max(font.getlength(line) for line in lines)) + 24
        image = Image.new("L", (width, 22 * len(lines) + 24), 255)
        for n, line in enumerate(lines):
            ImageDraw.Draw(image).text((12, 30 + 22 * n), line, font=font, fill=0, anchor="ls")
        pages.append(np.asarray(image))
    return pages


@pytest.fixture(scope="session")
def random_page() -> Callable[..., Page]:
    """(height, width, seed, margin) -> blots of 3x3 to 6x6 pixels at random places, up to the margin."""

    def make(height: int, width: int, seed: int, margin: int = 0) -> Page:
        rng = np.random.default_rng(seed)
        page = np.full((height, width), 255, np.uint8)
        inner = page[margin : height - margin, margin : width - margin]
        for _ in range(height * width // 150 + 1):
            side = int(rng.integers(3, 7))
            top, left = rng.integers(0, inner.shape[0] - side + 1), rng.integers(0, inner.shape[1] - side + 1)
            inner[top : top + side, left : left + side] = rng.integers(0, 120)
        return page

    return make


@pytest.fixture(scope="session")
def marked_page() -> Callable[..., tuple[Page, NDArray[np.float64]]]:
    """(height, width, spacing) -> a page of 5x5 marks, the outermost on its very border, and their centres (y, x)."""

    def make(height: int, width: int, spacing: int = 24) -> tuple[Page, NDArray[np.float64]]:
        page = np.full((height, width), 255, np.uint8)
        rows = np.linspace(2, height - 3, max(2, height // spacing)).round().astype(int)
        columns = np.linspace(2, width - 3, max(2, width // spacing)).round().astype(int)
        for y in rows:
            for x in columns:
                page[y - 2 : y + 3, x - 2 : x + 3] = 0
        return page, np.array([(y, x) for y in rows for x in columns], dtype=float)

    return make


@pytest.fixture(scope="session")
def drawn() -> Callable[..., Distortion]:
    """(operation, seed, strength) -> a draw of that very operation."""

    def draw(op: str, seed: int, strength: str = "mild") -> Distortion:
        rng = np.random.default_rng(seed)
        settings = DistortionSettings(mix={OPERATIONS[op].group: 1}, strength=strength)
        return next(d for d in (draw_distortion(settings, rng) for _ in range(200)) if d.op == op)

    return draw
