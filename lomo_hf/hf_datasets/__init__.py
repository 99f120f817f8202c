"""The method inside `datasets`: a builder, map functions and a transform, which all give the rows that a build gives.

    LomoBuilder("ratio50")                     a `GeneratorBasedBuilder` over a corpus: prepared or streaming
    map_dataset(dataset, "ratio50")            `Dataset`, `IterableDataset` or a dict of them -> rows
    dataset.map(substitute("ratio50"), ...)    the same, with your own arguments of `map`
    dataset.with_transform(Transform(...))     rendered when a row is asked for; other draws each epoch, if wanted

For what is published, use `lomo build`: it resumes, verifies and writes a dataset repository. This package does not.
"""

from lomo_hf.hf_datasets.builder import LomoBuilder, LomoConfig, LomoOV15
from lomo_hf.hf_datasets.identifiers import with_ids
from lomo_hf.hf_datasets.mapping import map_dataset, substitute
from lomo_hf.hf_datasets.publishing import card_for, push_mapped, write_mapped
from lomo_hf.hf_datasets.refusals import acceptable, count_refusals
from lomo_hf.hf_datasets.transform import Transform

__all__ = [
    "LomoBuilder",
    "LomoConfig",
    "LomoOV15",
    "Transform",
    "acceptable",
    "card_for",
    "count_refusals",
    "map_dataset",
    "push_mapped",
    "substitute",
    "with_ids",
    "write_mapped",
]
