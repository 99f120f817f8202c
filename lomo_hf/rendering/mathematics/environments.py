r"""Environments: `\begin{name}…\end{name}` becomes a grid that math-core reads and a `Table` that says how to set it.

Cells are cut at `&` and `\\` outside braces and inner environments; rules, column specifications and spans are read
here. Environments that are not mathematics (lists, figures, pictures) are refused by name.
"""

from collections.abc import Sequence

from lomo_hf.rendering.mathematics.diagrams import diagram_rows
from lomo_hf.rendering.mathematics.emit import em
from lomo_hf.rendering.mathematics.grid import Grid, read_columns
from lomo_hf.rendering.mathematics.limits import MAX_GRIDS, MAX_ROWS, refuse
from lomo_hf.rendering.mathematics.marks import Context, Wrap
from lomo_hf.rendering.mathematics.measures import is_length
from lomo_hf.rendering.mathematics.rewrite import formula_in, rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor, source, split_top
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
_CASES = {"cases": ("{", ""), "dcases": ("{", ""), "rcases": ("", "}"), "drcases": ("", "}")}
_ROW_ENDS = frozenset(("\\\\", "\\cr", "\\tabularnewline", "\\newline"))
_CELL_ENDS = frozenset(("&",))
_RULES = frozenset(("\\hline", "\\hdashline", "\\toprule", "\\midrule", "\\bottomrule", "\\Xhline"))
_NO_RULES = frozenset(("\\addlinespace", "\\rowcolor", "\\centering", "\\arrayrulecolor"))
_LETTER = 0.5  # em of a letter, about
_RULED = _RULES | {"\\cline", "\\cmidrule", "\\multicolumn"}


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
        return _with_interludes("multline" if plain.startswith("multline") else "gathered", cursor, context)
    if plain == "eqnarray":
        return _finish(Grid("eqnarray", ["r", "c", "l"]), cursor, context)
    if plain in _MATRICES:
        return _matrix(plain, cursor, context)
    if plain in _CASES:
        kind = "dcases" if plain.startswith("d") else "cases"
        grid = Grid(kind, ["l", "l"], stretch=1.2, words=frozenset((1,)) if name.endswith("*") else frozenset())
        return _fenced(_finish(grid, cursor, context), *_CASES[plain], context)
    if plain in _TABLES:
        return _array(name, cursor, context)
    if plain == "CD":
        return _diagram(cursor, context)
    if plain in _PLACED:
        return context.leaf(text_to_typst(cursor.tokens, context, formula_in))
    raise refuse(f"unknown-environment:{name[:30]}", f"the environment {name[:30]!r} is not mathematics that is set.")


def plain_cases(tokens: Sequence[str], context: Context) -> str:
    r"""Plain TeX's `\cases{x & if $x>0$ \cr …}`, whose second column is text; one without words is mathematics."""
    second = [piece for row, _ in split_top(tokens, _ROW_ENDS) for piece, _ in split_top(row, _CELL_ENDS)[1:]]
    words = any(_is_text(piece) for piece in second)
    grid = Grid("cases", ["l", "l"], stretch=1.2, words=frozenset((1,)) if words else frozenset())
    return _fenced(_finish(grid, Cursor(tokens), context), "{", "", context)


def _is_text(tokens: Sequence[str]) -> bool:
    if "$" in tokens:
        return True
    words = "".join(token if len(token) == 1 else "." for token in tokens).split()
    return any(len(word) > 2 and word.isalpha() for word in words)


def _with_interludes(kind: str, cursor: Cursor, context: Context) -> str:
    r"""Rows, with lines of text between them where `\intertext` or plain TeX's `\noalign` puts them."""
    tokens = cursor.rest()
    if _INTERLUDES.isdisjoint(tokens):
        return _finish(Grid(kind), Cursor(tokens), context)
    whole = Grid("array", ["l"], gaps=[0.0, 0.0])
    block: list[str] = []
    for piece, end in split_top(tokens, _ROW_ENDS):
        row = Cursor(piece)
        while (command := row.look()) in _INTERLUDES:
            row.take(command or "")
            text = _interlude(command or "", row.argument(command or ""))
            if text:
                _add_block(block, kind, whole, context)
                whole.rows.append([context.leaf(text_to_typst(_stripped(text), context, formula_in))])
        block += [*row.rest(), *([end] if end else [])]
    _add_block(block, kind, whole, context)
    return _closed(whole, context)


def _add_block(block: list[str], kind: str, whole: Grid, context: Context) -> None:
    if any(token not in (" ", "\\\\", "\\cr") for token in block):
        whole.rows.append([context.space(1.0) + _finish(Grid(kind), Cursor(list(block)), context)])
    block.clear()


