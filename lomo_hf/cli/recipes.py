"""`lomo recipes`: the named recipes and every distortion, explained."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.terminal import console

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["recipes"]


def recipes(
    show: Annotated[str | None, typer.Option(help="Print this recipe as YAML, as a start for your own.")] = None,
) -> None:
    """List the named recipes, every distortion and every way to select rows."""
    from lomo_hf.recipes.named import load_recipe

    if show is not None:
        sys.stdout.write(load_recipe(show).to_yaml())
        return
    _print_recipes(console())


def _print_recipes(screen: "Console") -> None:
    from rich.table import Table

    from lomo_hf.distortion import operations
    from lomo_hf.recipes import DEFAULT_RECIPE, NAMED_RECIPES
    from lomo_hf.selection import STRATEGIES
    from lomo_hf.selection.turns import TURNS
    from lomo_hf.spans import POSITIONS

    table = Table(show_edge=False)
    for column in ("recipe", "ratio", "position", "distortion", "what it is"):
        table.add_column(column)
    for name, recipe in NAMED_RECIPES.items():
        mix = "uniform over five" if len(recipe.distortion.mix) > 1 else ", ".join(recipe.distortion.mix)
        label = f"{name} (default)" if name == DEFAULT_RECIPE else name
        table.add_row(label, f"{recipe.ratio:g}", recipe.position, mix, recipe.description)
    screen.print(table)
    screen.print()
    distortions = Table(show_edge=False)
    for column in ("distortion", "group", "mild", "hard", "looks like"):
        distortions.add_column(column, no_wrap=column in ("distortion", "group"))  # names to copy into a recipe
    for op in operations():
        ranges = [
            "\n".join(f"{key} {low:g}..{high:g}" for key, (low, high) in op.ranges[strength].items())
            for strength in ("mild", "hard")
        ]
        distortions.add_row(op.name, op.group, *ranges, op.looks)
    screen.print(distortions)
    screen.print()
    strategies = Table(show_edge=False)
    for column in ("selection.by", "rows are ranked by"):
        strategies.add_column(column)
    for name, strategy in STRATEGIES.items():
        strategies.add_row(name, strategy.ranks)
    screen.print(strategies)
    screen.print(
        f"\nA recipe of your own is a YAML file with what differs: name, ratio, position ({', '.join(POSITIONS)}), "
        f"turn ({', '.join(TURNS)}), placeholders (drop, escape, keep), selection (by, first, chance), seed, style, "
        "distortion (mix of groups or operations - wave is the group, wave/wave the operation alone -, strength mild, "
        "hard or rising, ranges), caps.\n"
        "Start from one: [bold]lomo recipes --show ratio50 > mine.yaml[/bold], give it a name of its own, then "
        "[bold]lomo build --recipe mine.yaml[/bold]. Leave `engines` in to insist on those versions.",
        highlight=False,
    )
