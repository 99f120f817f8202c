"""Where sentences end, in English, Chinese and other languages with like marks; and how many a prompt has.

The rule is the corpus's, not a grammar's: a sentence ends at a mark followed by space, never inside a formula, code
span, URL, number or abbreviation, and at the end of a line that was meant as one (a heading, an option, a row of a
table, a line of code), while a line broken in the middle of flowing text goes on.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from lomo_hf.spans.atoms import Atom
from lomo_hf.spans.marks import is_cjk, plainly_ends, sentence_end, skip_space

__all__ = ["count_sentences", "sentence_starts"]

# Every mark, but not the stop of `3.5` and `a.b`, which is the most frequent.
_MARK = re.compile(r"[.!?…。！？｡؟।॥۔．\n](?:(?<!\.)|(?![0-9A-Za-z])|(?<=[^\x00-\x2d\x2f-\x7f]\.)|(?<=^\.))")
_LIST_MARK = re.compile(
    r"[ \t]*([-*+•·|#>①-⑳]|\(?[0-9]{1,3}[.．)、:]|\(?[A-Za-z][.．)、:]|[（(][0-9A-Za-z]{1,3}[）)])"
)
_WRAP_MIN = 45  # a line at least this long may have been broken by its width
_MAX_LINE = 2_000


def sentence_starts(prompt: str, atoms: Sequence[Atom]) -> list[int]:
    """Where each sentence but the first starts, in characters; the space between two belongs to the earlier.

    Args:
        prompt: Any text.
        atoms: Its formulas and code, in order; no sentence ends within them.

    Source: ours; the paper counts sentences (algorithm 1) and does not say how.

    Example:
        >>> sentence_starts("Dr. Smith paid $3.50 at 5 p.m. today. Why? 因为他想买。好吧。", ())
        [38, 43, 49]
    """
    starts = [atom.start for atom in atoms]
    ends: list[int] = []
    past = 0
    for mark in _MARK.finditer(prompt):
        at = mark.start()
        if at < past:  # within the space after an earlier end: looked at already
            continue
        char = prompt[at]
        inside = bisect_right(starts, at) - 1 if starts else -1
        if inside >= 0 and at < atoms[inside].end:
            continue
        if char == "\n":
            start = _line_end(prompt, at, atoms, inside)
        else:
            start = at + 2 if char == "." and plainly_ends(prompt, at) else sentence_end(prompt, at)
        if start is not None:
            ends.append(start)
            past = start
    if atoms:
        ends = sorted({*ends, *_after_closed_formulas(prompt, atoms)})
        ends = [start for start in ends if not _inside(atoms, starts, start)]
    return [start for start in ends if 0 < start < len(prompt)]


def count_sentences(prompt: str, starts: Sequence[int]) -> int:
    """How many sentences hold a letter, a digit or a formula's ink.

    Args:
        prompt: Any text.
        starts: Where its sentences start, but the first.

    Source: SentenceCount of algorithm 1.

    Example:
        >>> count_sentences("One. Two. - ", sentence_starts("One. Two. - ", ()))
        2
    """
    edges = [0, *starts, len(prompt)]
    return sum(any(map(str.isalnum, prompt[a:b])) for a, b in pairwise(edges))


def _inside(atoms: Sequence[Atom], starts: Sequence[int], at: int) -> bool:
    index = bisect_right(starts, at) - 1
    return index >= 0 and atoms[index].start < at < atoms[index].end


def _after_closed_formulas(prompt: str, atoms: Sequence[Atom]) -> list[int]:
    """A formula with a full stop inside, `$x=1.$`, ends its sentence, where a capital or the next formula follows."""
    starts = []
    for atom in atoms:
        if not atom.is_math or prompt[atom.body_end - 1] not in ". \n":
            continue
        start = skip_space(prompt, atom.end)
        tail = prompt[max(atom.body_start, atom.body_end - 40) : atom.body_end].rstrip()
        if atom.is_math and tail.endswith(".") and atom.end < start < len(prompt) and prompt[start].isupper():
            starts.append(start)
    return starts


def _line_end(prompt: str, at: int, atoms: Sequence[Atom], inside: int) -> int | None:
    """Where the next sentence starts if the line that ends at `at` was meant as one; `inside` is the atom before."""
    ink, start = at + 1, at + 1
    if prompt[ink : ink + 1].isspace() or ink == len(prompt):
        while ink < len(prompt) and prompt[ink] in " \t\r\n":
            ink += 1
        newline = prompt.rfind("\n", at, ink)
        start = newline + 1 if ink < len(prompt) else len(prompt)  # indentation belongs to the line that it opens
        if newline > at:
            return start  # a blank line
    line_start = max(prompt.rfind("\n", max(0, at - _MAX_LINE), at) + 1, at - _MAX_LINE)
    if at - line_start < _WRAP_MIN and not atoms:
        return start
    line = prompt[line_start:at].rstrip("\r")
    following = prompt[start : start + 80].partition("\n")[0]
    if inside + 1 < len(atoms) and atoms[inside + 1].start == ink and atoms[inside + 1].kind == "display":
        return start if line.rstrip()[-1:] in (*".!?。！？．", "") else None  # a formula set apart, in its sentence
    if inside >= 0 and atoms[inside].kind == "display" and following[:1].islower():
        return start if prompt[atoms[inside].end : at].strip() not in ("", ",") else None
    return None if _flows_on(line, following) else start


def _flows_on(line: str, following: str) -> bool:
    """Whether a line break only wraps a sentence: the line is long, and the next opens in the middle of it."""
    if not line.strip() or len(line.rstrip()) < _WRAP_MIN or line[0] in " \t|#>" or not following.strip():
        return False
    if _LIST_MARK.match(following) or following[0] in " \t":
        return False
    last, first = line.rstrip()[-1], following[0]
    if is_cjk(last) and is_cjk(first):
        return last not in "。！？．；：」』）】"
    return last not in ".!?:;。！？：；" and (first.islower() or first.isdigit() or first in "$\\(,;")