def _interlude(command: str, content: Sequence[str]) -> Sequence[str]:
    r"""The words of an interlude; `\noalign` may hold a space, of which nothing is seen."""
    if command == "\\noalign" and not any(token in ("\\hbox", "\\text", "\\mbox") for token in content):
        plain = source(content).replace("\\vskip", "").replace("\\vspace", "").strip(" {}")
        if any(char.isalpha() for char in plain) and not is_length(plain) and "skip" not in plain:
            raise refuse("unsupported:\\noalign", "what stands in \\noalign is neither text nor a space.")
        return ()
    return content


def _diagram(cursor: Cursor, context: Context) -> str:
    rows = diagram_rows(cursor.rest())
    columns = max(map(len, rows), default=1)
    grid = Grid("array", ["c"] * columns, gaps=[0.0, *[0.25] * (columns - 1), 0.0])
    if len(rows) > MAX_ROWS or columns > MAX_ROWS:
        raise refuse("too-long", f"the diagram has more than {MAX_ROWS} rows or columns.")
    grid.rows = [[rewrite(cell, context) for cell in row] for row in rows]
    return _closed(grid, context)


def _pairs(name: str, cursor: Cursor, context: Context) -> str:
    if name.endswith("at"):
        cursor.argument(name)
    elif name == "aligned":
        _placement(cursor)
    elif name == "eqalignno":
        cursor = Cursor(_with_tags(cursor.rest()))
    return _with_interludes("alignat" if name.endswith("at") else "aligned", cursor, context)


def _with_tags(tokens: Sequence[str]) -> list[str]:
    r"""The third column of plain TeX's `\eqalignno` holds the numbers of the rows."""
    made: list[str] = []
    for piece, end in split_top(tokens, _ROW_ENDS):
        first, *others = split_top(piece, _CELL_ENDS)
        made += [*first[0], *(["&", *others[0][0]] if others else [])]
        made += ["\\tag*", "{", "$", *others[1][0], "$", "}"] if len(others) > 1 else []
        made += [end] if end else []
    return made


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
    return _fenced(_finish(Grid(kind, [align]), cursor, context), *_MATRICES[name], context)


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
    ruled = bool(grid.vrules) or any(token in _RULED for token in cursor.tokens)
    context.grids += ruled
    if context.grids > MAX_GRIDS:
        raise refuse("too-deep", f"more than {MAX_GRIDS} tables with rules stand inside one another.")
    latex = _finish(grid, cursor, context)
    context.grids -= ruled
    return latex


def _finish(grid: Grid, cursor: Cursor, context: Context) -> str:
    for tokens in _rows(cursor.rest(), grid, context):
        grid.rows.append(_cells(tokens, grid, context))
        if len(grid.rows) > MAX_ROWS:
            raise refuse("too-long", f"the table has more than {MAX_ROWS} rows.")
    return _closed(grid, context)


def _closed(grid: Grid, context: Context) -> str:
    """LaTeX for a grid whose rows are read."""
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


def _rows(tokens: Sequence[str], grid: Grid, context: Context) -> list[Sequence[str]]:
    """The rows with their rules taken off; an empty last row is no row."""
    rows: list[Sequence[str]] = []
    pieces = split_top(_with_row_ends(tokens, context), _ROW_ENDS)
    for number, (piece, _end) in enumerate(pieces):
        cursor = Cursor(piece)
        if number:
            _skip_row_gap(cursor)
        _rules(cursor, grid, len(rows))
        rest = piece[cursor.position :]
        empty = all(token == " " for token in rest)
        doubled = empty and not piece and number and number < len(pieces) - 1
        if not (empty and number == len(pieces) - 1) and not doubled:
            rows.append(rest)
    return rows


def _with_row_ends(tokens: Sequence[str], context: Context) -> Sequence[str]:
    r"""`\ \hline` inside a row is `\\ \hline` with a backslash lost: a rule can stand nowhere else.

    `\shortvdotswithin{=}` is a row of its own.
    """
    if "\\shortvdotswithin" in tokens:
        return _with_dots_rows(tokens)
    if "\\ " not in tokens or "\\hline" not in tokens:
        return tokens
    out = list(tokens)
    for i, token in enumerate(out):
        if token == "\\ " and Cursor(out[i + 1 : i + 4]).look() == "\\hline":
            out[i] = "\\\\"
            context.repairs.add("mended-row-ends")
    return out


def _with_dots_rows(tokens: Sequence[str]) -> Sequence[str]:
    made: list[str] = []
    cursor = Cursor(tokens)
    while (token := cursor.next()) is not None:
        if token == "\\shortvdotswithin":
            cursor.take("*")
            cursor.argument(token)
            made += ["&", "\\vdots", "\\\\"]
        else:
            made.append(token)
    return made


