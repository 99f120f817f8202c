"""`lomo audit`: is what was built true? A table of checks and figures, and a report beside the dataset."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lomo_hf.cli.terminal import Corpus, console, literal
from lomo_hf.errors import IntegrityError, UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from lomo_hf.auditing import AuditReport

__all__ = ["audit"]


def audit(
    folder: Annotated[Path, typer.Argument(help="The dataset folder.")],
    corpus: Corpus = None,
    no_source: Annotated[bool, typer.Option("--no-source", help="Check only what needs no corpus.")] = False,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Rewritten rows whose pages are decoded, made again and read.")
    ] = None,
    ocr: Annotated[bool, typer.Option("--ocr", help="Read a sample of pages (needs the extra \\[audit]).")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the report here, instead of into the folder and its card.")
    ] = None,
) -> None:
    """Check every row of a dataset folder against its source: exit code 0 if all is true, 3 if not."""
    if corpus is not None and no_source:
        raise UsageError("--corpus and --no-source exclude each other; found both. Give one.")
    report = _run(folder, corpus, no_source, sample, ocr)
    print_report(report, console())
    if out is not None:
        from lomo_hf.storage import named_file
        from lomo_hf.storage.atomic import write_whole

        write_whole(named_file(out), report.to_json().encode())
    elif report.true:
        from lomo_hf.dataset import record_audit

        record_audit(folder, report.to_json(), notify=lambda said: console().print(said, markup=False))
    if not report.true:
        false, names = len(report.failures), ", ".join(outcome.name for outcome in report.failures)
        raise IntegrityError(f"{false} of {len(report.outcomes)} checks found something false: {names}.")


def _run(folder: Path, corpus: str | None, no_source: bool, sample: int | None, ocr: bool) -> "AuditReport":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    from lomo_hf.auditing import audit_dataset, open_reader

    reader = open_reader() if ocr else None
    columns = (SpinnerColumn(), TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(), transient=True) as bar:
        task = bar.add_task("rows", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return audit_dataset(folder, corpus=corpus, no_source=no_source, sample=sample, reader=reader, progress=show)


def print_report(report: "AuditReport", screen: "Console") -> None:
    """The report as tables."""
    table = _table("check", "", "checked", "false", "first examples")
    for one in report.outcomes:
        verdict = "skipped" if one.skipped else "true" if one.true else "[bold red]false[/bold red]"
        examples = "; ".join(f"{case.id}: {case.why}" for case in one.examples[:2]) or one.skipped or ""
        table.add_row(one.name, verdict, f"{one.checked:,}", f"{one.failed:,}", literal(examples))
    screen.print(table)
    for note in report.notes:
        screen.print(note, markup=False)
    screen.print()
    screen.print(_statistics(report.statistics))
    if report.ocr:
        screen.print()
        screen.print(_reading(report.ocr))


def _statistics(statistics: Mapping[str, Mapping[str, Any]]) -> "Table":
    table = _table("", *statistics)
    configs = list(statistics.values())

    def add(label: str, values: Sequence[Any]) -> None:
        table.add_row(label, *(f"{value:,}" if isinstance(value, int) else str(value) for value in values))

    counted = ("rows", "refused", "ratio", "drawn", "rewritten", "rows_with_mathematics", "spans")
    for key in (*counted, "spans_with_mathematics"):
        add(key.replace("_", " "), [one[key] for one in configs])
    for label, group in (("set as", "renderers"), ("script", "spans_by_script"), ("fell back", "fallback_reasons")):
        for key in dict.fromkeys(key for one in configs for key in one[group]):
            add(f"{label} [bold]{key}[/bold]", [one[group].get(key, 0) for one in configs])
    add("fallbacks of mathematics", [f"{one['fallback_share_of_mathematics']:.2%}" for one in configs])
    add("span share of prompt, median", [f"{one['span_share_of_prompt'].get('median', 0):.1%}" for one in configs])
    for side in ("width", "height"):
        found = [one["page"][side] for one in configs]
        add(f"page {side}, median (most)", [f"{one['median']} ({one['most']})" if one else "" for one in found])
    return table


def _reading(ocr: Mapping[str, Any]) -> "Table":
    table = _table("character error, %", "pages", "before", "after", "median after", "over 5 %", "cost")
    table.title = str(ocr["reader"])
    for label, group in (("route", "by_route"), ("prose", "prose_by_script"), ("prose", "prose_by_operation")):
        for key, one in ocr[group].items():
            before, after = one["before"], one["after"]
            shares = (before["mean"], after["mean"], after["median"], after["over_5_percent"], one["cost"])
            percents = [f"{100 * share:.2f}" for share in shares]
            table.add_row(f"{label} [bold]{key}[/bold]", str(one["pages"]), *percents)
        table.add_section()
    return table


def _table(*columns: str) -> "Table":
    from rich.table import Table

    table = Table(show_edge=False, title_justify="left")
    words = ("check", "first examples", "character error, %")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if not number or column in words else "right")
    return table
