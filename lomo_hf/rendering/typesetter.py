"""Typst behind one function: lines of markup in, a drawing or a grey page out. Nothing else in the project calls it.

Typst's SVG says where each glyph stands, and is painted here; a page with anything else on it, such as a slanted
stroke, is painted by Typst.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import get_ident
from time import process_time
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from lomo_hf.errors import RenderError
from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.fonts import EMOJI_FAMILIES, LATIN, MONO_ADVANCE, MONO_FAMILIES, TEXT_FAMILIES, typst_fonts
from lomo_hf.rendering.glyphs import Drawing, Placed, placed, read_svg
from lomo_hf.rendering.markup import HANGING

if TYPE_CHECKING:
    import typst

__all__ = [
    "BLEED", "BOX_PITCH", "BOX_ROOM", "FRAME_INK", "INK", "LINE_INK", "WIDEST",
    "Sheet", "draw", "fits_paper", "line_box", "measured_display", "measured_pieces", "new_compiler", "typeset",
]  # fmt: skip

BLEED = 40  # px of paper around the column: ink that overflows the column shows there instead of being cut off
_EDGE = 3  # ink this close to the edge of the paper may have been cut off
INK = 250  # grey below this counts as ink
BOX_PITCH, BOX_ROOM = 10, 5  # times its size: from one measured piece of a formula to the next; its height at most
FRAME_INK, LINE_INK = 254, 253  # of the frame around such a piece, and of a stroke on its baseline
WIDEST = 1.6  # times the widest column: what a line that cannot be broken may take
_COSTLY = 0.15  # s of processor time; what Typst keeps of a page that took longer may be hundreds of megabytes
_PAGES_KEPT = 10
_LARGEST = 40_000_000  # px of a page; what is larger is refused before it is painted
_DEFINITIONS = Path(__file__).parent / "definitions"


@dataclass(frozen=True)
class Sheet:
    """Lines as they were set in a column.

    Attributes:
        pixels: uint8 (height, width), 255 is paper: all ink, on as little paper as holds it.
        left, top: Where the first column and row lie, in px from the upper left of the column.
        drawing: What was painted, in px from the upper left of the paper around the column (`BLEED`); None where
            Typst painted it.
        svg: What Typst drew, as it says; None where the lines were set without it.
    """

    pixels: NDArray[np.uint8]
    left: int
    top: int
    drawing: Drawing | None = None
    svg: bytes | None = None


def draw(lines: Sequence[str], width: int, style: RenderStyle, *, cjk: str = "", wide: Sequence[str] = ()) -> Sheet:
    """Set lines of markup in a column of `width` px, one pixel to a point.

    `cjk` is the face of lines that name none: "" or a region of Chinese characters ("SC", "TC", "JP", "KR"), with
    "-in-latin" where they stand among Latin text. `wide` are the formulas: what cannot be broken leaves its column,
    and where Typst paints it, its paper is made as wide as that.

    Raises:
        RenderError: `typst` where the markup does not compile, `overflow` where ink leaves the paper on the left,
            above or below, or the page is far too large.
    """
    head = _head(width, style, cjk, any("$" in line for line in lines))
    document = "\n".join([head, *lines, ""])
    svg = _compile(document, "svg")
    drawing = read_svg(svg)
    if drawing is not None:
        try:
            glyphs = placed(drawing)
        except ValueError:  # an outline of another kind
            drawing = None
    if drawing is None:
        paper = "".join(f"#P(${formula}$)\n" for formula in wide)
        return replace(_trimmed(_by_typst(document + paper, width)), svg=svg)
    left, top = glyphs.left - BLEED, glyphs.top - BLEED
    if not fits_paper(glyphs, BLEED):
        raise RenderError("overflow", f"a line does not fit a column of {width} px.")
    return Sheet(glyphs.painted(), left, top, drawing, svg)


def fits_paper(glyphs: Placed, bleed: int) -> bool:
    """Whether nothing leaves the paper on the left or above, and it is not far too large.

    `bleed` is what the column stands in from the upper left of the drawing, in px.
    """
    size = (glyphs.right - glyphs.left) * (glyphs.bottom - glyphs.top)
    return not size or (min(glyphs.left, glyphs.top) - bleed >= _EDGE - BLEED and size <= _LARGEST)


def measured_pieces(pieces: Sequence[str], style: RenderStyle) -> Drawing | None:
    """Pieces of inline formulas, each in a band of its own (`BOX_PITCH`), framed; None where that is not read.

    Raises:
        RenderError: `typst` where one does not compile.
    """
    pitch, above = BOX_PITCH * style.math_size, (BOX_PITCH - BOX_ROOM) * style.math_size // 2
    return _measured([f"#X({pitch}, {above}, ${piece}$)" for piece in pieces], style)


def measured_display(body: str, style: RenderStyle) -> Drawing | None:
    """A displayed formula, framed. As `measured_pieces` otherwise."""
    return _measured([f"#Y({line_box(style)[2]}, $ {body} $)"], style)


def _measured(lines: Sequence[str], style: RenderStyle) -> Drawing | None:
    head = '#import "/formulas.typ": X, Y, measured\n'
    if any("lm" in line for line in lines):  # Typst reads each time what is imported
        head += '#import "/mathematics.typ": *\n'
    head += f"#show: measured.with(size: {style.math_size}, bleed: {BLEED})\n"
    return read_svg(_compile(head + "\n".join(lines), "svg"))


def typeset(lines: Sequence[str], width: int, style: RenderStyle, *, cjk: str = "") -> NDArray[np.uint8]:
    """Lines on paper with `BLEED` px around the column: uint8 (height, width), 255 is paper. As `draw` otherwise."""
    sheet = draw(lines, width, style, cjk=cjk)
    height, across = sheet.pixels.shape
    left, top = BLEED + sheet.left, BLEED + sheet.top
    page = np.full((top + height + BLEED, max(left + across, width + BLEED) + BLEED), 255, np.uint8)
    page[top : top + height, left : left + across] = sheet.pixels
    return page


def _by_typst(document: str, width: int) -> NDArray[np.uint8]:
    import cv2

    decoded = cv2.imdecode(np.frombuffer(_compile(document, "png"), np.uint8), cv2.IMREAD_GRAYSCALE)
    if decoded is None:
        raise RenderError("typst", "Typst returned a page that is no picture.")
    page: NDArray[np.uint8] = np.asarray(decoded, dtype=np.uint8)
    edges = (page[:_EDGE], page[-_EDGE:], page[:, :_EDGE], page[:, -_EDGE:])
    if any(bool((edge < INK).any()) for edge in edges):
        raise RenderError("overflow", f"a line does not fit a column of {width} px.")
    return page


def _trimmed(page: NDArray[np.uint8]) -> Sheet:
    ink = page < 255
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        return Sheet(page[:0, :0], 0, 0)
    inner = page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Sheet(inner, int(columns[0]) - BLEED, int(rows[0]) - BLEED)


def _compile(document: str, form: Literal["svg", "png"]) -> bytes:
    import typst

    began = process_time()
    try:
        pages = _compiler().compile(input=document.encode(), format=form, ppi=72.0)
    except typst.TypstError as error:
        raise RenderError("typst", f"Typst could not set the page: {error.message}") from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # a bug of Typst, which is no Exception
            raise RenderError("typst:panic", "Typst broke down over the page.") from None
        raise
    if not isinstance(pages, bytes):
        raise RenderError("typst", "Typst returned more or less than one page.")
    if process_time() - began > _COSTLY:
        _forget()
    return pages


def _forget() -> None:
    """Let go of what Typst keeps of the last pages: it does so by itself where a page is ten pages old."""
    for number in range(_PAGES_KEPT + 1):
        _compiler().compile(input=f"#set page(width: 1pt, height: 1pt)\n// {number}".encode(), format="svg")


def _compiler() -> "typst.Compiler":
    """A compiler for this thread of this process: one shared by two threads refuses the second."""
    return _compiler_of(os.getpid(), get_ident())


@lru_cache(maxsize=64)
def _compiler_of(process: int, thread: int) -> "typst.Compiler":
    return new_compiler()


def new_compiler(**inputs: str) -> "typst.Compiler":
    """A compiler that knows the fonts, and no file but the definitions beside this module.

    `inputs` are what a document finds under these names in `sys.inputs`, beside the families of fonts.
    """
    import typst

    families = {"text": TEXT_FAMILIES, "mono": MONO_FAMILIES, "emoji": EMOJI_FAMILIES, "latin": (LATIN,)}
    return typst.Compiler(
        root=_DEFINITIONS,
        font_paths=typst_fonts(),
        ignore_system_fonts=True,
        sys_inputs={**{name: ",".join(listed) for name, listed in families.items()}, **inputs},
    )


def line_box(style: RenderStyle) -> tuple[int, int, int]:
    """How far the box of a line reaches above and below it, and by how much the boxes of two lines overlap, in px."""
    overlap = style.text_size // 2
    below = round(0.27 * style.text_size) + overlap // 2
    return style.line_height + overlap - below, below, overlap


@lru_cache(maxsize=1024)
def _head(width: int, style: RenderStyle, cjk: str, mathematics: bool) -> str:
    """What stands before the lines."""
    above, below, overlap = line_box(style)
    shared = f'size: {style.text_size}, above: {above}, below: {below}, overlap: {overlap}, cjk: "{cjk}"'
    imports = '#import "/mathematics.typ": *\n' if mathematics else ""
    return f"""\
#import "/page.typ": lines, sheet
{imports}\
#let (L, R, C, D, B, P, M, W, Q, E, T) = lines(
  width: {width}, widest: {int(WIDEST * style.max_width)}, mono-advance: {MONO_ADVANCE}, hanging: {HANGING}, {shared},
)
#show: sheet.with(math-size: {style.math_size}, bleed: {BLEED}, {shared})
"""
