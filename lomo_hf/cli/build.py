"""`lomo build`: a corpus becomes a dataset folder, with a table of what was counted at the end."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.corpus_options import Limit, Selection, resumable, selecting
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
from lomo_hf.cli.terminal import Recipes, RepoName, console, literal
from lomo_hf.recipes import DEFAULT_RECIPE

if TYPE_CHECKING:
    from lomo_hf.release import BuildReport

__all__ = ["build", "print_report"]


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
    """Build a dataset folder that load_dataset reads."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    from lomo_hf.release import build_dataset

    share = chosen_share(shard_index, num_shards, engine, assemble)
    builder = chosen_engine(engine, num_proc, assemble, executor, tasks, workers, remote, engine_option or ())
    screen = console()
    started = time.monotonic()
    selected = resumable(selection, out)
    parts = (SpinnerColumn(), TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*parts, console=screen, transient=True) as bar:
        task = bar.add_task("rows", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        report = build_dataset(
            selected.source,
            recipe or [DEFAULT_RECIPE],
            out,
            seed=selection.seed,
            limit=limit,
            repo=repo,
            progress=show,
            engine=builder,
            share=share,
            draw=selected.draw,
        )
    if report.counts:
        print_report(report, time.monotonic() - started)
    if not report.whole:
        screen.print("The scheduler has the rest." if share is None else "Other machines have the rest.", end=" ")
        screen.print("When all shards are there: the same command with --assemble instead of its share or engine.")


def print_report(report: "BuildReport", seconds: float) -> None:
    """What was counted, as a table, and how to load it."""
    from rich.table import Table

    screen = console()
    table = Table(title=literal(report.folder), title_justify="left", show_edge=False)
    table.add_column("", no_wrap=True)
    for name in report.counts:
        table.add_column(name, justify="right")
    counts = list(report.counts.values())

    def add(label: str, values: list[str], *, section: bool = False) -> None:
        if section:
            table.add_section()
        table.add_row(label, *values)

    add("rows", [str(one.rows) for one in counts])
    add("rewritten", [f"{one.rewritten} ({one.rewritten / max(one.rows, 1):.1%})" for one in counts])
    groups = (
        ("typeset as", [one.renderers for one in counts]),
        ("distorted by", [one.operations for one in counts]),
        ("kept as text", [one.kept for one in counts]),
        ("fell back", [one.fallbacks for one in counts]),
        ("refused", [one.refused for one in counts]),
    )
    for label, group in groups:
        keys = sorted({key for one in group for key in one})
        for index, key in enumerate(keys):
            values = [str(one.get(key, 0)) for one in group]
            add(f"{label} [bold]{key}[/bold]", values, section=index == 0)
    total = sum(one.rows for one in counts)
    add("rows a second", [f"{total / max(seconds, 1e-9):.0f} in all"] + [""] * (len(counts) - 1), section=True)
    screen.print(table)
    first = next(iter(report.counts))
    if report.whole:
        said = f'Load it: load_dataset("{report.folder}", "{first}")'
        screen.print(said, style="bold", highlight=False, markup=False)
