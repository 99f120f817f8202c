r"""Environments: `\begin{name}…\end{name}` becomes a grid that math-core reads and a `Table` that says how to set it.

Here is what each name means and what may stand before its rows, which `rows` reads. Environments that are not
mathematics (lists, figures, pictures) are refused by name.
"""

from collections.abc import Sequence

from lomo_hf.rendering.mathematics.diagrams import diagram_rows
from lomo_hf.rendering.mathematics.grid import Grid, read_columns
from lomo_hf.rendering.mathematics.limits import MAX_GRIDS, MAX_ROWS, refuse
from lomo_hf.rendering.mathematics.marks import Context, Wrap
from lomo_hf.rendering.mathematics.measures import is_length
from lomo_hf.rendering.mathematics.rewrite import formula_in, rewrite
from lomo_hf.rendering.mathematics.rows import CELL_ENDS, ROW_ENDS, RULES, closed, finish, interlude, stripped
from lomo_hf.rendering.mathematics.scanner import Cursor, split_top
from lomo_hf.rendering.mathematics.text import text_to_typst

__all__ = ["environment", "plain_cases"]

_PAIRS = frozenset((
    "align", "aligned", "split", "flalign", "alignat", "alignedat", "xalignat", "xxalignat", "eqalignno",
))  # fmt: skip
_SINGLE = frozenset((
    "gather", "gathered", "multline", "equation", "displaymath", "math", "multlined", "lgathered", "rgathered",
))  # fmt: skip
_TABLES = {
    "array": "array", "darray": "array", "subarray": "subarray", "IEEEeqnarray": "array", "tabular": "tabular",
    "tabularx": "tabular", "longtable": "tabular", "tabu": "tabular",
}  # fmt: skip
_WITH_WIDTH = ("tabular*", "tabularx")
_PLACED = frozenset(("center", "flushleft", "flushright"))
_INTERLUDES = frozenset(("\\intertext", "\\shortintertext", "\\noalign"))
_MATRICES = {
    "matrix": ("", ""), "pmatrix": ("(", ")"), "bmatrix": ("[", "]"), "Bmatrix": ("{", "}"), "vmatrix": ("|", "|"),
    "Vmatrix": ("‖", "‖"), "smallmatrix": ("", ""), "psmallmatrix": ("(", ")"), "bsmallmatrix": ("[", "]"),
    "vsmallmatrix": ("|", "|"), "Bsmallmatrix": ("{", "}"),
}  # fmt: skip
_MATRIX_COLUMNS = frozenset(("l", "c", "r", "|", ":", " "))
_CASES = {"cases": ("{", ""), "dcases": ("{", ""), "rcases": ("", "}"), "drcases": ("", "}")}
_RULED = RULES | {"\\cline", "\\cmidrule", "\\multicolumn"}


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
        _placement(cursor) if plain.endswith("ed") else None
        return _with_interludes("multline" if plain.startswith("multline") else "gathered", cursor, context)
    if plain == "eqnarray":
        return finish(Grid("eqnarray", ["r", "c", "l"]), cursor, context)
    if plain in _MATRICES:
        return _matrix(plain, cursor, context)
    if plain in _CASES:
        kind = "dcases" if plain.startswith("d") else "cases"
        grid = Grid(kind, ["l", "l"], stretch=1.2, words=frozenset((1,)) if name.endswith("*") else frozenset())
        return _fenced(finish(grid, cursor, context), *_CASES[plain], context)
    if plain in _TABLES:
        return _array(name, cursor, context)
    if plain == "CD":
        return _diagram(cursor, context)
    if plain in _PLACED:
        return context.leaf(text_to_typst(stripped(cursor.tokens), context, formula_in))
    raise refuse(f"unknown-environment:{name[:30]}", f"the environment {name[:30]!r} is not mathematics that is set.")


def plain_cases(tokens: Sequence[str], context: Context) -> str:
    r"""Plain TeX's `\cases{x & if $x>0$ \cr …}`, whose second column is text; one without words is mathematics."""
    second = [piece for row, _ in split_top(tokens, ROW_ENDS) for piece, _ in split_top(row, CELL_ENDS)[1:]]
    words = any(_is_text(piece) for piece in second)
    grid = Grid("cases", ["l", "l"], stretch=1.2, words=frozenset((1,)) if words else frozenset())
    return _fenced(finish(grid, Cursor(tokens), context), "{", "", context)


def _is_text(tokens: Sequence[str]) -> bool:
    if "$" in tokens:
        return True
    words = "".join(token if len(token) == 1 else "." for token in tokens).split()
    return any(len(word) > 2 and word.isalpha() for word in words)


