"""Outlines to grey pixels: what Typst's SVG says is drawn where, and how a glyph covers the pixels under it."""

from lomo_hf.rendering.glyphs.drawing import Drawing
from lomo_hf.rendering.glyphs.painting import Placed, placed
from lomo_hf.rendering.glyphs.svg import read_svg

__all__ = ["Drawing", "Placed", "placed", "read_svg"]
