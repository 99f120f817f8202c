"""Borders of clauses: where a text block is cut that is too long to have a border near where a position wants one."""

import re
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence

from lomo_hf.spans.borders import Borders
from lomo_hf.spans.code_lines import is_code_line

__all__ = ["with_clauses"]

_NEAR = 1 / 15  # of the prompt: a border within this from where it is wanted is close enough
_MAX_WORD, _MAX_LINE, _MAX_REACH = 24, 400, 2_000
_MAX_ENTITY, _MAX_OPENING = 12, 10
_REACH = 1 / 6  # else the clauses within this are looked at
_PARTICLE = "(?P<particle>(?<=[的了是在和与及则若且或并而到为中时])(?=[\u3400-\u9fff]))"
_MARK = re.compile(f"(?P<mark>[,;:\u2013\u2014][ \n]|[，；：、])|{_PARTICLE}")
_CLAUSE = re.compile(f"(?P<mark>[,;:\u2013\u2014][ \n]|[，；：、])|(?P<word>[ \n])|{_PARTICLE}")
_OPENING_WORDS = {
    **dict.fromkeys(
        """and or but if when where which that who so because since while then than such what how after before until
        unless et und y e che que""".split(),
        "conjunction",
    ),
    **dict.fromkeys(
        """in on at of for with from to by into as is are was were has have had will can per""".split(), "preposition"
    ),
}
_MARKS_OF_CODE = frozenset(';{}=<>#_@\\"([')
_NO_END = frozenset(
    "a an the of to in on at by for with from and or is are was were this that his her its their".split()
)
_LONG_BLOCK = 1 / 4  # of the prompt: a shorter block is not cut
_MIN_BLOCK = {"mark": 16, "conjunction": 40, "preposition": 40, "particle": 16, "word": 48}  # characters
_MIN_CLAUSE = 8  # characters of each part of a block
# Of the prompt: how much further from its place a better border may be.
_PENALTIES = {"mark": 0.0, "conjunction": 1 / 30, "preposition": 1 / 16, "particle": 1 / 20, "word": 1 / 6}


def with_clauses(borders: Borders, edges: Sequence[int], wanted: Sequence[float]) -> list[int]:
    """The borders of blocks with a border more near each place that has none near, at the end of a clause.

    Args:
        borders: The prompt, and where it may be cut.
        edges: The borders of its blocks, from 0 to its length.
        wanted: Where a position wants a border, as shares of the prompt.

    Source: ours; the paper takes the middle third "at block-level granularity", and does not say how long a block is.

    Example:
        >>> text = "A long sentence that goes on and on, with a clause in its middle, and then another."
        >>> [text[at:] for at in with_clauses(Borders(text, ()), [0, len(text)], [1 / 2])[1:-1]]
        ['with a clause in its middle, and then another.']
    """
    places, size = list(edges), len(borders.prompt)
    for share in wanted:
        target = share * size
        at = bisect_left(places, target)
        near = min(target - places[at - 1] if at else target, places[at] - target)
        if near <= _NEAR * size:
            continue
        low, high = places[max(0, at - 1)], places[min(at, len(places) - 1)]
        place = next(_clauses(borders, low, high, target, near), None)
        if place is not None:
            insort(places, place)
    return places


def _clauses(borders: Borders, low: int, high: int, target: float, near: float) -> Iterator[int]:
    """The ends of clauses in a block, nearer to a place than `near`, at which it may be cut; the best first."""
    prompt, size = borders.prompt, len(borders.prompt)
    if high - low < _LONG_BLOCK * size:
        return
    reach = min(_REACH * size, _MAX_REACH, near)
    start, stop = max(low, int(target - reach)), min(high, int(target + reach) + 1)
    pattern = _CLAUSE if high - low >= _MIN_BLOCK["conjunction"] else _MARK
    ends = []
    for match in pattern.finditer(prompt, start, stop):
        place, sort = match.end(), match.lastgroup or "word"
        off = abs(place - target)
        if sort == "word":
            sort = _OPENING_WORDS.get(prompt[place : place + _MAX_OPENING].partition(" ")[0], sort)
        if off < near and low + _MIN_CLAUSE <= place <= high - _MIN_CLAUSE:
            ends.append((off + _PENALTIES[sort] * size, place, sort))
    for _, place, sort in sorted(ends):
        if _may_end(borders, low, place, high, sort):
            yield place


def _may_end(borders: Borders, low: int, place: int, high: int, sort: str) -> bool:
    """Whether a block may be cut at the end of a clause."""
    prompt = borders.prompt
    if high - low < _MIN_BLOCK[sort]:
        return False
    if (sort == "word" and _goes_on(prompt, place)) or (sort == "mark" and _ends_entity(prompt, place)):
        return False
    if prompt[place - 1] != "\n" and _is_code(_line_at(prompt, place)):
        return False
    return not borders.within_atom(place) and _parts_ink(prompt, low, place, high) and borders.allow(place)


def _parts_ink(prompt: str, low: int, place: int, high: int) -> bool:
    return not (prompt[low:place].isspace() or prompt[place:high].isspace())


def _goes_on(prompt: str, place: int) -> bool:
    """Whether the word before a place belongs to the next word: an article, a preposition, a number."""
    word = prompt[max(0, place - _MAX_WORD) : place].split()[-1:]
    return not (word and word[0][-1].isalpha() and prompt[place].isalnum()) or word[0].lower() in _NO_END


def _ends_entity(prompt: str, place: int) -> bool:
    """Whether the semicolon before a place is that of `&amp;`."""
    word = prompt[max(0, place - _MAX_ENTITY) : place].split()[-1:]
    return bool(word) and word[0].endswith(";") and "&" in word[0]


def _is_code(line: str) -> bool:
    """Whether a line is code; most are plainly not, for they hold none of its marks."""
    return not _MARKS_OF_CODE.isdisjoint(line) and is_code_line(line)


def _line_at(prompt: str, place: int) -> str:
    start = prompt.rfind("\n", max(0, place - _MAX_LINE), place) + 1
    stop = prompt.find("\n", place, start + _MAX_LINE)
    return prompt[start:stop] if stop >= 0 else prompt[start : start + _MAX_LINE]
