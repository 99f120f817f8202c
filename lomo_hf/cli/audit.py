"""`lomo audit`: compare a dataset with its source; a table of checks and figures, and a report in the dataset."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lomo_hf.cli.terminal import Corpus, DatasetFolder, console, literal, progress_bar
from lomo_hf.errors import IntegrityError, UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from lomo_hf.auditing import AuditReport

__all__ = ["audit"]


def audit(
    folder: DatasetFolder,
    corpus: Corpus = None,
    no_source: Annotated[bool, typer.Option("--no-source", help="Check only what needs no corpus.")] = False,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Decode, render again and read the pages of so many rows only.")
    ] = None,
    ocr: Annotated[bool, typer.Option("--ocr", help="Read a sample of pages (needs the extra \\[audit]).")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the report here, instead of into the folder and its card.")
    ] = None,
) -> None:
    """Compare every row of a dataset folder with its source. Exit code 0 if every check passes, 3 if not."""
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

        record_audit(folder, report.to_json(), notify=lambda message: console().print(message, markup=False))
    if not report.true:
        false, names = len(report.failures), ", ".join(outcome.name for outcome in report.failures)
        raise IntegrityError(f"{false} of {len(report.outcomes)} checks found something false: {names}.")


def _run(folder: Path, corpus: str | None, no_source: bool, sample: int | None, ocr: bool) -> "AuditReport":
    from lomo_hf.auditing import audit_dataset, open_reader

    reader = open_reader() if ocr else None
    with progress_bar(console()) as (show, _):
        return audit_dataset(folder, corpus=corpus, no_source=no_source, sample=sample, reader=reader, progress=show)


def print_report(report: "AuditReport", screen: "Console") -> None:
    """The report as tables."""
    table = _table("check", "", "checked", "false", "first examples")
    for outcome in report.outcomes:
        verdict = "skipped" if outcome.skipped else "true" if outcome.true else "[bold red]false[/bold red]"
        examples = "; ".join(f"{case.id}: {case.why}" for case in outcome.examples[:2]) or outcome.skipped or ""
        table.add_row(outcome.name, verdict, f"{outcome.checked:,}", f"{outcome.failed:,}", literal(examples))
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
        add(key.replace("_", " "), [config[key] for config in configs])
    for label, group in (("set as", "renderers"), ("script", "spans_by_script"), ("fell back", "fallback_reasons")):
        for key in dict.fromkeys(key for config in configs for key in config[group]):
            add(f"{label} [bold]{key}[/bold]", [config[group].get(key, 0) for config in configs])
    add("fallbacks of mathematics", [f"{config['fallback_share_of_mathematics']:.2%}" for config in configs])
    shares = [config["span_share_of_prompt"].get("median", 0) for config in configs]
    add("span share of prompt, median", [f"{share:.1%}" for share in shares])
    for side in ("width", "height"):
        sizes = [config["page"][side] for config in configs]
        add(f"page {side}, median (most)", [f"{size['median']} ({size['most']})" if size else "" for size in sizes])
    return table


def _reading(ocr: Mapping[str, Any]) -> "Table":
    table = _table("character error, %", "pages", "before", "after", "median after", "over 5 %", "cost")
    table.title = str(ocr["reader"])
    for label, group in (("route", "by_route"), ("prose", "prose_by_script"), ("prose", "prose_by_operation")):
        for key, readings in ocr[group].items():
            before, after = readings["before"], readings["after"]
            shares = (before["mean"], after["mean"], after["median"], after["over_5_percent"], readings["cost"])
            percents = [f"{100 * share:.2f}" for share in shares]
            table.add_row(f"{label} [bold]{key}[/bold]", str(readings["pages"]), *percents)
        table.add_section()
    return table


def _table(*columns: str) -> "Table":
    from rich.table import Table

    table = Table(show_edge=False, title_justify="left")
    texts = ("check", "first examples", "character error, %")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if not number or column in texts else "right")
    return table
