"""Pages of plain Latin, Greek or Cyrillic prose, set from a cache of words: what Typst would set, for half the cost."""

from lomo_hf.rendering.prose.setting import set_prose

__all__ = ["set_prose"]
