"""`lomo grid`: a matrix of recipes from one file, planned, and built in one pass."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.build import print_report
from lomo_hf.cli.terminal import Corpus, console

if TYPE_CHECKING:
    from lomo_hf.building.sharing import Sharing
    from lomo_hf.recipe import Recipe

__all__ = ["grid"]


def grid(
    file: Annotated[Path, typer.Argument(help="The grid: a YAML file with `base` and `vary`.")],
    corpus: Corpus = None,
    out: Annotated[Path, typer.Option(help="The dataset folder.")] = Path("lomo-grid"),
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be built, and build nothing.")] = False,
    num_proc: Annotated[int, typer.Option(min=1, help="Worker processes; the bytes do not depend on it.")] = 1,
    limit: Annotated[int | None, typer.Option(min=0, help="Only the first rows of the corpus.")] = None,
    measure: Annotated[int, typer.Option(min=1, help="Rows to substitute for the estimate.")] = 60,
    repo: Annotated[str | None, typer.Option(help="The name on the Hub that the card mentions, org/name.")] = None,
) -> None:
    """Plan and build a matrix of recipes, each a config; what they share is rendered once."""
    from lomo_hf.building.sharing import measure_sharing
    from lomo_hf.corpus import open_source
    from lomo_hf.grids import load_grid
    from lomo_hf.release import build_dataset
    from lomo_hf.substitution import check_recipe

    recipes = [check_recipe(recipe) for recipe in load_grid(file)]
    with console().status("measuring ..."):
        found = measure_sharing(open_source(corpus), recipes, measure=measure, limit=limit)
    _print_plan(recipes, found)
    if plan:
        return
    started = time.monotonic()
    with console().status(f"building {len(recipes)} configs ..."):
        report = build_dataset(corpus, recipes, out, num_proc=num_proc, limit=limit, repo=repo)
    print_report(report, time.monotonic() - started)


def _print_plan(recipes: "list[Recipe]", found: "Sharing") -> None:
    from rich.table import Table

    screen = console()
    table = Table(show_edge=False)
    table.add_column("config", no_wrap=True, min_width=max(len(one.name) for one in recipes))
    for column in ("ratio", "position", "chosen by", "strength", "seed", "pages, about"):
        table.add_column(column, justify="right" if column in ("ratio", "seed", "pages, about") else "left")
    for one in recipes:
        pages = f"{found.pages[one.name]:,}"
        said = (f"{one.ratio:g}", one.position, one.choosing.by, one.distortion.strength, str(one.seed), pages)
        table.add_row(one.name, *said)
    screen.print(table)
    screen.print(
        f"\n{len(recipes)} configs of {found.rows:,} rows. One by one: about {found.apart:,} pages typeset and "
        f"{found.apart:,} distorted. Together: about {found.typeset:,} typeset, {found.distorted:,} distorted "
        f"and encoded, {_spoken(found.seconds)} of processor time, {found.page_bytes / 1e6:,.1f} MB of pages, "
        f"measured on {found.sampled} rows, on this machine, just now.",
        highlight=False,
    )


def _spoken(seconds: float) -> str:
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 36_000 else f"{seconds / 3600:.0f} h"
