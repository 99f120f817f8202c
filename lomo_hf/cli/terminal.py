"""What the commands share: options that mean the same everywhere, the console, and progress on a terminal.

Names of files, ids, descriptions and messages may be anybody's. Control characters, which a terminal would obey
instead of showing them, and marks that change the direction of a line are escaped here, and nowhere else.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lomo_hf.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "CORPUS_PANEL", "DRAW_PANEL", "MACHINES_PANEL", "Corpus", "Dataset", "DatasetFolder", "Recipes", "RepoName",
    "Seed", "console", "existing_file", "existing_files", "literal", "named", "progress_bar", "shown_status",
    "visible",
]  # fmt: skip

CORPUS_PANEL: Final = "Which rows of the corpus"
DRAW_PANEL: Final = "Draw a sample"
MACHINES_PANEL: Final = "Several machines, or a cluster"

# C0 without tab and line feed, DEL and C1; marks of direction, and separators at which some terminals break a line.
_OBEYED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def _checked_repo(repo: str | None) -> str | None:
    """The name of a repository, if it could be published under."""
    from lomo_hf.hub.names import check_repo_id
    from lomo_hf.recipes.names import check_no_secret

    if repo is not None:
        check_no_secret("repo", repo)  # first: the message of the other repeats the text
        check_repo_id(repo)
    return repo


def _existing_corpus(corpus: str | None) -> str | None:
    """The corpus, unless it can only be a path and there is nothing."""
    from lomo_hf.hub.names import parse_hub_name

    if corpus is not None and not Path(corpus).exists() and parse_hub_name(corpus) is None:
        raise UsageError(
            f"--corpus {corpus} does not exist. Name a file or a folder, a dataset on the Hub as org/name, or "
            "llava-ov15-text."
        )
    return corpus


def _existing_folder(folder: Path) -> Path:
    """The dataset folder, if it is a folder."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise UsageError(f"folder {str(folder)!r} {what}. Check the path; `lomo build --out {folder}` would make one.")
    return folder


def _existing_dataset(dataset: str) -> str:
    """A dataset folder or a name on the Hub, unless it can only be a path and there is nothing."""
    from lomo_hf.hub.names import parse_hub_name

    if parse_hub_name(dataset) is None:
        _existing_folder(Path(dataset))
    return dataset


def _recipe_names(incomplete: str) -> list[str]:
    """The named recipes that begin so, for the completion of a shell."""
    from lomo_hf.recipes import NAMED_RECIPES

    return [name for name in NAMED_RECIPES if name.startswith(incomplete)]


def existing_file(path: Path | None) -> Path | None:
    """A file that is to be read, if there is one.

    Raises:
        UsageError: There is nothing at that path.
    """
    if path is not None and not path.exists():
        raise UsageError(f"{str(path)!r} does not exist. Check the path.")
    return path


def existing_files(paths: list[Path] | None) -> list[Path] | None:
    """As `existing_file`, for several.

    Raises:
        UsageError: There is nothing at one of the paths.
    """
    for path in paths or ():
        existing_file(path)
    return paths


Corpus = Annotated[
    str | None,
    typer.Option(
        callback=_existing_corpus,
        help="A file or a folder (JSON Lines, JSON, CSV, Parquet, Arrow, packed or not; what save_to_disk wrote); a "
        "dataset on the Hub, org/name or org/name@revision; "
        "or llava-ov15-text, the paper's pool. Default: the embedded sample.",
    ),
]
Recipes = Annotated[
    list[str] | None,
    typer.Option(
        "--recipe",
        autocompletion=_recipe_names,
        help="A named recipe or a YAML file; may be given several times. Default: ratio50 (`lomo recipes`).",
    ),
]
Seed = Annotated[int | None, typer.Option(help="Used instead of the recipe's own seed.")]

Dataset = Annotated[
    str, typer.Argument(callback=_existing_dataset, help="A dataset folder, or org/name\\[@revision] on the Hub.")
]
DatasetFolder = Annotated[
    Path,
    typer.Argument(
        callback=_existing_folder, help="A dataset folder, as `lomo build` or `lomo mix --write` wrote it."
    ),
]

RepoName = Annotated[
    str | None,
    typer.Option(
        "--repo",
        callback=_checked_repo,
        help="Name of the dataset on the Hub, org/name, for the card. Default: as before.",
    ),
]


def visible(text: str) -> str:
    """A text of one or several lines, with the characters that a terminal would obey escaped.

    >>> print(visible("a\\x1b[2Jb\\u202ec"))
    a\\x1b[2Jb\\u202ec
    """
    return _OBEYED.sub(lambda match: repr(match[0])[1:-1], text)


def named(value: object) -> str:
    """A name or path on one line.

    >>> print(named("rows\\n[1].json"))
    rows\\n[1].json
    """
    return visible(str(value)).replace("\n", "\\n").replace("\t", "\\t")


def literal(value: object) -> str:
    """A name, path or message on one line, inside of a text with markup: brackets in it are brackets.

    >>> print(literal("rows[1]/[b]"))
    rows[1]/\\[b]
    """
    from rich.markup import escape

    return escape(named(value))


def console(*, stderr: bool = False) -> "Console":
    """Where a command prints its results; notes go to `stderr`. Control characters are shown, not obeyed."""
    return _console_class()(stderr=stderr)


@cache
def _console_class() -> "type[Console]":
    from rich.console import Console
    from rich.segment import Segment

    class ShowingConsole(Console):
        def render_str(self, text: str, **how: Any) -> Any:
            return super().render_str(visible(text), **how)

        def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else segment._replace(text=visible(segment.text))

    return ShowingConsole


@contextmanager
def progress_bar(screen: "Console") -> Iterator[tuple[Callable[[int, int], None], Callable[[str], None]]]:
    """A bar of rows that disappears when it is done; nothing where the output is not a terminal.

    Yields:
        Two functions: one to call with (rows done, rows in all), and one to call with the name of a phase that begins.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    # Ten times a second, as by default, takes one percent of a core, which a worker could use.
    with Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal, refresh_per_second=4
    ) as bar:
        task = bar.add_task("rows", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description="rows")

        def begin(phase: str) -> None:
            bar.update(task, description=phase, refresh=True)

        yield show, begin


@contextmanager
def shown_status(screen: "Console", text: str) -> Iterator[Callable[[str], None]]:
    """A line that says what is being done; nothing where the output is not a terminal.

    Yields:
        A function that replaces the text.
    """
    if not screen.is_terminal:
        yield lambda text: None
        return
    with screen.status(text) as status:
        yield status.update
