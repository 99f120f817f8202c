"""Typst behind one function: markup in, a grey page out. Nothing else in the project calls it."""

import os
from collections.abc import Sequence
from functools import lru_cache
from threading import get_ident
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lomo_hf.errors import RenderError
from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.fonts import EMOJI_FAMILIES, LATIN, MONO_ADVANCE, MONO_FAMILIES, TEXT_FAMILIES, typst_fonts
from lomo_hf.rendering.mathematics import preamble

if TYPE_CHECKING:
    import typst

__all__ = ["BLEED", "INK", "WIDEST", "paper_for", "typeset"]

BLEED = 40  # px of paper around the column: ink that overflows the column shows there instead of being cut off
_EDGE = 3  # ink this close to the edge of the paper may have been cut off
INK = 250  # grey below this counts as ink
WIDEST = 1.6  # times the widest column: what a line that cannot be broken may take
_HANGING = 2  # columns by which the rest of a wrapped line of code stands in from its start
_WIDER = round(2 * MONO_ADVANCE - 1, 3)  # em between wide characters where columns count, so that each takes two
_LANGUAGES = {"SC": ("zh", "CN"), "TC": ("zh", "TW"), "JP": ("ja", "JP"), "KR": ("ko", "KR")}
_FACES = tuple(face for region in _LANGUAGES for face in (region, f"{region}-in-latin"))


def typeset(lines: Sequence[str], width: int, style: RenderStyle, *, cjk: str = "") -> NDArray[np.uint8]:
    """Set lines of markup in a column of `width` px; uint8 (height, width), 255 is paper, one pixel to a point.

    `cjk` is the face of lines that name none: "" or a region of Chinese characters ("SC", "TC", "JP", "KR"), with
    "-in-latin" where they stand among Latin text.

    Raises:
        RenderError: `typst` where the markup does not compile, `overflow` where ink may have left the paper.
    """
    import cv2

    regions = frozenset(face for face in _FACES if any(f'cjk: "{face}"' in line for line in lines)) | {cjk}
    mathematics = any("$" in line for line in lines)
    png = _compile("\n".join([_preamble(width, style, cjk, regions, mathematics), *lines, ""]).encode())
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    if decoded is None:
        raise RenderError("typst", "Typst returned a page that is no picture.")
    page: NDArray[np.uint8] = np.asarray(decoded, dtype=np.uint8)
    edges = (page[:_EDGE], page[-_EDGE:], page[:, :_EDGE], page[:, -_EDGE:])
    if any(bool((edge < INK).any()) for edge in edges):
        raise RenderError("overflow", f"a line does not fit a column of {width} px.")
    return page


def paper_for(formula: str) -> str:
    """Markup that makes the paper as wide as a formula on one row, so that no part of it can fall beside the paper.

    Typst breaks a formula where it can; what it cannot break leaves its column, and would otherwise be lost unseen.
    It goes after the last line.
    """
    return f"#P(${formula}$)"


def _compile(document: bytes) -> bytes:
    import typst

    try:
        pages = _compiler().compile(input=document, format="png", ppi=72.0)
    except typst.TypstError as error:
        raise RenderError("typst", f"Typst could not set the page: {error.message}") from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # a bug of Typst, which is no Exception
            raise RenderError("typst:panic", "Typst broke down over the page.") from None
        raise
    if not isinstance(pages, bytes):
        raise RenderError("typst", "Typst returned more or less than one page.")
    return pages


def _compiler() -> "typst.Compiler":
    """A compiler for this thread of this process: one shared by two threads refuses the second."""
    return _compiler_of(os.getpid(), get_ident())


@lru_cache(maxsize=64)
def _compiler_of(process: int, thread: int) -> "typst.Compiler":
    import typst

    # An empty root: no prompt can name a file that exists, and none is ever interpreted anyway.
    return typst.Compiler(font_paths=typst_fonts(), ignore_system_fonts=True)


