"""`lomo recipes`: the named recipes and every distortion, explained."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.terminal import console
from lomo_hf.recipes.named import DEFAULT_RECIPE, NAMED_RECIPES

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["recipes"]


def recipes(
    show: Annotated[str | None, typer.Option(help="Print this recipe as YAML, to start your own from.")] = None,
) -> None:
    """List the named recipes and explain what they decide."""
    from lomo_hf.recipes.named import load_recipe

    if show is not None:
        sys.stdout.write(load_recipe(show).to_yaml())
        return
    _print_recipes(console())


def _print_recipes(screen: "Console") -> None:
    from rich.table import Table

    from lomo_hf.distortion import operations
    from lomo_hf.selection import STRATEGIES
    from lomo_hf.selection.turns import TURNS
    from lomo_hf.spans import POSITIONS

    table = Table(show_edge=False)
    for column in ("recipe", "ratio", "position", "distortion", "what it is"):
        table.add_column(column)
    for name, one in NAMED_RECIPES.items():
        mix = "uniform over five" if len(one.distortion.mix) > 1 else ", ".join(one.distortion.mix)
        label = f"{name} (default)" if name == DEFAULT_RECIPE else name
        table.add_row(label, f"{one.ratio:g}", one.position, mix, one.description)
    screen.print(table)
    screen.print()
    drawn = Table(show_edge=False)
    for column in ("distortion", "group", "mild", "hard", "looks like"):
        drawn.add_column(column)
    for op in operations():
        ranges = [
            "\n".join(f"{key} {low:g}..{high:g}" for key, (low, high) in op.ranges[strength].items())
            for strength in ("mild", "hard")
        ]
        drawn.add_row(op.name, op.group, *ranges, op.looks)
    screen.print(drawn)
    screen.print()
    ranked = Table(show_edge=False)
    for column in ("choosing.by", "rows are ranked by"):
        ranked.add_column(column)
    for name, strategy in STRATEGIES.items():
        ranked.add_row(name, strategy.ranks)
    screen.print(ranked)
    screen.print(
        f"\nA recipe of your own is a YAML file with what differs: name, ratio, position ({', '.join(POSITIONS)}), "
        f"turn ({', '.join(TURNS)}), placeholders (drop, escape, keep), choosing (by, first, chance), seed, style, "
        "distortion (mix of groups or operations - wave is the group, wave/wave the operation alone -, strength mild, "
        "hard or rising, ranges), caps.\n"
        "Start from one: [bold]lomo recipes --show ratio50 > mine.yaml[/bold], give it a name of its own, then "
        "[bold]lomo build --recipe mine.yaml[/bold]. Leave `engines` in to insist on those versions.",
        highlight=False,
    )
