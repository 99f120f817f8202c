"""A Data-Juicer operator, `lomo_mapper`: rows of text become rows of the dataset. To be the last of a process list.

    process:
      - lomo_mapper: {recipe: ratio50}

Data-Juicer finds it by the entry point `data_juicer.ops` where lomo-hf is installed beside it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from data_juicer.ops.base_op import OP, OPERATORS, Mapper

from lomo_hf.corpus import Refusal
from lomo_hf.ecosystem.rows import RowFunction
from lomo_hf.hf_datasets.mapping import columns_of
from lomo_hf.hf_datasets.refusals import LeftOut
from lomo_hf.recipes import DEFAULT_RECIPE
from lomo_hf.row_columns import row_features

__all__ = ["LomoMapper"]

_BATCH_ROWS = 100  # about 5 MB of pages


class LomoMapper(Mapper):  # type: ignore[misc]
    """T(x) as an operator. Its columns take the place of those of the corpus; refused rows are left out.

    How many were refused, and why, is a warning of the log "lomo_hf.hf_datasets", for each batch. Export as Parquet:
    pages are bytes.

    Args:
        recipe: The name of a recipe, or a YAML file.
        config: Begins every id; `open_corpus(path).config` tells what `lomo build` takes.
        repo, revision: Noted in each row.
        args, kwargs: Data-Juicer's own, such as `num_proc`.

    Raises:
        RecipeError: There is no such recipe.
        SourceError: The config cannot begin an id; in a run, a row has no id.
    """

    _batched_op = True

    def __init__(
        self,
        recipe: str = DEFAULT_RECIPE,
        config: str = "train",
        repo: str | None = None,
        revision: str | None = None,
        *args: object,
        **kwargs: object,
    ) -> None:
        kwargs.setdefault("batch_size", _BATCH_ROWS)
        super().__init__(*args, **kwargs)
        self.make = RowFunction(recipe, config=config, repo=repo, revision=revision)

    def process_batched(self, samples: Mapping[str, Sequence[object]]) -> dict[str, list[object]]:
        """Columns of a batch -> the columns of as many rows, or fewer."""
        names = list(samples)
        rows = (dict(zip(names, values, strict=True)) for values in zip(*samples.values(), strict=True))
        results, left_out = [], LeftOut()
        for result in self.make.all(rows):
            left_out.see(result)
            if not isinstance(result, Refusal):
                results.append(result)
        left_out.report()
        return columns_of(results)

    def run(self, dataset: Any, *, exporter: object = None, tracer: object = None) -> Any:
        """As a mapper's own `run`, which would keep the columns of the corpus beside ours."""
        dataset = OP.run(self, dataset)
        return dataset.map(
            self.process,
            num_proc=self.runtime_np(),
            batch_size=self.batch_size,
            remove_columns=dataset.column_names,
            features=row_features(),
            desc=f"{self._name}_process",
        )


OPERATORS.register_module("lomo_mapper")(LomoMapper)
