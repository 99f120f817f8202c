"""A selection in words, for the card of a dataset and for listings."""

from lomo_hf.recipes.recipe import Selection
from lomo_hf.selection.ranking import check_selection

__all__ = ["describe_selection"]

_QUARTILES = (0, 25, 50, 75, 100)


def describe_selection(selection: Selection) -> str:
    """Which rows are rewritten first, as one sentence without its full stop.

    Args:
        selection: What a recipe says of it.

    Returns:
        The sentence; with the values at the quartiles of the corpus where they were measured.

    Raises:
        RecipeError: There is no such strategy.

    >>> describe_selection(Selection())
    'rows are chosen by chance alone'
    >>> describe_selection(Selection("length", first="low", chance=0, quantiles=tuple(range(101))))
    'rows that stand low in the length of the prompt (0, 25, 50, 75, 100 characters at the quartiles) are chosen first'
    >>> describe_selection(Selection("place", first="low", chance=0))
    'the share of rows that are chosen falls over the corpus, from shard to shard'
    """
    strategy = check_selection(selection)
    if selection.by == "uniform":
        return "rows are chosen by chance alone"
    chance = f"; {selection.chance:.0%} of the draw is chance" if selection.chance else ""
    if selection.by == "place":
        way = "rises" if selection.first == "high" else "falls"
        return f"the share of rows that are chosen {way} over the corpus, from shard to shard{chance}"
    measured = ""
    if selection.quantiles:
        values = ", ".join(f"{selection.quantiles[percent]:.4g}" for percent in _QUARTILES)
        measured = f" ({values}{strategy.unit and ' ' + strategy.unit} at the quartiles)"
    return f"rows that stand {selection.first} in {strategy.ranks}{measured} are chosen first{chance}"
