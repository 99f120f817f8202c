"""Pages of plain Latin, Greek or Cyrillic prose from a cache of words: as Typst would set them, at less cost."""

from lomo_hf.rendering.prose.setting import set_prose

__all__ = ["set_prose"]
