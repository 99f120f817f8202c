"""`lomo sample`: draw rows of a corpus, and write the manifest that gives the same rows again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.corpus_options import Selection, selecting
from lomo_hf.cli.terminal import console, literal, named
from lomo_hf.errors import UsageError

if TYPE_CHECKING:
    from lomo_hf.corpus.sampling import Draw

__all__ = ["sample"]


@selecting
def sample(
    selection: Selection,
    out: Annotated[Path, typer.Option(help="The manifest to write.")] = Path("draw.json"),
    rows: Annotated[Path | None, typer.Option(help="Write the rows as well, as JSON Lines.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="With --replay: draw again by the rule, and compare.")
    ] = False,
) -> None:
    """Draw a sample of a corpus, or take the rows of an earlier sample again (--replay)."""
    from lomo_hf.storage import named_file
    from lomo_hf.storage.atomic import write_whole

    screen = console()
    if check and selection.replay is None:
        raise UsageError("--check compares with a draw; found no --replay. Name its draw.json.")
    if selection.replay is not None and check:
        _check(selection, selection.replay)
        screen.print(f"{literal(selection.replay.name)}: drawn again: the rows are the same")
        return
    selected = selection.select()
    if selected.drawn is not None:
        _print_draw(selected.drawn)
    if selected.draw is not None and selection.replay is None:
        write_whole(named_file(out), selected.draw.encode())
        local = selection.corpus if selected.source.repo is None else None
        again = f"lomo sample --replay {out}{f' --corpus {local}' if local else ''} --rows rows.jsonl"
        screen.print(f"written: [bold]{literal(out)}[/bold]; the same rows again: {literal(again)}", soft_wrap=True)
    screen.print(named(selected.source.description), highlight=False, markup=False)
    if rows is not None:
        from lomo_hf.corpus.writing import write_rows

        counted = write_rows(selected.source, rows)
        refused = "".join(f", {count} refused {reason}" for reason, count in counted.refused.items())
        screen.print(f"{counted.rows} rows in [bold]{literal(rows)}[/bold]{literal(refused)}", highlight=False)


def _check(selection: Selection, manifest: Path) -> None:
    from lomo_hf.corpus.sampling import read_draw, replay

    record = read_draw(manifest)
    replay(record, selection.replayed(record), anew=True, overlap=tuple(selection.overlaps or ()))


def _print_draw(drawn: "Draw") -> None:
    from rich.table import Table

    reads_text = drawn.sampling.reads_text
    table = Table(show_edge=False)
    table.add_column("config", no_wrap=True)
    for name in ("rows", "drawn", *(("refused", "duplicates", "overlapping", "tokens") if reads_text else ())):
        table.add_column(name, justify="right")
    for config in drawn.configs:
        refused = sum((config.refused or {}).values())
        counts = (refused, config.duplicates, config.overlapping, config.tokens or 0) if reads_text else ()
        cells = (f"{count:,}" for count in (config.rows, config.drawn, *counts))
        table.add_row(literal(config.config), *cells)
    table.add_section()
    table.add_row("all", f"{sum(config.rows for config in drawn.configs):,}", f"{len(drawn.source):,}")
    screen = console()
    screen.print(table)
    for example in drawn.examples[:5]:
        shared = f"{named(example['id'])} shares with {named(example['evaluation'])}: {named(example['shared'])}"
        screen.print(shared, highlight=False, markup=False)
