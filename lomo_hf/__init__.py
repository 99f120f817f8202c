"""lomo_hf: local modality substitution (LoMo) for datasets on the Hub.

Render part of a text prompt as an image, keep the answer, and build, publish and load the result as a `datasets`
repository that can be rebuilt to the byte. Source of the method: Han et al., arXiv 2605.30265.
"""

from lomo_hf.corpus import Conversation, Origin, Refusal, Turn, open_source, to_conversation
from lomo_hf.errors import (
    BuildError,
    FormulaError,
    IntegrityError,
    LomoError,
    PublishError,
    RecipeError,
    RenderError,
    SourceError,
    TooLargeError,
    UncoveredError,
    UsageError,
)
from lomo_hf.recipes.named import NAMED_RECIPES, load_recipe
from lomo_hf.recipes.recipe import Caps, Choosing, DistortionSettings, Recipe, RenderStyle
from lomo_hf.row import row_features
from lomo_hf.substitution import Substituter, check_recipe, substitute_row

__version__ = "0.1.0"

__all__ = [
    "NAMED_RECIPES",
    "BuildError",
    "Caps",
    "Choosing",
    "Conversation",
    "DistortionSettings",
    "FormulaError",
    "IntegrityError",
    "LomoError",
    "Origin",
    "PublishError",
    "Recipe",
    "RecipeError",
    "Refusal",
    "RenderError",
    "RenderStyle",
    "SourceError",
    "Substituter",
    "TooLargeError",
    "Turn",
    "UncoveredError",
    "UsageError",
    "__version__",
    "check_recipe",
    "load_recipe",
    "open_source",
    "row_features",
    "substitute_row",
    "to_conversation",
]
