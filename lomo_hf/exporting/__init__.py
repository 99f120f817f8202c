"""A built dataset folder -> what trainers read that read no Parquet: LLaVA's JSON lines, WebDataset, Energon, and
verl, which reads Parquet of another kind.

    export_dataset("lomo-ov15", "out", config="ratio50", form="webdataset", num_proc=2)

Nothing is rendered or decided here; the pages and turns are those of the Parquet shards, byte for byte. Trainers that
read Parquet need no export: see `docs/training.md`.
"""

from lomo_hf.exporting.exporting import ExportReport, export_dataset
from lomo_hf.exporting.formats import FORMATS

__all__ = ["FORMATS", "ExportReport", "export_dataset"]
