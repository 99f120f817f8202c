"""Which lines of a prompt are code that stands in no fence: of a program, a query, a log, a shell, or structured data.

A guess about looks, never about content. A *sure* line is code by itself; a *likely* one only beside another that is
sure or likely, for `name: value` may be a line of YAML or of prose. A line is matched up to a length, and each pattern
is tried once at its start, so that the cost grows with the prompt and no more.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import pairwise

from lomo_hf.spans.code_patterns import LIKELY, SURE, of_all
from lomo_hf.spans.prose import FUNCTION_WORDS

__all__ = ["LONG_PROSE", "code_lines", "is_code_line", "is_list_item", "is_sentence"]

LONG_PROSE = 160  # characters on one indented line: a paragraph, not code
_LONG_CODE = 300  # characters up to which a line is matched
# Compiled when first asked for: it takes 40 ms, and the process that writes the card looks at no line.
_sure, _likely = cache(partial(of_all, SURE)), cache(partial(of_all, LIKELY))
_KEY = re.compile(r"(\s*)(?:-\s+)?[\w./-]+:(?:\s+(\S.*))?$")
_SELECT, _FROM = re.compile(r"\s*select\s[\w.*(][^?!:]*$"), re.compile(r"\s*from\s+[\w.\"(]+(?:\s+(?:as\s+)?\w+)?;?$")
_SECTION = re.compile(r"\[\[?[\w.\ -]+\]\]?$")
_SETTING = re.compile(r"[\w.-]+\s*=\s*\S")
_SYMBOLS = frozenset("=(){}[]<>;$_/\\|&#@*+:\"'`%")
_MARKS_OF_CODE = frozenset("=(){}[]<>$_/\\|&#@*+`")
_MARKS_OF_PROSE = ".,;:!?'\"-"
_PROSE_WORDS = FUNCTION_WORDS - frozenset(
    "for in is not and or if with as from while else then do when return".split()
)
_MIN_WORDS, _MIN_RUN = 3, 3
_SENTENCE = re.compile(r"[A-Z][\w',-]*(?:\s[\w',-]+){4,}[.?!:]?$")
_LIST_ITEM = re.compile(r"\s*(?:[-*+\u2022\u00b7\u25e6]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,5})[.)\u3001\uff0e:])\s")
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]")


def is_list_item(line: str) -> bool:
    """Whether a line opens with the mark of a list, such as `-`, `1.` or `(b)`.

    Example:
        >>> is_list_item("- one"), is_list_item("one")
        (True, False)
    """
    return _LIST_ITEM.match(line) is not None


def is_code_line(line: str) -> bool:
    """Whether a line is code whatever stands around it.

    Args:
        line: Without its line break.

    Example:
        >>> is_code_line("for (int i = 0; i < n; i++) {"), is_code_line("For each of them, say why:")
        (True, False)
    """
    if len(line) >= _LONG_CODE or _CJK.search(line, 0, 40):
        return False
    return _sure().match(line) is not None and not (_SENTENCE.match(line) or _lists_prose(line))


def _lists_prose(line: str) -> bool:
    """Whether a line that ends as code does is one of prose: `print the form, and sign it;`."""
    return line.rstrip()[-1:] in (";", ":") and is_sentence(line) and not _PROSE_WORDS.isdisjoint(line.lower().split())


def is_sentence(line: str) -> bool:
    """Whether a line holds words as a sentence does, and no mark of code.

    Example:
        >>> is_sentence("    I shall be late, by an hour;"), is_sentence("    total = a + b")
        (True, False)
    """
    words = line.split()
    plain = sum(word.strip(_MARKS_OF_PROSE).isalpha() for word in words)
    return len(words) >= _MIN_WORDS and plain >= 0.7 * len(words) and _MARKS_OF_CODE.isdisjoint(line)


def code_lines(lines: Sequence[str], formulas: Sequence[bool] | None = None) -> list[bool]:
    """For each line, whether it is code: by itself, or in a run with lines that are.

    Args:
        lines: Of a prompt, in order, without their line breaks and without their formulas.
        formulas: For each line, whether it holds a formula; such a line is no code by itself.

    Example:
        >>> code_lines(["Here:", "on:", "  push:", "    branches: [main]", "", "Thanks."])
        [False, True, True, True, False, False]
    """
    held = formulas or [False] * len(lines)
    is_code = [not formula and is_code_line(line) for line, formula in zip(lines, held, strict=True)]
    for start, stop in (*_data_runs(lines), *_queries(lines)):
        is_code[start:stop] = [True] * (stop - start)
    if any(is_code):
        for order in (range(len(lines)), range(len(lines) - 1, -1, -1)):
            for index in order:
                is_code[index] = is_code[index] or (not held[index] and _goes_with_code(lines, is_code, index))
    return is_code


def _data_runs(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Runs of lines that are settings: sections with values under them, or names with values, some of them nested."""
    start = 0
    for index, line in enumerate([*lines, ""]):
        if start == index and _SECTION.match(line) and index + 1 < len(lines) and _SETTING.match(lines[index + 1]):
            yield index, index + 2
        if _KEY.match(line) or line.lstrip().startswith(("- ", "#")):
            continue
        first = next((at for at in range(start, index) if _opens_nest(lines, at, index)), index)
        if index - first >= _MIN_RUN:
            yield first, index
        start = index + 1


def _queries(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Runs of lines that are a query in small letters: `select` in one line, `from` in the next."""
    for index, (line, following) in enumerate(pairwise(lines)):
        if _SELECT.match(line) and _FROM.match(following):
            yield index, index + 2


def _opens_nest(lines: Sequence[str], at: int, stop: int) -> bool:
    """Whether a line is a name alone, and the next stands further in."""
    key = _KEY.match(lines[at])
    if not key or key[2] or at + 1 >= stop or not key[0].lstrip(" -")[0].islower():
        return False
    return _indent(lines[at + 1]) > len(key[1])


def _goes_with_code(lines: Sequence[str], is_code: Sequence[bool], index: int) -> bool:
    line = lines[index]
    beside = (index > 0 and is_code[index - 1]) or (index + 1 < len(lines) and is_code[index + 1])
    if not beside or len(line) >= _LONG_CODE or _is_prose(line) or _CJK.search(line, 0, 40):
        return False
    return _likely().match(line) is not None


def _is_prose(line: str) -> bool:
    """Whether a line holds words and no mark of code."""
    words = line.split()
    return len(words) >= 3 and not any(char in _SYMBOLS for char in line) and all(map(_is_word, words))


def _is_word(piece: str) -> bool:
    return piece.strip(".,!?-").isalpha()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
