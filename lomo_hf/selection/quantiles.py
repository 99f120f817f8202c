"""Percentiles over a corpus, for the strategies that rank by them: one pass, eight bytes a row, nothing rendered."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lomo_hf.corpus import Refusal, Source, screen
from lomo_hf.errors import RecipeError
from lomo_hf.recipes.recipe import PERCENTILES, Recipe
from lomo_hf.selection.ranking import check_choosing, statistic_of

__all__ = ["measured"]

_Key = tuple[str, str, str, int]


def measured(recipes: Sequence[Recipe], source: Source, *, limit: int | None = None) -> list[Recipe]:
    """The recipes, with the percentiles that they need and lack; the corpus is read only if one does.

    Rows that the recipe refuses are left out, as they are in the dataset. `limit` takes only the first rows.

    Raises:
        RecipeError: A strategy does not exist, or no row has what it ranks by.
        SourceError: The source cannot be read.

    >>> from lomo_hf.corpus import open_corpus
    >>> from lomo_hf.recipes.recipe import Choosing
    >>> recipe = measured([Recipe("long", choosing=Choosing("length"))], open_corpus())[0]
    >>> [recipe.choosing.quantiles[percent] for percent in (0, 50, 100)]
    [12.0, 210.0, 4571.0]
    """
    lacking = {_key(recipe): recipe for recipe in recipes if _lacks(recipe)}
    if not lacking:
        return list(recipes)
    found = _percentiles(lacking, source, len(source) if limit is None else min(limit, len(source)))
    return [
        replace(recipe, choosing=replace(recipe.choosing, quantiles=found[_key(recipe)])) if _lacks(recipe) else recipe
        for recipe in recipes
    ]


def _lacks(recipe: Recipe) -> bool:
    return check_choosing(recipe.choosing).is_measured and not recipe.choosing.quantiles


def _key(recipe: Recipe) -> _Key:
    """What decides the percentiles of a corpus."""
    return recipe.choosing.by, recipe.turn, recipe.placeholders, recipe.seed if recipe.turn == "random" else 0


def _percentiles(lacking: dict[_Key, Recipe], source: Source, rows: int) -> dict[_Key, tuple[float, ...]]:
    columns = {key: np.full(rows, np.nan) for key in lacking}
    for index, read in enumerate(source.conversations(0, rows)):
        if isinstance(read, Refusal):
            continue
        for key, recipe in lacking.items():
            screened = screen(read, recipe.placeholders)
            value = None if isinstance(screened, Refusal) else statistic_of(screened, recipe)
            if value is not None:
                columns[key][index] = value
    return {key: _of(key[0], values[~np.isnan(values)], source) for key, values in columns.items()}


def _of(by: str, values: np.ndarray, source: Source) -> tuple[float, ...]:
    if not len(values):
        raise RecipeError(
            f"choosing.by {by!r} needs rows that have it; found none in {source.description}. "
            "Give the corpus a column `score` with numbers, or choose by something else."
        )
    shares = np.linspace(0, 1, PERCENTILES)
    # Values that occur, so that equal rows are seen to be equal.
    return tuple(np.quantile(values, shares, method="inverted_cdf").tolist())
