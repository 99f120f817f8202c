"""A grid: one YAML file that names a matrix of recipes, so that an ablation is planned and built in one pass.

`base` is a named recipe, a YAML file or the settings themselves; `vary` maps fields, with dots into the recipe's
parts, to lists of values, or to labels with their values where a value is not plain.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from lomo_hf.errors import RecipeError
from lomo_hf.recipes.named import DEFAULT_RECIPE, load_recipe
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.storage.yaml_reading import read_yaml_file

__all__ = ["MAX_RECIPES", "grid_recipes", "load_grid"]

MAX_RECIPES = 256
_KEYS = ("name", "base", "vary")
# Where a bare value would not say what it is.
_PREFIXES = {
    "seed": "seed",
    "turn": "turn-",
    "selection.by": "by-",
    "selection.first": "",
    "selection.chance": "chance",
}


def load_grid(path: str | Path) -> list[Recipe]:
    """The recipes of a grid file; see `grid_recipes`.

    Raises:
        RecipeError: The file cannot be read as YAML, or is no grid.
    """
    try:
        grid = read_yaml_file(Path(path))
    except FileNotFoundError:
        raise RecipeError(f"grid file {str(path)!r} is missing. Write one: vary: {{ratio: [0.25, 0.5]}}.") from None
    except (OSError, ValueError) as error:
        raise RecipeError(f"grid file {str(path)!r} cannot be read as YAML: {' '.join(str(error).split())}") from error
    return grid_recipes(grid)


def grid_recipes(grid: object) -> list[Recipe]:
    """The recipes of a grid, in the order of its values, the last field varying fastest; named by these values.

    Raises:
        RecipeError: The grid has no such form, a field does not exist, or two recipes would share a name.

    >>> [recipe.name for recipe in grid_recipes({"vary": {"ratio": [0.25, 0.5], "seed": [0, 1]}})]
    ['ratio25-seed0', 'ratio25-seed1', 'ratio50-seed0', 'ratio50-seed1']
    """
    if not isinstance(grid, Mapping) or not isinstance(grid.get("vary"), Mapping) or not grid["vary"]:
        raise RecipeError(
            "grid must hold `vary`, fields with their values; found none. Write vary: {ratio: [0.25, 0.5]}."
        )
    for key in grid:
        if key not in _KEYS:
            raise RecipeError(f"grid has no key {key!r}; known are {', '.join(_KEYS)}.")
    axes = [(str(field), list(_labelled(str(field), values))) for field, values in grid["vary"].items()]
    count = 1
    for _, values in axes:
        count *= len(values)
    if count > MAX_RECIPES:
        raise RecipeError(f"grid must give at most {MAX_RECIPES} recipes; found {count}. Vary fewer fields.")
    base = _base(grid.get("base", DEFAULT_RECIPE))
    recipes = [_recipe(base, grid.get("name"), axes, chosen) for chosen in product(*(values for _, values in axes))]
    names = [recipe.name for recipe in recipes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise RecipeError(f"grid must give every recipe a name of its own; found {twice!r} twice. Label the values.")
    return recipes


def _base(base: object) -> dict[str, object]:
    recipe = Recipe.from_dict({"name": "base", **base}) if isinstance(base, Mapping) else load_recipe(str(base))
    return {key: value for key, value in recipe.to_dict().items() if key not in ("name", "description", "engines")}


def _labelled(field: str, values: object) -> Iterator[tuple[str, object]]:
    if isinstance(values, Mapping) and values:
        yield from ((str(label), value) for label, value in values.items())
    elif isinstance(values, list) and values:
        for value in values:
            if isinstance(value, Mapping | list):
                raise RecipeError(f"grid.vary.{field} must label values that are not plain: {{label: value}}.")
            yield _label(field, value), value
    else:
        raise RecipeError(
            f"grid.vary.{field} must be a list of values, or map labels to values; found {values!r:.60}."
        )


def _label(field: str, value: object) -> str:
    if field == "ratio" and isinstance(value, int | float):
        return f"ratio{100 * value:g}"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    default = "" if isinstance(value, str) else field.rpartition(".")[2]
    return _PREFIXES.get(field, default) + shown


def _recipe(
    base: Mapping[str, object],
    prefix: object,
    axes: list[tuple[str, list[tuple[str, object]]]],
    chosen: tuple[Any, ...],
) -> Recipe:
    settings = {**base}
    for (field, _), (_, value) in zip(axes, chosen, strict=True):
        settings = _with(settings, field.split("."), value, field)
    labels = [label for label, _ in chosen]
    name = "-".join([str(prefix), *labels] if prefix is not None else labels).lower()
    varied = ", ".join(f"{field} {label}" for (field, _), label in zip(axes, labels, strict=True))
    return Recipe.from_dict({"name": name, "description": f"of a grid: {varied}", **settings})


def _with(settings: Mapping[str, Any], path: list[str], value: object, field: str) -> dict[str, object]:
    """The settings with one value replaced, however deep it lies."""
    head, *rest = path
    if head in ("name", "description", "engines") or not isinstance(settings, Mapping):
        raise RecipeError(f"grid.vary.{field} is no field that decides a row. Write a field such as position.")
    if rest:
        return {**settings, head: _with(settings.get(head, {}), rest, value, field)}
    return {**settings, head: value}
