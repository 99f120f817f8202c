"""`lomo write-eval`: rendered benchmarks as files of the harness that is to run them."""

from pathlib import Path
from typing import Annotated

import typer

from lomo_hf.cli.terminal import console, literal
from lomo_hf.errors import UsageError

__all__ = ["write_eval"]


def write_eval(
    folders: Annotated[list[Path], typer.Argument(help="Folders of lomo render-eval.")],
    harness: Annotated[str, typer.Option("--for", help="evalscope, lmms-eval or vlmevalkit.")],
    out: Annotated[
        Path, typer.Option(help="Where to write; for lmms-eval what --include_path takes, for VLMEvalKit $LMUData.")
    ],
    dataset: Annotated[
        str | None, typer.Option(help="For lmms-eval: the name on the Hub to load instead of the folder.")
    ] = None,
    upstream_metrics: Annotated[
        bool, typer.Option(help="For lmms-eval: report its own metrics of the benchmark too.")
    ] = True,
) -> None:
    """Write both configs as EvalScope JSONL, lmms-eval tasks or VLMEvalKit tables, alike but for the carrier."""
    from lomo_hf.evaluation import write_harness

    settings: dict[str, object] = {}
    if dataset is not None:
        if len(folders) > 1:
            raise UsageError("--dataset names one dataset; give one folder.")
        settings["dataset"] = dataset
    if not upstream_metrics:
        settings["upstream"] = False
    screen = console()
    for folder in folders:
        # Files of EvalScope are called standard and rendered, so that each benchmark needs a folder of its own.
        where = out / folder.resolve().name if harness == "evalscope" else out
        files = write_harness(folder, harness, where, **settings)
        screen.print(f"{literal(folder)}: {len(files)} files in [bold]{literal(where)}[/bold]", highlight=False)
