"""A choosing in words, for the card of a dataset and for listings."""

from lomo_hf.recipes.recipe import Choosing
from lomo_hf.selection.ranking import check_choosing

__all__ = ["describe_choosing"]

_QUARTILES = (0, 25, 50, 75, 100)


def describe_choosing(choosing: Choosing) -> str:
    """One sentence without its full stop.

    >>> describe_choosing(Choosing())
    'rows are chosen by chance alone'
    >>> describe_choosing(Choosing("length", first="low", chance=0, quantiles=tuple(range(101))))
    'rows that stand low in the length of the prompt (0, 25, 50, 75, 100 characters at the quartiles) are chosen first'
    >>> describe_choosing(Choosing("place", first="low", chance=0))
    'the share of rows that are chosen falls over the corpus, from shard to shard'
    """
    strategy = check_choosing(choosing)
    if choosing.by == "uniform":
        return "rows are chosen by chance alone"
    chance = f"; {choosing.chance:.0%} of the draw is chance" if choosing.chance else ""
    if choosing.by == "place":
        way = "rises" if choosing.first == "high" else "falls"
        return f"the share of rows that are chosen {way} over the corpus, from shard to shard{chance}"
    measured = ""
    if choosing.quantiles:
        values = ", ".join(f"{choosing.quantiles[percent]:.4g}" for percent in _QUARTILES)
        measured = f" ({values}{strategy.unit and ' ' + strategy.unit} at the quartiles)"
    return f"rows that stand {choosing.first} in {strategy.ranks}{measured} are chosen first{chance}"
