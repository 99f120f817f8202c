"""R(x_mid): a span becomes a page. Spans with mathematics go to the LaTeX route, others to the text route.

Where a formula cannot be typeset faithfully the whole span is set as plain text with its source visible, and says so
(paper, section 3: any LaTeX failure is re-routed to the text renderer). What cannot be shown at all is an error with
a reason, and its row stays text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lomo_hf.errors import FormulaError, RenderError, TooLargeError, UncoveredError
from lomo_hf.recipes.recipe import Caps, RenderStyle
from lomo_hf.rendering.glyphs import Drawing, Placed, placed
from lomo_hf.rendering.layout import estimated_height, line_width, text_width
from lomo_hf.rendering.markup import FORMULAS, Line, is_long_display, line_markup, lines_of
from lomo_hf.rendering.mathematics import check_work, typeset_formula
from lomo_hf.rendering.prose import set_prose
from lomo_hf.rendering.typesetter import INK, WIDEST, Sheet, draw, fits_paper
from lomo_hf.rendering.uncovered import check_text
from lomo_hf.spans import Span

__all__ = ["HEADROOM", "MENDED", "Page", "Renderer", "render_span"]

Renderer = Literal["text", "latex", "fallback"]

MENDED = "mended-"  # begins the names of repairs of formulas, beside those of conversations
HEADROOM = 64  # px that a distortion other than rotation may add to a side, within the limit of pixels
_OVERHANG = 4  # px by which the last glyph of a line may lean out of its column
_SPACE_BEHIND = 160  # px of space at the end of a formula, which count as its width but leave no ink
_LONG_FORMULA = 16  # characters; a shorter formula fits the narrowest column


@dataclass(frozen=True)
class Page:
    """A rendered span.

    Attributes:
        pixels: uint8 (height, width), 255 is paper. Trimmed to its ink and a mild margin.
        renderer: "latex" or "text" by the span's content, "fallback" where the LaTeX route failed.
        reason: Why it failed; None otherwise.
        repairs: Names of what was mended in formulas before they could be typeset, sorted.
        drawing: The glyphs and rules that were painted, where they stood before the page was trimmed; None where
            Typst painted them.
        svg: What Typst drew, as it says; None where the page was set without it.
    """

    pixels: NDArray[np.uint8]
    renderer: Renderer
    reason: str | None = None
    repairs: tuple[str, ...] = ()
    drawing: Drawing | None = field(default=None, repr=False, compare=False)
    svg: bytes | None = field(default=None, repr=False, compare=False)


def render_span(prompt: str, span: Span, style: RenderStyle, caps: Caps) -> Page:
    """R and TrimMargin of algorithm 1: set `prompt[span.start:span.end]` as one page, at its native resolution.

    Args:
        prompt: The whole prompt; what stands before the span decides how its first line is set.
        span: A span of it, in characters.
        style: Sizes, margin and widths, in pixels.
        caps: Limits of the page, in pixels.

    Returns:
        The page: grey levels, uint8, (height, width), ink dark on white; and which renderer set it, why it fell back
        to plain text if it did, and what was mended in its formulas.

    Raises:
        UncoveredError: No font has a glyph for a character, or the character cannot be shown.
        TooLargeError: The page would exceed `caps.max_pixels`; its `max_chars` says what would fit.
        RenderError: There is no ink, or a line fits no page.

    Source: paper, section 3, algorithm 1: a failure of the LaTeX renderer goes to the text renderer.

    Example:
        >>> from lomo_hf.spans import select_spans
        >>> located = select_spans("Is $x^2$ even?")
        >>> page = render_span(located.prompt, located.spans[0], RenderStyle(), Caps())
        >>> page.renderer, str(page.pixels.dtype), page.pixels.shape[0] < page.pixels.shape[1] < 320
        ('latex', 'uint8', True)
    """
    text = prompt[span.start : span.end]
    if not text.strip():
        raise RenderError("blank", "the span holds no ink.")
    check_text(text)
    if not span.has_math:
        return _page(prompt, span, (), style, caps, "text")
    try:
        formulas = [
            typeset_formula(prompt[atom.body_start : atom.body_end], display=atom.kind == "display")
            for atom in span.atoms
            if atom.is_math
        ]
        check_work(sum(formula.work for formula in formulas))
        page = _page(prompt, span, [formula.typst for formula in formulas], style, caps, "latex")
        repairs = {repair for formula in formulas for repair in formula.repairs}
        return replace(page, repairs=tuple(sorted(repairs)))
    except TooLargeError:
        raise
    except (FormulaError, RenderError) as error:
        if isinstance(error, UncoveredError):
            raise
        plain = Span(span.start, span.end, tuple(atom for atom in span.atoms if not atom.is_math))
        return _page(prompt, plain, (), style, caps, "fallback", error.reason)


def _page(
    prompt: str, span: Span, formulas: Sequence[str], style: RenderStyle, caps: Caps, renderer: Renderer,
    reason: str | None = None,
) -> Page:  # fmt: skip
    chars = span.end - span.start
    if chars > caps.max_pixels // 20:  # far over any page: do not even lay it out
        raise TooLargeError("too-large", f"{chars} characters fit no page.", caps.max_pixels // 150)
    lines = lines_of(prompt, span.start, span.end, span.atoms)
    if not lines:  # soft hyphens and nothing else
        raise RenderError("blank", "the span holds no ink.")
    widths = [line_width(line, style) for line in lines]
    width = text_width(lines, widths, style)
    # Refused by the estimate, what is plainly too large is never typeset: the cost of a row is bounded.
    height = estimated_height(widths, width, style)
    _check_size(min(width, max(widths)), height, chars, 1.5 * caps.max_pixels, caps)
    sheet = _sheet(prompt, span, formulas, lines, width, style)
    ink = _ink(sheet.pixels)
    wide, high = (side + 2 * style.margin for side in (ink.shape[1], ink.shape[0]))
    _check_size(wide, high, chars, caps.max_pixels, caps)
    return Page(_on_paper(ink, wide, high, caps), renderer, reason, drawing=sheet.drawing, svg=sheet.svg)


def _sheet(
    prompt: str, span: Span, formulas: Sequence[str], lines: Sequence[Line], width: int, style: RenderStyle
) -> Sheet:
    """The lines on untrimmed paper: from kept words and formulas where that is certain, by Typst where it is not."""
    glyphs = _without_typst(lines, formulas, width, style)
    if glyphs is not None:
        return Sheet(glyphs.painted(), glyphs.left, glyphs.top, glyphs.drawing)
    sources = [prompt[atom.body_start : atom.body_end] for atom in span.atoms if atom.is_math]
    wide = [body for tex, body in zip(sources, formulas, strict=False) if len(tex) >= _LONG_FORMULA]
    return _drawn_wide_enough(lines, formulas, wide, width, style)


def _without_typst(lines: Sequence[Line], formulas: Sequence[str], width: int, style: RenderStyle) -> Placed | None:
    """The lines in a column of `width` px, or of what a formula needs that cannot be broken; None: Typst sets them."""
    widest = _widest(style) - (_SPACE_BEHIND if any(map(is_long_display, lines)) else 0)
    for _ in range(2):
        drawing = set_prose(lines, width, style, formulas)
        glyphs = None if drawing is None else _placed(drawing)
        if glyphs is None or glyphs.right > widest or not fits_paper(glyphs, 0):
            return None
        if glyphs.right <= width + _OVERHANG:
            return glyphs
        width = glyphs.right + _OVERHANG
    return None


def _placed(drawing: Drawing) -> Placed | None:
    """Where everything comes to lie; None where an outline is of another kind."""
    try:
        return placed(drawing)
    except ValueError:
        return None


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


def _drawn_wide_enough(
    lines: Sequence[Line], formulas: Sequence[str], wide: Sequence[str], width: int, style: RenderStyle
) -> Sheet:
    """The lines in a column of `width` px or, where something cannot be broken to fit it, in one as wide as that."""
    widest = _widest(style)
    markup = _markup(lines, formulas, broken=False)
    sheet = _drawn(markup, wide, width, style)
    # To measure a formula Typst sets the whole page again: only where one may have been too wide.
    if any(map(is_long_display, lines)) and (sheet is None or _needed(sheet) > widest - _SPACE_BEHIND):
        markup = _markup(lines, formulas, broken=True)
        sheet = _drawn(markup, wide, width, style)
    if sheet is None:
        return draw(markup, widest, style, wide=wide)  # text without a place to break it, such as a wide frame
    needed = _needed(sheet)
    if needed <= width + _OVERHANG:
        return sheet
    if needed > widest:
        raise RenderError("overflow", f"a line that cannot be broken needs {needed} px.")
    return draw(markup, needed + _OVERHANG, style, wide=wide)


def _markup(lines: Sequence[Line], formulas: Sequence[str], *, broken: bool) -> list[str]:
    bodies = iter(formulas)
    return [
        line_markup(line, [next(bodies) for piece in line.pieces if piece.kind in FORMULAS], broken=broken)
        for line in lines
    ]


def _drawn(markup: Sequence[str], wide: Sequence[str], width: int, style: RenderStyle) -> Sheet | None:
    """The lines in a column of `width` px; None where they leave its paper."""
    try:
        return draw(markup, width, style, wide=wide)
    except RenderError as error:
        if error.reason != "overflow":
            raise
        return None


def _widest(style: RenderStyle) -> int:
    """What a line that cannot be broken may take, in px."""
    return int(WIDEST * style.max_width)


def _needed(sheet: Sheet) -> int:
    """How wide a column holds all ink."""
    return sheet.left + int(sheet.pixels.shape[1])


def _ink(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """TrimMargin: the paper around the ink goes; all ink stays."""
    top, bottom = _inked(pixels)
    if top == bottom:
        raise RenderError("blank", "the span holds no ink.")
    left, right = _inked(pixels[top:bottom].T)
    return pixels[top:bottom, left:right]


def _inked(rows: NDArray[np.uint8]) -> tuple[int, int]:
    """The first row with ink and the one behind the last. A sheet is little larger than its ink: few are looked at."""
    first, end = 0, len(rows)
    while first < end and rows[first].min() >= INK:
        first += 1
    while first < end and rows[end - 1].min() >= INK:
        end -= 1
    return first, end


def _on_paper(ink: NDArray[np.uint8], wide: int, high: int, caps: Caps) -> NDArray[np.uint8]:
    """The ink in the middle of paper: `wide` by `high`, more where a side is shorter than consumers accept."""
    height = max(high, caps.min_side, -(-wide // caps.max_aspect))
    width = max(wide, caps.min_side, -(-high // caps.max_aspect))
    page = np.full((height, width), 255, np.uint8)
    top, left = (height - high) // 2 + (high - ink.shape[0]) // 2, (width - wide) // 2 + (wide - ink.shape[1]) // 2
    page[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return page
