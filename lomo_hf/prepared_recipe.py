"""A recipe whose names are resolved: functions in place of the names of a turn policy, a strategy, a position, a mix.

A recipe is plain values; what it names lies in the registries of other packages. Resolved once, a million rows need
not look the names up, nor check them, again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from lomo_hf.distortion import DistortionDrawer
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.selection import Selector, turn_policy
from lomo_hf.selection.turns import TurnPolicy
from lomo_hf.spans import Localization, locator

__all__ = ["PreparedRecipe", "check_recipe"]


@dataclass(frozen=True)
class PreparedRecipe:
    """What T(x) needs of a recipe. Holds functions, so it is made anew in each process and never pickled.

    Attributes:
        recipe: The recipe itself, for its plain values: ratio, seed, style, caps, placeholders.
        turn: Which user turn holds the span.
        selector: The row's draw.
        locate: S(x): (prompt, answer) -> spans.
        draw_distortion: What is done to the pages, from the row's own stream.

    >>> PreparedRecipe.of(Recipe("mine")).locate("One. Two. Three. Four.", "").position
    'middle'
    """

    recipe: Recipe
    turn: TurnPolicy
    selector: Selector
    locate: Callable[[str, str], Localization]
    draw_distortion: DistortionDrawer

    @classmethod
    def of(cls, recipe: Recipe, *, ready: bool = True) -> Self:
        """Resolve every name of a recipe.

        Args:
            recipe: Any recipe.
            ready: Ask also that the percentiles that its rows are ranked by are known, as making rows does.

        Raises:
            RecipeError: A position, turn policy, strategy or distortion has no such name, a range is not allowed, or
                percentiles are missing.
        """
        locate, turn = locator(recipe.position), turn_policy(recipe.turn)
        selector = Selector.of(recipe, ready=ready)
        return cls(recipe, turn, selector, locate, DistortionDrawer.of(recipe.distortion))


def check_recipe(recipe: Recipe) -> Recipe:
    """The recipe, if every name in it exists.

    Args:
        recipe: Any recipe; percentiles that a strategy needs may still be missing.

    Returns:
        The same recipe.

    Raises:
        RecipeError: A position, turn policy, strategy or distortion has no such name, or a range is not allowed.

    >>> check_recipe(Recipe("mine", position="centre"))
    Traceback (most recent call last):
    lomo_hf.errors.RecipeError: position must be one of middle, prefix, suffix, ...; found 'centre'.
    """
    PreparedRecipe.of(recipe, ready=False)
    return recipe