def _skip_row_gap(cursor: Cursor) -> None:
    """`\\\\*[2pt]`: rows stand at their usual distance."""
    cursor.take("*")
    start = cursor.position
    if cursor.look() == "[":
        inside = cursor.optional()
        if inside is None or not is_length("".join(inside)):
            cursor.position = start


def _rules(cursor: Cursor, grid: Grid, row: int) -> None:
    while True:
        token = cursor.look()
        if token in _RULES:
            cursor.take(token or "")
            _skip_row_gap(cursor)
            if token == "\\Xhline":
                cursor.argument(token)
            grid.hrules[row] = grid.hrules.get(row, 0) + 1
        elif token in _NO_RULES:
            cursor.take(token or "")
            _skip_row_gap(cursor)
            cursor.argument(token or "") if token in ("\\rowcolor", "\\arrayrulecolor") else None
        elif token == "\\noalign":
            cursor.take(token)
            _interlude_rule(cursor.argument(token), grid, row)
        elif token in ("\\cline", "\\cmidrule"):
            cursor.take(token or "")
            _skip_row_gap(cursor)
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


def _interlude_rule(content: Sequence[str], grid: Grid, row: int) -> None:
    if "\\hrule" in content:
        grid.hrules[row] = grid.hrules.get(row, 0) + 1
    elif _interlude("\\noalign", content):
        raise refuse("unsupported:\\noalign", "words in \\noalign are not set between the rows of a table.")


def _cells(tokens: Sequence[str], grid: Grid, context: Context) -> list[str]:
    cells: list[str] = []
    outer_tags, context.tags = context.tags, []
    for piece, _end in split_top(tokens, _CELL_ENDS):
        content = _span(piece, grid, len(grid.rows), len(cells))
        first = Cursor(content).look()
        if first == "\\hdotsfor":
            cells += _dots_across(content, context)
        elif grid.kind == "tabular" or len(cells) in grid.words:
            cells.append(_words(content, grid.widths.get(len(cells)), context))
        else:
            cells.append(rewrite(content, context))
    if context.tags and cells:
        cells[-1] += "".join(context.leaf(tag, "space") for tag in context.tags)
    context.tags = outer_tags
    return cells


def _words(tokens: Sequence[str], size: float | None, context: Context) -> str:
    """A cell of text; one that is longer than its column is wide is broken."""
    tokens = _stripped(tokens)
    if size is None or len(tokens) * _LETTER < size:
        return context.leaf(text_to_typst(tokens, context, formula_in))
    body = text_to_typst(tokens, context, formula_in, breaks=1)
    return context.leaf(f"lmparbox(#{em(max(size, 2.0))}, #0em, {body})")


def _dots_across(tokens: Sequence[str], context: Context) -> list[str]:
    r"""`\hdotsfor{3}`: dots in each of three cells, which reach into the room between columns."""
    cursor = Cursor(tokens)
    cursor.take("\\hdotsfor")
    cursor.optional()
    count = cursor.word("\\hdotsfor")
    if not (count.isascii() and count.isdecimal()) or not 1 <= int(count) <= MAX_ROWS:
        raise refuse("syntax", "\\hdotsfor needs a number of columns.")
    return [context.leaf("lmclap(lmlow)")] * int(count)


def _stripped(tokens: Sequence[str]) -> Sequence[str]:
    start, stop = 0, len(tokens)
    while start < stop and tokens[start] == " ":
        start += 1
    while stop > start and tokens[stop - 1] == " ":
        stop -= 1
    return tokens[start:stop]


def _span(tokens: Sequence[str], grid: Grid, row: int, column: int) -> Sequence[str]:
    r"""What a cell holds; `\multicolumn` and `\multirow` are noted in the grid."""
    cursor = Cursor(tokens)
    token = cursor.look()
    if token == "\\multirow":
        cursor.take(token)
        cursor.optional()
        cursor.word(token), cursor.optional(), cursor.word(token), cursor.optional()
        return cursor.argument(token)
    if token != "\\multicolumn":
        return tokens
    cursor.take(token)
    count = cursor.word(token)
    if not (count.isascii() and count.isdecimal()) or not 1 <= int(count) <= MAX_ROWS:
        raise refuse("syntax", "\\multicolumn needs a number of columns.")
    own = Grid("array")
    read_columns(cursor.argument(token), own)
    rules = "".join("|" if own.vrules.get(side) else " " for side in (0, len(own.aligns)))
    grid.spans.append((row, column, int(count), (own.aligns[0] if own.aligns else "c") + rules))
    return _span(cursor.argument(token), grid, row, column)
