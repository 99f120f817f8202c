"""The face: `lomo build`, `lomo preview`, `lomo recipes`. Parses, calls, prints; decides nothing.

Errors are one sentence with the remedy. Exit codes: 0 done, 1 a problem with data or disk, 2 usage, 3 integrity.
"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.errors import LomoError
from lomo_hf.recipes import DEFAULT_RECIPE, NAMED_RECIPES

if TYPE_CHECKING:
    from rich.console import Console

    from lomo_hf.release import BuildReport

__all__ = ["app", "main"]

app = typer.Typer(
    name="lomo",
    help="Render part of each text prompt as an image, keep the answer, and build a dataset for the Hub.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Corpus = Annotated[
    Path | None, typer.Option(help="JSONL, JSON or Parquet file, or a folder of them. Default: the embedded sample.")
]
Recipes = Annotated[
    list[str] | None, typer.Option("--recipe", help="A named recipe or a YAML file; may be given several times.")
]
Seed = Annotated[int | None, typer.Option(help="Instead of the recipes' own seed.")]


@app.command()
def build(
    corpus: Corpus = None,
    recipe: Recipes = None,
    out: Annotated[Path, typer.Option(help="The dataset folder.")] = Path("lomo-ov15"),
    num_proc: Annotated[int, typer.Option(min=1, help="Worker processes; the bytes do not depend on it.")] = 1,
    seed: Seed = None,
    limit: Annotated[int | None, typer.Option(min=0, help="Only the first rows of the corpus.")] = None,
    repo: Annotated[str | None, typer.Option(help="The name on the Hub that the card mentions, org/name.")] = None,
) -> None:
    """Build a dataset folder that load_dataset reads."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    from lomo_hf.release import build_dataset

    console = _console()
    started = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("rows", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        report = build_dataset(
            corpus,
            recipe or [DEFAULT_RECIPE],
            out,
            num_proc=num_proc,
            seed=seed,
            limit=limit,
            repo=repo,
            progress=show,
        )
    _print_report(report, time.monotonic() - started)


@app.command()
def preview(
    corpus: Corpus = None,
    recipe: Annotated[str, typer.Option("--recipe", help="A named recipe or a YAML file.")] = "ratio100",
    out: Annotated[Path, typer.Option(help="The picture to write.")] = Path("preview.png"),
    rows: Annotated[int, typer.Option(min=1, max=200, help="How many rows to draw.")] = 12,
    skip: Annotated[int, typer.Option(min=0, help="Rows to pass over first.")] = 0,
    seed: Seed = None,
    kind: Annotated[str | None, typer.Option(help="Only rows whose id holds this text.")] = None,
) -> None:
    """Draw a contact sheet (PNG): prompt, page and operation side by side. Writes no dataset."""
    from lomo_hf.preview import contact_sheet, preview_rows

    chosen = preview_rows(corpus, recipe, count=rows, skip=skip, seed=seed, kind=kind)
    contact_sheet(chosen).save(out, "PNG")
    _console().print(f"{len(chosen)} rows drawn to [bold]{out}[/bold]")


@app.command()
def recipes(
    show: Annotated[str | None, typer.Option(help="Print this recipe as YAML, to start your own from.")] = None,
) -> None:
    """List the named recipes and explain what they decide."""
    from lomo_hf.recipes import load_recipe

    if show is not None:
        sys.stdout.write(load_recipe(show).to_yaml())
        return
    _print_recipes(_console())


def main() -> None:
    """The console scripts `lomo` and `hf-lomo`."""
    try:
        app(standalone_mode=True)
    except LomoError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("stopped; what is done stays, and the same command goes on from there.", 130)
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or 'no file'}. Check the path and its permissions.", 1)


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"lomo: {' '.join(message.split())}\n")
    sys.exit(code)


def _console() -> "Console":
    from rich.console import Console

    return Console()


def _print_report(report: "BuildReport", seconds: float) -> None:
    from rich.table import Table

    console = _console()
    table = Table(title=f"{report.folder}", title_justify="left", show_edge=False)
    table.add_column("")
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
    console.print(table)
    first = next(iter(report.counts))
    console.print(f'Load it: load_dataset("{report.folder}", "{first}")', style="bold", highlight=False)


def _print_recipes(console: "Console") -> None:
    from rich.table import Table

    from lomo_hf.distortion import operations
    from lomo_hf.spans import POSITIONS
    from lomo_hf.turns import TURNS

    table = Table(show_edge=False)
    for column in ("recipe", "ratio", "position", "distortion", "what it is"):
        table.add_column(column)
    for name, one in NAMED_RECIPES.items():
        mix = "uniform over five" if len(one.distortion.mix) > 1 else ", ".join(one.distortion.mix)
        label = f"{name} (default)" if name == DEFAULT_RECIPE else name
        table.add_row(label, f"{one.ratio:g}", one.position, mix, one.description)
    console.print(table)
    console.print()
    drawn = Table(show_edge=False)
    for column in ("distortion", "group", "mild", "hard", "looks like"):
        drawn.add_column(column)
    for op in operations():
        ranges = [
            "\n".join(f"{key} {low:g}..{high:g}" for key, (low, high) in op.ranges[strength].items())
            for strength in ("mild", "hard")
        ]
        drawn.add_row(op.name, op.group, *ranges, op.looks)
    console.print(drawn)
    console.print(
        f"\nA recipe of your own is a YAML file with what differs: name, ratio, position ({', '.join(POSITIONS)}), "
        f"turn ({', '.join(TURNS)}), placeholders (drop, escape, keep), seed, style, distortion, caps.\n"
        "Start from one: [bold]lomo recipes --show ratio50 > mine.yaml[/bold], then "
        "[bold]lomo build --recipe mine.yaml[/bold]. Leave `engines` in to insist on those versions.",
        highlight=False,
    )
