"""A NeMo Curator stage: a batch of rows of text becomes a batch of rows of the dataset.

Pipeline("lomo", stages=[JsonlReader(files), LomoStage("ratio50"), ParquetWriter(out)])
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from nemo_curator.stages.base import ProcessingStage
from nemo_curator.stages.resources import Resources
from nemo_curator.tasks import DocumentBatch

from lomo_hf.corpus import Refusal
from lomo_hf.ecosystem.rows import RowFunction
from lomo_hf.hf_datasets.mapping import columns_of
from lomo_hf.hf_datasets.refusals import tally
from lomo_hf.recipes import DEFAULT_RECIPE, Recipe
from lomo_hf.row_columns import ROW_COLUMNS, stored_schema

__all__ = ["LomoStage"]


@dataclass
class LomoStage(ProcessingStage[DocumentBatch, DocumentBatch]):  # type: ignore[misc]
    """T(x) as a stage. Refused rows are left out; a batch notes them by reason as `lomo_refused` in its metadata.

    Attributes:
        recipe: A recipe, the name of one, or a YAML file.
        config: Begins every id; `open_corpus(path).config` tells what `lomo build` takes.
        repo, revision: Noted in each row.
        name, resources, batch_size: NeMo Curator's own.

    Raises:
        RecipeError: There is no such recipe.
        SourceError: The config cannot begin an id; in a run, a row has no id.
    """

    recipe: Recipe | str | Path = DEFAULT_RECIPE
    config: str = "train"
    repo: str | None = None
    revision: str | None = None
    name: str = "lomo"
    resources: object = field(default_factory=lambda: Resources(cpus=1.0))
    batch_size: int = 1

    def __post_init__(self) -> None:
        self._make = RowFunction(self.recipe, config=self.config, repo=self.repo, revision=self.revision)

    def inputs(self) -> tuple[list[str], list[str]]:
        """A batch with a column `id`."""
        return ["data"], ["id"]

    def outputs(self) -> tuple[list[str], list[str]]:
        """A batch with the columns of a row."""
        return ["data"], list(ROW_COLUMNS)

    def process(self, task: Any) -> Any:
        """A batch of rows in any dialect -> a batch of stored rows, as an Arrow table with the schema of a shard."""
        results = self._make.all(task.to_pyarrow().to_pylist())
        rows = [result for result in results if not isinstance(result, Refusal)]
        return DocumentBatch(
            dataset_name=task.dataset_name,
            data=pa.Table.from_pydict(columns_of(rows), schema=stored_schema()),
            _metadata={**task._metadata, "lomo_refused": tally(results)},
            _stage_perf=task._stage_perf,
        )
