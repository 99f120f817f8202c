"""The blocks of a prompt: what a span is made of, and may never be cut within (FormulaAwareChunk of algorithm 1).

A prompt becomes an alternating sequence of text blocks, cut at sentence ends, and formula blocks. What is written
onto a formula without a space, such as "(", "," or "-axis", belongs to its block; so do bare commands with no word
between them, `\\frac{1}{2} + \\frac{1}{3}`, for together they are an equation.
"""

from collections.abc import Sequence
from itertools import pairwise

from lomo_hf.spans.atoms import Atom
from lomo_hf.spans.borders import Borders
from lomo_hf.spans.clauses import with_clauses
from lomo_hf.spans.marks import is_cjk, is_label

__all__ = ["block_edges"]

_MAX_EQUATION_GAP = 24  # characters between two bare commands of an equation
_MAX_GLUE = 40  # characters written onto a formula without a space that go with it
_OPENING = frozenset("（《〈「『【〔“‘")
_CLOSING = frozenset("，。、；：？！）》〉」』】〕”’…")
_OPENS = _OPENING | frozenset("([{")  # with space behind, the formula still belongs to it
_ENDS = _CLOSING | frozenset(")]},.;:!?%")  # and with space before
_MAX_LABEL = 7  # characters of the label of a list's item
_WORD_ON_DISPLAY = 3  # letters: of a word that begins right after a display; fewer are an ending, as in "th"


def block_edges(
    prompt: str, atoms: Sequence[Atom], sentences: Sequence[int], wanted: Sequence[float] = ()
) -> tuple[int, ...]:
    """The borders of the blocks, from 0 to len(prompt): block i is `prompt[edges[i]:edges[i + 1]]`.

    Every block holds ink, and no border lies inside an atom. An empty or blank prompt is a single block.

    Args:
        prompt: Any text.
        atoms: Its formulas and code, in order.
        sentences: Where its sentences start, but the first.
        wanted: Where a position wants borders, as shares of the prompt: a long block is cut there at a clause.

    Source: FormulaAwareChunk of algorithm 1.

    Example:
        >>> from lomo_hf.spans import scan
        >>> text = "Solve ($x+1=2$), then stop. Why?"
        >>> edges = block_edges(text, scan(text), [28])
        >>> [text[a:b] for a, b in zip(edges, edges[1:])]
        ['Solve ', '($x+1=2$), ', 'then stop. ', 'Why?']
    """
    cuts = set(sentences)
    for index, atom in enumerate(atoms):
        if atom.kind == "code":
            continue
        low = atoms[index - 1].end if index else 0
        high = atoms[index + 1].start if index + 1 < len(atoms) else len(prompt)
        before = None if index and _are_one_equation(prompt, atoms[index - 1], atom) else _before(prompt, atom, low)
        joined = index + 1 < len(atoms) and _are_one_equation(prompt, atom, atoms[index + 1])
        after = None if joined else _after(prompt, atom, high)
        if before is not None and _is_bare(atom):
            before = _left_of_operands(prompt, before, low)
        if after is not None and _is_bare(atom):
            after = _right_of_operands(prompt, after, high)
        cuts.update(edge for edge in (before, after) if edge is not None)
    borders, ends = Borders(prompt, atoms), frozenset(sentences)
    edges, here, has_ink = [0], 0, False  # ink since the last edge: each part of the prompt is looked at once
    for cut in sorted(cuts):
        if not here < cut < len(prompt):
            continue
        has_ink = has_ink or not prompt[here:cut].isspace()
        here = cut
        if has_ink and (borders.allow_end(cut) if cut in ends else borders.allow(cut)):
            edges.append(cut)
            has_ink = False
    if len(edges) > 1 and not prompt[edges[-1] :].strip():
        edges.pop()
    edges.append(len(prompt))
    return tuple(with_clauses(borders, edges, wanted) if wanted else edges)


def _are_one_equation(prompt: str, left: Atom, right: Atom) -> bool:
    """Whether two bare commands, one after the other, have no word, line or sentence between them."""
    if not (_is_bare(left) and _is_bare(right)) or right.start - left.end > _MAX_EQUATION_GAP:
        return False
    gap = prompt[left.end : right.start]
    if any(mark in gap for mark in ("\n", ". ", "; ")):
        return False
    runs = "".join(char if char.isalpha() else " " for char in gap).split()
    return not any(len(run) > 1 or is_cjk(run) for run in runs)


def _is_bare(atom: Atom) -> bool:
    return atom.kind == "inline" and atom.start == atom.body_start


def _before(prompt: str, atom: Atom, low: int) -> int | None:
    """The border before a formula: left of what is written onto it; none where that reaches the atom before."""
    edge = _left_of_brackets(prompt, atom.start, low)
    groups = 0  # within a group, as in `\\textbf{(D) }\\alpha`, a space parts nothing
    while edge > low and (groups or not prompt[edge - 1].isspace()):
        groups = max(0, groups + {"}": 1, "{": -1}.get(prompt[edge - 1], 0))
        if is_cjk(prompt[edge - 1]) and prompt[edge - 1] not in _OPENING:
            while edge < atom.start and prompt[edge] in _ENDS:  # a colon after a Chinese character
                edge += 1
            return edge
        if atom.start - edge >= _MAX_GLUE:
            return None
        edge -= 1
    edge = _left_of_label(prompt, edge, low)
    if edge == low and low > 0:
        return None
    newline = prompt.rfind("\n", low, edge) + 1
    # Indentation belongs to the line that it opens.
    return newline if newline > low and not prompt[newline:edge].strip() else edge


