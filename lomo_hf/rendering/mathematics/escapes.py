r"""What programs did to LaTeX on its way: backslashes doubled, characters written as `\u2032`, signs of HTML, `%`.

Each is undone only where LaTeX itself would make no sense of it, and named in the row's repairs.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lomo_hf.rendering.mathematics.limits import refuse

__all__ = ["Known", "unescaped"]

Known = Callable[[str], bool]
"""Whether a command of this name, with its backslash, exists."""

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HEX = frozenset("0123456789abcdefABCDEF")
_ENTITIES = {
    "lt": "<", "gt": ">", "amp": "&", "nbsp": " ", "quot": '"', "#39": "'", "minus": "-", "times": "\\times ",
    "le": "\\le ", "ge": "\\ge ",
}  # fmt: skip
_LONGEST_ENTITY = 7
_BEFORE_DELIMITERS = ("left", "right", "big", "Big", "bigg", "Bigg", "bigl", "Bigl", "biggl", "middle")
_SIGNS = frozenset(",;:!%$#&_")
_LONGEST_COMMENT = 400
_ROUNDS = 3  # LaTeX inside JSON inside JSON has four backslashes for one
_ROWS = (
    "\\begin", "\\substack", "\\cases", "\\matrix", "\\pmatrix", "\\eqalign", "\\displaylines", "\\tabular", "mqty",
    "\\mdet",
)  # fmt: skip


def unescaped(tex: str, known: Known, repairs: set[str]) -> str:
    r"""The formula as it was before it was escaped once too often; the names of what was undone go to `repairs`.

    Raises FormulaError where two backslashes may be either the end of a row or one too many, and where a `%` may begin
    a comment.

    >>> unescaped(r"x_1, \\ldots, x_n", lambda name: name == "\\ldots", set())
    'x_1, \\ldots, x_n'
    >>> unescaped("30%", bool, set())
    '30\\%'
    """
    if "&" in tex and ";" in tex:
        tex = _without_entities(tex, repairs)
    if "\\u" in tex:
        tex = _with_characters(tex, repairs)
    for _ in range(_ROUNDS):
        if "\\\\" not in tex or (halved := _halved(tex, known)) == tex:
            break
        repairs.add("mended-doubled-backslashes")
        tex = halved
    return _with_percent_signs(tex, repairs) if "%" in tex else tex


def _without_entities(tex: str, repairs: set[str]) -> str:
    parts = tex.split("&")
    out, in_rows = [parts[0]], any(opener in tex for opener in _ROWS)
    for part in parts[1:]:
        name, semicolon, rest = part[: _LONGEST_ENTITY + 1].partition(";")
        if semicolon and name in _ENTITIES:
            repairs.add("mended-html")
            rest = f"{rest}{part[_LONGEST_ENTITY + 1 :]}"
            aligns = in_rows or rest.lstrip()[:1] in ("=", "<", ">", "\\")
            sign = "\\&" if name == "amp" and not aligns else _ENTITIES[name]
            out += [sign, rest]
        else:
            out += ["&", part]
    return "".join(out)


def _with_characters(tex: str, repairs: set[str]) -> str:
    r"""`\u2032`, as JSON writes characters: four digits to the base 16, at least one of them decimal."""
    codes: list[str] = []
    here = 0
    while (start := tex.find("\\u", here)) >= 0:
        digits = tex[start + 2 : start + 6]
        escaped = len(digits) == 4 and _HEX.issuperset(digits) and not digits.isalpha()
        codes.append(tex[here:start])
        codes.append(chr(int(digits, 16)) if escaped and not _is_escaped(tex, start) else tex[start : start + 2])
        here = start + (6 if escaped and not _is_escaped(tex, start) else 2)
    decoded = "".join([*codes, tex[here:]])
    if decoded == tex:
        return tex
    repairs.add("mended-written-characters")
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # joins the halves of a pair


def _is_escaped(tex: str, start: int) -> bool:
    """Whether the backslash at `start` is the second of a pair."""
    before = len(tex[max(0, start - 64) : start]) - len(tex[max(0, start - 64) : start].rstrip("\\"))
    return before % 2 == 1


class _Run(NamedTuple):
    """Backslashes in a row: where they begin, how many, and the letters or the character after them."""

    start: int
    length: int
    after: str


def _runs(tex: str) -> Iterator[_Run]:
    start = tex.find("\\")
    while start >= 0:
        stop = start
        while stop < len(tex) and tex[stop] == "\\":
            stop += 1
        word = stop
        while word < len(tex) and tex[word] in _LETTERS:
            word += 1
        yield _Run(start, stop - start, tex[stop : max(word, stop + 1)])
        start = tex.find("\\", max(word, stop + 1))


def _halved(tex: str, known: Known) -> str:
    r"""Two backslashes before the name of a command are one too many, unless they end a row.

    Where every backslash of the formula is doubled, so that the end of a row has four, all are halved. Where only some
    are, those outside of rows are; inside of rows `\\leq` may be either, and is refused.
    """
    runs = list(_runs(tex))
    even = [run for run in runs if run.length % 2 == 0]
    words = [run for run in even if len(run.after) > 1]
    commands = [run for run in words if known(f"\\{run.after}")]
    braces = "{}" if "\\\\{" in tex and "\\\\}" in tex else ""
    signs = [run for run in even if run.after and (run.after in _SIGNS or run.after in braces)]
    in_rows = any(opener in tex for opener in _ROWS)
    if len(even) == len(runs) and (commands or not in_rows):
        if commands and not (in_rows and all(run.length == 2 for run in runs)):
            return _with_halves(tex, even)
        delimiters = [run for run in even if run.after == "{" and tex.endswith(_BEFORE_DELIMITERS, 0, run.start)]
        line_feeds = [run for run in even if run.after == "n" and tex[run.start + 3 : run.start + 4] in ("\\", " ")]
        more = [*words, *delimiters, *line_feeds] if commands else []
        return _with_halves(tex, [*signs, *more, *(run for run in even if run.length > 2)])
    if not in_rows:
        return _with_halves(tex, [*signs, *commands])
    if commands and "\\begin{tabular" not in tex:
        name = commands[0].after[:20]
        raise refuse("ambiguous-line-end", f"\\\\{name} may end a row, or have one backslash too many.")
    return tex


def _with_halves(tex: str, runs: list[_Run]) -> str:
    out, here = [], 0
    for run in sorted({*runs}):
        out.append(tex[here : run.start + run.length // 2])
        here = run.start + run.length
    return "".join([*out, tex[here:]])


def _with_percent_signs(tex: str, repairs: set[str]) -> str:
    r"""A bare `%`, which begins a comment in LaTeX: in prompts it is nearly always meant to be seen.

    A comment is believed where nothing but the end of the line follows, unless a number stands right before it. Where
    words follow outside of any group, the formula is prose or they are a comment, and it is refused.
    """
    out: list[str] = []
    depth = here = 0
    while here < len(tex):
        char = tex[here]
        if char == "%":
            line, newline, _ = tex[here + 1 : here + 1 + _LONGEST_COMMENT].partition("\n")
            if newline and not line.strip() and not tex[max(0, here - 1) : here].isdigit():
                here += 1 + len(line)
                continue
            apart = (
                tex[max(0, here - 1) : here].isspace() and not tex[max(0, here - 20) : here].rstrip()[-1:].isdigit()
            )
            if _begins_with_words(line) and (depth == 0 or apart):
                raise refuse("bare-percent", "words follow a bare %, which begins a comment; write \\% for the sign.")
            repairs.add("mended-percent")
            out.append("\\%")
        elif char == "\\":
            out.append(tex[here : here + 2])
            here += 1
        else:
            depth += {"{": 1, "}": -1}.get(char, 0)
            out.append(char)
        here += 1
    return "".join(out)


def _begins_with_words(line: str) -> bool:
    return any(len(word) > 1 and word.isalpha() for word in line[:60].split()[:2])
