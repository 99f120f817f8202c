"""Pages of prose, code and formulas from what is kept of words and pieces: as Typst would set them, at less cost."""

from lomo_hf.rendering.prose.setting import set_prose

__all__ = ["set_prose"]