def _after(prompt: str, atom: Atom, high: int) -> int | None:
    """The border after a formula: right of what is written onto it and of the space that follows."""
    edge = _right_of_marks(prompt, atom.end, high)
    while edge < high and not prompt[edge].isspace():
        if is_cjk(prompt[edge]) and prompt[edge] not in _CLOSING:
            return edge
        if edge - atom.end >= _MAX_GLUE:
            return None
        if edge == atom.end and prompt[edge].isalpha() and _is_set_apart(prompt, atom):
            return edge
        edge += 1
    if edge == high and high < len(prompt):
        return None
    stop = edge
    while stop < high and prompt[stop].isspace():
        stop += 1
    newline = prompt.rfind("\n", edge, stop)
    return newline + 1 if newline >= 0 else stop


def _left_of_blanks(prompt: str, edge: int, low: int) -> int:
    start = edge
    while start > low and edge - start < _MAX_GLUE and prompt[start - 1] in " \t":
        start -= 1
    return start


def _left_of_brackets(prompt: str, edge: int, low: int) -> int:
    """Left of an opening bracket on the same line that only space parts from a formula, as in `( $x$ )`."""
    space = _left_of_blanks(prompt, edge, low)
    return space if low < space < edge and prompt[space - 1] in _OPENS else edge


def _left_of_label(prompt: str, edge: int, low: int) -> int:
    """Left of the label of a list's item, as in `(4) $x$`, where it opens its line or follows another formula."""
    stop = _left_of_blanks(prompt, edge, low)
    start = stop
    while start > low and stop - start < _MAX_LABEL and not prompt[start - 1].isspace():
        start -= 1
    if not is_label(prompt[start:stop]):
        return edge
    before = _left_of_blanks(prompt, start, low)
    return start if before == low or prompt[before - 1] == "\n" else edge


def _right_of_marks(prompt: str, edge: int, high: int) -> int:
    """Right of marks on the same line that only space parts from a formula, and that no word follows: `$x$ ?`."""
    mark = edge
    while mark < high and mark - edge < _MAX_GLUE and prompt[mark] in " \t":
        mark += 1
    stop = mark
    while stop < high and stop - mark < _MAX_GLUE and prompt[stop] in _ENDS:
        stop += 1
    ends = stop == len(prompt) or prompt[stop].isspace() or is_cjk(prompt[stop - 1]) or is_cjk(prompt[stop])
    return stop if mark > edge and stop > mark and ends else edge


def _is_set_apart(prompt: str, atom: Atom) -> bool:
    """Whether the word right after a formula is the next of the text: after a display, `$$x=1$$Then`."""
    if atom.kind != "display" and not prompt.startswith(("$$", "\\["), atom.start):
        return False
    stop = atom.end
    while stop < len(prompt) and stop - atom.end < _WORD_ON_DISPLAY and prompt[stop].isalpha():
        stop += 1
    return atom.kind == "display" or stop - atom.end == _WORD_ON_DISPLAY or prompt[atom.end].isupper()


def _left_of_operands(prompt: str, edge: int, low: int) -> int:
    """Left of what a bare command is an operator of: the `x` of `x \\in [-2,7]`, but no word."""
    first = edge
    while first - low > 0 and edge - first < _MAX_GLUE:
        stop = first
        while stop > low and prompt[stop - 1] in " \t":
            stop -= 1
        start = stop
        while start > low and stop - start < _MAX_GLUE and not prompt[start - 1].isspace():
            start -= 1
        if start == stop or start <= low != 0 or prompt[stop - 1] in ".,;:!?" or not _is_operand(prompt[start:stop]):
            break
        first = start
    return first


def _right_of_operands(prompt: str, edge: int, high: int) -> int:
    """Right of what stands behind a bare command on its line and is no word, and of the space after it."""
    last = edge
    while last < high and last - edge < _MAX_GLUE and prompt[last - 1] in " \t" and prompt[last - 2] not in ".,;:!?":
        stop = last
        while stop < high and stop - last < _MAX_GLUE and not prompt[stop].isspace():
            stop += 1
        if stop == last or stop == high != len(prompt) or not _is_operand(prompt[last:stop]):
            break
        while stop < high and prompt[stop].isspace():
            stop += 1
        newline = prompt.rfind("\n", last, stop)
        last = newline + 1 if newline >= 0 else stop
    return last


def _is_operand(piece: str) -> bool:
    """Whether no two letters stand together in a piece without space, as in `=`, `5/6` and `[-2,7].`."""
    if any(left.isalpha() and right.isalpha() for left, right in pairwise(piece)):
        return False
    whole = piece.count("{") == piece.count("}")
    return whole and not any(map(is_cjk, piece)) and "$" not in piece and "\\" not in piece
