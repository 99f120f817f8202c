"""What is read of a table before it is set: its columns, rules, spans and cells."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lomo_hf.rendering.mathematics.displacement import check_gap
from lomo_hf.rendering.mathematics.limits import MAX_ROWS, refuse
from lomo_hf.rendering.mathematics.marks import Table
from lomo_hf.rendering.mathematics.measures import length, width
from lomo_hf.rendering.mathematics.scanner import Cursor

__all__ = ["Grid", "read_columns"]

_SIDES = {"C": "c", "R": "r", "S": "c"}
_GAPS = {"\\quad": 1.0, "\\qquad": 2.0, "\\,": 1 / 6, "\\;": 5 / 18, "\\ ": 1 / 3}
_SPACING = frozenset((
    *_GAPS, "\\hspace", "\\extracolsep", "\\centering", "\\raggedright", "\\displaystyle", "\\arraybackslash",
    "\\raggedleft", "\\hskip",
))  # fmt: skip


@dataclass(slots=True)
class Grid:
    """What is known of a table while it is read."""

    kind: str
    aligns: list[str] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    vrules: dict[int, int] = field(default_factory=dict)
    hrules: dict[int, int] = field(default_factory=dict)
    partial: list[tuple[int, int, int]] = field(default_factory=list)
    spans: list[tuple[int, int, int, str]] = field(default_factory=list)
    widths: dict[int, float] = field(default_factory=dict)
    words: frozenset[int] = frozenset()
    rows: list[list[str]] = field(default_factory=list)
    stretch: float = 1.0

    def table(self) -> Table:
        return Table(
            kind=self.kind,
            aligns=tuple(self.aligns),
            gaps=tuple(self.gaps),
            vrules=tuple(sorted(self.vrules.items())),
            hrules=tuple(sorted(self.hrules.items())),
            partial=tuple(self.partial),
            spans=tuple(self.spans),
            stretch=self.stretch,
        )


def read_columns(spec: Sequence[str], grid: Grid, depth: int = 0) -> None:
    """Read a column specification such as `|c|l@{}r|p{3cm}|` or `*{3}{c}`."""
    cursor = Cursor(spec)
    while (token := cursor.next()) is not None:
        if token in ("l", "c", "r"):
            grid.aligns.append(token)
        elif token in ("p", "m", "b", "X", "L", "C", "R", "S"):
            if token in ("p", "m", "b"):
                grid.widths[len(grid.aligns)] = width("".join(cursor.argument(token)))
            grid.aligns.append(_SIDES.get(token, "l"))
        elif token in ("|", ":"):
            grid.vrules[len(grid.aligns)] = grid.vrules.get(len(grid.aligns), 0) + 1
        elif token in ("@", "!", ">", "<"):
            _between(token, cursor.argument(token), grid)
        elif token == "*" and depth < 3:
            count = cursor.word("*")
            inner = cursor.argument("*")
            for _ in range(min(int(count), MAX_ROWS) if count.isascii() and count.isdecimal() else 0):
                read_columns(inner, grid, depth + 1)
        elif token not in (" ", "{", "}"):
            raise refuse("column-specification", f"{token[:20]!r} in a column specification is not known.")
        if len(grid.aligns) > MAX_ROWS:
            raise refuse("too-long", f"the table has more than {MAX_ROWS} columns.")


def _between(token: str, content: Sequence[str], grid: Grid) -> None:
    """`@{…}`: only spaces are followed; signs between columns are refused rather than lost."""
    material = [item for item in content if item != " "]
    if token == "@":
        while len(grid.gaps) <= len(grid.aligns):
            grid.gaps.append(-1.0)
        grid.gaps[len(grid.aligns)] = 0.0
    if material and material[0] not in _SPACING:
        raise refuse("column-specification", "signs between the columns of a table are not set.")
    if token == "@" and material:
        size = _GAPS.get(material[0], 0.0)
        if material[0] in ("\\hspace", "\\hskip"):
            size = length("".join(item for item in material[1:] if item not in "{}*"))
        check_gap(size)
        grid.gaps[len(grid.aligns)] = size
