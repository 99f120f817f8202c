"""`lomo build`: a corpus becomes a dataset folder, with a table of what was counted at the end."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.corpus_options import Limit, Selection, selecting
from lomo_hf.cli.engines import (
    Assemble,
    EngineName,
    EngineOptions,
    Executor,
    NumProc,
    Remote,
    ShardCount,
    ShardIndex,
    Tasks,
    Workers,
    chosen_engine,
    chosen_share,
)  # fmt: skip
from lomo_hf.cli.terminal import Recipes, RepoName, console, named, progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lomo_hf.dataset import BuildReport

__all__ = ["build", "print_report"]

_NAME_WIDTH = 12  # names of a grid's configs are longer, and fold


@selecting
def build(
    selection: Selection,
    recipe: Recipes = None,
    out: Annotated[Path, typer.Option(help="The dataset folder.")] = Path("lomo-ov15"),
    num_proc: NumProc = 1,
    limit: Limit = None,
    repo: RepoName = None,
    shard_index: ShardIndex = None,
    num_shards: ShardCount = None,
    assemble: Assemble = False,
    engine: EngineName = "local",
    executor: Executor = "local",
    tasks: Tasks = None,
    workers: Workers = -1,
    remote: Remote = None,
    engine_option: EngineOptions = None,
) -> None:
    """Build a dataset folder that load_dataset reads. The same command continues a build that was stopped."""
    from lomo_hf.building.workers.child_process import leave_pandas_unloaded
    from lomo_hf.dataset import build_dataset
    from lomo_hf.recipes import DEFAULT_RECIPE

    leave_pandas_unloaded()
    for name in recipe or ():
        _note_borrowed_name(name)
    share = chosen_share(shard_index, num_shards, engine, assemble)
    builder = chosen_engine(engine, num_proc, assemble, executor, tasks, workers, remote, engine_option or ())
    screen = console()
    started = time.monotonic()
    selected = selection.select(out)
    with progress_bar(screen) as (show, begin):
        report = build_dataset(
            selected.source,
            recipe or [DEFAULT_RECIPE],
            out,
            seed=selection.seed,
            limit=limit,
            repo=repo,
            progress=show,
            on_phase=begin,
            engine=builder,
            share=share,
            draw=selected.draw,
            notify=lambda message: screen.print(message, highlight=False, markup=False),
        )
    if report.unchanged:
        screen.print(f"{out} is already built; nothing was changed.", highlight=False, markup=False)
    if report.counts:
        print_report(report, time.monotonic() - started)
    if not report.whole:
        screen.print("The scheduler builds the rest." if share is None else "Other machines build the rest.", end=" ")
        screen.print("When all shards are there, run this command with --assemble instead of its share or engine.")


def _note_borrowed_name(recipe: str) -> None:
    """Warn of a changed recipe that kept the name of a named one: two datasets would call two things `ratio50`."""
    from lomo_hf.recipes.named import NAMED_RECIPES, is_as_named, load_recipe

    loaded = load_recipe(recipe)
    if loaded.name in NAMED_RECIPES and not is_as_named(loaded):
        console(stderr=True).print(
            f"note: {named(recipe)} has the name {loaded.name}, but is not the recipe {loaded.name} of lomo_hf; "
            "give it a `name` of its own.",
            highlight=False,
            markup=False,
        )


def print_report(report: "BuildReport", seconds: float) -> None:
    """What was counted, in tables of as many configs as fit side by side, and how to load it."""
    from rich.table import Table
    from rich.text import Text

    screen = console()
    sections = _sections(report, seconds)
    rows = [row for section in sections for row in section]
    labels = min(max(len(f"{label} {key}") for label, key, _ in rows) + 2, screen.width // 2)
    numbers = [max(len(values[at]) for _, _, values in rows) for at in range(len(report.counts))]
    widths = [max(min(len(name), _NAME_WIDTH), size) + 3 for name, size in zip(report.counts, numbers, strict=True)]
    for part in _parts(widths, screen.width - labels):
        title = Text(named(report.folder)) if part.start == 0 else None
        table = Table(title=title, title_justify="left", show_edge=False)
        table.add_column("", overflow="fold", width=labels - 2)
        spare = screen.width - labels - sum(widths[part])
        for name, width in list(zip(report.counts, widths, strict=True))[part]:
            wider = max(0, min(len(name) - (width - 3), spare))
            spare -= wider
            table.add_column(name, justify="right", overflow="fold", width=width - 3 + wider)
        for section in sections:
            for label, key, values in section:
                if any(values[part]):
                    table.add_row(Text.assemble(label, " " if key else "", (key, "bold")), *values[part])
            table.add_section()
        screen.print(table)
    first = next(iter(report.counts))
    folder = named(report.folder)
    if any(config.refused for config in report.counts.values()):
        screen.print(f"Every refused row: {folder}/*/refused-*.jsonl", highlight=False, markup=False)
    if report.whole:
        call = f'load_dataset("{folder}", "{first}")'
        screen.print(f"Load it: {call}", style="bold", highlight=False, markup=False)


_Counted = tuple[str, str, list[str]]


def _sections(report: "BuildReport", seconds: float) -> list[list[_Counted]]:
    """The rows of the table by section: what is counted, its key, and the counts of every config."""
    counts = list(report.counts.values())
    rewritten = [f"{config.rewritten} ({config.rewritten / max(config.rows, 1):.1%})" for config in counts]
    sections = [[("rows", "", [str(config.rows) for config in counts]), ("rewritten", "", rewritten)]]
    for label, tallies in (
        ("typeset as", [config.renderers for config in counts]),
        ("distorted by", [config.operations for config in counts]),
        ("kept as text", [config.kept for config in counts]),
        ("fell back", [config.fallbacks for config in counts]),
        ("refused", [config.refused for config in counts]),
    ):
        keys = sorted({key for tally in tallies for key in tally})
        sections.append([(label, key, [str(tally.get(key, 0)) for tally in tallies]) for key in keys])
    filled = [section for section in sections if section]
    if report.unchanged:
        return filled
    total = sum(config.rows for config in counts)
    pace = [f"{total / max(seconds, 1e-9):.0f} in all"] + [""] * (len(counts) - 1)
    return [*filled, [("rows a second", "", pace)]]


def _parts(widths: list[int], available: int) -> "Iterator[slice]":
    """Runs of columns that fit into so many characters, at least one column each."""
    start = used = 0
    for at, width in enumerate(widths):
        if at > start and used + width > available:
            yield slice(start, at)
            start, used = at, 0
        used += width
    yield slice(start, len(widths))
