"""What the commands share: options that mean the same everywhere, and the console."""

from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.recipes.names import check_no_secret

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Corpus", "Dataset", "Recipes", "RepoName", "Seed", "console", "literal"]


def _checked(repo: str | None) -> str | None:
    """A name for a card is one that could be published under."""
    from lomo_hf.hub.names import check_repo_id

    if repo is not None:
        check_no_secret("repo", repo)  # first: the message of the other repeats what it found
        check_repo_id(repo)
    return repo


Corpus = Annotated[
    str | None,
    typer.Option(
        help="JSONL, JSON or Parquet file, or a folder of them; a dataset on the Hub, org/name or org/name@revision; "
        "or llava-ov15-text, the paper's pool. Default: the embedded sample."
    ),
]
Recipes = Annotated[
    list[str] | None,
    typer.Option(
        "--recipe",
        help="A named recipe or a YAML file; may be given several times. Default: ratio50 (`lomo recipes`).",
    ),
]
Seed = Annotated[int | None, typer.Option(help="Instead of the recipes' own seed.")]


Dataset = Annotated[str, typer.Argument(help="A dataset folder, or org/name\\[@revision] on the Hub.")]

RepoName = Annotated[
    str | None,
    typer.Option(
        "--repo", callback=_checked, help="The name on the Hub that the card mentions, org/name; default: as before."
    ),
]


def literal(said: object) -> str:
    """A name, path or message as it is, inside of a text with markup: brackets in it are brackets.

    >>> print(literal("rows[1]/[b]"))
    rows[1]/\\[b]
    """
    from rich.markup import escape

    return escape(str(said))


def console(*, stderr: bool = False) -> "Console":
    """Where a command prints what it has to say; notes go to `stderr`."""
    from rich.console import Console

    return Console(stderr=stderr)
