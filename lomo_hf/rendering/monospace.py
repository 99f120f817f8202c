"""Which lines of a prompt are code, or drawn with characters, so that their columns mean something.

A guess about looks, never about content: a line guessed wrong shows the same characters in another face.
"""

import re
from collections.abc import Sequence

from lomo_hf.spans.code_lines import LONG_PROSE, code_lines, is_list_item, is_sentence

__all__ = ["mono_lines"]

_DRAWN = re.compile("[\u2500-\u259f]")
_FENCE = ("```", "~~~")
# What goes with code but may end or open a line of prose.
_WEAK_END = ("{", "}", ";", "};", "):", '"""', "'''")
_GAP = re.compile(r"\t|\s{3}")  # without one there are no gaps
_GAPS = re.compile(r"\S(?: *\t|\s{3,})(?=\S)")
_CELL_ENDS = re.compile(r"[^\s|]\s{2,}\|")
_MAX_ROW = 400
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]")


def mono_lines(texts: Sequence[str], with_formula: Sequence[bool] | None = None) -> list[bool]:
    """For each line, whether it is set in the monospaced face; one with a formula is, between two others that are.

    >>> mono_lines(["Add two numbers:", "def add(a, b):", "  return a", " # done", "Thanks, all."])
    [False, True, True, True, False]
    """
    formula = with_formula or [False] * len(texts)
    gaps = [False, *(_has_gaps(text) and not math for text, math in zip(texts, formula, strict=True)), False]
    code, rows = code_lines(texts, formula), _rows(texts)
    is_mono = []
    for index, text in enumerate(texts):
        in_columns = rows[index] == "aligned" or (gaps[index + 1] and (gaps[index] or gaps[index + 2]))
        looks = code[index] or in_columns or _is_drawn(text)
        is_mono.append(looks and not formula[index] and rows[index] != "loose")
    if any(is_mono):
        for order in (range(len(texts)), range(len(texts) - 1, -1, -1)):
            for index in order:
                is_mono[index] = is_mono[index] or _joins_code(texts, is_mono, index, formula[index])
    return is_mono


def _rows(texts: Sequence[str]) -> list[str]:
    """For each line that is a table's row, "aligned" if its bars stand below each other, else "loose"; "" for others.

    A row alone is aligned if two of its cells end in several spaces.
    """
    kinds = [""] * len(texts)
    start = 0
    for index, text in enumerate([*texts, ""]):
        if text.lstrip(" ")[:1] == "|" and text.count("|", 0, _MAX_ROW) > 2:
            continue
        run = texts[start:index]
        if run:
            bars = {tuple(at for at, char in enumerate(row[:_MAX_ROW]) if char == "|") for row in run}
            aligned = len(bars) == 1 if len(run) > 1 else len(_CELL_ENDS.findall(run[0])) > 1
            kinds[start:index] = ["aligned" if aligned else "loose"] * len(run)
        start = index + 1
    return kinds


def _is_drawn(text: str) -> bool:
    """Whether a line is drawn with characters, or indented as code is."""
    if _DRAWN.search(text) or text.lstrip().startswith(_FENCE) or (text.startswith("\t") and text.strip()):
        return True
    indented = text.startswith("    ") and len(text) < LONG_PROSE
    return indented and not is_list_item(text) and not is_sentence(text) and not _CJK.search(text, 0, 40)


def _has_gaps(text: str) -> bool:
    """Whether a line has gaps at which columns may stand, as those of a table drawn with spaces or tabs."""
    if len(text) > LONG_PROSE or not _GAP.search(text) or is_list_item(text) or _CJK.search(text):
        return False
    return len(_GAPS.findall(text)) >= 2 or "\t" in text.strip()


def _joins_code(texts: Sequence[str], is_mono: Sequence[bool], index: int, has_formula: bool) -> bool:
    """Whether a line that does not look like code goes with its neighbours that do, so that indentation agrees."""
    text = texts[index]
    before, after = _neighbour(is_mono, index - 1), _neighbour(is_mono, index + 1)
    if not text.strip() or not (before or after):
        return False
    if has_formula:
        return before and after and text[0] in " \t"
    stripped = text.strip()
    return (
        (before and after)
        or text[0] in " \t"
        or stripped.endswith(_WEAK_END)
        or stripped.startswith(("#", "//", "/*", "|", "}", ")", "]"))
        or not any(map(str.isalpha, text))
    )


def _neighbour(is_mono: Sequence[bool], index: int) -> bool:
    return 0 <= index < len(is_mono) and is_mono[index]
