"""`LomoBuilder`: a corpus as a builder of `datasets`, one config for each named recipe, prepared or streaming.

Loading scripts were removed in `datasets` 4: a builder lives in an installed package and is called, not named to
`load_dataset`. An interrupted `download_and_prepare` starts over; `lomo build` resumes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import datasets
from datasets.builder import Key

from lomo_hf.corpus import Conversation, Refusal, Source, splits_of
from lomo_hf.errors import RecipeError
from lomo_hf.hf_datasets.freshness import rows_digest
from lomo_hf.hf_datasets.mapping import substituted
from lomo_hf.hf_datasets.refusals import LeftOut, as_recipe, tally
from lomo_hf.hf_datasets.sources import Corpus, choose_source, count_rows, shards_of
from lomo_hf.recipes.named import DEFAULT_RECIPE, NAMED_RECIPES
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.row import Row
from lomo_hf.row_columns import row_features
from lomo_hf.selection import measured
from lomo_hf.substitution import Substituter

# No Path, open or os in this module: `datasets` replaces these names in the module of a builder by its own.

__all__ = ["LomoBuilder", "LomoConfig", "LomoOV15"]

_VERSION = datasets.Version("1.0.0")  # of the columns


@dataclass(eq=False)
class LomoConfig(datasets.BuilderConfig):  # type: ignore[misc]
    """A config of `LomoBuilder`.

    Attributes:
        version: Of the rows; `datasets` caches by it.
        recipe: What is done to the rows.
        corpus: A word on the corpus, so that the cache tells two apart.
        limit: How many of its rows are read; None for all.
    """

    version: object = field(default=_VERSION)
    recipe: Recipe | None = None
    corpus: str | None = None
    limit: int | None = None


class LomoBuilder(datasets.GeneratorBasedBuilder):  # type: ignore[misc]
    """Rows of T(x) (paper, section 3, algorithm 1) over a corpus, as `lomo build` gives them, split by split.

    Args:
        config_name: One of `NAMED_RECIPES`; "ratio50" where neither it nor `recipe` is given.
        recipe: Instead of a name: a recipe of your own, or a YAML file.
        corpus: A file, a folder or an opened `Source`; the embedded sample by default. `data_dir` and `data_files`
            (one file) are other words for it. It is read once, at once: its digest is part of the cache's name.
        limit: Read only the first rows of each split.
        cache_dir: Where prepared rows are kept; the cache of `datasets` by default.
        writer_batch_size: Rows held in memory and written together; 100 by default.

    Rows are shared out in slices fixed by their number, so `num_proc` and loaders' workers change nothing in them. The
    name of the cache holds a digest of recipe, corpus, limit, engines and code: none of these can change and leave
    stale rows. Refused rows are left out, with a warning in the log "lomo_hf.hf_datasets"; `count_refusals` tells.

    Raises:
        RecipeError: There is no such config or recipe, or a recipe of your own takes the name of another.
        SourceError: The corpus cannot be read.

    >>> import tempfile
    >>> builder = LomoBuilder("ratio100", limit=2, cache_dir=tempfile.mkdtemp())
    >>> rows = builder.as_streaming_dataset(split="train")
    >>> next(iter(rows))["rewritten"]
    True
    """

    BUILDER_CONFIG_CLASS = LomoConfig
    BUILDER_CONFIGS = [  # noqa: RUF012 - the name and kind that `datasets` asks for
        LomoConfig(name=name, description=recipe.description, recipe=recipe) for name, recipe in NAMED_RECIPES.items()
    ]
    DEFAULT_CONFIG_NAME = DEFAULT_RECIPE
    DEFAULT_WRITER_BATCH_SIZE = 100
    VERSION = _VERSION

    def __init__(
        self,
        config_name: str | None = None,
        *,
        recipe: Recipe | str | None = None,
        corpus: Corpus = None,
        limit: int | None = None,
        data_dir: str | None = None,
        data_files: object = None,
        cache_dir: str | None = None,
        writer_batch_size: int | None = None,
    ) -> None:
        chosen = _choose_recipe(config_name, recipe)
        self.source: Source = choose_source(corpus, data_dir, data_files)
        self.rows_by_split = count_rows(self.source, limit)
        self.rows = sum(self.rows_by_split.values())
        self._sources = {part.split: part for part in splits_of(self.source)}
        chosen = measured([chosen], self.source, limit=limit)[0]
        digest = rows_digest(chosen, self.source, self.rows)
        super().__init__(
            cache_dir=cache_dir,
            dataset_name="lomo_ov15",
            hash=digest,
            # A config that differs from the named one of its name must have an id of its own.
            config_id=f"{chosen.name}-{digest[:8]}",
            writer_batch_size=writer_batch_size,
            name=chosen.name,
            description=chosen.description,
            recipe=chosen,
            corpus=self.source.description,
            limit=limit,
        )

    @property
    def recipe(self) -> Recipe:
        """The recipe of this config."""
        return as_recipe(self.config.recipe)

    def count_refusals(self) -> dict[str, int]:
        """Reason -> number of the rows that are left out; reads the corpus, renders nothing.

        >>> import tempfile
        >>> LomoBuilder("ratio50", cache_dir=tempfile.mkdtemp()).count_refusals()
        {}
        """
        # A ratio of 0 rewrites no row; what is refused does not depend on it.
        kept = Substituter([Recipe("kept", ratio=0.0, placeholders=self.recipe.placeholders)])
        sources = self._sources.items()
        read = (
            conversation
            for split, part in sources
            for conversation in part.conversations(0, self.rows_by_split[split])
        )
        return tally(substituted(conversation, kept) for conversation in read)

    def _info(self) -> object:
        return datasets.DatasetInfo(
            description=self.config.description or "", features=row_features(self.source.extra)
        )

    def _split_generators(self, dl_manager: object) -> list[object]:
        # Lists are what `datasets` shares out among processes and workers.
        return [
            datasets.SplitGenerator(name=split, gen_kwargs={"shards": [(split, *shard) for shard in shards_of(rows)]})
            for split, rows in self.rows_by_split.items()
        ]

    def _generate_examples(self, shards: list[tuple[str, int, int]]) -> Iterator[tuple[object, Row]]:
        substituter, left_out = Substituter([self.recipe]), LeftOut()
        try:
            for shard, index, conversation in self._conversations(shards):
                place = (index + 0.5) / self.rows_by_split[shards[shard][0]]
                result = substituted(conversation, substituter, place)
                left_out.see(result)
                if not isinstance(result, Refusal):
                    yield Key(shard, index), result
        finally:
            left_out.report()

    def _conversations(self, shards: list[tuple[str, int, int]]) -> Iterator[tuple[int, int, Conversation | Refusal]]:
        """(position of the shard, index of the row, the row); shards that adjoin are read in one go."""
        position = 0
        while position < len(shards):
            split, start, _ = shards[position]
            end = position + 1
            while end < len(shards) and shards[end][:2] == (split, shards[end - 1][2]):
                end += 1
            rows = self._sources[split].conversations(start, shards[end - 1][2])
            for shard in range(position, end):
                _, start, stop = shards[shard]
                for index, row in enumerate(islice(rows, stop - start), start):
                    yield shard, index, row
            position = end


LomoOV15 = LomoBuilder
"""The builder under the name of the paper's corpus."""


def _choose_recipe(config_name: str | None, recipe: Recipe | str | None) -> Recipe:
    if config_name is not None and recipe is not None:
        raise RecipeError(f"config_name and recipe exclude each other; found {config_name!r} and a recipe. Give one.")
    if recipe is None:
        name = DEFAULT_RECIPE if config_name is None else config_name
        if name not in NAMED_RECIPES:
            raise RecipeError(
                f"config_name must be one of {', '.join(NAMED_RECIPES)}; found {name!r}. "
                "For settings of your own give a recipe: LomoBuilder(recipe=Recipe('mine', ratio=0.3))."
            )
        return NAMED_RECIPES[name]
    chosen = as_recipe(recipe)
    if chosen.name in NAMED_RECIPES and chosen.digest != NAMED_RECIPES[chosen.name].digest:
        raise RecipeError(f"recipe name {chosen.name!r} belongs to a named recipe that differs. Choose another.")
    return chosen
