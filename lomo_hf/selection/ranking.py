"""The draw of a row: one number in [0, 1), spread evenly over the corpus, low where the row comes first.

A row has a rank among the rows and a number of chance, both in [0, 1). They are added with the weights that the recipe
gives, and the distribution of the sum, which is known, makes the sum even again. So whatever the strategy, a share
`ratio` of the rows draws below `ratio`.

How exact that is: the rank comes from percentiles of the whole corpus and lies within 0.01 of the true one. Rows with
equal statistics (all without a formula, say) share an interval of ranks, each in a place of its own by chance.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from lomo_hf.corpus import Conversation
from lomo_hf.errors import RecipeError
from lomo_hf.randomness import uniform
from lomo_hf.recipes.recipe import Choosing, Recipe
from lomo_hf.selection.strategies import STRATEGIES, Strategy
from lomo_hf.selection.turns import check_turn

__all__ = ["check_choosing", "draw_of", "draws_by_chance", "rank", "spread_evenly", "statistic_of"]

_BELOW_ONE = 1 - 2.0**-53


def check_choosing(choosing: Choosing, *, ready: bool = False) -> Strategy:
    """The strategy, if there is one of that name; `ready` asks also that its percentiles are known.

    Raises:
        RecipeError: There is no such strategy, or its percentiles were not measured.

    >>> check_choosing(Choosing("length")).unit
    'characters'
    """
    if choosing.by not in STRATEGIES:
        raise RecipeError(f"choosing.by must be one of {', '.join(STRATEGIES)}; found {choosing.by!r}.")
    strategy = STRATEGIES[choosing.by]
    if choosing.quantiles and not strategy.is_measured:
        raise RecipeError(f"choosing.quantiles are of no use to {choosing.by!r}; found some. Leave them out.")
    if ready and strategy.is_measured and not choosing.quantiles:
        raise RecipeError(
            f"choosing.quantiles must be known before rows are ranked by {choosing.by!r}; found none. "
            "Take the recipe from lomo_hf.selection.measured([recipe], source); `lomo build` does so itself."
        )
    return strategy


def draw_of(conversation: Conversation, recipe: Recipe, place: float | None = None) -> float:
    """The row's draw; it is rewritten where this is below the ratio. `place` is the row's own in its corpus, 0 to 1.

    Raises:
        RecipeError: The strategy needs the percentiles of the corpus or the row's place, and they are not known.

    >>> from lomo_hf.corpus import open_corpus
    >>> row = next(open_corpus().conversations(0, 1))
    >>> draw_of(row, Recipe("mine")) == uniform(0, row.id, "ratio")
    True
    """
    chance = uniform(recipe.seed, conversation.id, "ratio")
    # Only where rows can be equal is there a second number to draw.
    among = uniform(recipe.seed, conversation.id, "choosing") if recipe.choosing.quantiles else 0.0
    return draws_by_chance(conversation, recipe, place, [(chance, among)])[0]


def draws_by_chance(
    conversation: Conversation, recipe: Recipe, place: float | None, chances: Sequence[tuple[float, float]]
) -> list[float]:
    """The draws that a row would have, for pairs of what chance gives it: its number, and its place among equals.

    Raises:
        RecipeError: As `draw_of`.
    """
    choosing = recipe.choosing
    strategy = check_choosing(choosing, ready=True)
    value = statistic_of(conversation, recipe)
    if choosing.by == "uniform" or (strategy.is_measured and value is None):
        return [chance for chance, _ in chances]
    if value is None and place is None:
        raise RecipeError("choosing.by 'place' needs the row's place in its corpus; found none. Use `lomo build`.")
    draws = []
    for chance, among in chances:
        ranked = rank(value, choosing.quantiles, among) if value is not None else place or 0.0
        first = 1 - ranked if choosing.first == "high" else ranked
        draws.append(spread_evenly(choosing.chance * chance + (1 - choosing.chance) * first, choosing.chance))
    return draws


def statistic_of(conversation: Conversation, recipe: Recipe) -> float | None:
    """What the recipe ranks a row by; None for a strategy that measures nothing, and for a row that has no such."""
    statistic = STRATEGIES[recipe.choosing.by].statistic
    return None if statistic is None else statistic(conversation, check_turn(recipe.turn)(conversation, recipe.seed))


def rank(value: float, quantiles: Sequence[float], chance: float) -> float:
    """The share of the corpus that lies below `value`, between the quantiles by straight lines.

    Where several quantiles equal the value, that share of all rows has it: `chance` gives each a place among them.

    >>> rank(15, (0, 10, 20), 0.5), rank(0, (0, 0, 20), 0.5), rank(99, (0, 10, 20), 0.5)
    (0.75, 0.25, 1.0)
    """
    steps = len(quantiles) - 1
    low, high = bisect_left(quantiles, value), bisect_right(quantiles, value)
    if high > low:
        return (low + (high - 1 - low) * chance) / steps
    if low in (0, steps + 1):
        return 0.0 if low == 0 else 1.0
    below, above = quantiles[low - 1], quantiles[low]
    return (low - 1 + (value - below) / (above - below)) / steps


def spread_evenly(total: float, weight: float) -> float:
    """How likely `weight * a + (1 - weight) * b` is below `total`, for a and b even in [0, 1) and independent.

    >>> [spread_evenly(total, 0.5) for total in (0, 0.25, 0.5, 0.75)]
    [0.0, 0.125, 0.5, 0.875]
    """
    small, large = sorted((weight, 1 - weight))
    if small <= total <= large:
        share = (total - small / 2) / large
    elif total < small:
        share = total * total / (2 * small * large)
    else:
        share = 1 - (1 - total) ** 2 / (2 * small * large)
    return min(max(share, 0.0), _BELOW_ONE)
