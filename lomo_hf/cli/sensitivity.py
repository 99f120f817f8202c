"""`lomo sensitivity`: two result files of the same questions, standard and rendered, become a table and a plot."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.terminal import console, literal

if TYPE_CHECKING:
    from lomo_hf.evaluation import SensitivityReport

__all__ = ["sensitivity"]


def sensitivity(
    standard: Annotated[
        Path, typer.Argument(help="Results on the standard twin: JSONL, JSON, CSV, TSV or EvalScope.")
    ],
    rendered: Annotated[Path, typer.Argument(help="Results on the rendered twin.")],
    id_column: Annotated[str | None, typer.Option(help="Default: id, question_id or index.")] = None,
    score_column: Annotated[str | None, typer.Option(help="Default: correct, score, acc or accuracy.")] = None,
    category_column: Annotated[str, typer.Option(help="By which results are told apart.")] = "category",
    confidence: Annotated[float, typer.Option(help="Of the bootstrap interval.")] = 0.95,
    resamples: Annotated[int, typer.Option(help="Of the bootstrap.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Draw accuracies and drops (.png, .svg, .pdf).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Accuracy under each carrier, the drop with its paired bootstrap interval, and McNemar's exact test."""
    from lomo_hf.evaluation import carrier_sensitivity, plot_carriers, read_results, save_plot

    files = [
        read_results(path, id=id_column, score=score_column, category=category_column) for path in (standard, rendered)
    ]
    report = carrier_sensitivity(files[0], files[1], confidence=confidence, resamples=resamples, seed=seed)
    if plot is not None:
        # A category may be called "all" too, and must not take the place of all of them.
        named = {one.name if one.name != "all" else "all (category)": one for one in report.categories}
        save_plot(plot_carriers({"all": report.overall, **named}), plot)
    if as_json:
        sys.stdout.write(json.dumps(asdict(report), indent=1) + "\n")
        return
    _print_report(report)


def _print_report(report: "SensitivityReport") -> None:
    from rich.table import Table

    # Names fold where the screen is narrow. Numbers do not: one that has lost its end, or its exponent, is false.
    table = Table(show_edge=False, collapse_padding=True, pad_edge=False)
    table.add_column("questions", overflow="fold")
    interval = f"{report.confidence * 100:g}%\ninterval"
    for column in ("n", "standard", "rendered", "drop", interval, "only\nst.", "only\nrend.", "p\n(exact)"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in (report.overall, *report.categories):
        table.add_row(
            literal(one.name),
            str(one.questions),
            *(f"{100 * value:.2f}" for value in (one.standard, one.rendered, one.drop)),
            f"{100 * one.low:.2f} to {100 * one.high:.2f}",
            *("-" if value is None else str(value) for value in (one.only_standard, one.only_rendered)),
            "-" if one.p_value is None else f"{one.p_value:.3g}",
        )
    screen = console()
    screen.print(table)
    left_out = report.left_out_standard, report.left_out_rendered
    if any(left_out):
        screen.print(f"Left out, for only one file has them: {left_out[0]} standard, {left_out[1]} rendered.")
