"""The method inside the frameworks that prepare corpora. Rows are those of `lomo build`, to the byte.

    lomo_hf.ecosystem.datatrove     `LomoStep`, a `PipelineStep`
    lomo_hf.ecosystem.data_juicer   `LomoMapper`, the operator `lomo_mapper`
    lomo_hf.ecosystem.nemo_curator  `LomoStage`, a `ProcessingStage`

Each module needs its framework, and is imported by name by those who have it. `RowFunction` is what they share.
"""

from lomo_hf.ecosystem.rows import RowFunction

__all__ = ["RowFunction"]