@lru_cache(maxsize=1024)
def _preamble(width: int, style: RenderStyle, cjk: str, regions: frozenset[str], mathematics: bool) -> str:
    """What stands before the lines: only the definitions they use, for Typst reads all of them for every page."""
    # Boxes of lines overlap: 32 px of box on a pitch of 22. Typst lets an inline formula reach into the leading by 0.7
    # of it, so a negative leading gives tall formulas of neighbouring lines paper between them, and text its pitch.
    overlap = style.text_size // 2
    box = style.line_height + overlap
    descent = round(0.27 * style.text_size) + overlap // 2
    return f"""\
#set page(width: auto, height: auto, margin: {BLEED}pt, fill: white)
#set text(size: {style.text_size}pt, top-edge: {box - descent}pt, bottom-edge: -{descent}pt, hyphenate: false, \
fallback: false, ligatures: false, cjk-latin-spacing: none)
#set par(leading: -{overlap}pt, spacing: -{overlap}pt, justify: false)
#set block(above: -{overlap}pt, below: -{overlap}pt)
{_faces(regions)}
#let serif(cjk) = ("New Computer Modern Math", ..faces.at(cjk).font)
#set text(..faces.at("{cjk}"))
#show math.equation: set text(size: {style.math_size}pt, font: serif("{cjk}"))
#let F(cjk, body) = if cjk == "{cjk}" {{ body }} else {{
  show math.equation: set text(font: serif(cjk))
  text(..faces.at(cjk), body)
}}
#let L(body, cjk: "{cjk}") = block(width: {width}pt, F(cjk, body))
#let R(body, cjk: "{cjk}") = block(width: {width}pt, F(cjk, text(dir: rtl, body)))
#let C(indent, body, cjk: "{cjk}") = block(width: {width}pt, {{
  par(hanging-indent: {MONO_ADVANCE}em * (indent + {_HANGING}), F(cjk, body))
}})
#let D(body, long: false) = block(inset: (y: {overlap + 4}pt), {{
  set par(leading: {overlap}pt)
  if long {{ context if measure(body).width > {int(WIDEST * style.max_width)}pt {{
    block(width: {width}pt, align(center, math.equation(math.display(body.body))))
  }} else {{ body }} }} else {{ body }}
}})
#let B() = block(height: {box}pt)
#let P(body) = context block(above: 0pt, below: 0pt, width: measure(body).width, height: 0pt)
#let M(body) = text(font: mono, body)
#let W(body) = text(tracking: {_WIDER}em, body) + h({_WIDER}em)
#let Q(body) = text(..faces.at(""), body)
#let E(body) = text(font: emoji, body)
#let T(up, down, body) = text(top-edge: {box - descent}pt + up * {style.text_size / 20}pt, \
bottom-edge: -{descent}pt - down * {style.text_size / 20}pt, body)
{preamble(TEXT_FAMILIES) if mathematics else ""}"""


@lru_cache(maxsize=64)
def _faces(regions: frozenset[str]) -> str:
    """The fonts of text as Typst definitions, for the faces of these names."""
    faces = [f'"": (lang: "en", region: none, font: {_array(TEXT_FAMILIES)})']
    faces += [f'"{face}": {_face(face)}' for face in sorted(regions - {""})]
    mono, emoji = _array(MONO_FAMILIES), _array(EMOJI_FAMILIES)
    return f"#let faces = ({', '.join(faces)})\n#let mono = {mono}\n#let emoji = {emoji}"


def _face(name: str) -> str:
    region, _, among_latin = name.partition("-")
    lang, country = _LANGUAGES[region]
    chosen = f"Noto Sans CJK {region}"
    others = [family for family in TEXT_FAMILIES if family not in (chosen, LATIN)]
    if among_latin:
        first = next(index for index, family in enumerate(others) if family.startswith("Noto Sans CJK"))
        fonts = _array([LATIN, *others[:first], chosen, *others[first:]])
    else:
        # Among Chinese characters quotation marks, dashes and dots are Chinese ones; in Korean they are Latin.
        latin = f'"{LATIN}"' if region == "KR" else f'(name: "{LATIN}", covers: "latin-in-cjk")'
        fonts = f"({latin}, ..{_array([chosen, *others])})"
    return f'(lang: "{lang}", region: "{country}", font: {fonts})'


def _array(families: Sequence[str]) -> str:
    """The families as a Typst array, pictures from the font of emoji before those of DejaVu Sans."""
    named = [f'"{family}"' for family in families]
    if "DejaVu Sans" in families:
        pictures = '(name: "Noto Emoji", covers: regex("[\\u{1f300}-\\u{1faff}]"))'
        named.insert(families.index("DejaVu Sans"), pictures)
    return f"({', '.join(named)})"
