"""Inline formulas as boxes: Typst sets each piece of a formula once, and lines of text are put together from them."""

from lomo_hf.rendering.formulas.frames import Formula, Formulas, Frame, shared_formulas

__all__ = ["Formula", "Formulas", "Frame", "shared_formulas"]
