"""Tables -> Typst. Without rules: `mat`, which aligns the baselines of a row and stands on the axis, as in TeX.

Tables with rules or spans go to `ruled`, because the rules of `mat` run past its edges and know no columns.
"""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from lomo_hf.rendering.mathematics.emit import em
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import Table
from lomo_hf.rendering.mathematics.ruled import ruled

__all__ = ["cell_style", "table_to_typst"]

Cell = Callable[[list[Element], str], str]

_DISPLAY = frozenset(("aligned", "alignat", "gathered", "multline", "eqnarray", "dcases"))
_SMALL = frozenset(("smallmatrix", "subarray"))
_STYLES = ("display", "inline", "script")
_COLUMN_GAPS = {"smallmatrix": 0.45, "subarray": 0.0, "alignat": 0.0}
_ROW_GAPS = {"smallmatrix": 0.22, "subarray": 0.22, "aligned": 0.3, "alignat": 0.3, "gathered": 0.3, "multline": 0.3}


def cell_style(table: Table) -> int:
    """The style of the cells: 0 display, 1 text, 2 script."""
    return 0 if table.kind in _DISPLAY else 2 if table.kind in _SMALL else 1


def table_to_typst(table: Table, element: Element, convert: Cell) -> str:
    """A table as Typst mathematics; `element` holds its cells and `convert` sets one."""
    while element.tag == "mrow" and len(element) == 1:
        element = element[0]
    if element.tag != "mtable":
        raise refuse("syntax", "a table was not read as one.")
    style = _STYLES[cell_style(table)]
    strut = "" if table.kind in _SMALL else "lmstrut()" if table.stretch == 1 else f"lmstrut(#{table.stretch:g})"
    paired = table.kind in ("aligned", "alignat")
    rows = [
        [
            # The right cell of a pair begins after an empty atom in LaTeX, so that a sign there is still binary.
            _styled(style, convert(list(cell), "ord" if paired and index % 2 else "start"), "" if index else strut)
            for index, cell in enumerate(row)
        ]
        for row in element
    ]
    if paired:
        return _pairs(rows, table)
    table = table.reached(rows)
    if table.hrules or table.vrules or table.partial or table.spans:
        return ruled(table, rows)
    return _array(rows, table)


def _styled(style: str, typst: str, strut: str) -> str:
    """A cell in its style; the first of a row holds the strut that TeX gives the row."""
    return f"{style}({strut}{typst})" if typst or strut else ""


def _pairs(rows: list[list[str]], table: Table) -> str:
    """Pairs of a right-aligned and a left-aligned cell, each pair one column of Typst with an alignment point."""
    width = max(map(len, rows), default=0)
    lines = []
    for row in rows:
        padded = row + [""] * (width + width % 2 - len(row))
        lines.append([f"{padded[i]} & {padded[i + 1]}" for i in range(0, len(padded), 2)])
    return _mat(lines, table)


def _array(rows: list[list[str]], table: Table) -> str:
    columns = len(table.aligns) if table.kind in ("array", "tabular", "eqnarray") else 0
    width = max((columns, *map(len, rows)), default=0)
    gaps = [table.gap(i) for i in range(width + 1)] if table.kind in ("array", "tabular") else [0.0] * (width + 1)
    even = len({*gaps[1:-1]}) <= 1
    lines = []
    for row in rows:
        cells = row + [""] * (width - len(row))
        if not even:
            cells = [(f"#h({em(gaps[i])})" if i else "") + cell for i, cell in enumerate(cells)]
        lines.append([_placed(cell, table.align(i)) for i, cell in enumerate(cells)])
    if table.kind == "multline" and len(lines) > 1:
        lines[0][-1] += "#h(3em)"
        lines[-1][0] = "#h(3em)" + lines[-1][0]
    between = 0.0 if not even else gaps[1] if width > 1 and any(gaps) else None
    left, right = (f"#h({em(gaps[i])})" if gaps[i] else "" for i in (0, width))
    return f"{left}{_mat(lines, table, between)}{right}"


def _placed(typst: str, align: str) -> str:
    return {"l": f"& {typst}", "r": f"{typst} &", "c": typst}[align]


def _mat(lines: list[list[str]], table: Table, between: float | None = None) -> str:
    column_gap = _COLUMN_GAPS.get(table.kind, 1.0) if between is None else between
    row_gap = _ROW_GAPS.get(table.kind, 0.0)

    # The space before each semicolon matters: right after code, as in "#[];", it ends the code and not the row.
    cells = " ; ".join(", ".join(cell or "#[]" for cell in line) for line in lines)
    if not cells:
        return "#[]"
    mat = f"mat(delim: #none, column-gap: #{em(column_gap)}, row-gap: #{em(row_gap)}, {cells})"
    # The cells of `mat` are never lower than a parenthesis in the style around it.
    return f"script({mat})" if table.kind in _SMALL else mat
