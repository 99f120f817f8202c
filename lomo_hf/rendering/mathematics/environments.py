r"""Environments: `\begin{name}…\end{name}` becomes a grid that math-core reads and a `Table` that says how to set it.

Cells are cut at `&` and `\\` outside braces and inner environments; rules, column specifications and spans are read
here. Environments that are not mathematics (lists, figures, pictures) are refused by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lomo_hf.rendering.mathematics.limits import MAX_GRIDS, MAX_ROWS, refuse
from lomo_hf.rendering.mathematics.marks import Context, Table, Wrap
from lomo_hf.rendering.mathematics.measures import is_length, length
from lomo_hf.rendering.mathematics.rewrite import formula_in, rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor, split_top
from lomo_hf.rendering.mathematics.text import text_to_typst

__all__ = ["environment"]

_PAIRS = frozenset(("align", "aligned", "split", "flalign", "alignat", "alignedat", "xalignat", "xxalignat"))
_SINGLE = frozenset(("gather", "gathered", "multline", "equation", "displaymath", "math", "multlined"))
_MATRICES = {
    "matrix": ("", ""), "pmatrix": ("(", ")"), "bmatrix": ("[", "]"), "Bmatrix": ("{", "}"), "vmatrix": ("|", "|"),
    "Vmatrix": ("‖", "‖"), "smallmatrix": ("", ""), "psmallmatrix": ("(", ")"), "bsmallmatrix": ("[", "]"),
    "vsmallmatrix": ("|", "|"), "Bsmallmatrix": ("{", "}"),
}  # fmt: skip
_CASES = {"cases": ("{", ""), "dcases": ("{", ""), "rcases": ("", "}"), "drcases": ("", "}")}
_ROW_ENDS = frozenset(("\\\\", "\\cr", "\\tabularnewline", "\\newline"))
_CELL_ENDS = frozenset(("&",))
_RULES = frozenset(("\\hline", "\\hdashline", "\\toprule", "\\midrule", "\\bottomrule"))


_RULED = _RULES | {"\\cline", "\\cmidrule", "\\multicolumn"}


@dataclass(slots=True)
class _Grid:
    """What is known of a table while it is read."""

    kind: str
    aligns: list[str] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    vrules: dict[int, int] = field(default_factory=dict)
    hrules: dict[int, int] = field(default_factory=dict)
    partial: list[tuple[int, int, int]] = field(default_factory=list)
    spans: list[tuple[int, int, int, str]] = field(default_factory=list)
    row_gaps: dict[int, float] = field(default_factory=dict)
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
            row_gaps=tuple(sorted(self.row_gaps.items())),
            stretch=self.stretch,
        )


def environment(name: str, body: Sequence[str], context: Context) -> str:
    """LaTeX for math-core that stands for an environment.

    Raises FormulaError for an environment that is not known and for what is wrong inside.
    """
    context.enter()
    try:
        return _environment(name.strip(), body, context)
    finally:
        context.leave()


def _environment(name: str, body: Sequence[str], context: Context) -> str:
    plain = name.removesuffix("*")
    cursor = Cursor(body)
    if plain in _PAIRS:
        return _pairs(plain, cursor, context)
    if plain in _SINGLE:
        cursor.optional() if plain == "gathered" else None
        return _finish(_Grid("multline" if plain.startswith("multline") else "gathered"), cursor, context)
    if plain == "eqnarray":
        return _finish(_Grid("eqnarray", ["r", "c", "l"]), cursor, context)
    if plain in _MATRICES:
        return _matrix(plain, cursor, context)
    if plain in _CASES:
        kind = "dcases" if plain.startswith("d") else "cases"
        return _fenced(_finish(_Grid(kind, ["l", "l"], stretch=1.2), cursor, context), *_CASES[plain], context)
    if plain in ("array", "tabular", "subarray", "tabularx"):
        return _array(name, cursor, context)
    if plain == "center":
        return _environment_inside(cursor, context)
    raise refuse(f"unknown-environment:{name[:30]}", f"the environment {name[:30]!r} is not mathematics that is set.")


def _environment_inside(cursor: Cursor, context: Context) -> str:
    return context.leaf(text_to_typst(cursor.tokens, context, formula_in))


def _pairs(name: str, cursor: Cursor, context: Context) -> str:
    if name.endswith("at"):
        cursor.argument(name)
    elif name == "aligned":
        _placement(cursor)
    return _finish(_Grid("alignat" if name.endswith("at") else "aligned"), cursor, context)


def _placement(cursor: Cursor) -> None:
    r"""Step over [t], [b] or [c], which say how the box stands on its line."""
    if cursor.peek() == "[" and list(cursor.tokens[cursor.position + 1 : cursor.position + 3])[1:] == ["]"]:
        if cursor.tokens[cursor.position + 1] in ("t", "b", "c"):
            cursor.position += 3


def _matrix(name: str, cursor: Cursor, context: Context) -> str:
    align = "c"
    if (
        cursor.peek() == "["
        and len(cursor.tokens) > 2
        and cursor.tokens[1] in ("l", "c", "r")
        and cursor.tokens[2] == "]"
    ):
        align = cursor.tokens[1]
        cursor.position = 3
    kind = "smallmatrix" if "small" in name else "matrix"
    return _fenced(_finish(_Grid(kind, [align]), cursor, context), *_MATRICES[name], context)


def _fenced(latex: str, left: str, right: str, context: Context) -> str:
    if not left and not right:
        return latex
    before, after = ("\\" + left if left else "#lmnull()"), ("\\" + right if right else "#lmnull()")
    return context.wrap(Wrap(f"lmlr({before} ", f" {after})", "inner"), latex)


def _array(name: str, cursor: Cursor, context: Context) -> str:
    if name in ("tabular*", "tabularx"):
        cursor.argument(name)
    _placement(cursor)
    grid = _Grid({"subarray": "subarray", "array": "array"}.get(name, "tabular"))
    _columns(cursor.argument(name), grid)
    ruled = bool(grid.vrules) or any(token in _RULED for token in cursor.tokens)
    context.grids += ruled
    if context.grids > MAX_GRIDS:
        raise refuse("too-deep", f"more than {MAX_GRIDS} tables with rules stand inside one another.")
    latex = _finish(grid, cursor, context)
    context.grids -= ruled
    return latex


def _columns(spec: Sequence[str], grid: _Grid, depth: int = 0) -> None:
    """Read a column specification such as `|c|l@{}r|p{3cm}|` or `*{3}{c}`."""
    cursor = Cursor(spec)
    while (token := cursor.next()) is not None:
        if token in ("l", "c", "r"):
            grid.aligns.append(token)
        elif token in ("p", "m", "b", "X", "L", "C", "R", "S"):
            grid.aligns.append({"C": "c", "R": "r", "S": "c"}.get(token, "l"))
            cursor.argument(token) if token in ("p", "m", "b") else None
        elif token in ("|", ":"):
            grid.vrules[len(grid.aligns)] = grid.vrules.get(len(grid.aligns), 0) + 1
        elif token in ("@", "!", ">", "<"):
            _between(token, cursor.argument(token), grid)
        elif token == "*" and depth < 3:
            count = cursor.word("*")
            inner = cursor.argument("*")
            for _ in range(min(int(count), MAX_ROWS) if count.isascii() and count.isdecimal() else 0):
                _columns(inner, grid, depth + 1)
        elif token not in (" ", "{", "}"):
            raise refuse("column-specification", f"{token[:20]!r} in a column specification is not known.")
        if len(grid.aligns) > MAX_ROWS:
            raise refuse("too-long", f"the table has more than {MAX_ROWS} columns.")


def _between(token: str, content: Sequence[str], grid: _Grid) -> None:
    """`@{…}`: only spaces are followed; signs between columns are refused rather than lost."""
    material = [item for item in content if item != " "]
    if token == "@":
        while len(grid.gaps) <= len(grid.aligns):
            grid.gaps.append(-1.0)
        grid.gaps[len(grid.aligns)] = 0.0
    if material and material[0] not in (
        "\\quad",
        "\\qquad",
        "\\hspace",
        "\\,",
        "\\;",
        "\\extracolsep",
        "\\centering",
        "\\raggedright",
        "\\displaystyle",
        "\\ ",
    ):
        raise refuse("column-specification", "signs between the columns of a table are not set.")
    if token == "@" and material:
        size = {"\\quad": 1.0, "\\qquad": 2.0, "\\,": 1 / 6, "\\;": 5 / 18, "\\ ": 1 / 3}.get(material[0])
        if material[0] == "\\hspace":
            size = length("".join(item for item in material[1:] if item not in "{}"))
        grid.gaps[len(grid.aligns)] = size or 0.0


def _finish(grid: _Grid, cursor: Cursor, context: Context) -> str:
    for tokens in _rows(cursor.tokens[cursor.position :], grid):
        grid.rows.append(_cells(tokens, grid, context))
        if len(grid.rows) > MAX_ROWS:
            raise refuse("too-long", f"the table has more than {MAX_ROWS} rows.")
    width = max((len(row) for row in grid.rows), default=0)
    if grid.kind in ("array", "tabular") and width > len(grid.aligns):
        grid.aligns += ["c" if not grid.aligns else grid.aligns[-1]] * (width - len(grid.aligns))
    inner = {"smallmatrix": "subarray", "subarray": "subarray"}.get(grid.kind)
    inner = inner or (
        "aligned" if grid.kind in ("aligned", "alignat", "gathered", "multline", "eqnarray", "dcases") else "matrix"
    )
    opening = "\\begin{subarray}{c}" if inner == "subarray" else f"\\begin{{{inner}}}"
    # An opening pair of braces keeps a cell that begins with a bracket from being read as an argument.
    lines = "\\\\".join("&".join("{}" + cell for cell in row) or "{}" for row in grid.rows)
    grid.stretch *= context.stretch
    return context.wrap(grid.table(), f"{opening}{lines}\\end{{{inner}}}")


def _rows(tokens: Sequence[str], grid: _Grid) -> list[Sequence[str]]:
    """The rows with their rules taken off; an empty last row is no row."""
    rows: list[Sequence[str]] = []
    tokens = _with_row_ends(tokens)
    pieces = split_top(tokens, _ROW_ENDS)
    for number, (piece, _end) in enumerate(pieces):
        cursor = Cursor(piece)
        if number:
            gap = _row_gap(cursor)
            if gap:
                grid.row_gaps[len(rows)] = gap
        _rules(cursor, grid, len(rows))
        rest = piece[cursor.position :]
        empty = all(token == " " for token in rest)
        doubled = empty and not piece and number and number < len(pieces) - 1
        if not (empty and number == len(pieces) - 1) and not doubled:
            rows.append(rest)
    return rows


def _with_row_ends(tokens: Sequence[str]) -> Sequence[str]:
    r"""`\ \hline` inside a row is `\\ \hline` with a backslash lost: a rule can stand nowhere else."""
    if "\\ " not in tokens or "\\hline" not in tokens:
        return tokens
    out = list(tokens)
    for i, token in enumerate(out):
        if token == "\\ " and Cursor(out[i + 1 : i + 4]).look() == "\\hline":
            out[i] = "\\\\"
    return out


def _row_gap(cursor: Cursor) -> float:
    cursor.take("*")
    start = cursor.position
    if cursor.look() == "[":
        inside = cursor.optional()
        if inside is not None and is_length("".join(inside)):
            return length("".join(inside))
        cursor.position = start
    return 0.0


def _rules(cursor: Cursor, grid: _Grid, row: int) -> None:
    while True:
        token = cursor.look()
        if token in _RULES:
            cursor.take(token or "")
            grid.hrules[row] = grid.hrules.get(row, 0) + 1
        elif token in ("\\cline", "\\cmidrule"):
            cursor.take(token or "")
            if cursor.peek() == "(":
                while cursor.next() not in (")", None):
                    pass
            first, _, last = cursor.word("\\cline").replace(" ", "").partition("-")
            if (
                not (first.isdecimal() and last.isdecimal() and first.isascii() and last.isascii())
                or len(first + last) > 6
            ):
                raise refuse("syntax", "\\cline needs two numbers of columns.")
            grid.partial.append((row, int(first) - 1, int(last)))
        else:
            return


def _cells(tokens: Sequence[str], grid: _Grid, context: Context) -> list[str]:
    cells: list[str] = []
    outer_tags, context.tags = context.tags, []
    for piece, _end in split_top(tokens, _CELL_ENDS):
        content = _span(piece, grid, len(grid.rows), len(cells))
        if grid.kind == "tabular":
            cells.append(context.leaf(text_to_typst(_stripped(content), context, formula_in)))
        else:
            cells.append(rewrite(content, context))
    if context.tags and cells:
        cells[-1] += "".join(context.leaf(tag, "space") for tag in context.tags)
    context.tags = outer_tags
    return cells


def _stripped(tokens: Sequence[str]) -> Sequence[str]:
    start, stop = 0, len(tokens)
    while start < stop and tokens[start] == " ":
        start += 1
    while stop > start and tokens[stop - 1] == " ":
        stop -= 1
    return tokens[start:stop]


def _span(tokens: Sequence[str], grid: _Grid, row: int, column: int) -> Sequence[str]:
    r"""What a cell holds; `\multicolumn` and `\multirow` are noted in the grid."""
    cursor = Cursor(tokens)
    token = cursor.look()
    if token == "\\multirow":
        cursor.take(token)
        cursor.optional()
        cursor.word(token), cursor.optional(), cursor.word(token)
        return cursor.argument(token)
    if token != "\\multicolumn":
        return tokens
    cursor.take(token)
    count = cursor.word(token)
    if not (count.isascii() and count.isdecimal()) or not 1 <= int(count) <= MAX_ROWS:
        raise refuse("syntax", "\\multicolumn needs a number of columns.")
    own = _Grid("array")
    _columns(cursor.argument(token), own)
    rules = "".join("|" if own.vrules.get(side) else " " for side in (0, len(own.aligns)))
    grid.spans.append((row, column, int(count), (own.aligns[0] if own.aligns else "c") + rules))
    return _span(cursor.argument(token), grid, row, column)
