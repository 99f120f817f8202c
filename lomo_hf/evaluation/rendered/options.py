"""The options of a question, from a list, from a list that is written as a text, or from one text that holds them."""

import ast
import json
from collections.abc import Iterable, Mapping
from typing import Final

from lomo_hf.errors import RenderError
from lomo_hf.row import IMAGE_PLACEHOLDER

__all__ = ["LETTERS", "option_lines", "options_of"]

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST_LITERAL: Final = 100_000  # characters


def options_of(cell: object, form: str) -> tuple[str, ...]:
    """The options of a cell, as texts; none where the cell is empty.

    Args:
        cell: What the column holds.
        form: "list", "literal" or "text", as `Benchmark.options_as` says.

    Returns:
        The options without letters; with the form "text" the cell itself, letters included.

    Raises:
        RenderError: `options`: the cell holds something else.

    >>> options_of("['a line', '<image 2>']", "literal"), options_of("A. 3;B. 4", "text"), options_of("[]", "literal")
    (('a line', '<image 2>'), ('A. 3;B. 4',), ())
    """
    if cell is None or cell == "":
        return ()
    if form == "text":
        if not isinstance(cell, str):
            raise _wrong(f"the options are a {type(cell).__name__}, not one text")
        options: tuple[str, ...] = (cell,) if cell.strip() else ()
    else:
        options = _texts(_literal(cell) if form == "literal" else cell)
    if any(IMAGE_PLACEHOLDER in option for option in options):
        raise RenderError("options", "an option holds <image>, for which there is no image.")
    return options


def option_lines(options: Iterable[str], *, lettered: bool = True) -> list[str]:
    """What follows a question for each option: a line break, its letter, and the option.

    >>> option_lines(["a line", "a curve"])
    ['\\nA. a line', '\\nB. a curve']
    """
    if not lettered:
        return [f"\n{option}" for option in options]
    return [f"\n{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]


def _literal(cell: object) -> object:
    """A list that is written as a text, in Python's way or in JSON's."""
    if not isinstance(cell, str):
        return cell
    if len(cell) > _LONGEST_LITERAL:
        raise _wrong(f"the options are a text of {len(cell)} characters")
    for parse in (ast.literal_eval, json.loads):
        try:
            return parse(cell.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    raise _wrong("the options are a text that is no list")


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):  # keys of a mapping are no options
        raise _wrong("the options are one text" if isinstance(value, str) else f"the options are {_kind(value)}")
    options = list(value)
    bad = next((option for option in options if not isinstance(option, str | int | float)), None)
    if bad is not None or None in options:
        raise _wrong(f"an option is {_kind(bad)}")
    if len(options) > len(LETTERS):
        raise RenderError("options", f"there are {len(options)} options; at most {len(LETTERS)} have letters.")
    return tuple(str(option) for option in options)


def _kind(value: object) -> str:
    return f"a {type(value).__name__}"


def _wrong(what: str) -> RenderError:
    return RenderError("options", f"{what}, not a list of texts. Say their form (options_as), or leave them out.")
