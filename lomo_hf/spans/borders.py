"""Where a prompt may never be cut: within a bracketed group, the row of a table, behind `=`, `i.e.`, or a list marker.

These rules hold for every border, that of a sentence, of a formula and of a clause alike; only a group too long for a
block, more than a third of the prompt, may be cut.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property

from lomo_hf.spans.atoms import Atom
from lomo_hf.spans.marks import is_label

__all__ = ["Borders"]

_PAIRS = {")": "(", "]": "[", "）": "（", "】": "【", "」": "「", "』": "『", "》": "《", "”": "“"}
_MAX_GROUP = 400  # characters: a longer group is cut even in a long prompt
_OPERATORS = frozenset("=<>+×÷·≤≥≈≠∈→⇒~")
_ABBREVIATIONS = frozenset(
    "i.e e.g no nos fig figs eq eqs cf viz vs sec ch vol pp approx resp mr mrs ms dr prof st".split()
)
_LABEL_ENDS = frozenset(".．、:：)）")
_CLOSING_MARKS = frozenset("，。；：！？、）】」』》”’…")
_SENTENCE_ENDS = frozenset(".?!;:。？！；：")
_MAX_WORD = 24
_MAX_LINE = 2_000


class Borders:
    """The places of a prompt at which it may be cut.

    Args:
        prompt: Any text.
        atoms: Its formulas and code, in order.

    Source: paper, section 3: truncation boundaries never fall within an equation. What else is not cut is ours.

    Example:
        >>> text = "See (a, b) and x = 5."
        >>> borders = Borders(text, ())
        >>> [place for place in (4, 8, 11, 15, 17, 19) if borders.allow(place)]
        [4, 11, 15]
    """

    def __init__(self, prompt: str, atoms: Sequence[Atom]) -> None:
        self.prompt, self.atoms = prompt, atoms
        self._starts = [atom.start for atom in atoms]
        self._has_rows = "|" in prompt
        self._brackets = [(opener, closer) for closer, opener in _PAIRS.items() if opener in prompt]

    def allow(self, place: int) -> bool:
        """Whether the prompt may be cut at a place outside of its atoms.

        Args:
            place: Offset in characters of the first character behind the cut.

        Example:
            >>> Borders("The (4) apples", ()).allow(8)
            False
        """
        prompt = self.prompt
        if not 0 < place < len(prompt):
            return True
        if prompt[place - 1] == "\n":
            return True
        if self._within_group(place):
            return False
        return not (self._within_phrase(place) or (self._has_rows and self._within_row(place)))

    def allow_end(self, place: int) -> bool:
        """As `allow`, at the end of a sentence: where it ends in a word of two letters, it ends in no label.

        Args:
            place: Where the next sentence starts.

        Example:
            >>> Borders("It is so. 4. Find x", ()).allow_end(13)
            False
        """
        before = self.prompt[max(0, place - 4) : place]
        if before[-1:] == "\n":
            return True
        if before[:2].islower() and before[-1:] == " ":
            return not self._within_group(place)
        return self.allow(place)

    def within_atom(self, place: int) -> bool:
        """Whether a place lies inside of a formula or code.

        Example:
            >>> Borders("a", ()).within_atom(0)
            False
        """
        index = bisect_left(self._starts, place) - 1
        return index >= 0 and place < self.atoms[index].end

    def _within_group(self, place: int) -> bool:
        """Whether a bracket that fits a block is open; a line break ends all of them."""
        low = max(0, place - _MAX_GROUP)
        line = self.prompt[max(low, self.prompt.rfind("\n", low, place) + 1) : place]
        if not any([_may_be_open(line, opener, closer) for opener, closer in self._brackets]):
            return False
        index = bisect_left(self._groups, (place,)) - 1
        return index >= 0 and place < self._groups[index][1]

    def _within_row(self, place: int) -> bool:
        """Whether the line at a place is the row of a table, and the place is not its start."""
        line = self.prompt.rfind("\n", max(0, place - _MAX_LINE), place) + 1
        return line < place and self.prompt[line : min(place, line + _MAX_LINE)].lstrip(" \t")[:1] == "|"

    def _within_phrase(self, place: int) -> bool:
        """Whether what stands before a place cannot end, or what stands behind it cannot begin."""
        prompt = self.prompt
        stop = place
        while stop > 0 and place - stop < _MAX_WORD and prompt[stop - 1] in " \t":
            stop -= 1
        last, following = prompt[stop - 1 : stop], prompt[place]
        if last.isalpha() and following.isalnum():
            return False
        if last in ("", "\n"):
            return False
        if following in _CLOSING_MARKS:
            return True
        if last in _OPERATORS or (following in _OPERATORS and prompt[place : place + 3] != ">>>"):
            return True
        if last not in _LABEL_ENDS:
            return last == "-" and prompt[stop - 2 : stop - 1].isspace()  # a minus, or the bullet of a list
        start = stop - 1
        while start > 0 and stop - start < _MAX_WORD and not prompt[start - 1].isspace():
            start -= 1
        word = prompt[start:stop]
        if word.strip("([“\"'").rstrip(".").lower() in _ABBREVIATIONS and last == ".":
            return word.lower() != "no." or prompt[place].isdigit() or prompt[place] in "$\\"
        return is_label(word) and self._is_marker(word, start, stop)

    def _is_marker(self, label: str, start: int, stop: int) -> bool:
        """Whether a label is that of an item, and no end of a sentence or a group: `the answer is 4.`, `(a, b)`."""
        if label[0] in "(（":
            return True
        if label[-1] in ")）":
            index = bisect_left(self._groups, (stop,)) - 1
            return not (index >= 0 and self._groups[index][1] == stop)
        before = self.prompt[max(0, start - 8) : start].rstrip(" \t")
        return not before or before[-1] == "\n" or before[-1] in _SENTENCE_ENDS or self._ends_atom(start - 1)

    def _ends_atom(self, place: int) -> bool:
        index = bisect_right(self._starts, place) - 1
        return index >= 0 and self.atoms[index].end >= place > self.atoms[index].start

    @cached_property
    def _groups(self) -> list[tuple[int, int]]:
        """The outermost groups in brackets or quotation marks that are short enough, within a paragraph, in order."""
        limit = min(_MAX_GROUP, len(self.prompt) // 3)
        opened: list[tuple[int, str]] = []
        groups: list[tuple[int, int]] = []
        for place, mark in self._marks():
            if mark == "\n\n":
                opened.clear()
            elif mark not in _PAIRS:
                opened.append((place, mark))
            elif opened and opened[-1][1] == _PAIRS[mark]:
                start, _ = opened.pop()
                if place + 1 - start <= limit:
                    while groups and groups[-1][0] > start:
                        groups.pop()
                    groups.append((start, place + 1))
        return groups

    def _marks(self) -> list[tuple[int, str]]:
        """The brackets outside of atoms, and the ends of paragraphs, in order."""
        outside, places = self._outside, []
        for closer, opener in _PAIRS.items():
            if opener in outside and closer in outside:
                places += [*_places(outside, opener), *_places(outside, closer)]
        return sorted([*places, *_places(outside, "\n\n")]) if places else []

    @cached_property
    def _outside(self) -> str:
        """The prompt with its atoms blotted out."""
        if not self.atoms:
            return self.prompt
        parts, here = [], 0
        for atom in self.atoms:
            parts += [self.prompt[here : atom.start], "\x00" * (atom.end - atom.start)]
            here = atom.end
        return "".join((*parts, self.prompt[here:]))


def _may_be_open(line: str, opener: str, closer: str) -> bool:
    """Whether a bracket may be open at the end of a part of a line."""
    opened = line.count(opener)
    return opened > 0 and (opened != line.count(closer) or line.find(closer) < line.find(opener))


def _places(text: str, mark: str) -> Iterator[tuple[int, str]]:
    here = text.find(mark)
    while here >= 0:
        yield here, mark
        here = text.find(mark, here + 1)
