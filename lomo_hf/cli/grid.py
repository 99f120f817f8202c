"""`lomo grid`: a matrix of recipes from one file, planned and built in one pass."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.build import print_report
from lomo_hf.cli.corpus_options import Limit, Selection, selecting
from lomo_hf.cli.engines import NumProc
from lomo_hf.cli.terminal import RepoName, console, named, progress_bar, shown_status
from lomo_hf.errors import UsageError

if TYPE_CHECKING:
    from lomo_hf.building.estimating import Sharing
    from lomo_hf.recipes.recipe import Recipe

__all__ = ["grid"]


@selecting
def grid(
    file: Annotated[Path, typer.Argument(help="The grid: a YAML file with `base` and `vary`.")],
    selection: Selection,
    limit: Limit = None,
    out: Annotated[Path, typer.Option(help="The dataset folder.")] = Path("lomo-grid"),
    plan: Annotated[bool, typer.Option("--plan", help="Print what would be built, and build nothing.")] = False,
    num_proc: NumProc = 1,
    measure: Annotated[int, typer.Option(min=1, help="Rows to substitute for the estimate.")] = 60,
    repo: RepoName = None,
) -> None:
    """Plan and build a matrix of recipes, each one a config; pages that they share are rendered once."""
    from lomo_hf.building import LocalEngine
    from lomo_hf.building.estimating import measure_sharing
    from lomo_hf.dataset import build_dataset
    from lomo_hf.dataset.build import chosen_recipes
    from lomo_hf.recipes.grid import load_grid
    from lomo_hf.selection import measured

    combined = load_grid(file)
    if selection.seed is not None and len({recipe.seed for recipe in combined}) > 1:
        raise UsageError("--seed and a grid that varies the seed exclude each other; found both. Leave one out.")
    recipes = chosen_recipes(combined, selection.seed)
    selected = selection.select(None if plan else out)
    with shown_status(console(), "measuring ..."):
        recipes = measured(recipes, selected.source, limit=limit)
        sharing = measure_sharing(selected.source, recipes, measure=measure, limit=limit)
    console().print(named(selected.source.description), highlight=False, markup=False)
    _print_plan(recipes, sharing)
    if plan:
        return
    started = time.monotonic()
    with progress_bar(console()) as (show, begin):
        report = build_dataset(
            selected.source,
            recipes,
            out,
            limit=limit,
            repo=repo,
            progress=show,
            on_phase=begin,
            draw=selected.draw,
            engine=LocalEngine(num_proc, guarded=True),
            notify=lambda message: console().print(message, highlight=False, markup=False),
        )
    print_report(report, time.monotonic() - started)


def _print_plan(recipes: "list[Recipe]", sharing: "Sharing") -> None:
    from rich.measure import Measurement
    from rich.table import Table

    screen = console()
    heads = ("config", "ratio", "position", "chosen by", "strength", "seed", "pages, about")
    rows = []
    for recipe in recipes:
        ratio, chosen_by, strength = f"{recipe.ratio:g}", recipe.selection.by, recipe.distortion.strength
        pages = f"{sharing.pages[recipe.name]:,}"
        rows.append((recipe.name, ratio, recipe.position, chosen_by, strength, str(recipe.seed), pages))
    table = Table(show_edge=False)
    for head in heads:
        table.add_column(head, no_wrap=True, justify="right" if head in ("ratio", "seed", "pages, about") else "left")
    for row in rows:
        table.add_row(*row)
    if Measurement.get(screen, screen.options.update(max_width=10_000), table).maximum <= screen.width:
        screen.print(table)
    else:  # columns that are cut off would make configs look alike
        for row in rows:
            settings = ", ".join(f"{head} {value}" for head, value in zip(heads[1:-1], row[1:-1], strict=True))
            screen.print(f"{row[0]}: about {row[-1]} pages", highlight=False, markup=False, soft_wrap=True)
            screen.print(f"    {settings}", highlight=False, markup=False, soft_wrap=True)
    screen.print(
        f"\n{len(recipes)} configs of {sharing.rows:,} rows. Built one by one: about {sharing.apart:,} pages typeset "
        f"and {sharing.apart:,} distorted. Built together: about {sharing.typeset:,} typeset, {sharing.distorted:,} "
        f"distorted and encoded, {_duration(sharing.seconds)} of processor time, {sharing.page_bytes / 1e6:,.1f} MB "
        f"of pages, measured on {sharing.sampled} rows on this machine.",
        highlight=False,
    )


def _duration(seconds: float) -> str:
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 36_000 else f"{seconds / 3600:.0f} h"
