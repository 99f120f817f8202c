"""Whether a mark ends a sentence: a full stop after an abbreviation, an initial or a list's number does not.

A mark ends a sentence where space follows it, or where Chinese characters stand around it. It does not decide about
lines, nor about what lies in formulas and code: that is `sentences.py`.
"""

import re

__all__ = ["is_cjk", "is_label", "plainly_ends", "sentence_end", "skip_space"]

_CLOSERS = frozenset("\"')]}”’»」』）】》〉*_")
_PLAIN_WORD = 16
_FULL_MARKS = frozenset("。！？｡؟।॥۔．")
_REPORTING = frozenset("说道问答喊叫說問")  # “……！”他说: the sentence goes on behind the quotation
_LABEL = re.compile(r"[(（]?([0-9]{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.．)）、:]")
_ROMAN = re.compile("[IVX]{1,5}|[ivx]{1,5}")
_BEFORE_LIST_LABEL = frozenset(".．。？！?!()（）；;")
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof st jr sr rev gen col capt lt sgt hon gov sen rep messrs vs etc eg ie e.g i.e cf al approx est
    fig figs eq eqs sec ch chap vol vols no nos pp p.m a.m pm am dept univ inc ltd co corp u.s u.k u.n ph.d b.c a.d
    jan feb mar apr jun jul aug sept sep oct nov dec mon tue wed thu fri sat sun max min avg resp ref refs thm lem def
    ex exs prop viz ca op ed eds trans n.b w.r.t s.t i.i.d डॉ""".split()
)
_ENDING_ABBREVIATIONS = frozenset({"etc", "p.m", "a.m", "pm", "am", "al", "no"})  # these often end a sentence
_BEFORE_NUMBER = frozenset("c p v ft lb lbs oz yd hr hrs sq cu".split())  # "c. 1500", "3 ft. 4 in."
# After a name or an initial these are the first word of a sentence, and hardly ever the rest of a name.
_STARTERS = frozenset(
    """the it he she they we i you this that these those there what how why when where who which if in on at for
    find is are does do his her its their then""".split()
)
# After these a single capital is a label that ends a sentence ("through A, B and C."), not an initial.
_BEFORE_LABEL = frozenset(
    """and or of to is are at from between point points line side angle circle triangle segment set option answer
    choice class plan type group vitamin case part""".split()
)


def sentence_end(prompt: str, at: int) -> int | None:
    """Where the next sentence starts if the mark at `at` ends a sentence.

    Args:
        prompt: Any text.
        at: Where the mark stands.

    Returns:
        None where it ends none.

    Source: ours.

    Example:
        >>> [sentence_end("Mr. Lee left. Why?", at) for at in (2, 12, 17)]
        [None, 14, 18]
    """
    stop = at + 1
    while stop < len(prompt) and stop - at < 12 and (prompt[stop] in ".!?。！？…" or prompt[stop] in _CLOSERS):
        stop += 1
    following = prompt[stop] if stop < len(prompt) else " "
    if not following.isspace():
        return stop if _ends_unspaced(prompt, at, stop) else None
    start = skip_space(prompt, stop)
    first = prompt[start] if start < len(prompt) else "A"
    if prompt[stop - 1] in _CLOSERS and first.islower():
        return None  # "Run!" and ran
    match prompt[at]:
        case ".":
            ends = _full_stop(prompt, at, start)
        case "!":
            ends = not _is_factorial(prompt, at, first)
        case "…":
            ends = first.isupper()
        case _:
            ends = True
    return start if ends else None


def plainly_ends(prompt: str, at: int) -> bool:
    """Whether the mark at `at` is a full stop between a plain word and a capital: most are, and need no further look.

    Args:
        prompt: Any text.
        at: Where the mark stands.

    Source: ours.

    Example:
        >>> plainly_ends("It rains. Why?", 8), plainly_ends("Mr. Lee", 2)
        (True, False)
    """
    following = prompt[at : at + 4]
    if following[:2] != ". " or len(following) < 4 or not ("A" <= following[2] <= "Z" and following[3].islower()):
        return False
    word = prompt[max(0, at - _PLAIN_WORD) : at].rpartition(" ")[2]
    return len(word) > 3 and word.isascii() and word.isalpha() and word.islower() and word not in _ABBREVIATIONS


def is_cjk(char: str) -> bool:
    """Whether a character is of a script that is written without spaces between words, or its punctuation.

    Args:
        char: One character.

    Source: ours.

    Example:
        >>> is_cjk("中"), is_cjk("，"), is_cjk("a")
        (True, True, False)
    """
    return (
        "\u2e80" <= char <= "\u9fff"
        or "\uf900" <= char <= "\ufaff"
        or "\uff00" <= char <= "\uffef"
        or ("\U00020000" <= char <= "\U0003ffff")
    )


def is_label(text: str) -> bool:
    """Whether a text is the label of a list's item, such as `1.`, `(B)` and `iv)`.

    Args:
        text: A word, with its marks.

    Source: ours.

    Example:
        >>> is_label("(4)"), is_label("C．"), is_label("at.")
        (True, True, False)
    """
    return _LABEL.fullmatch(text) is not None


def skip_space(prompt: str, at: int) -> int:
    r"""Past the space after a sentence, but not past the indentation of the line that follows it.

    Args:
        prompt: Any text.
        at: Where the space begins.

    Source: ours.

    Example:
        >>> skip_space("One.  Two", 4), skip_space("A.\tB", 2)
        (6, 3)
    """
    stop = at
    while stop < len(prompt) and prompt[stop].isspace():
        stop += 1
    newline = prompt.rfind("\n", at, stop)
    return newline + 1 if newline >= 0 and stop < len(prompt) else stop


def _ends_unspaced(prompt: str, at: int, stop: int) -> bool:
    """Whether a mark without space after it ends a sentence: only in Chinese and the like."""
    mark, following = prompt[at], prompt[stop]
    before = prompt[at - 1] if at else " "
    if mark in _FULL_MARKS:
        if mark == "．":
            return not (_is_list_label(prompt, at) or (before.isdigit() and following.isdigit()))
        return not (prompt[stop - 1] in _CLOSERS and _reports(prompt[stop : stop + 4]))
    if mark == "." and is_cjk(following):
        return not _is_list_label(prompt, at)
    if is_cjk(before) and mark != "…":
        return is_cjk(following) or (mark == "." and (following.isdigit() or following in "$\\"))
    return False


def _reports(following: str) -> bool:
    """Whether the name of a speaker follows a quotation, as in “走！”他说 and 「行く？」と聞いた."""
    return following[0] == "と" or any(char in _REPORTING for char in following)


def _is_list_label(prompt: str, at: int) -> bool:
    """Whether the stop at `at` follows the label of a list's item, such as `1.` and `A．`."""
    start = at
    while start > 0 and at - start < 3 and prompt[start - 1].isalnum() and not is_cjk(prompt[start - 1]):
        start -= 1
    label = prompt[start:at]
    if not (label.isdigit() or (len(label) == 1 and label.isalpha())):
        return False
    return start == 0 or prompt[start - 1].isspace() or prompt[start - 1] in _BEFORE_LIST_LABEL


