"""R(x_mid): a span becomes a page. Spans with mathematics go to the LaTeX route, others to the text route.

Where a formula cannot be typeset faithfully the whole span is set as plain text with its source visible, and says so
(paper, section 3: any LaTeX failure is re-routed to the text renderer). What cannot be shown at all is an error with
a reason, and its row stays text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lomo_hf.errors import FormulaError, RenderError, TooLargeError, UncoveredError
from lomo_hf.recipes.recipe import Caps, RenderStyle
from lomo_hf.rendering.layout import estimated_height, line_width, text_width
from lomo_hf.rendering.markup import FORMULAS, Line, line_markup, lines_of
from lomo_hf.rendering.mathematics import typeset_formula
from lomo_hf.rendering.prose import set_prose
from lomo_hf.rendering.typesetter import BLEED, INK, WIDEST, paper_for, typeset
from lomo_hf.rendering.uncovered import check_text
from lomo_hf.spans import Span

__all__ = ["HEADROOM", "MENDED", "Page", "Renderer", "render_span"]

Renderer = Literal["text", "latex", "fallback"]

MENDED = "mended-"  # begins the names of repairs of formulas, beside those of conversations
HEADROOM = 64  # px that a distortion other than rotation may add to a side, within the limit of pixels
_OVERHANG = 4  # px by which the last glyph of a line may lean out of its column
_LONG_FORMULA = 16  # characters; a shorter formula fits the narrowest column


@dataclass(frozen=True)
class Page:
    """A rendered span.

    Attributes:
        pixels: uint8 (height, width), 255 is paper. Trimmed to its ink and a mild margin.
        renderer: "latex" or "text" by the span's content, "fallback" where the LaTeX route failed.
        reason: Why it failed; None otherwise.
        repairs: Names of what was mended in formulas before they could be typeset, sorted.
    """

    pixels: NDArray[np.uint8]
    renderer: Renderer
    reason: str | None = None
    repairs: tuple[str, ...] = ()


def render_span(prompt: str, span: Span, style: RenderStyle, caps: Caps) -> Page:
    """R and TrimMargin of algorithm 1: set `prompt[span.start:span.end]` as one page, at its native resolution.

    Raises:
        UncoveredError: No font has a glyph for a character, or the character cannot be shown.
        TooLargeError: The page would exceed `caps.max_pixels`; its `max_chars` says what would fit.
        RenderError: There is no ink, or a line fits no page.

    >>> from lomo_hf.spans import select_spans
    >>> found = select_spans("Is $x^2$ even?")
    >>> page = render_span(found.prompt, found.spans[0], RenderStyle(), Caps())
    >>> page.renderer, str(page.pixels.dtype), page.pixels.shape[0] < page.pixels.shape[1] < 320
    ('latex', 'uint8', True)
    """
    text = prompt[span.start : span.end]
    if not text.strip():
        raise RenderError("blank", "the span holds no ink.")
    check_text(text)
    if not span.has_math:
        return Page(_set(prompt, span, (), style, caps), "text")
    try:
        formulas = [
            typeset_formula(prompt[atom.body_start : atom.body_end], display=atom.kind == "display")
            for atom in span.atoms
            if atom.is_math
        ]
        pixels = _set(prompt, span, [formula.typst for formula in formulas], style, caps)
        repairs = {repair for formula in formulas for repair in formula.repairs}
        return Page(pixels, "latex", repairs=tuple(sorted(repairs)))
    except TooLargeError:
        raise
    except (FormulaError, RenderError) as error:
        if isinstance(error, UncoveredError):
            raise
        plain = Span(span.start, span.end, tuple(atom for atom in span.atoms if not atom.is_math))
        return Page(_set(prompt, plain, (), style, caps), "fallback", error.reason)


def _set(prompt: str, span: Span, formulas: Sequence[str], style: RenderStyle, caps: Caps) -> NDArray[np.uint8]:
    chars = span.end - span.start
    if chars > caps.max_pixels // 20:  # far over any page: do not even lay it out
        raise TooLargeError("too-large", f"{chars} characters fit no page.", caps.max_pixels // 150)
    lines = lines_of(prompt, span.start, span.end, span.atoms)
    if not lines:  # soft hyphens and nothing else
        raise RenderError("blank", "the span holds no ink.")
    widths = [line_width(line, style) for line in lines]
    width = text_width(lines, style)
    # Refused by the estimate, what is plainly too large is never typeset: the cost of a row is bounded.
    height = estimated_height(widths, width, style)
    _check_size(min(width, max(widths)), height, chars, 1.5 * caps.max_pixels, caps)
    trimmed = _trimmed(_pixels(prompt, span, formulas, lines, width, style), style.margin)
    _check_size(trimmed.shape[1], trimmed.shape[0], chars, caps.max_pixels, caps)
    return _padded(trimmed, caps)


def _pixels(
    prompt: str, span: Span, formulas: Sequence[str], lines: Sequence[Line], width: int, style: RenderStyle
) -> NDArray[np.uint8]:
    """The lines on untrimmed paper: plain prose from a cache of words, everything else by Typst."""
    page = set_prose(lines, width, style)
    if page is not None:
        return page
    bodies = iter(formulas)
    markup = [line_markup(line, [next(bodies) for piece in line.pieces if piece.kind in FORMULAS]) for line in lines]
    sources = [prompt[atom.body_start : atom.body_end] for atom in span.atoms if atom.is_math]
    markup += [paper_for(body) for tex, body in zip(sources, formulas, strict=False) if len(tex) >= _LONG_FORMULA]
    return _typeset_wide_enough(markup, width, style)


def _check_size(width: float, height: float, chars: int, limit: float, caps: Caps) -> None:
    """Refuse a page over `limit` px, and say how many characters would fit."""
    padded = max(width, caps.min_side, ceil(height / caps.max_aspect))
    area = (max(height, caps.min_side, ceil(width / caps.max_aspect)) + HEADROOM) * (padded + HEADROOM)
    if area > limit:
        share = caps.max_pixels / area
        if padded > width:  # a column so narrow that its paper grows both ways with its length
            share = sqrt(share)
        message = f"the page of {width:.0f} x {height:.0f} px exceeds {caps.max_pixels} px."
        raise TooLargeError("too-large", message, int(0.93 * chars * share))


def _typeset_wide_enough(markup: list[str], width: int, style: RenderStyle) -> NDArray[np.uint8]:
    """The page in a column of `width` px or, where something cannot be broken to fit it, in one as wide as that."""
    widest = int(WIDEST * style.max_width)
    try:
        page = typeset(markup, width, style)
    except RenderError as error:
        if error.reason != "overflow":
            raise
        return typeset(markup, widest, style)  # text without a place to break it, such as a wide frame
    columns = np.flatnonzero((page < INK).any(axis=0))
    needed = int(columns[-1]) - BLEED if columns.size else 0
    if needed <= width + _OVERHANG:
        return page
    if needed > widest:
        raise RenderError("overflow", f"a line that cannot be broken needs {needed} px.")
    return typeset(markup, needed + _OVERHANG, style)


def _trimmed(page: NDArray[np.uint8], margin: int) -> NDArray[np.uint8]:
    """TrimMargin: the paper around the ink goes, but for a mild margin; all ink stays."""
    ink = page < INK
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if rows.size == 0:
        raise RenderError("blank", "the span holds no ink.")
    inner = page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.pad(inner, margin, constant_values=255)


def _padded(page: NDArray[np.uint8], caps: Caps) -> NDArray[np.uint8]:
    """Paper is added, never ink scaled, where a side is shorter than consumers accept."""
    height, width = page.shape
    more_height = max(caps.min_side, -(-width // caps.max_aspect)) - height
    more_width = max(caps.min_side, -(-height // caps.max_aspect)) - width
    if more_height <= 0 and more_width <= 0:
        return page
    pads = [(more // 2, more - more // 2) for more in (max(0, more_height), max(0, more_width))]
    return np.pad(page, pads, constant_values=255)
