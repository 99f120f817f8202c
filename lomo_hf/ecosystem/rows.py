"""One row of a framework in, one row of the dataset out: what the frameworks' steps share."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from lomo_hf.corpus import Refusal, to_conversation
from lomo_hf.errors import SourceError
from lomo_hf.hf_datasets.identifiers import check_config, own_id
from lomo_hf.hf_datasets.mapping import substituted
from lomo_hf.hf_datasets.refusals import as_recipe
from lomo_hf.recipes import DEFAULT_RECIPE, Recipe
from lomo_hf.row import Row
from lomo_hf.substitution import Substituter

__all__ = ["RowFunction"]


class RowFunction:
    """T(x) for rows of any dialect, each with an id of its own. Picklable.

    A framework spreads rows over workers that do not know each other, so a row cannot be named after its place; give
    every row an id, unique in its corpus, and the `config` that `lomo build` gives the corpus, and the rows are those
    of the build.

    Args:
        recipe: A recipe, the name of one, or a YAML file.
        config: Begins every id, and with it decides every draw; `open_corpus(path).config` tells what a build takes.
        repo, revision: Noted in each row.

    Raises:
        RecipeError: There is no such recipe, or it needs what only a whole corpus tells.
        SourceError: The config cannot begin an id.

    >>> make = RowFunction("ratio100", config="mine")
    >>> row = make({"id": "a", "prompt": "What is 2 + 3?", "answer": "5"})
    >>> row["id"], row["rewritten"]
    ('mine/a', True)
    """

    def __init__(
        self,
        recipe: Recipe | str | Path = DEFAULT_RECIPE,
        *,
        config: str = "train",
        repo: str | None = None,
        revision: str | None = None,
    ) -> None:
        self.recipe = as_recipe(recipe)
        self.config, self.repo, self.revision = check_config(config), repo, revision
        self._substituter = Substituter([self.recipe])

    def __call__(self, row: Mapping[str, object], row_id: object = None) -> Row | Refusal:
        """The row, or why there is none.

        Args:
            row: Columns by name.
            row_id: The row's id, where the framework keeps it apart from the columns.

        Raises:
            SourceError: The row has no id.
        """
        columns = dict(row) if row_id is None else {**row, "id": row_id}
        name = own_id(columns)
        if name is None:
            raise SourceError(
                "row has no id, and a row's id decides its draws. Add a column `id`, unique in the corpus; found "
                f"columns {', '.join(map(str, list(columns)[:10]))}."
            )
        read = to_conversation(
            columns, config=self.config, index=0, repo=self.repo, revision=self.revision, source_id=name
        )
        return substituted(read, self._substituter)

    def all(self, rows: Iterable[Mapping[str, object]]) -> list[Row | Refusal]:
        """As a call, for several rows.

        >>> [result.reason for result in RowFunction().all([{"id": 1, "text": "no turns"}])]
        ['dialect']
        """
        return [self(row) for row in rows]
