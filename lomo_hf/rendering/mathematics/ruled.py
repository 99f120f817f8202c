"""Tables with rules or spanning cells -> a call of `lmgrid`: where each cell and each piece of a rule stands.

A double rule is a narrow column (or row) of its own between two rules, so positions in the grid are not those in the
source; `_Axis` translates.
"""

import re
from collections import Counter
from dataclasses import dataclass

from lomo_hf.rendering.mathematics.emit import em
from lomo_hf.rendering.mathematics.marks import Table

__all__ = ["ruled", "work_of"]

_WORK = re.compile(r"lmgrid\(#\(work: (\d+),")

_SIDES = {"l": "left", "c": "center", "r": "right"}
_NARROW = "0.2em"


@dataclass(frozen=True, slots=True)
class _Axis:
    """One direction of the grid: the sizes of its lines; where boundary i begins, before and after what doubles it."""

    sizes: tuple[str, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]


def _axis(count: int, doubled: frozenset[int]) -> _Axis:
    """`count` lines with `count + 1` boundaries, some of which are doubled by a narrow line."""
    sizes: list[str] = []
    before: list[int] = []
    after: list[int] = []
    for boundary in range(count + 1):
        before.append(len(sizes))
        if boundary in doubled:
            sizes.append(_NARROW)
        after.append(len(sizes))
        if boundary < count:
            sizes.append("auto")
    return _Axis(tuple(sizes), tuple(before), tuple(after))


def ruled(table: Table, rows: list[list[str]]) -> str:
    """A table with rules as a call of `lmgrid`."""
    height = max([len(rows), *(row for row, _ in table.hrules)])
    width = max([len(table.aligns), *map(len, rows), *(boundary for boundary, _ in table.vrules)])
    placed = _cells(table, rows, width)
    width = max([width, *(column + span for _, column, span, _, _, _ in placed)])
    xs = _axis(width, frozenset(column for column, count in table.vrules if count > 1))
    ys = _axis(height, frozenset(row for row, count in table.hrules if count > 1))
    spec = ", ".join((
        f"work: {_work(placed)}",
        f"columns: ({_listed(xs.sizes)})",
        f"rows: ({_listed(ys.sizes)})",
        f"hlines: ({_listed(_horizontal(table, xs, ys, width))})",
        f"vlines: ({_listed(_vertical(table, placed, xs, ys, height, width))})",
        f"cells: ({_listed(_place(cell, xs, ys) for cell in placed)})",
    ))  # fmt: skip
    return f"lmgrid(#({spec}), {', '.join(_padded(cell, table) for cell in placed)})"


def _work(placed: list[tuple[int, int, int, str, str, str]]) -> int:
    """How many bodies of cells are laid out: each once for every cell of its row, with the tables in it."""
    in_row: Counter[int] = Counter(cell[0] for cell in placed)
    return sum(in_row[cell[0]] * (1 + work_of(cell[-1])) for cell in placed)


def work_of(typst: str) -> int:
    """What the tables with rules in some Typst mathematics cost: bodies of cells that are laid out.

    >>> work_of("lmgrid(#(work: 12, columns: (auto, )), x) + lmgrid(#(work: 3, columns: (auto, )), y)")
    15
    """
    return sum(map(int, _WORK.findall(typst)))


def _padded(cell: tuple[int, int, int, str, str, str], table: Table) -> str:
    """A cell with half of the space of its boundaries on either side."""
    _y, column, span, _align, _rules, content = cell
    left = table.gap(column) / (1 if column == 0 else 2)
    right = table.gap(column + span) / (1 if column + span >= len(table.aligns) else 2)
    return f"#h({em(left)}){content}#h({em(right)})"


def _listed(items: object) -> str:
    return "".join(f"{item}, " for item in items)  # type: ignore[attr-defined]


def _cells(table: Table, rows: list[list[str]], width: int) -> list[tuple[int, int, int, str, str, str]]:
    """Row, column, columns spanned, alignment, own rules and content of every cell."""
    spans = {(row, index): (count, spec) for row, index, count, spec in table.spans}
    cells = []
    for y, row in enumerate(rows):
        column = 0
        for index in range(max(len(row), width)):
            if column >= width and index >= len(row):
                break
            count, spec = spans.get((y, index), (1, ""))
            align, rules = (spec[0], spec[1:]) if spec else (table.align(column), "")
            cells.append((y, column, count, align, rules, row[index] if index < len(row) else ""))
            column += count
    return cells


def _place(cell: tuple[int, int, int, str, str, str], xs: _Axis, ys: _Axis) -> str:
    y, column, span, align, _rules, _content = cell
    start, stop = xs.after[column], xs.before[column + span]
    return f"({start}, {ys.after[y]}, {stop - start}, {_SIDES[align]})"


def _horizontal(table: Table, xs: _Axis, ys: _Axis, width: int) -> list[str]:
    lines = []
    for row, count in table.hrules:
        places = (ys.before[row], ys.after[row]) if count > 1 else (ys.before[row],)
        lines += [f"({place}, 0, {len(xs.sizes)})" for place in places]
    for row, first, last in table.partial:
        if 0 <= first < last <= width and row < len(ys.before):
            lines.append(f"({ys.before[row]}, {xs.after[first]}, {xs.before[last]})")
    return lines


def _vertical(
    table: Table, placed: list[tuple[int, int, int, str, str, str]], xs: _Axis, ys: _Axis, height: int, width: int
) -> list[str]:
    """Pieces of vertical rules: those of the columns, less where a cell spans, with what a spanning cell adds."""
    usual = {boundary for boundary, _ in table.vrules}
    double = {boundary for boundary, count in table.vrules if count > 1}
    shown = [[boundary in usual for boundary in range(width + 1)] for _ in range(height)]
    for y, column, span, _align, rules, _content in placed:
        if rules:
            shown[y][column] = rules[0] == "|" or (column > 0 and shown[y][column])
            for boundary in range(column + 1, column + span):
                shown[y][boundary] = False
            shown[y][column + span] = rules[1] == "|"
    lines = []
    for boundary in range(width + 1):
        for start, stop in _runs([row[boundary] for row in shown]):
            places = (xs.before[boundary], xs.after[boundary]) if boundary in double else (xs.before[boundary],)
            last = len(ys.sizes) if stop == height else ys.after[stop]
            lines += [f"({place}, {ys.before[start]}, {last})" for place in places]
    return lines


def _runs(flags: list[bool]) -> list[tuple[int, int]]:
    """Where runs of True begin and end.

    >>> _runs([True, True, False, True])
    [(0, 2), (3, 4)]
    """
    runs, start = [], None
    for index, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = index
        elif not flag and start is not None:
            runs.append((start, index))
            start = None
    return runs