def _with_interludes(kind: str, cursor: Cursor, context: Context) -> str:
    r"""Rows, with lines of text between them where `\intertext` or plain TeX's `\noalign` puts them."""
    tokens = cursor.rest()
    if _INTERLUDES.isdisjoint(tokens):
        return finish(Grid(kind), Cursor(tokens), context)
    whole = Grid("array", ["l"], gaps=[0.0, 0.0])
    block: list[str] = []
    for piece, end in split_top(tokens, ROW_ENDS):
        row = Cursor(piece)
        while (command := row.look()) in _INTERLUDES:
            row.take(command or "")
            text = interlude(command or "", row.argument(command or ""))
            if text:
                _add_block(block, kind, whole, context)
                whole.rows.append([context.leaf(text_to_typst(stripped(text), context, formula_in))])
        block += [*row.rest(), *([end] if end else [])]
    _add_block(block, kind, whole, context)
    return closed(whole, context)


def _add_block(block: list[str], kind: str, whole: Grid, context: Context) -> None:
    if any(token not in (" ", "\\\\", "\\cr") for token in block):
        whole.rows.append([context.space(1.0) + finish(Grid(kind), Cursor(list(block)), context)])
    block.clear()


def _diagram(cursor: Cursor, context: Context) -> str:
    rows = diagram_rows(cursor.rest())
    columns = max(map(len, rows), default=1)
    grid = Grid("array", ["c"] * columns, gaps=[0.0, *[0.25] * (columns - 1), 0.0])
    if len(rows) > MAX_ROWS or columns > MAX_ROWS:
        raise refuse("too-long", f"the diagram has more than {MAX_ROWS} rows or columns.")
    grid.rows = [[rewrite(cell, context) for cell in row] for row in rows]
    return closed(grid, context)


def _pairs(name: str, cursor: Cursor, context: Context) -> str:
    if name.endswith("ed") or name in ("alignedat", "split"):
        _placement(cursor)
    if name.endswith("at"):
        cursor.argument(name)
    elif name == "eqalignno":
        cursor = Cursor(_with_tags(cursor.rest()))
    return _with_interludes("alignat" if name.endswith("at") else "aligned", cursor, context)


def _with_tags(tokens: Sequence[str]) -> list[str]:
    r"""The third column of plain TeX's `\eqalignno` holds the numbers of the rows."""
    tagged: list[str] = []
    for piece, end in split_top(tokens, ROW_ENDS):
        first, *others = split_top(piece, CELL_ENDS)
        tagged += [*first[0], *(["&", *others[0][0]] if others else [])]
        tagged += ["\\tag*", "{", "$", *others[1][0], "$", "}"] if len(others) > 1 else []
        tagged += [end] if end else []
    return tagged


def _placement(cursor: Cursor) -> None:
    r"""Step over [t], [b] or [c], which say how the box stands on its line, and over its width in `multlined`."""
    while cursor.peek() == "[":
        start = cursor.position
        inside = "".join(cursor.optional() or ())
        if inside not in ("t", "b", "c") and not is_length(inside):
            cursor.position = start
            return


def _matrix(name: str, cursor: Cursor, context: Context) -> str:
    """A matrix, with the column of mathtools' starred ones, or the columns that authors give to augmented ones."""
    grid = Grid("smallmatrix" if "small" in name else "matrix", ["c"])
    start = cursor.position
    columns = cursor.optional() if cursor.peek() == "[" else None
    if columns is not None and not {*columns} <= _MATRIX_COLUMNS:
        cursor.position = start
    elif columns is not None and len(columns) > 1:
        grid = Grid("array")
        read_columns(columns, grid)
        grid.gaps = [0.0, *[-1.0] * (len(grid.aligns) - 1), 0.0]  # a matrix has no room at its sides
        latex = _ruled(grid, cursor, context)
        return _fenced(latex, *_MATRICES[name], context)
    elif columns:
        grid.aligns = [columns[0]]
    return _fenced(finish(grid, cursor, context), *_MATRICES[name], context)


def _fenced(latex: str, left: str, right: str, context: Context) -> str:
    if not left and not right:
        return latex
    before, after = ("\\" + left if left else "#lmnull()"), ("\\" + right if right else "#lmnull()")
    return context.wrap(Wrap(f"lmlr({before} ", f" {after})", "inner"), latex)


def _array(name: str, cursor: Cursor, context: Context) -> str:
    if name in _WITH_WIDTH:
        cursor.argument(name)
    _placement(cursor)
    grid = Grid(_TABLES[name.removesuffix("*")])
    read_columns(cursor.argument(name), grid)
    return _ruled(grid, cursor, context)


def _ruled(grid: Grid, cursor: Cursor, context: Context) -> str:
    """A table that may have rules; how many of those stand inside one another is counted."""
    ruled = bool(grid.vrules) or any(token in _RULED for token in cursor.tokens)
    context.grids += ruled
    if context.grids > MAX_GRIDS:
        raise refuse("too-deep", f"more than {MAX_GRIDS} tables with rules stand inside one another.")
    latex = finish(grid, cursor, context)
    context.grids -= ruled
    return latex
