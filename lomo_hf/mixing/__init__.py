"""Mixing a LoMo split with a multimodal corpus, at the ratio of image-bearing to text-only rows that one wants.

    open_split("my-lomo"), open_multimodal("org/name")   -> the halves
    mix(lomo, multimodal, ratio=parse_ratio("matched"))  -> Mixture       decides; reads no rows
    open_mix("mix.json")                                 -> IterableDataset that streams; nothing is copied

What a ratio means in rows, and how it is reached, is in `lomo_hf.mixing.ratios`.
"""

from lomo_hf.mixing.inputs import Half, open_multimodal, open_split
from lomo_hf.mixing.instructions import as_dataset, interleaving, mixture_json, open_mix, read_mixture
from lomo_hf.mixing.mixture import MixPart, Mixture, mix
from lomo_hf.mixing.multimodal import to_multimodal_row
from lomo_hf.mixing.ratios import RESAMPLING, STRATA, parse_ratio, targets
from lomo_hf.mixing.writing import write_mixture

__all__ = [
    "RESAMPLING",
    "STRATA",
    "Half",
    "MixPart",
    "Mixture",
    "as_dataset",
    "interleaving",
    "mix",
    "mixture_json",
    "open_mix",
    "open_multimodal",
    "open_split",
    "parse_ratio",
    "read_mixture",
    "targets",
    "to_multimodal_row",
    "write_mixture",
]
