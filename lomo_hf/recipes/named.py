"""The named recipes, one for each ablation of the paper, and how a recipe is loaded by name or from a file."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lomo_hf.errors import RecipeError
from lomo_hf.recipes.names import nearest
from lomo_hf.recipes.recipe import DistortionSettings, Recipe
from lomo_hf.storage.yaml_reading import read_yaml_file

__all__ = ["DEFAULT_RECIPE", "NAMED_RECIPES", "is_as_named", "load_recipe"]

DEFAULT_RECIPE = "ratio50"


def load_recipe(name_or_path: str | Path) -> Recipe:
    """A named recipe, or one from a YAML file.

    Args:
        name_or_path: One of `NAMED_RECIPES`, or a file whose name ends in .yaml or .yml, with the settings that differ
            from the defaults.

    Returns:
        The recipe; from a file it has the file's name, unless the file says another.

    Raises:
        RecipeError: There is no such name or file, or the file is not a recipe.

    >>> load_recipe("ratio25").ratio
    0.25
    """
    if not isinstance(name_or_path, str | Path):
        raise RecipeError(f"recipe must be a Recipe, a name or a YAML file; found {name_or_path!r}. Write 'ratio50'.")
    if isinstance(name_or_path, str) and name_or_path in NAMED_RECIPES:
        return NAMED_RECIPES[name_or_path]
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        names, given = ", ".join(NAMED_RECIPES), str(name_or_path)
        raise RecipeError(
            f"recipe must be a YAML file or one of {names}; found {given!r}.{nearest(given, NAMED_RECIPES)}"
        )
    try:
        values = read_yaml_file(path)
    except FileNotFoundError:
        raise RecipeError(f"recipe file {str(path)!r} is missing; `lomo recipes --show ratio50` prints one.") from None
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())
        raise RecipeError(f"recipe file {str(path)!r} cannot be read as YAML: {why}") from error
    if not isinstance(values, dict):
        raise RecipeError(f"recipe file {str(path)!r} must hold keys and values; found {type(values).__name__}.")
    try:
        return Recipe.from_dict({"name": path.stem, **values})
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error


def is_as_named(recipe: Recipe) -> bool:
    """Whether a recipe is the named one of its name, whatever versions it insists on.

    >>> is_as_named(NAMED_RECIPES["ratio50"]), is_as_named(Recipe("ratio50", ratio=0.3)), is_as_named(Recipe("mine"))
    (True, False, False)
    """
    named = NAMED_RECIPES.get(recipe.name)
    return named is not None and named.to_dict() | {"engines": None} == recipe.to_dict() | {"engines": None}


def _named() -> dict[str, Recipe]:
    clean = DistortionSettings(mix={"clean": 1.0})
    described: dict[str, tuple[str, dict[str, Any]]] = {
        "ratio25": ("25 % of rows, middle third (table 3)", {"ratio": 0.25}),
        "ratio50": ("50 % of rows, middle third: the paper's best (table 3)", {"ratio": 0.5}),
        "ratio75": ("75 % of rows, middle third (table 3)", {"ratio": 0.75}),
        "ratio100": ("every row, middle third (table 3)", {"ratio": 1.0}),
        "prefix50": ("50 % of rows, first third (table 4)", {"position": "prefix"}),
        "suffix50": ("50 % of rows, last third (table 4)", {"position": "suffix"}),
        "multispan50": ("50 % of rows, alternate segments, two images (table 4)", {"position": "multi-span"}),
        "fulltext50": (
            "50 % of rows, the whole prompt as one clean image: no localization, no distortion (table 2)",
            {"position": "full", "distortion": clean},
        ),
        "nodistort50": ("50 % of rows, middle third, clean pages only (table 2)", {"distortion": clean}),
    }
    return {name: Recipe(name, description, **settings) for name, (description, settings) in described.items()}


NAMED_RECIPES: Mapping[str, Recipe] = MappingProxyType(_named())
