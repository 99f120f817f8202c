r"""The rows of an environment: cut at `\\` and `&` outside braces, with rules, spans and words read, as one grid."""

from collections.abc import Sequence
from typing import Final

from lomo_hf.rendering.mathematics.emit import em
from lomo_hf.rendering.mathematics.grid import Grid, read_columns
from lomo_hf.rendering.mathematics.limits import MAX_ROWS, refuse
from lomo_hf.rendering.mathematics.marks import Context
from lomo_hf.rendering.mathematics.measures import is_length
from lomo_hf.rendering.mathematics.rewrite import formula_in, rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor, source, split_top
from lomo_hf.rendering.mathematics.text import text_to_typst

__all__ = ["CELL_ENDS", "ROW_ENDS", "RULES", "closed", "finish", "interlude", "stripped"]

ROW_ENDS: Final = frozenset(("\\\\", "\\cr", "\\tabularnewline", "\\newline"))
CELL_ENDS: Final = frozenset(("&",))
RULES: Final = frozenset(("\\hline", "\\hdashline", "\\toprule", "\\midrule", "\\bottomrule", "\\Xhline"))
_NO_RULES = frozenset(("\\addlinespace", "\\rowcolor", "\\centering", "\\arrayrulecolor"))
_LETTER = 0.5  # em of a letter, about


def finish(grid: Grid, cursor: Cursor, context: Context) -> str:
    """LaTeX for a grid, whose rows are all that is left before the cursor."""
    for tokens in _rows(cursor.rest(), grid, context):
        grid.rows.append(_cells(tokens, grid, context))
        if len(grid.rows) > MAX_ROWS:
            raise refuse("too-long", f"the table has more than {MAX_ROWS} rows.")
    return closed(grid, context)


def closed(grid: Grid, context: Context) -> str:
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
    pieces = split_top(_with_row_ends(tokens, context), ROW_ENDS)
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
    dotted: list[str] = []
    cursor = Cursor(tokens)
    while (token := cursor.next()) is not None:
        if token == "\\shortvdotswithin":
            cursor.take("*")
            cursor.argument(token)
            dotted += ["&", "\\vdots", "\\\\"]
        else:
            dotted.append(token)
    return dotted


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
        if token in RULES:
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


def interlude(command: str, content: Sequence[str]) -> Sequence[str]:
    r"""The words of an interlude; `\noalign` may hold a space, of which nothing is seen."""
    if command == "\\noalign" and not any(token in ("\\hbox", "\\text", "\\mbox") for token in content):
        plain = source(content).replace("\\vskip", "").replace("\\vspace", "").strip(" {}")
        if any(char.isalpha() for char in plain) and not is_length(plain) and "skip" not in plain:
            raise refuse("unsupported:\\noalign", "what stands in \\noalign is neither text nor a space.")
        return ()
    return content


def _interlude_rule(content: Sequence[str], grid: Grid, row: int) -> None:
    if "\\hrule" in content:
        grid.hrules[row] = grid.hrules.get(row, 0) + 1
    elif interlude("\\noalign", content):
        raise refuse("unsupported:\\noalign", "words in \\noalign are not set between the rows of a table.")


def _cells(tokens: Sequence[str], grid: Grid, context: Context) -> list[str]:
    cells: list[str] = []
    outer_tags, context.tags = context.tags, []
    for piece, _end in split_top(tokens, CELL_ENDS):
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
    tokens = stripped(tokens)
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


def stripped(tokens: Sequence[str]) -> Sequence[str]:
    """Tokens without the spaces at their ends."""
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
