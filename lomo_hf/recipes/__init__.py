"""What decides a row: one frozen `Recipe`, the paper's recipes by name, and grids of recipes."""

from lomo_hf.recipes.named import DEFAULT_RECIPE, NAMED_RECIPES, load_recipe
from lomo_hf.recipes.recipe import Caps, DistortionSettings, Recipe, RenderStyle, Selection

__all__ = [
    "DEFAULT_RECIPE",
    "NAMED_RECIPES",
    "Caps",
    "DistortionSettings",
    "Recipe",
    "RenderStyle",
    "Selection",
    "load_recipe",
]
