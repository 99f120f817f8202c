"""`lomo sensitivity`: two result files of the same questions, standard and rendered, become a table and plots."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.terminal import console, literal
from lomo_hf.errors import UsageError

if TYPE_CHECKING:
    from lomo_hf.evaluation import Outcome, Sensitivity, SensitivityReport

__all__ = ["sensitivity"]


def sensitivity(
    standard: Annotated[
        Path,
        typer.Argument(help="Results on standard: JSONL, JSON, CSV, TSV, XLSX; EvalScope, lmms-eval, VLMEvalKit."),
    ],
    rendered: Annotated[Path, typer.Argument(help="Results on rendered.")],
    questions: Annotated[
        Path | None,
        typer.Option(help="The folder of lomo render-eval: its ids, categories and answers, for files without."),
    ] = None,
    id_column: Annotated[str | None, typer.Option(help="Default: id, question_id or index.")] = None,
    score_column: Annotated[
        str | None,
        typer.Option(
            help="A column, or a harness's metric; match marks predictions here. Default: correct, score, acc, "
            "accuracy or hit."
        ),
    ] = None,
    category_column: Annotated[str, typer.Option(help="By which results are told apart.")] = "category",
    confidence: Annotated[float, typer.Option(help="Of the bootstrap interval.")] = 0.95,
    resamples: Annotated[int, typer.Option(help="Of the bootstrap.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=STANDARD,RENDERED: another model in the plot (figure 1a); may be given several times."
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Of this model, beside others in the plot.")] = "this model",
    plot: Annotated[
        Path | None, typer.Option(help="Draw accuracies and drops by category, or by model (.png, .svg, .pdf).")
    ] = None,
    distances: Annotated[
        Path | None, typer.Option(help="Pairwise distance by id (id and distance in each row), for --plot-distances.")
    ] = None,
    bins: Annotated[int, typer.Option(min=1, help="Of questions by their distance.")] = 5,
    plot_distances: Annotated[
        Path | None, typer.Option(help="Draw the drop by pairwise distance (figure 1b); needs --distances.")
    ] = None,
    table: Annotated[Path | None, typer.Option(help="Write the table by category as Markdown.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Accuracy under each carrier, the drop with its paired bootstrap interval, and McNemar's exact test."""
    from lomo_hf.evaluation import carrier_sensitivity, read_questions, read_results

    if (distances is None) != (plot_distances is None):
        raise UsageError("--distances and --plot-distances go together.")
    if beside and plot is None:
        raise UsageError("--beside names models for a plot; give --plot too.")
    known = None if questions is None else read_questions(questions)

    def read(path: Path) -> "dict[str, Outcome]":
        return read_results(path, id=id_column, score=score_column, category=category_column, questions=known)

    def compare(first: "dict[str, Outcome]", second: "dict[str, Outcome]") -> "SensitivityReport":
        return carrier_sensitivity(first, second, confidence=confidence, resamples=resamples, seed=seed)

    files = read(standard), read(rendered)
    report = compare(*files)
    if plot is not None:
        others = {
            model: compare(read(first), read(second)).overall for model, first, second in map(_model, beside or ())
        }
        _plot(report, {name: report.overall, **others} if others else None, plot)
    if distances is not None and plot_distances is not None:
        _plot_distances(files, distances, bins, plot_distances, confidence, resamples, seed)
    if table is not None:
        from lomo_hf.evaluation import sensitivity_table
        from lomo_hf.storage import named_file
        from lomo_hf.storage.atomic import write_whole

        write_whole(named_file(table), sensitivity_table(report).encode())
    if as_json:
        sys.stdout.write(json.dumps(_as_dict(report), indent=1) + "\n")
        return
    _print_report(report)


def _model(text: str) -> tuple[str, Path, Path]:
    name, sign, files = text.partition("=")
    first, comma, second = files.partition(",")
    if not (name and sign and first and comma and second):
        raise UsageError(f"--beside must be NAME=STANDARD,RENDERED; found {text!r}.")
    return name, Path(first), Path(second)


def _plot(report: "SensitivityReport", models: "dict[str, Sensitivity] | None", path: Path) -> None:
    from lomo_hf.evaluation import plot_carriers, save_plot

    # A category may be called "all" too, and must not take the place of all of them.
    named = {group.name if group.name != "all" else "all (category)": group for group in report.categories}
    save_plot(plot_carriers(models or {"all": report.overall, **named}), path)


def _plot_distances(
    files: "tuple[dict[str, Outcome], dict[str, Outcome]]",
    distances: Path,
    bins: int,
    path: Path,
    confidence: float,
    resamples: int,
    seed: int,
) -> None:
    from lomo_hf.evaluation import drop_by_distance, plot_drop_by_distance, read_distances, save_plot

    by_id = read_distances(distances)
    parts = drop_by_distance(*files, by_id, bins=bins, confidence=confidence, resamples=resamples, seed=seed)
    save_plot(plot_drop_by_distance(parts), path)


def _as_dict(report: "SensitivityReport") -> dict[str, object]:
    values_by_name = asdict(report)
    for group, values in zip(
        (report.overall, *report.categories), (values_by_name["overall"], *values_by_name["categories"]), strict=True
    ):
        values["is_small"] = group.is_small
    return values_by_name


def _print_report(report: "SensitivityReport") -> None:
    from rich.table import Table

    from lomo_hf.evaluation import SMALL_SAMPLE

    # Names fold where the screen is narrow. Numbers do not: one that has lost its end, or its exponent, is false.
    table = Table(show_edge=False, collapse_padding=True, pad_edge=False)
    table.add_column("questions", overflow="fold")
    interval = f"{report.confidence * 100:g}%\ninterval"
    for column in ("n", "standard", "rendered", "drop", interval, "only\nst.", "only\nrend.", "p\n(exact)"):
        table.add_column(column, justify="right", no_wrap=True)
    groups = (report.overall, *report.categories)
    for group in groups:
        table.add_row(
            literal(group.name),
            str(group.questions),
            *(f"{100 * value:.2f}" for value in (group.standard, group.rendered, group.drop)),
            f"{100 * group.low:.2f} to {100 * group.high:.2f}{'*' * group.is_small}",
            *("-" if value is None else str(value) for value in (group.only_standard, group.only_rendered)),
            "-" if group.p_value is None else f"{group.p_value:.3g}",
        )
    screen = console()
    screen.print(table)
    if any(group.is_small for group in groups):
        screen.print(f"* of fewer than {SMALL_SAMPLE} questions: the interval is narrower than it should be.")
    left_out = report.left_out_standard, report.left_out_rendered
    if any(left_out):
        screen.print(f"Left out, for only one file has them: {left_out[0]} standard, {left_out[1]} rendered.")
