"""`lomo export`: a config of a dataset folder, in a format for trainers that do not read Parquet."""

from pathlib import Path
from typing import Annotated

import typer

from lomo_hf.cli.terminal import DatasetFolder, console, literal, progress_bar

__all__ = ["export"]


def export(
    folder: DatasetFolder,
    out: Annotated[Path, typer.Option(help="A new folder to write to.")],
    form: Annotated[str, typer.Option("--format", help="llava-jsonl, webdataset, energon or verl.")] = "llava-jsonl",
    config: Annotated[str | None, typer.Option(help="Which config. Default: ratio50, or the only one.")] = None,
    split: Annotated[str | None, typer.Option(help="Which split. Default: train, or the only one.")] = None,
    num_proc: Annotated[int, typer.Option(min=1, help="Worker processes; the bytes do not depend on it.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows.")] = None,
    shard_bytes: Annotated[
        int | None, typer.Option(min=1, help="About how many bytes a tar file, or a folder of images, may hold.")
    ] = None,
) -> None:
    """Export a config for LLaVA-style trainers, WebDataset or Energon. Trainers that read Parquet need no export."""
    from lomo_hf.exporting import export_dataset

    screen = console()
    with progress_bar(screen) as (show, _):
        report = export_dataset(
            folder,
            out,
            config=config,
            split=split,
            form=form,
            num_proc=num_proc,
            limit=limit,
            shard_bytes=shard_bytes,
            progress=show,
        )
    parts = f"{report.parts} part{'' if report.parts == 1 else 's'}"
    reused = f", {report.reused} of them already there" if report.reused else ""
    screen.print(
        f"{report.rows} rows of {report.config} with {report.images} images exported to "
        f"[bold]{literal(report.out)}[/bold] as {report.form}, in {parts}{reused}",
        highlight=False,
    )
