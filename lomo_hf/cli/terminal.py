"""What the commands share: options that mean the same everywhere, and the console.

Names of files, ids, descriptions and messages may be anybody's. What a terminal would obey instead of show - control
characters, and marks that turn the direction of a line - is spelt out here, and nowhere else.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from lomo_hf.recipes.names import check_no_secret

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Corpus", "Dataset", "Recipes", "RepoName", "Seed", "console", "literal", "named", "visible"]

# C0 without tab and line feed, DEL and C1; marks of direction, and separators that some terminals break a line at.
_OBEYED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


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


def visible(text: str) -> str:
    """A text of several lines with what a terminal would obey spelt out.

    >>> print(visible("a\\x1b[2Jb\\u202ec"))
    a\\x1b[2Jb\\u202ec
    """
    return _OBEYED.sub(lambda found: repr(found[0])[1:-1], text)


def named(said: object) -> str:
    """A name or path, which has no second line.

    >>> print(named("rows\\n[1].json"))
    rows\\n[1].json
    """
    return visible(str(said)).replace("\n", "\\n").replace("\t", "\\t")


def literal(said: object) -> str:
    """A name, path or message on one line, inside of a text with markup: brackets in it are brackets.

    >>> print(literal("rows[1]/[b]"))
    rows[1]/\\[b]
    """
    from rich.markup import escape

    return escape(named(said))


def console(*, stderr: bool = False) -> "Console":
    """Where a command prints what it has to say; notes go to `stderr`. It shows control characters, and obeys none."""
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
