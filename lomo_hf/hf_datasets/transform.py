"""T(x) for `Dataset.with_transform`: nothing is stored, a row is rendered when it is asked for.

For trying settings, for small disks, and for training that sees other draws in every epoch. Rendering takes some 10 ms
a page, in the data loader's workers; what is trained on often is better mapped once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from lomo_hf.corpus import Refusal
from lomo_hf.corpus.columns import ColumnMap
from lomo_hf.corpus.splits import DEFAULT_CONFIG, TRAIN
from lomo_hf.errors import RecipeError, SourceError
from lomo_hf.hf_datasets.freshness import code_digest
from lomo_hf.hf_datasets.identifiers import Naming
from lomo_hf.hf_datasets.mapping import columns_of, conversations, substituted
from lomo_hf.hf_datasets.refusals import as_recipe
from lomo_hf.randomness import uniform
from lomo_hf.recipes.named import DEFAULT_RECIPE
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.row import Row
from lomo_hf.substitution import Substituter

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["Transform"]


@dataclass(frozen=True)
class Transform:
    """Renders on the fly: `dataset.with_transform(Transform("ratio50"))`. Picklable; the same rows as `map_dataset`.

    Every row must have an id, unique in its dataset (`with_ids` sees to that), since a transform is told no index; and
    none may be refused, since a transform cannot leave one out: `dataset.filter(acceptable(recipe))` first.

    Attributes:
        recipe: A recipe, the name of one, or a YAML file.
        config, split: What begins every id and decides the draws, as in `substitute`.
        epoch: 0 gives the rows of a build. Any other number gives other draws - which rows are rewritten, how their
            pages are distorted, and under the policy "random" which turn is - for the same ids and spans.
        decode: Whether `images` holds PIL images, as a `Dataset` would give and trainers expect, or
            `{"bytes": PNG, "path": None}`.
        repo, revision: Noted in each row.
        columns: Which columns to read where the dialect is not known, as for `open_corpus`.

    Raises:
        RecipeError: There is no such recipe, or the epoch is no whole number of 0 or more.
        SourceError: The config cannot begin an id; when called, a row has no id or is refused.

    >>> import datasets
    >>> source = datasets.Dataset.from_dict({"id": ["a"], "prompt": ["Add 1. Add 2. Add 3."], "answer": ["6"]})
    >>> row = source.with_transform(Transform("ratio100"))[0]
    >>> row["id"], row["images"][0].mode
    ('train/a', 'L')
    """

    recipe: Recipe | str | Path = DEFAULT_RECIPE
    config: str = DEFAULT_CONFIG
    epoch: int = 0
    decode: bool = True
    repo: str | None = None
    revision: str | None = None
    split: str = TRAIN
    columns: Mapping[str, str] | ColumnMap | None = None
    code: str = field(default_factory=code_digest, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipe", as_recipe(self.recipe))
        object.__setattr__(self, "columns", ColumnMap.of(self.columns))
        Naming(self.config, self.split)
        if isinstance(self.epoch, bool) or not isinstance(self.epoch, int) or self.epoch < 0:
            raise RecipeError(f"epoch must be a whole number of 0 or more; found {self.epoch!r}. 0 is as published.")

    def at_epoch(self, epoch: int) -> "Transform":
        """The same transform with the draws of another epoch; epoch 0 has those of a build.

        >>> Transform("ratio50").at_epoch(3).epoch
        3
        """
        return replace(self, epoch=epoch)

    def __call__(self, batch: Mapping[str, Sequence[object]]) -> dict[str, list[object]]:
        """Columns of rows in any dialect -> as many rows, as the columns of `ROW_COLUMNS`."""
        substituter, rows = Substituter([self._recipe_of_epoch()]), list[Row]()
        naming, mapped = Naming(self.config, self.split), ColumnMap.of(self.columns)
        read = conversations(batch, None, naming, repo=self.repo, revision=self.revision, columns=mapped)
        for conversation in read:
            result = substituted(conversation, substituter)
            if isinstance(result, Refusal):
                raise SourceError(
                    f"row {result.id!r} is refused ({result.reason}): {result.detail} A transform cannot leave a row "
                    "out; use dataset.filter(acceptable(recipe)) before with_transform."
                )
            rows.append(result)
        columns = columns_of(rows)
        if self.decode:
            columns["images"] = [_decoded(row) for row in rows]
        return columns

    def _recipe_of_epoch(self) -> Recipe:
        recipe = as_recipe(self.recipe)
        if not self.epoch:
            return recipe
        # 53 random bits, and no row's stream: a row's id holds a slash.
        return replace(recipe, seed=int(uniform(recipe.seed, str(self.epoch), "epoch") * 2**53))


def _decoded(row: Row) -> "list[ImageFile] | None":
    images = row["images"]
    return None if images is None else [_opened(image["bytes"]) for image in images]


def _opened(png: bytes) -> "ImageFile":
    image = Image.open(BytesIO(png))
    image.load()
    return image
