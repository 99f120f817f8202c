"""Which lines of a prompt are code, or drawn with characters, so that their columns mean something.

A guess about looks, never about content: a line guessed wrong shows the same characters in another face.
"""

import re
from collections.abc import Sequence

__all__ = ["mono_lines"]

# What no line of prose looks like.
_CODE = re.compile(
    r"""\s*(?:
        (?:async\s+)?def\s+\w+\s*\( | class\s+\w+\s*[(:{] | for\s+[\w,\s()]+\s+in\b.*:\s*(?:\#.*)?$
      | (?:elif|while|if)\s[^.?!]*(?:[<>=(\[]|\b(?:not|in|True)\b)[^?]*:\s*(?:\#.*)?$
      | with\s.*\bas\s+\w+:\s*$ | except\b[\w\s(),.]*:\s*$
      | (?:else|try|finally|except)\s*:\s*(?:\#.*)?$ | import\s+[\w.{*]+(?:\s+as\s+\w+|\s*[,;{].*)?$
      | from\s+[\w.]+\s+import\b | return\b[^.?!]*[;()\[\]{}=*/+] | >>>\s | \.\.\.\s{2,} | \#\s*(?:include|define)\b
      | (?:public|private|protected|static|function|const|let|var|int|void|double|float|char|bool|string|String)\b
        [^.?!]*[({;=]
      | (?:SELECT|INSERT|UPDATE|DELETE|CREATE|FROM|WHERE)\s[\w*"`(] | @\w+(?:\(.*\))?$ | </?\w[^<>]*>\s*$
      | (?:print|printf|assert|console\.\w+|System\.\w+)\s*\(?[\w"'({\[].*[)\]'";]$
      | (?:for|while|if|switch|else\ if)\s*\(.*[{;)]$ | \+(?:[-=]{2,}\+)+\s*$ | (?:\|.*?[^\s|]\ {2,}){2}\|
      | [\w.\[\]]+\s*[-+*/|&]?=\s?[\w"'({\[-].*[)\]'"};]$
      | [\w.]+\([^()]*\)\s*[;{]
    )""",
    re.VERBOSE,
)
_DRAWN = re.compile("[\u2500-\u259f]")
_FENCE = ("```", "~~~")
# What goes with code but may end or open a line of prose.
_WEAK_END = ("{", "}", ";", "};", "):", '"""', "'''")
_LIST_ITEM = re.compile(r"\s*(?:[-*+\u2022\u00b7\u25e6]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,5})[.)\u3001\uff0e:])\s")
_GAPS = re.compile(r"\S(?: *\t|\s{3,})(?=\S)")
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]")
_LONG_CODE = 300  # characters up to which a line is matched against what code looks like: it bounds the cost
_LONG_PROSE = 160  # characters on one indented line: a paragraph, not code


def mono_lines(texts: Sequence[str], with_formula: Sequence[bool] | None = None) -> list[bool]:
    """For each line, whether it is set in the monospaced face; one with a formula is, between two others that are.

    >>> mono_lines(["Add two numbers:", "def add(a, b):", "  return a", " # done", "Thanks, all."])
    [False, True, True, True, False]
    """
    formula = with_formula or [False] * len(texts)
    gaps = [False, *(_has_gaps(text) and not math for text, math in zip(texts, formula, strict=True)), False]
    made = [
        not formula[index] and (_is_code(text) or (gaps[index + 1] and (gaps[index] or gaps[index + 2])))
        for index, text in enumerate(texts)
    ]
    for order in (range(len(texts)), range(len(texts) - 1, -1, -1)):
        for index in order:
            made[index] = made[index] or _joins_code(texts, made, index, formula[index])
    return made


def _is_code(text: str) -> bool:
    if _DRAWN.search(text) or text.lstrip().startswith(_FENCE) or (text.startswith("\t") and text.strip()):
        return True
    if text.startswith("    "):
        return len(text) < _LONG_PROSE and not _LIST_ITEM.match(text) and not _CJK.search(text[:40])
    return len(text) < _LONG_CODE and _CODE.match(text) is not None and not _CJK.search(text[:40])


def _has_gaps(text: str) -> bool:
    """Whether a line has gaps at which columns may stand, as those of a table drawn with spaces or tabs."""
    if len(text) > _LONG_PROSE or _LIST_ITEM.match(text) or _CJK.search(text):
        return False
    return len(_GAPS.findall(text)) >= 2 or "\t" in text.strip()


def _joins_code(texts: Sequence[str], made: Sequence[bool], index: int, has_formula: bool) -> bool:
    """Whether a line that does not look like code goes with its neighbours that do, so that indentation agrees."""
    text = texts[index]
    before, after = _neighbour(made, index - 1), _neighbour(made, index + 1)
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


def _neighbour(made: Sequence[bool], index: int) -> bool:
    return 0 <= index < len(made) and made[index]
