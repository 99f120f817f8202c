"""`lomo card`: write the card and its pictures again, from a finished dataset folder."""

from pathlib import Path
from typing import Annotated

import typer

from lomo_hf.cli.terminal import DatasetFolder, RepoName, console, literal

__all__ = ["card"]


def card(
    folder: DatasetFolder = Path("lomo-ov15"),
    repo: RepoName = None,
    legacy_features: Annotated[
        bool, typer.Option("--legacy-features", help="First make shards of other tools readable by datasets < 4.")
    ] = False,
) -> None:
    """Write README.md of a dataset folder again: numbers, plots, pictures. Your own text in it is kept."""
    from lomo_hf.dataset import rewrite_features
    from lomo_hf.dataset.card.companions import refresh_card

    screen = console()

    def say(message: str) -> None:
        screen.print(message, highlight=False, markup=False)

    if legacy_features:
        changed = rewrite_features(folder, notify=say)
        screen.print(f"{len(changed)} shards rewritten with features that every version of datasets reads")
    manifest = refresh_card(folder, repo=repo, notify=say)
    pictures = sum(record.path.endswith(".png") for record in manifest.files)
    configs = _number(len(manifest.configs), "config")
    screen.print(f"[bold]{literal(folder / 'README.md')}[/bold]: {configs}, {_number(pictures, 'picture')}")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
