"""Typst behind one function: markup in, a grey page out. Nothing else in the project calls it."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lomo_hf.errors import RenderError
from lomo_hf.recipe import RenderStyle
from lomo_hf.rendering.fonts import MONO_FAMILIES, TEXT_FAMILIES, typst_fonts
from lomo_hf.rendering.mathematics import PREAMBLE

if TYPE_CHECKING:
    import typst

__all__ = ["BLEED", "typeset"]

BLEED = 40  # px of paper around the column: ink that overflows the column shows there instead of being cut off
_EDGE = 3  # ink this close to the edge of the paper may have been cut off
INK = 250  # grey below this counts as ink


def typeset(lines: Sequence[str], width: int, style: RenderStyle, *, cjk: str = "") -> NDArray[np.uint8]:
    """Set lines of markup in a column of `width` px; uint8 (height, width), 255 is paper, one pixel to a point.

    `cjk` is the region whose forms of Chinese characters are wanted: "SC", "JP", "KR", or "" where there are none.

    Raises:
        RenderError: `typst` where the markup does not compile, `overflow` where ink may have left the paper.
    """
    import cv2

    png = _compile("\n".join([_preamble(width, style, cjk), *lines, ""]).encode())
    page = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    if page is None:
        raise RenderError("typst", "Typst returned a page that is no picture.")
    page = np.asarray(page, np.uint8)
    edges = (page[:_EDGE], page[-_EDGE:], page[:, :_EDGE], page[:, -_EDGE:])
    if any(bool((edge < INK).any()) for edge in edges):
        raise RenderError("overflow", f"a line does not fit a column of {width} px.")
    return page


def _compile(document: bytes) -> bytes:
    import typst

    try:
        pages = _compiler().compile(input=document, format="png", ppi=72.0)
    except typst.TypstError as error:
        raise RenderError("typst", f"Typst could not set the page: {error.message}") from error
    if not isinstance(pages, bytes):
        raise RenderError("typst", "Typst returned more or less than one page.")
    return pages


@cache
def _compiler() -> "typst.Compiler":
    import typst

    # An empty root: no prompt can name a file that exists, and none is ever interpreted anyway.
    return typst.Compiler(font_paths=typst_fonts(), ignore_system_fonts=True)


@cache
def _preamble(width: int, style: RenderStyle, cjk: str) -> str:
    text, mono = _families(TEXT_FAMILIES, cjk), _families(MONO_FAMILIES, cjk)
    # Boxes of lines overlap: 32 px of box on a pitch of 22. Typst lets an inline formula reach into the leading by 0.7 of
    # it, so a negative leading gives tall formulas of neighbouring lines paper between them, and text keeps its pitch.
    overlap = style.text_size // 2
    box = style.line_height + overlap
    descent = round(0.27 * style.text_size) + overlap // 2
    return f"""\
#set page(width: auto, height: auto, margin: {BLEED}pt, fill: white)
#set text(font: {text}, size: {style.text_size}pt, top-edge: {box - descent}pt, \
bottom-edge: -{descent}pt, hyphenate: false, fallback: false, ligatures: false, cjk-latin-spacing: none, lang: "en")
#set par(leading: -{overlap}pt, spacing: -{overlap}pt, justify: false)
#set block(above: -{overlap}pt, below: -{overlap}pt)
#show math.equation: set text(size: {style.math_size}pt, font: ("New Computer Modern Math", ..{text}))
#let L(body) = block(width: {width}pt, body)
#let R(body) = block(width: {width}pt, text(dir: rtl, body))
#let D(body) = block(inset: (y: {overlap + 4}pt), {{ set par(leading: {overlap}pt); body }})
#let B() = block(height: {box}pt)
#let M(body) = text(font: {mono}, body)
{PREAMBLE}"""


def _families(families: Sequence[str], cjk: str) -> str:
    """The families as a Typst array, the wanted region of Noto Sans CJK before the others of it."""
    regions = [family for family in families if family.startswith("Noto Sans CJK")]
    ordered = sorted(regions, key=lambda family: not family.endswith(cjk or "SC"))
    named = [ordered.pop(0) if family in regions else family for family in families]
    quoted = [f'"{family}"' for family in named]
    if cjk in ("SC", "JP") and named[0] == "Noto Sans":
        # Quotation marks, dashes and dots among Chinese characters are Chinese ones.
        quoted[0] = '(name: "Noto Sans", covers: "latin-in-cjk")'
    return f"({', '.join(quoted)})"
