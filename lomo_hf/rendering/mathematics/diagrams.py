r"""Commutative diagrams of amscd: `\begin{CD} A @>f>> B \\ @VVV @VVgV \\ C @= D \end{CD}` as the cells of an array."""

from collections.abc import Sequence

from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.scanner import Cursor, split_top

__all__ = ["diagram_rows"]

_ROW_ENDS = frozenset(("\\\\", "\\cr"))
_ACROSS = {">": "\\xrightarrow", ")": "\\xrightarrow", "<": "\\xleftarrow", "(": "\\xleftarrow"}
_DOWN = {"V": "\\downarrow", "A": "\\uparrow"}
_SHORTEST = ["\\hspace", "{", *"2.8em", "}"]


def diagram_rows(tokens: Sequence[str]) -> list[list[list[str]]]:
    """Rows of cells of tokens: objects stand in every other column, arrows between and below them.

    Raises FormulaError for an arrow that amscd does not have, or that lacks a label's end.
    """
    return [_cells(Cursor(piece)) for piece, _ in split_top(tokens, _ROW_ENDS) if any(t != " " for t in piece)]


def _cells(cursor: Cursor) -> list[list[str]]:
    cells: list[list[str]] = [[]]
    while (token := cursor.next()) is not None:
        if token == "{":
            cells[-1] += ["{", *cursor.until("{"), "}"]
        elif token != "@":
            cells[-1].append(token)
        else:
            kind = cursor.next() or ""
            if kind in _ACROSS or kind == "=":
                cells += [_across(kind, cursor), []]
            elif kind in _DOWN or kind in ("|", "\\|", "\\vert"):
                cells[-1] += _down(kind, cursor)
                cells += [[], []]
            elif kind == ".":
                cells += [[], []]
            else:
                raise refuse(
                    "unsupported:CD", f"CD has the arrows @>>>, @<<<, @VVV, @AAA, @= and @|; found @{kind[:9]}."
                )
    while len(cells) > 1 and all(token == " " for token in cells[-1]):
        cells.pop()
    return cells


def _across(kind: str, cursor: Cursor) -> list[str]:
    if kind == "=":
        return ["\\xlongequal", "{", *_SHORTEST, "}"]
    above, below = (_label(kind, cursor) for _ in range(2))
    upper = ["\\quad", *above, "\\quad"] if above else _SHORTEST
    return [_ACROSS[kind], *(("[", "{", *below, "}", "]") if below else ()), "{", *upper, "}"]


def _down(kind: str, cursor: Cursor) -> list[str]:
    """An arrow with its labels, each also unseen on the other side, so that the arrow stands in the middle."""
    if kind not in _DOWN:
        return ["\\Big", "\\|"]
    left, right = (_label(kind, cursor) for _ in range(2))
    small = [["{", "\\scriptstyle", " ", *label, "}"] if label else [] for label in (left, right)]
    unseen = [["\\phantom", "{", *label, "}"] if label else [] for label in small]
    return [*unseen[1], *small[0], "\\Big", _DOWN[kind], *small[1], *unseen[0]]


def _label(kind: str, cursor: Cursor) -> list[str]:
    """The tokens up to the next sign of the arrow outside of braces."""
    label: list[str] = []
    while (token := cursor.next()) != kind:
        if token is None or token == "@":
            raise refuse("unsupported:CD", f"the arrow @{kind} takes three {kind}.")
        label += ["{", *cursor.until("{"), "}"] if token == "{" else [token]
    return label if any(token != " " for token in label) else []
