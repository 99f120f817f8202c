"""`lomo preview`: a picture of a few rows, without building a dataset."""

from pathlib import Path
from typing import Annotated

import typer

from lomo_hf.cli.corpus_options import Columns, mapping
from lomo_hf.cli.terminal import CORPUS_PANEL, Corpus, Seed, console, literal

__all__ = ["preview"]


def preview(
    corpus: Corpus = None,
    columns: Columns = None,
    split: Annotated[
        str | None,
        typer.Option(rich_help_panel=CORPUS_PANEL, help="Which split of the corpus. Default: train, or the only one."),
    ] = None,
    recipe: Annotated[str, typer.Option("--recipe", help="A named recipe or a YAML file.")] = "ratio100",
    out: Annotated[Path, typer.Option(help="The PNG to write.")] = Path("preview.png"),
    rows: Annotated[int, typer.Option(min=1, max=200, help="How many rows to draw.")] = 12,
    skip: Annotated[int, typer.Option(min=0, help="Rows to skip first.")] = 0,
    seed: Seed = None,
    kind: Annotated[str | None, typer.Option(help="Only rows whose id contains this text.")] = None,
) -> None:
    """Draw a few rows as one PNG: prompt, page and distortion side by side. Writes no dataset."""
    from lomo_hf.dataset import preview as draw

    drawn = draw(
        corpus, recipe, out=out, count=rows, skip=skip, seed=seed, kind=kind, columns=mapping(columns), split=split
    )
    console().print(f"{drawn} rows drawn to [bold]{literal(out)}[/bold]")
