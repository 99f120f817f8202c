"""The draw of a row: one number in [0, 1), spread evenly over the corpus, low where the row comes first.

A row has a rank among the rows and a number of chance, both in [0, 1). They are added with the weights that the recipe
gives, and the distribution of the sum, which is known, makes the sum even again. So whatever the strategy, a share
`ratio` of the rows draws below `ratio`.

How exact that is: the rank comes from percentiles of the whole corpus and lies within 0.01 of the true one. Rows with
equal statistics (all without a formula, say) share an interval of ranks, each at a point of its own by chance.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lomo_hf.corpus import Conversation
from lomo_hf.errors import RecipeError
from lomo_hf.randomness import uniform
from lomo_hf.recipes.recipe import Recipe, Selection
from lomo_hf.selection.strategies import STRATEGIES, Strategy
from lomo_hf.selection.turns import TurnPolicy, turn_policy

__all__ = ["Selector", "check_selection", "draw_of", "rank", "spread_evenly"]

_BELOW_ONE: Final = 1 - 2.0**-53
# The names of two streams of random numbers. Others would draw every row anew.
_CHANCE: Final = "ratio"
_AMONG_EQUALS: Final = "choosing"


def check_selection(selection: Selection, *, ready: bool = False) -> Strategy:
    """The strategy that a selection names.

    Args:
        selection: What a recipe says of which rows are rewritten first.
        ready: Ask also that the percentiles that the strategy ranks by are known.

    Returns:
        The line of `STRATEGIES`.

    Raises:
        RecipeError: There is no such strategy, or its percentiles were not measured.

    >>> check_selection(Selection("length")).unit
    'characters'
    """
    if selection.by not in STRATEGIES:
        raise RecipeError(f"selection.by must be one of {', '.join(STRATEGIES)}; found {selection.by!r}.")
    strategy = STRATEGIES[selection.by]
    if selection.quantiles and not strategy.is_measured:
        raise RecipeError(f"selection.quantiles are of no use to {selection.by!r}; found some. Leave them out.")
    if ready and strategy.is_measured and not selection.quantiles:
        raise RecipeError(
            f"selection.quantiles must be known before rows are ranked by {selection.by!r}; found none. "
            "Take the recipe from lomo_hf.selection.measured([recipe], source); `lomo build` does so itself."
        )
    return strategy


@dataclass(frozen=True)
class Selector:
    """The draws of one recipe's rows, with every name in its selection resolved once.

    Attributes:
        selection: What the recipe says of which rows come first.
        strategy: The line of `STRATEGIES` that it names.
        turn: Which user turn would be rewritten; a statistic looks at that one.
        seed: The recipe's.

    >>> from lomo_hf.corpus import open_corpus
    >>> row = next(open_corpus().conversations(0, 1))
    >>> Selector.of(Recipe("mine")).draw(row) == uniform(0, row.id, "ratio")
    True
    """

    selection: Selection
    strategy: Strategy
    turn: TurnPolicy
    seed: int

    @classmethod
    def of(cls, recipe: Recipe, *, ready: bool = True) -> "Selector":
        """Resolve what a recipe names.

        Args:
            recipe: Any recipe.
            ready: Ask that percentiles that are needed are known, as a draw does.

        Raises:
            RecipeError: As `check_selection`, or there is no such turn policy.
        """
        strategy = check_selection(recipe.selection, ready=ready)
        return cls(recipe.selection, strategy, turn_policy(recipe.turn), recipe.seed)

    def draw(self, conversation: Conversation, corpus_place: float | None = None) -> float:
        """The row's draw in [0, 1); it is rewritten where this is below the ratio.

        Args:
            conversation: The row, screened.
            corpus_place: The row's own place in its corpus, from 0 to 1; only the strategy "place" asks for it.

        Raises:
            RecipeError: The strategy is "place" and no place is given.
        """
        chance = uniform(self.seed, conversation.id, _CHANCE)
        # Only where rows can be equal is there a second number to draw.
        among_equals = uniform(self.seed, conversation.id, _AMONG_EQUALS) if self.selection.quantiles else 0.0
        return self.draws_by_chance(conversation, corpus_place, [(chance, among_equals)])[0]

    def draws_by_chance(
        self, conversation: Conversation, corpus_place: float | None, chances: Sequence[tuple[float, float]]
    ) -> list[float]:
        """The draws that a row would have, for pairs of what chance gives it.

        Args:
            conversation: The row, screened.
            corpus_place: As for `draw`.
            chances: Pairs of the row's number of chance and its place among rows of the same statistic, in [0, 1).

        Returns:
            One draw for each pair.

        Raises:
            RecipeError: As `draw`.
        """
        selection = self.selection
        value = self.statistic(conversation)
        if selection.by == "uniform" or (self.strategy.is_measured and value is None):
            return [chance for chance, _ in chances]
        if value is None and corpus_place is None:
            raise RecipeError(
                "selection.by 'place' needs the row's place in its corpus; found none. Use `lomo build`."
            )
        draws = []
        for chance, among_equals in chances:
            ranked = corpus_place or 0.0
            if value is not None:
                ranked = rank(value, selection.quantiles, among_equals)
            first = 1 - ranked if selection.first == "high" else ranked
            draws.append(spread_evenly(selection.chance * chance + (1 - selection.chance) * first, selection.chance))
        return draws

    def statistic(self, conversation: Conversation) -> float | None:
        """What the row is ranked by; None for a strategy that measures nothing, and for a row that has no such."""
        measure = self.strategy.statistic
        return None if measure is None else measure(conversation, self.turn(conversation, self.seed))


def draw_of(conversation: Conversation, recipe: Recipe, corpus_place: float | None = None) -> float:
    """The draw of one row in [0, 1); it is rewritten where this is below the ratio.

    For many rows, `Selector.of(recipe).draw` resolves the recipe's names once.

    Args:
        conversation: The row, screened.
        recipe: Its ratio plays no part.
        corpus_place: The row's own place in its corpus, from 0 to 1; only the strategy "place" asks for it.

    Returns:
        The draw.

    Raises:
        RecipeError: The strategy needs the percentiles of the corpus or the row's place, and they are not known.

    >>> from lomo_hf.corpus import open_corpus
    >>> row = next(open_corpus().conversations(0, 1))
    >>> draw_of(row, Recipe("mine")) == uniform(0, row.id, "ratio")
    True
    """
    return Selector.of(recipe).draw(conversation, corpus_place)


def rank(value: float, quantiles: Sequence[float], chance: float) -> float:
    """The share of the corpus that lies below `value`, between the quantiles by straight lines.

    Where several quantiles equal the value, that share of all rows has it: `chance` gives each a point among them.

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
