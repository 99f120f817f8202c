"""What the tests of prose share: the same page set both ways, and how far the two differ."""

from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from rendering.page_helpers import STYLE, ink

from lomo_hf.errors import RenderError
from lomo_hf.recipes.recipe import Caps, RenderStyle
from lomo_hf.rendering import page as room
from lomo_hf.rendering import render_span
from lomo_hf.spans import select_spans

CAPS = Caps()


class Both(NamedTuple):
    """A page by Typst, and the same from words."""

    typst: NDArray[np.uint8]
    words: NDArray[np.uint8]


def both(text: str, position: str = "full", style: RenderStyle = STYLE) -> Both | None:
    """The page of a text's span, both ways; None where Typst sets it anyway, or where it cannot be shown."""
    found, pages = select_spans(text, position), []
    real = room.set_prose

    def watched(*given: object) -> object:
        pages.append(real(*given))  # type: ignore[arg-type]
        return pages[-1]

    try:
        with patch.object(room, "set_prose", watched):
            words = render_span(found.prompt, found.spans[0], style, CAPS).pixels
        if not pages or pages[-1] is None:
            return None
        with patch.object(room, "set_prose", lambda *_: None):
            return Both(render_span(found.prompt, found.spans[0], style, CAPS).pixels, words)
    except RenderError:
        return None


def displaced(pages: Both) -> float:
    """The share of the first page's ink that the second has elsewhere, where they lie best within a pixel."""
    height, width = (max(page.shape[side] for page in pages) + 2 for side in (0, 1))
    first, second = (_padded(page, height, width) for page in pages)
    shifts = [(down, right) for down in (0, 1, -1) for right in (0, 1, -1)]
    least = min(int(np.abs(first - np.roll(second, shift, axis=(0, 1))).sum()) for shift in shifts)
    return least / ink(pages.typst)


def _padded(page: NDArray[np.uint8], height: int, width: int) -> NDArray[np.int16]:
    made = np.full((height, width), 255, np.int16)
    made[1 : 1 + page.shape[0], 1 : 1 + page.shape[1]] = page
    return made
