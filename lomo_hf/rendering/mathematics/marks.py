r"""Marks: how a construct that this package sets itself travels through math-core untouched.

math-core knows some 1,500 commands but not, say, `\substack`, `\cancelto`, ruled tables or mathematics inside text.
The rewriter replaces such a construct by one private-use character, alone (`Leaf`) or as the upper script of what it
encloses (`\overset{<mark>}{…}`), and the converter puts the construct back when it meets the character. Private-use
characters are refused in the input, so that a mark is always ours.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lomo_hf.rendering.mathematics.emit import em
from lomo_hf.rendering.mathematics.limits import MAX_DEPTH, MAX_MARKS, refuse
from lomo_hf.rendering.mathematics.scanner import Cursor

__all__ = ["FIRST_MARK", "Context", "Handler", "Lap", "Leaf", "Mark", "Table", "Wrap", "is_mark"]

FIRST_MARK = 0xF0000


@dataclass(frozen=True, slots=True)
class Leaf:
    """Finished Typst mathematics, and the TeX class of the atom (ord, op, bin, rel, open, close, punct, inner).

    `width`, in em, is that of a space, whose class is "space".
    """

    typst: str
    atom: str = "ord"
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Wrap:
    """What is to stand before and after the Typst mathematics of the enclosed formula."""

    before: str
    after: str
    atom: str = "ord"
    style: int | None = None


@dataclass(frozen=True, slots=True)
class Lap:
    """What is enclosed takes no room: it hangs over on the "left", on the "right" or on both sides ("centre").

    `glyphs` is about how many signs it has.
    """

    command: str
    side: str
    glyphs: int


@dataclass(frozen=True, slots=True)
class Table:
    """How the rows and cells of the enclosed table are set; see `tables`."""

    kind: str
    aligns: tuple[str, ...] = ()
    gaps: tuple[float, ...] = ()
    vrules: tuple[tuple[int, int], ...] = ()
    hrules: tuple[tuple[int, int], ...] = ()
    partial: tuple[tuple[int, int, int], ...] = ()
    spans: tuple[tuple[int, int, int, str], ...] = ()
    stretch: float = 1.0

    def align(self, column: int) -> str:
        """How a column is aligned: l, c or r; columns past the last are aligned like it."""
        return self.aligns[min(column, len(self.aligns) - 1)] if self.aligns else "c"

    def gap(self, boundary: int) -> float:
        """The space in em at a boundary of columns: half an em for each column beside it, unless `@{…}` says other."""
        if boundary < len(self.gaps) and self.gaps[boundary] >= 0:
            return self.gaps[boundary]
        columns = max(len(self.aligns), 1)
        return 0.5 if boundary in (0, columns) else 1.0

    def reached(self, rows: Sequence[Sequence[str]]) -> "Table":
        """The table without the columns that none of its rows reaches: TeX makes none of them, nor of their rules."""
        widths = [len(row) for row in rows]
        for row, _, columns, _ in self.spans:
            if row < len(widths):
                widths[row] += columns - 1
        width = max((*widths, *(last for _, _, last in self.partial)), default=0)
        if not 0 < width < len(self.aligns):
            return self
        rules = tuple((boundary, count) for boundary, count in self.vrules if boundary <= width)
        return replace(self, aligns=self.aligns[:width], gaps=self.gaps[: width + 1], vrules=rules)


Mark = Leaf | Wrap | Lap | Table


@dataclass(slots=True)
class Context:
    """The marks of one formula, how deep the rewriter stands, and the `\\arraystretch` in force.

    `handlers` says how each command is rewritten; it is passed along, since handlers rewrite their arguments.
    `repairs` takes the names of what was mended, `drawn_back` the em of all negative spaces, `shown` the number of
    pieces that are set, `expanded` the number of tokens that macros became.
    """

    handlers: Mapping[str, "Handler"]
    depth: int = 0
    stretch: float = 1.0
    grids: int = 0
    marks: list[Mark] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    repairs: set[str] = field(default_factory=set)
    drawn_back: float = 0.0
    shown: int = 0
    expanded: int = 0
    known: dict[Mark, str] = field(default_factory=dict)

    def leaf(self, typst: str, atom: str = "ord") -> str:
        """LaTeX that stands for a finished piece."""
        return "{" + self._add(Leaf(typst, atom)) + "}"

    def space(self, size: float) -> str:
        """LaTeX that stands for a space of `size` em."""
        return "{" + self._add(Leaf(f"#h({em(size)})", "space", size)) + "}"

    def wrap(self, mark: Wrap | Lap | Table, latex: str) -> str:
        """LaTeX that stands for a construct around `latex`."""
        return "{\\overset{" + self._add(mark) + "}{" + latex + "}}"

    def raw(self, typst: str, atom: str = "ord") -> str:
        """The mark of a finished piece without braces, for commands that read letters."""
        return self._add(Leaf(typst, atom))

    def enter(self) -> None:
        """Go one level deeper; pair with `leave`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise refuse("too-deep", f"the formula nests more than {MAX_DEPTH} levels deep.")

    def leave(self) -> None:
        self.depth -= 1

    def of(self, character: str) -> Mark | None:
        """The mark that a character stands for, if it is one."""
        index = ord(character) - FIRST_MARK
        return self.marks[index] if 0 <= index < len(self.marks) else None

    def _add(self, mark: Mark) -> str:
        known = self.known.get(mark)
        if known is not None:
            return known
        if len(self.marks) >= MAX_MARKS:
            raise refuse("too-long", f"the formula has more than {MAX_MARKS} constructs.")
        self.marks.append(mark)
        return self.known.setdefault(mark, chr(FIRST_MARK + len(self.marks) - 1))


Handler = Callable[[str, Cursor, Context], str]
"""Reads the arguments of a command from the cursor and gives LaTeX that math-core knows."""


def is_mark(character: str) -> bool:
    """Whether a character is of the plane that marks are taken from."""
    return ord(character) >= FIRST_MARK
