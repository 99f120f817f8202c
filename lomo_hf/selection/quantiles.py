"""Percentiles over a corpus, for the strategies that rank by them: one pass, eight bytes a row, nothing rendered."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lomo_hf.corpus import Refusal, Source, screen, splits_of
from lomo_hf.errors import RecipeError
from lomo_hf.recipes.recipe import PERCENTILES, Recipe
from lomo_hf.selection.ranking import Selector, check_selection

__all__ = ["measured"]

_Key = tuple[str, str, str, int]


def measured(recipes: Sequence[Recipe], source: Source, *, limit: int | None = None) -> list[Recipe]:
    """The recipes, with the percentiles that they need and lack; the corpus is read only if one does.

    Rows that the recipe refuses are left out, as they are in the dataset. Of several splits the first is read, train:
    what is learnt from the others would be no measure of them any more.

    Args:
        recipes: Any recipes; one that needs no percentiles, or has them, comes back as it is.
        source: The corpus.
        limit: Take only the first rows of the corpus.

    Returns:
        The recipes in their order, `selection.quantiles` filled in.

    Raises:
        RecipeError: A strategy does not exist, or no row has what it ranks by.
        SourceError: The source cannot be read.

    >>> from lomo_hf.corpus import open_corpus
    >>> from lomo_hf.recipes.recipe import Selection
    >>> recipe = measured([Recipe("long", selection=Selection("length"))], open_corpus())[0]
    >>> [recipe.selection.quantiles[percent] for percent in (0, 50, 100)]
    [12.0, 210.0, 4571.0]
    """
    lacking = {_key(recipe): recipe for recipe in recipes if _lacks(recipe)}
    if not lacking:
        return list(recipes)
    source = splits_of(source)[0]
    rows = len(source) if limit is None else min(limit, len(source))
    percentiles = _percentiles(lacking, source, rows)
    return [_with(recipe, percentiles[_key(recipe)]) if _lacks(recipe) else recipe for recipe in recipes]


def _lacks(recipe: Recipe) -> bool:
    return check_selection(recipe.selection).is_measured and not recipe.selection.quantiles


def _with(recipe: Recipe, quantiles: tuple[float, ...]) -> Recipe:
    return replace(recipe, selection=replace(recipe.selection, quantiles=quantiles))


def _key(recipe: Recipe) -> _Key:
    """What decides the percentiles of a corpus."""
    return recipe.selection.by, recipe.turn, recipe.placeholders, recipe.seed if recipe.turn == "random" else 0


def _percentiles(lacking: Mapping[_Key, Recipe], source: Source, rows: int) -> dict[_Key, tuple[float, ...]]:
    columns = {key: np.full(rows, np.nan) for key in lacking}
    selectors = {key: Selector.of(recipe, ready=False) for key, recipe in lacking.items()}
    for index, conversation in enumerate(source.conversations(0, rows)):
        if isinstance(conversation, Refusal):
            continue
        for key, recipe in lacking.items():
            screened = screen(conversation, recipe.placeholders)
            value = None if isinstance(screened, Refusal) else selectors[key].statistic(screened)
            if value is not None:
                columns[key][index] = value
    return {key: _of(key[0], values[~np.isnan(values)], source) for key, values in columns.items()}


def _of(by: str, values: NDArray[np.float64], source: Source) -> tuple[float, ...]:
    if not len(values):
        raise RecipeError(
            f"selection.by {by!r} needs rows that have it; found none in {source.description}. "
            "Give the corpus a column `score` with numbers, or select by something else."
        )
    shares = np.linspace(0, 1, PERCENTILES)
    # Values that occur, so that equal rows are seen to be equal.
    return tuple(np.quantile(values, shares, method="inverted_cdf").tolist())
