"""`lomo plan`: what a build would read and write, and what it would cost, measured on a sample of its own rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.corpus_options import Limit, Selection, selecting
from lomo_hf.cli.terminal import Recipes, console, literal, named, shown_status

if TYPE_CHECKING:
    from lomo_hf.building import ShardSpec
    from lomo_hf.building.estimating import Estimate
    from lomo_hf.corpus import Source

__all__ = ["plan"]


@selecting
def plan(
    selection: Selection,
    recipe: Recipes = None,
    num_proc: Annotated[int, typer.Option(min=1, help="Worker processes to calculate with.")] = 1,
    limit: Limit = None,
    measure: Annotated[int, typer.Option(min=0, help="Rows to build for the estimate; 0 measures nothing.")] = 200,
    out: Annotated[Path | None, typer.Option(help="Write the manifest of the draw here.")] = None,
) -> None:
    """Estimate what a build takes: shards, rows of each config, time, bytes. Builds nothing."""
    from lomo_hf.building import plan as planned
    from lomo_hf.dataset.build import chosen_recipes
    from lomo_hf.recipes import DEFAULT_RECIPE
    from lomo_hf.storage import named_file
    from lomo_hf.storage.atomic import write_whole

    recipes = chosen_recipes(recipe or [DEFAULT_RECIPE], selection.seed)
    selected = selection.select()
    specs = planned(selected.source, recipes, limit=limit)
    _print_rows(selected.source, specs)
    if out is not None and selected.draw is not None:
        write_whole(named_file(out), selected.draw.encode())
        console().print(f"the draw: [bold]{literal(out)}[/bold]; build it with lomo build --replay {literal(out)}")
    if measure and any(spec.rows for spec in specs):
        _print_estimate(_estimated(selected.source, specs, measure), num_proc)


def _estimated(source: "Source", specs: "list[ShardSpec]", measure: int) -> "Estimate":
    from lomo_hf.building.estimating import estimate
    from lomo_hf.corpus import FileSource, JoinedSource
    from lomo_hf.corpus.sampling import DrawnSource

    assert isinstance(source, FileSource | JoinedSource | DrawnSource)
    with shown_status(console(), f"building about {measure} rows to measure ..."):
        return estimate(source, specs, measure=measure)


def _print_rows(source: "Source", specs: "list[ShardSpec]") -> None:
    from rich.table import Table

    from lomo_hf.corpus import FileSource, JoinedSource
    from lomo_hf.corpus.sampling import DrawnSource

    screen = console()
    screen.print(named(source.description), highlight=False, markup=False)
    if isinstance(source, JoinedSource | DrawnSource):
        parts: tuple[FileSource, ...] = source.inner.parts if isinstance(source, DrawnSource) else source.parts
        counts = source.counts if isinstance(source, DrawnSource) else [len(part) for part in parts]
        splits = {part.split for part in parts}
        table = Table(show_edge=False)
        for name in ("config", "rows", "read"):
            table.add_column(name, justify="left" if name == "config" else "right")
        for part, count in zip(parts, counts, strict=True):
            name = part.config if len(splits) < 2 else f"{part.config}, {part.split}"
            table.add_row(literal(name), f"{len(part):,}", f"{count:,}")
        table.add_section()
        table.add_row("all", f"{sum(len(part) for part in parts):,}", f"{sum(counts):,}")
        screen.print(table)
    names = ", ".join(recipe.name for recipe in specs[0].recipes)
    rows = max(spec.rows for spec in specs)
    screen.print(f"{len(specs)} shards of up to {rows:,} rows, each for {names}", highlight=False)
    if any(recipe.is_curriculum for recipe in specs[0].recipes):
        steps = f"in {len(specs)} steps" if len(specs) > 1 else "but one shard is no curriculum"
        screen.print(f"the curriculum rises from shard to shard: {steps}", highlight=False)


def _print_estimate(estimate: "Estimate", num_proc: int) -> None:
    from rich.table import Table

    table = Table(show_edge=False)
    for name in ("", "about", "from", "to"):
        table.add_column(name, justify="left" if not name else "right")
    seconds, output, pages, rewritten = estimate.seconds, estimate.output, estimate.pages, estimate.rewritten
    table.add_row("processor time", *(_duration(x) for x in (seconds.middle, seconds.low, seconds.high)))
    if num_proc > 1:
        shared = [x / num_proc for x in (seconds.middle, seconds.low, seconds.high)]
        table.add_row(f"on {num_proc} processors", *map(_duration, shared))
    table.add_row("rows with a page", *(f"{x:,.0f}" for x in (rewritten.middle, rewritten.low, rewritten.high)))
    table.add_row("pages", *(f"{x:,.0f}" for x in (pages.middle, pages.low, pages.high)))
    table.add_row("on disk", *(_size(x) for x in (output.middle, output.low, output.high)))
    table.add_row("to fetch", _size(estimate.download), "", "")
    screen = console()
    screen.print(table)
    screen.print(
        f"Measured on {estimate.measured:,} of {estimate.rows:,} rows, in one process on this machine; the range is "
        "two standard errors of the sample. The bytes to fetch are counted from the Parquet footers; the time of "
        "fetching is not included. Other load on the machine makes a build slower.",
        highlight=False,
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
