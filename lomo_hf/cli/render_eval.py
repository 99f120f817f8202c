"""`lomo render-eval`: benchmarks as pairs of configs, standard and rendered; one of them, or a suite."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.terminal import RepoName, console, literal, named
from lomo_hf.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from lomo_hf.evaluation import RenderedReport

__all__ = ["render_eval"]


def render_eval(
    out: Annotated[Path, typer.Option(help="The dataset folder; of a suite, the folder of such folders.")],
    dataset: Annotated[
        str | None,
        typer.Argument(help="A ready-made definition (mmmu), a Hub repository, a local file, or a URL of one."),
    ] = None,
    suite: Annotated[str | None, typer.Option(help="Several benchmarks: lomo13, the paper's thirteen.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Of the suite only this (MMMU-Pro); may be given several times.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="NAME=WHERE: rows of a definition of the suite come from here; may be given several times."),
    ] = None,
    options: Annotated[
        str, typer.Option(help="page: options are rendered with the question, as in the paper; text: they stay text.")
    ] = "page",
    question_column: Annotated[str | None, typer.Option(help="The text to render. Default: question.")] = None,
    answer_column: Annotated[str | None, typer.Option(help="Copied, never read. Default: answer.")] = None,
    image_column: Annotated[
        list[str] | None, typer.Option(help="Original images, in order; may be given several times. Default: image.")
    ] = None,
    options_column: Annotated[str | None, typer.Option(help="Options apart from the question.")] = None,
    options_as: Annotated[
        str | None, typer.Option(help="list, literal (a list written as a text) or text. Default: list.")
    ] = None,
    id_column: Annotated[
        list[str] | None,
        typer.Option(help="Unique ids; several columns make one together. Default: rows are numbered."),
    ] = None,
    number_rows: Annotated[bool, typer.Option("--number-rows", help="Number rows, whatever the definition.")] = False,
    category_column: Annotated[str | None, typer.Option(help="By which results are told apart.")] = None,
    config: Annotated[str | None, typer.Option(help="The config on the Hub.")] = None,
    split: Annotated[str | None, typer.Option(help="Default: test.")] = None,
    revision: Annotated[str | None, typer.Option(help="The commit on the Hub.")] = None,
    evidence_pages: Annotated[
        bool, typer.Option("--evidence-pages", help="Of documents only the pages that rows name as evidence.")
    ] = False,
    evalscope: Annotated[bool, typer.Option(help="DATASET is a JSONL file of EvalScope (VQA or VMCQ).")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows, of each benchmark.")] = None,
    repo: RepoName = None,
) -> None:
    """Render the questions of a benchmark as images: two configs, standard and rendered, over the same ids."""
    columns = {
        "question": question_column,
        "answer": answer_column,
        "images": tuple(image_column) if image_column else None,
        "options": options_column,
        "options_as": options_as,
        "id": id_column[0] if id_column and len(id_column) == 1 else tuple(id_column or ()) or None,
        "category": category_column,
        "config": config,
        "split": split,
        "revision": revision,
    }
    given = {name: value for name, value in columns.items() if value is not None}
    if suite is not None:
        of_one = bool(given or number_rows or evidence_pages or evalscope or repo or dataset)
        _render_suite(suite, out, only or [], source or [], options, limit, of_one)
        return
    if dataset is None or only or source:
        raise UsageError("name a DATASET, or a --suite; --only and --source go with a suite.")
    _render_one(dataset, out, given, number_rows, evidence_pages, evalscope, options, limit, repo)


def _render_one(
    dataset: str,
    out: Path,
    columns: Mapping[str, object],
    number_rows: bool,
    evidence_pages: bool,
    evalscope: bool,
    options: str,
    limit: int | None,
    repo: str | None,
) -> None:
    from lomo_hf.evaluation import BENCHMARKS, Benchmark, evalscope_items, render_benchmark

    benchmark = replace(BENCHMARKS.get(dataset) or Benchmark(dataset), **columns)  # type: ignore[arg-type]
    if number_rows:
        benchmark = replace(benchmark, id=None)
    if evidence_pages:
        if benchmark.documents is None:
            raise UsageError(f"--evidence-pages is for benchmarks of documents; {dataset} has none.")
        benchmark = replace(benchmark, documents=replace(benchmark.documents, pages="evidence_pages"))
    data = evalscope_items(dataset) if evalscope else None
    report = render_benchmark(benchmark, out, data=data, options=options, limit=limit, repo=repo)
    screen = console()
    screen.print(
        f"{report.rows} questions in each of the configs standard and rendered of [bold]{literal(out)}[/bold]"
    )
    _print_counts(screen, report)
    screen.print(f'Load it: load_dataset("{named(out)}", "rendered")', style="bold", highlight=False, markup=False)


def _render_suite(
    suite: str, out: Path, only: list[str], sources: list[str], options: str, limit: int | None, of_one: bool
) -> None:
    from lomo_hf.evaluation import render_suite

    if of_one:
        raise UsageError("a suite names its benchmarks and their columns; leave out DATASET and options of columns.")
    pairs = dict(_pair(text) for text in sources)
    screen = console()

    def finished(name: str, result: "RenderedReport | str") -> None:
        if isinstance(result, str):
            screen.print(f"[bold]{literal(name)}[/bold]: not made. {literal(result)}", highlight=False)
            return
        screen.print(f"[bold]{literal(name)}[/bold]: {result.rows} questions in each config", highlight=False)
        _print_counts(screen, result)

    report = render_suite(suite, out, only=only, sources=pairs, options=options, limit=limit, finished=finished)
    screen.print(f"{len(report.rendered)} made below {literal(out)}, {len(report.missing)} not (suite.json says why).")
    if report.missing:
        raise typer.Exit(1)


def _print_counts(screen: "Console", report: "RenderedReport") -> None:
    for title, counts in (
        ("typeset as", report.renderers),
        ("fell back", report.fallbacks),
        ("refused", report.refused),
    ):
        for name, count in sorted(counts.items()):
            screen.print(f"  {title} [bold]{literal(name)}[/bold]: {count}", highlight=False)


def _pair(text: str) -> tuple[str, str]:
    name, sign, where = text.partition("=")
    if not (name and sign and where):
        raise UsageError(f"--source must be NAME=WHERE; found {text!r}. Write mm-ifeval=MM-IFEval.tsv.")
    return name, where
