"""What the tests of prose share: the same lines set both ways, and how far the two differ."""

from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from rendering.page_helpers import STYLE, ink

from lomo_hf.errors import FormulaError, RenderError
from lomo_hf.recipes.recipe import Caps, RenderStyle
from lomo_hf.rendering import page as page_module
from lomo_hf.rendering import render_span
from lomo_hf.rendering.glyphs import Drawing
from lomo_hf.rendering.layout import line_width, text_width
from lomo_hf.rendering.markup import lines_of
from lomo_hf.rendering.mathematics import typeset_formula
from lomo_hf.rendering.prose import set_prose
from lomo_hf.rendering.typesetter import BLEED, draw
from lomo_hf.spans import select_spans

CAPS = Caps()
NEAR = 0.02  # px; what is left of Typst's own rounding in its SVG


class Both(NamedTuple):
    """A page by Typst, and the same without it."""

    typst: NDArray[np.uint8]
    words: NDArray[np.uint8]


def both(text: str, position: str = "full", style: RenderStyle = STYLE) -> Both | None:
    """The page of a text's span, both ways; None where Typst sets it anyway, or where it cannot be shown."""
    chosen, pages = select_spans(text, position), []
    real = page_module.set_prose

    def watched(*given: object) -> object:
        pages.append(real(*given))  # type: ignore[arg-type]
        return pages[-1]

    try:
        with patch.object(page_module, "set_prose", watched):
            words = render_span(chosen.prompt, chosen.spans[0], style, CAPS).pixels
        if not pages or pages[-1] is None:
            return None
        with patch.object(page_module, "set_prose", lambda *_: None):
            return Both(render_span(chosen.prompt, chosen.spans[0], style, CAPS).pixels, words)
    except RenderError:
        return None


def farthest(text: str, position: str = "full", style: RenderStyle = STYLE, width: int | None = None) -> float | None:
    """By how many px a glyph stands elsewhere than Typst puts it, at most; None where Typst sets the page anyway.

    Infinite where there are more glyphs or fewer, or where Typst sets nothing.
    """
    chosen = select_spans(text, position)
    if not chosen.spans:
        return None
    span = chosen.spans[0]
    lines = lines_of(chosen.prompt, span.start, span.end, span.atoms)
    try:
        bodies = [
            typeset_formula(chosen.prompt[atom.body_start : atom.body_end], display=atom.kind == "display").typst
            for atom in span.atoms
            if atom.is_math
        ]
    except FormulaError:  # the page shows its source
        return None
    column = width or text_width(lines, [line_width(line, style) for line in lines], style)
    ours = set_prose(lines, column, style, bodies)
    if ours is None:
        return None
    theirs = draw(page_module._markup(lines, bodies, broken=False), column, style).drawing
    if theirs is None or len(theirs.glyphs) != len(ours.glyphs) or len(theirs.rules) != len(ours.rules):
        return float("inf")
    return _distance(theirs, ours)


def _distance(theirs: Drawing, ours: Drawing) -> float:
    """How far each glyph of one has to its nearest of the other, and each rule to its own, at most.

    Our lines begin where the column does, and Typst's on paper around it: both are moved by whole pixels.
    """
    down = float(np.round(theirs.y.min() - ours.y.min())) if len(ours.y) else 0.0
    first = np.stack([theirs.x - BLEED, theirs.y - down], axis=1)
    second = np.stack([ours.x, ours.y], axis=1)
    far = 0.0
    for at in range(0, len(first), 500):  # of many glyphs not all pairs at once
        far = max(far, float(np.abs(first[at : at + 500, None] - second).max(axis=2).min(axis=1).max()))
        far = max(far, float(np.abs(second[at : at + 500, None] - first).max(axis=2).min(axis=1).max()))
    if len(ours.rules):
        moved = theirs.rules - (BLEED, down, BLEED, down)
        far = max(far, float(np.abs(np.sort(moved, axis=0) - np.sort(ours.rules, axis=0)).max()))
    return far


def displaced(pages: Both) -> float:
    """The share of the first page's ink that the second has elsewhere, where they lie best within a pixel."""
    height, width = (max(page.shape[side] for page in pages) + 2 for side in (0, 1))
    first, second = (_padded(page, height, width) for page in pages)
    shifts = [(down, right) for down in (0, 1, -1) for right in (0, 1, -1)]
    least = min(int(np.abs(first - np.roll(second, shift, axis=(0, 1))).sum()) for shift in shifts)
    return least / ink(pages.typst)


def _padded(page: NDArray[np.uint8], height: int, width: int) -> NDArray[np.int16]:
    padded = np.full((height, width), 255, np.int16)
    padded[1 : 1 + page.shape[0], 1 : 1 + page.shape[1]] = page
    return padded
