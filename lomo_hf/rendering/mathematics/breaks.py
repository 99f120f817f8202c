"""Where a long formula may be broken beside its relations and binary signs: behind the commas of a long list.

Typst ends a line of a formula behind relations and binary signs only. A comma that is set as a relation, with the
space of a comma written out on either side, looks as before and is such a place.
"""

from collections.abc import Sequence
from dataclasses import replace

from lomo_hf.rendering.mathematics.letters import Item

__all__ = ["with_breaks"]

_LONG = 40
"""Pieces side by side from which a list is long: a line of text has room for about as many."""
_MARKS = ("\\,", "\\;")


def with_breaks(items: Sequence[Item]) -> list[Item]:
    r"""The items of a formula; the commas of a list of more than 40 pieces become places to end a line.

    >>> pair = [Item("x"), Item("\\,", "punct")]
    >>> [with_breaks(pair * count)[1].typst for count in (2, 30)]
    ['\\,', '#h(0pt)class("relation", \\,)#h(0.1667em)']
    """
    if len(items) <= _LONG:
        return list(items)
    broken = list(items)
    for places in _lists(items):
        for place in places:
            if place + 1 < len(items) and not _is_inside_number(items, place):
                broken[place] = replace(items[place], typst=_breakable(items[place].typst, items[place + 1].atom))
    return broken


def _breakable(comma: str, following: str) -> str:
    """A comma as a relation; before a space, and before dots, the space behind it is put there as ever."""
    space = "" if following in ("space", "inner") else "#h(0.1667em)"
    return f'#h(0pt)class("relation", {comma}){space}'


def _lists(items: Sequence[Item]) -> list[list[int]]:
    """For each long stretch within one pair of brackets, or outside of all, the places of its commas."""
    lists: list[list[int]] = []
    opened: list[tuple[int, list[int]]] = [(0, [])]
    for place, item in enumerate(items):
        if item.atom == "open":
            opened.append((place, []))
        elif item.atom == "close" and len(opened) > 1:
            start, places = opened.pop()
            lists += [places] if place - start > _LONG else []
        elif item.typst in _MARKS:
            opened[-1][1].append(place)
    return [*lists, *(places for _, places in opened)]


def _is_inside_number(items: Sequence[Item], place: int) -> bool:
    """The comma of 1,000 stays with its digits."""
    around = [*items[max(0, place - 1) : place], *items[place + 1 : place + 2]]
    return len(around) == 2 and around[0].typst.isdigit() and around[1].typst.isdigit() and len(around[1].typst) == 3
