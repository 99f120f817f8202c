"""Outlines to grey pixels: what Typst's SVG says is drawn where, and how a glyph covers the pixels under it."""

from lomo_hf.rendering.glyphs.coverage import Bitmap
from lomo_hf.rendering.glyphs.drawing import Drawing, FontGlyph
from lomo_hf.rendering.glyphs.painting import Placed, placed
from lomo_hf.rendering.glyphs.svg import read_svg

__all__ = ["Bitmap", "Drawing", "FontGlyph", "Placed", "placed", "read_svg"]
