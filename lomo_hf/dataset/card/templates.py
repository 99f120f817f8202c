"""The Jinja templates of cards and trainers' files: where they lie, and what they may ask of a value."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import lomo_hf
from lomo_hf.dataset.card.statistics import quantile
from lomo_hf.errors import BuildError

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["environment", "templates_folder"]


@cache
def templates_folder() -> Path:
    """Where the Jinja templates lie: inside the installed package, or beside it in a checkout.

    >>> (templates_folder() / "card.md.jinja").is_file()
    True
    """
    package = Path(lomo_hf.__file__).parent
    for folder in (package / "dataset_cards", package.parent / "dataset_cards"):
        if (folder / "card.md.jinja").is_file():
            return folder
    raise BuildError("the card's templates are not installed. Reinstall with `pip install --force-reinstall lomo-hf`.")


@cache
def environment() -> "Environment":
    """The environment in which every template is rendered; a name that a template asks for in vain is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(templates_folder()), undefined=StrictUndefined, autoescape=False)
    environment.filters.update(cell=_cell, identifier=_identifier, quantile=quantile)
    return environment


def _cell(value: object) -> str:
    """Text of somebody else's in a cell of a Markdown table: it cannot leave the cell or become markup."""
    escaped = "".join(f"\\{char}" if char in r"\`*_[]|" else char for char in " ".join(str(value).split()))
    return escaped.replace("<", "&lt;").replace(">", "&gt;")


def _identifier(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name)
