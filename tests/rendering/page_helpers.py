"""What the tests of pages share: a page of a whole text, and measures of its ink."""

import numpy as np
from numpy.typing import NDArray

from lomo_hf.recipes.recipe import Caps, RenderStyle
from lomo_hf.rendering import Page, render_span
from lomo_hf.spans import select_spans

STYLE = RenderStyle()
CAPS = Caps()


def page_of(text: str, style: RenderStyle = STYLE, caps: Caps = CAPS) -> Page:
    """The page of a whole prompt."""
    chosen = select_spans(text, "full")
    return render_span(chosen.prompt, chosen.spans[0], style, caps)


def ink(pixels: NDArray[np.uint8]) -> int:
    """How much ink lies on a page: 255 for each black pixel."""
    return int((255 - pixels.astype(np.int64)).sum())


def runs(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches [start, end) of True in a row of booleans."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def bands(pixels: NDArray[np.uint8], grey: int = 128) -> list[tuple[int, int]]:
    """The rows [top, bottom) of each line of text: rows with ink darker than `grey`, between rows without."""
    return runs((pixels < grey).any(axis=1))
