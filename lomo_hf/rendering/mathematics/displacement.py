r"""What a formula may put where LaTeX's reader would not look for it: negative spaces, and what takes no room.

`\!` and short kerns are part of good typesetting, and so is a sign laid over another. What is drawn back over its
neighbours by more, or laid over them, cannot be read on the page: such a formula is refused by name.
"""

from collections.abc import Sequence
from typing import Literal

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics.emit import call, em
from lomo_hf.rendering.mathematics.letters import Item
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import Context, Lap

__all__ = ["Row", "check_drawn_back", "check_gap", "drawn_too_far", "lapped", "only_space", "without_displacement"]

Row = Literal["whole", "cell", "part"]
"""What stands side by side: a whole formula, a cell of a table, or a part of either."""

_BETWEEN = 0.52
r"""em that may be taken back between two pieces: what three `\!` take, as in `1\!\!\!1`."""
_BESIDE_LARGE = 0.7
r"""em beside an integral or a sum: `\int\!\!\!\!\int`."""
_AT_CELL_EDGE = 1.0
"""em at the edge of a cell: the room that LaTeX leaves between columns."""
_AT_FORMULA_EDGE = 3.0
"""em at the edge of a formula; they are left out, for they could only draw it into what stands beside it."""
_FREE, _FOR_EACH = 1.0, 0.2
"""em that a formula may take back in all: some, and some for each of its pieces."""
_SIGN, _LIMIT = 1, 16
"""Glyphs that may be laid over others; glyphs that may hang over on both sides of a sum's sign."""
_LAPS = {"left": "lmllap", "right": "lmrlap", "centre": "lmclap"}


def without_displacement(items: Sequence[Item], left: str, row: Row, context: Context) -> list[Item]:
    """The items of a row, less negative space at the edges of a formula.

    Args:
        items: What stands side by side.
        left: The class of the atom to their left, "start" where there is none.
        row: Whether they are a whole formula, a cell of a table, or a part of either.
        context: Of the formula; its sum of negative space grows.

    Raises:
        FormulaError: `displaced:space` where negative space is longer than may be, `displaced:…` where something that
            was to take no room would cover what stands beside it.
    """
    kept: list[Item] = []
    here = 0
    while here < len(items):
        stop = here
        while stop < len(items) and items[stop].atom == "space":
            stop += 1
        if stop > here:
            run = items[here:stop]
            size = sum(item.width for item in run)
            at_edge = here == 0 or stop == len(items)
            beside = (items[here - 1].atom if here else left, items[stop].atom if stop < len(items) else "end")
            kept += run if check_drawn_back(size, at_edge, "op" in beside, row, context) else ()
        else:
            _check_lap(items, here, row)
            kept.append(items[here])
            stop = here + 1
        here = stop
    return kept


def check_drawn_back(size: float, at_edge: bool, beside_large: bool, row: Row, context: Context) -> bool:
    """Whether a space of `size` em is set; negative space at the edges of a formula is not."""
    if size >= 0:
        return True
    allowed = _BESIDE_LARGE if beside_large else _BETWEEN
    if at_edge and row != "part":
        allowed = _AT_FORMULA_EDGE if row == "whole" else _AT_CELL_EDGE
    if -size > allowed:
        raise drawn_too_far(size)
    if at_edge and row != "part":
        return row == "cell"
    context.drawn_back -= size
    if context.drawn_back > _FREE + _FOR_EACH * context.shown:
        raise drawn_too_far(context.drawn_back)
    return True


def check_gap(size: float) -> None:
    """Refuse a space between two columns that would lay them over each other."""
    if size < -_BETWEEN:
        raise drawn_too_far(size)


def drawn_too_far(size: float) -> FormulaError:
    """The error for negative space that would draw a part of the formula over another."""
    return refuse("displaced:space", f"a negative space of {em(abs(size))} draws a part of the formula over another.")


def _check_lap(items: Sequence[Item], here: int, row: Row) -> None:
    """What is too wide to be laid over its neighbours is set with its width where it has none on that side."""
    lap = items[here].lap
    if lap is None:
        return
    before = any(item.atom != "space" for item in items[:here])
    after = any(item.atom != "space" for item in items[here + 1 :])
    free = {"left": not before, "right": not after, "centre": not before and not after}[lap.side]
    if row == "part" or not free:
        raise refuse(f"displaced:{lap.command}", f"{lap.command} would lay a part of the formula over another.")


def lapped(lap: Lap, typst: str, *, script: bool) -> Item:
    """What is to take no room: a sign without its width, anything wider with it, to be checked among its neighbours.

    `script` says whether it is a script, as below a sum, where there is room on both sides.
    """
    below = script and lap.side == "centre"
    if lap.glyphs <= (_LIMIT if below else _SIGN):
        return Item(call(_LAPS[lap.side], typst))
    return Item(typst) if below else Item(typst, lap=lap)


def only_space(items: Sequence[Item]) -> bool:
    """Whether a row holds nothing but spaces."""
    return bool(items) and all(item.atom == "space" for item in items)
