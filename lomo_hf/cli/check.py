"""`lomo check`: does a dataset load, and what does the Hub's viewer show? Exit code 1 where loading breaks."""

from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.terminal import Dataset, console, literal

if TYPE_CHECKING:
    from lomo_hf.dataset import Report

__all__ = ["check"]

_SHOWN = 5  # findings of one check


def check(
    dataset: Dataset = "lomo-ov15",
    max_length: Annotated[
        int | None, typer.Option(min=1, help="A trainer's cutoff in tokens: name the rows that it would cut.")
    ] = None,
    processor: Annotated[str, typer.Option(help="Whose image tokens: qwen3-vl or qwen2.5-vl.")] = "qwen3-vl",
) -> None:
    """Check that a dataset loads and that the Hub's viewer shows it. Writes nothing."""
    from lomo_hf.dataset import check_dataset

    report = check_dataset(dataset, max_length=max_length, processor=processor)
    _print_report(report)
    if not report.loads:
        raise typer.Exit(1)


def _print_report(report: "Report") -> None:
    from rich.table import Table

    table = Table(show_edge=False, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    looks = {"breaks": "[bold red]breaks[/]", "warns": "[yellow]warns[/]"}
    for check, findings in report.results:
        if not findings:
            table.add_row(check.name, "[green]ok[/]", f"[dim]{check.asks}[/]")
        for finding in findings[:_SHOWN]:
            table.add_row(check.name, looks[finding.severity], literal(finding.says))
        if len(findings) > _SHOWN:
            table.add_row(check.name, "", f"and {len(findings) - _SHOWN} more")
    screen = console()
    screen.print(table)
    broken = sum(finding.severity == "breaks" for finding in report.findings)
    warned = len(report.findings) - broken
    summary = f"{broken} break loading, {warned} warn" if report.findings else "nothing found"
    screen.print(f"\n{len(report.results)} checks: {summary}.", style="bold", highlight=False)
