"""What the commands share: options that mean the same everywhere, and the console."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Corpus", "Recipes", "Seed", "console"]

Corpus = Annotated[
    str | None,
    typer.Option(
        help="JSONL, JSON or Parquet file, or a folder of them; a dataset on the Hub, org/name or org/name@revision; "
        "or llava-ov15-text, the paper's pool. Default: the embedded sample."
    ),
]
Recipes = Annotated[
    list[str] | None, typer.Option("--recipe", help="A named recipe or a YAML file; may be given several times.")
]
Seed = Annotated[int | None, typer.Option(help="Instead of the recipes' own seed.")]


def console() -> "Console":
    """Where a command prints what it has to say."""
    from rich.console import Console

    return Console()
