"""`lomo render-eval`: a benchmark becomes its rendered twin, beside the standard one, in one dataset folder."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from lomo_hf.cli.terminal import RepoName, console, literal, named

__all__ = ["render_eval"]


def render_eval(
    dataset: Annotated[
        str, typer.Argument(help="A ready-made definition (mmstar), a Hub repository or a local file.")
    ],
    out: Annotated[Path, typer.Option(help="The dataset folder.")],
    question_column: Annotated[str | None, typer.Option(help="The text to render. Default: question.")] = None,
    answer_column: Annotated[str | None, typer.Option(help="Copied, never read. Default: answer.")] = None,
    image_column: Annotated[
        list[str] | None, typer.Option(help="Original images, in order; may be given several times. Default: image.")
    ] = None,
    options_column: Annotated[str | None, typer.Option(help="A list of options apart from the question.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Unique ids. Default: rows are numbered.")] = None,
    category_column: Annotated[str | None, typer.Option(help="By which results are told apart.")] = None,
    config: Annotated[str | None, typer.Option(help="The config on the Hub.")] = None,
    split: Annotated[str | None, typer.Option(help="Default: test.")] = None,
    revision: Annotated[str | None, typer.Option(help="The commit on the Hub.")] = None,
    evalscope: Annotated[bool, typer.Option(help="DATASET is a JSONL file of EvalScope (VQA or VMCQ).")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows.")] = None,
    repo: RepoName = None,
) -> None:
    """Render the questions of a benchmark as images: two configs, standard and rendered, over the same ids."""
    from lomo_hf.evaluation import BENCHMARKS, Benchmark, evalscope_items, render_benchmark

    said = {
        "question": question_column,
        "answer": answer_column,
        "images": tuple(image_column) if image_column else None,
        "options": options_column,
        "id": id_column,
        "category": category_column,
        "config": config,
        "split": split,
        "revision": revision,
    }
    base = BENCHMARKS.get(dataset) or Benchmark(dataset)
    chosen = replace(base, **{key: value for key, value in said.items() if value is not None})  # type: ignore[arg-type]
    report = render_benchmark(
        chosen, out, data=evalscope_items(dataset) if evalscope else None, limit=limit, repo=repo
    )
    screen = console()
    screen.print(
        f"{report.rows} questions in each of the configs standard and rendered of [bold]{literal(out)}[/bold]"
    )
    for title, counts in (
        ("typeset as", report.renderers),
        ("fell back", report.fallbacks),
        ("refused", report.refused),
    ):
        for name, count in sorted(counts.items()):
            screen.print(f"  {title} [bold]{literal(name)}[/bold]: {count}", highlight=False)
    screen.print(f'Load it: load_dataset("{named(out)}", "rendered")', style="bold", highlight=False, markup=False)
