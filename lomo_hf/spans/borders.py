"""Where a prompt may never be cut: within a bracketed group, the row of a table, behind `=`, `i.e.`, or a list marker.

These rules hold for every border, that of a sentence, of a formula and of a clause alike; only a group too long for a
block, more than a third of the prompt, may be cut.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from lomo_hf.spans.atoms import Atom
from lomo_hf.spans.marks import is_label

__all__ = ["Borders"]

_PAIRS = {")": "(", "]": "[", "）": "（", "】": "【", "」": "「", "』": "『", "》": "《", "”": "“"}
_OPENERS = frozenset(_PAIRS.values())
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
    """The places of one prompt at which it may be cut.

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
        self._groups = list(self._find_groups())

    def allow(self, place: int) -> bool:
        """Whether the prompt may be cut at a place.

        Args:
            place: Offset in characters of the first character behind the cut.

        Example:
            >>> Borders("The (4) apples", ()).allow(8)
            False
        """
        prompt = self.prompt
        if not 0 < place < len(prompt):
            return True
        return not (
            self._within_atom(place) or self._within_group(place) or self._within_row(place) or self._within_phrase(place)
        )

    def _within_atom(self, place: int) -> bool:
        index = bisect_left(self._starts, place) - 1
        return index >= 0 and place < self.atoms[index].end

    def _within_group(self, place: int) -> bool:
        """Whether a bracket that fits a block is open."""
        index = bisect_left(self._groups, (place,)) - 1
        return index >= 0 and place < self._groups[index][1]

    def _within_row(self, place: int) -> bool:
        """Whether the line at a place is the row of a table, and the place is not its start."""
        line = self.prompt.rfind("\n", max(0, place - _MAX_LINE), place) + 1
        return line < place and self.prompt[line:place].lstrip(" \t")[:1] == "|"

    def _within_phrase(self, place: int) -> bool:
        """Whether what stands before a place cannot end, or what stands behind it cannot begin."""
        prompt = self.prompt
        stop = place
        while stop > 0 and place - stop < _MAX_WORD and prompt[stop - 1] in " \t":
            stop -= 1
        if stop == 0 or prompt[stop - 1] == "\n":
            return False
        last, following = prompt[stop - 1], prompt[place]
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
        return is_label(word) and self._is_marker(word, start)

    def _is_marker(self, label: str, start: int) -> bool:
        """Whether a label is that of an item, and not the end of a sentence, as in `the answer is 4.`"""
        if label[0] in "(（" or label[-1] in ")）":
            return True
        before = self.prompt[max(0, start - 8) : start].rstrip(" \t")
        return not before or before[-1] == "\n" or before[-1] in _SENTENCE_ENDS or self._ends_atom(start - 1)

    def _ends_atom(self, place: int) -> bool:
        index = bisect_right(self._starts, place) - 1
        return index >= 0 and self.atoms[index].end >= place > self.atoms[index].start

    def _find_groups(self) -> list[tuple[int, int]]:
        """The outermost groups in brackets or quotation marks that are short enough, within a paragraph, in order."""
        prompt, limit = self.prompt, min(_MAX_GROUP, len(self.prompt) // 3)
        opened: list[int] = []
        groups: list[tuple[int, int]] = []
        for place in self._marks():
            char = prompt[place]
            if char in _OPENERS:
                opened.append(place)
                continue
            if char == "\n":
                opened.clear()
                continue
            if opened and prompt[opened[-1]] == _PAIRS[char]:
                start = opened.pop()
                if place + 1 - start <= limit:
                    while groups and groups[-1][0] > start:
                        groups.pop()
                    groups.append((start, place + 1))
        return groups

    def _marks(self) -> list[int]:
        """Where brackets stand outside of atoms, and where paragraphs end."""
        prompt, places = self.prompt, []
        for mark in (*_PAIRS, *_OPENERS, "\n\n"):
            here = prompt.find(mark)
            while here >= 0:
                places.append(here)
                here = prompt.find(mark, here + 1)
        if not places:
            return places
        places.sort()
        return [place for place in places if not self._within_atom(place) and not self._is_start(place)]

    def _is_start(self, place: int) -> bool:
        index = bisect_left(self._starts, place)
        return index < len(self._starts) and self._starts[index] == place