def _is_factorial(prompt: str, at: int, first: str) -> bool:
    """Whether the "!" at `at` is the factorial of a number or a letter: it is when no sentence opens behind it."""
    before = prompt[at - 1] if at else " "
    letter = before.isalpha() and before.isascii() and (at < 2 or prompt[at - 2] in " (=+-*/")
    if before.isdigit() or letter:
        return first in "/*+-=^<>,)" or first.islower() or first.isdigit()
    return before == ")" and first in "/*+-=^<>,)"


def _full_stop(prompt: str, at: int, start: int) -> bool:
    """Whether the "." at `at`, with space after it and more text from `start`, ends a sentence."""
    first = prompt[start] if start < len(prompt) else "A"
    before = prompt[max(0, at - 24) : at]
    word_start = at if before[-1:].isspace() or not before else at - len(before.split()[-1])
    word = prompt[word_start:at].lstrip("\"'([{“‘*_")
    if not word.isalnum():  # as in `need to.”Dr. Guo`
        word = word[max(word.rfind("”"), word.rfind('"'), word.rfind("“")) + 1 :]
    if not word.strip("."):  # an ellipsis
        return first.isupper() or is_cjk(first) or "\n" in prompt[at:start]
    if word.lower() in _ABBREVIATIONS or _is_initials(word):
        hour = not word.isupper() or prompt[max(0, word_start - 4) : word_start].rstrip()[-1:].isdigit()
        ends = first.isupper() if word.lower() in _ENDING_ABBREVIATIONS and hour else _opens_sentence(prompt, start)
        return ends and word.lower() not in ("vs", "e.g", "i.e", "eg", "ie")
    if (word.lower() in _BEFORE_NUMBER and first.isdigit()) or _opens_line(prompt, word_start, word):
        return False
    before = prompt[max(0, word_start - 8) : word_start].rstrip()[-1:]
    if len(word) == 1 and word.isupper() and first in "$\\" and before in ("", "$", ")", ".", ";", ","):
        return False  # `B. $y$` behind `A. $x$`
    if len(word) == 1 and word.isupper() and first.isupper():
        earlier = prompt[max(0, word_start - 20) : word_start].split()
        label = (
            bool(earlier) and earlier[-1].lower().strip(",") in _BEFORE_LABEL and prompt[start + 1 : start + 2] != "."
        )
        return label or _opens_sentence(prompt, start)
    return not first.islower()


def _is_initials(word: str) -> bool:
    """Whether a word is two or three capitals with stops between them, as in "J.K."."""
    return 3 <= len(word) <= 5 and all(char == "." if i % 2 else char.isupper() for i, char in enumerate(word))


def _opens_sentence(prompt: str, start: int) -> bool:
    """Whether the word at `start` is capitalized and opens sentences, or the text ends there."""
    word = prompt[start : start + 12].partition(" ")[0]
    return not word or (word[0].isupper() and word.lower().rstrip(",'") in _STARTERS)


def _opens_line(prompt: str, word_start: int, word: str) -> bool:
    """Whether a word is the mark of a list at the start of a line: "1. First", "A. Yes"."""
    if not (word.isdigit() or (len(word) == 1 and word.isalpha()) or _ROMAN.fullmatch(word)) or len(word) > 5:
        return False
    low = max(0, word_start - 8)
    line_start = prompt.rfind("\n", low, word_start) + 1
    return not prompt[max(line_start, low) : word_start].strip("([ \t#*>-") and (line_start > 0 or word_start < 8)
