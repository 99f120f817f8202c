"""An atlas of glyphs: the ink of printable ASCII in several fonts and sizes, from which the base's pages are set.

The base learns to read from pages that are set on the device, fresh ones at every step, so that it is known which
character lies in which patch. The fonts come with pip packages that the project needs anyway.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["CHARACTERS", "UNSEEN_FONT", "Atlas", "draw_atlas", "font_file"]

CHARACTERS = tuple(chr(code) for code in range(32, 127))
FONTS = (
    ("manimgx_fonts", "NotoSans[wght].ttf"),
    ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf"),
    ("matplotlib", "mpl-data/fonts/ttf/DejaVuSansMono.ttf"),
    ("matplotlib", "mpl-data/fonts/ttf/STIXGeneral.ttf"),
    ("matplotlib", "mpl-data/fonts/ttf/STIXGeneralItalic.ttf"),
    ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans-Bold.ttf"),
)
UNSEEN_FONT = ("matplotlib", "mpl-data/fonts/ttf/DejaVuSerif.ttf")  # kept for a test
SIZES = (18, 20, 22)
CELL_HEIGHT, CELL_WIDTH = 28, 28


@dataclass(frozen=True)
class Atlas:
    """Glyphs of `len(FONTS) * len(SIZES)` faces; the first three are the product's own font.

    Attributes:
        ink: (faces, characters, height, width) uint8, 255 where there is ink; the baseline is at 0.8 sizes.
        advance: (faces, characters) float32, in px.
        sizes: (faces,) in px.
    """

    ink: NDArray[np.uint8]
    advance: NDArray[np.float32]
    sizes: NDArray[np.int64]


def font_file(package: str, path: str) -> Path:
    """Where a font of a pip package lies."""
    from importlib.util import find_spec

    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the font package {package} is not installed. Run `pip install lomo-hf`.")
    return Path(spec.origin).parent / path


def draw_atlas() -> Atlas:
    """Draw all glyphs; needs the font packages."""
    faces = [(font_file(*font), size) for font in FONTS for size in SIZES]
    ink = np.zeros((len(faces), len(CHARACTERS), CELL_HEIGHT, CELL_WIDTH), np.uint8)
    advance = np.zeros(ink.shape[:2], np.float32)
    for face, (path, size) in enumerate(faces):
        font = ImageFont.truetype(str(path), size)
        for place, character in enumerate(CHARACTERS):
            cell = Image.new("L", (CELL_WIDTH, CELL_HEIGHT))
            ImageDraw.Draw(cell).text((0, round(size * 0.8)), character, fill=255, font=font, anchor="ls")
            ink[face, place] = np.asarray(cell)
            advance[face, place] = font.getlength(character)
    return Atlas(ink, advance, np.array([size for _, size in faces]))
