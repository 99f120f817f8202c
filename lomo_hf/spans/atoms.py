"""What a scan finds: the indivisible parts of a prompt, and the tokens that they are put together from."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from lomo_hf.spans.commands import COMMAND_ARGUMENTS

__all__ = ["MAX_FORMULA_CHARS", "Atom", "AtomKind", "Stretch", "Token", "read_backslash"]

AtomKind = Literal["inline", "display", "code", "fence"]

MAX_FORMULA_CHARS = 10_000


@dataclass(frozen=True, slots=True)
class Atom:
    """An indivisible part of a prompt: `prompt[start:end]`, whose content is `prompt[body_start:body_end]`.

    `kind` is "inline" or "display" for a formula, "code" for a code span, "fence" for a fenced block.
    """

    kind: AtomKind
    start: int
    end: int
    body_start: int
    body_end: int

    @property
    def is_math(self) -> bool:
        """Whether the atom is a formula."""
        return self.kind in ("inline", "display")


class Token(NamedTuple):
    """A mark that may open or close an atom. `kind` is what is written, or "begin", "end", "command"; "" is none."""

    kind: str  # "$", "$$", "\\(", "\\)", "\\[", "\\]", a run of backticks, "begin", "end", "command"
    start: int
    end: int
    name: str = ""


class Stretch:
    """A part of a prompt without fences, `text[start:end]`: its tokens, and where the partners of a token are."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end
        self.tokens = list(self._read())

    def following(self, kind: str, index: int) -> int | None:
        """The index of the first token of a kind after the token at `index`."""
        places = self.indices.get(kind, [])
        at = bisect_left(places, index + 1)
        return places[at] if at < len(places) else None

    def has_between(self, kind: str, start: int, end: int) -> bool:
        """Whether a token of a kind starts between two places."""
        places = self.indices.get(kind, [])
        at = bisect_left(places, start, key=lambda index: self.tokens[index].start)
        return at < len(places) and self.tokens[places[at]].start < end

    def blank_between(self, start: int, end: int) -> bool:
        """Whether a blank line, so the end of a paragraph, lies between two places."""
        at = bisect_left(self._blanks, start)
        return at < len(self._blanks) and self._blanks[at] < end

    @cached_property
    def indices(self) -> dict[str, list[int]]:
        """For each kind the indices of its tokens, in order; under "any dollar" those of "$" and "$$"."""
        places: dict[str, list[int]] = {}
        for index, token in enumerate(self.tokens):
            places.setdefault(token.kind, []).append(index)
        places["any dollar"] = sorted(places.get("$", []) + places.get("$$", []))
        return places

    @cached_property
    def _blanks(self) -> list[int]:
        """Where a newline is followed by a line without ink."""
        text, blanks = self.text, []
        here = text.find("\n", self.start, self.end)
        while here >= 0:
            stop = here + 1
            while stop < self.end and text[stop] in " \t\r":
                stop += 1
            if stop < self.end and text[stop] == "\n":
                blanks.append(here)
            here = text.find("\n", max(stop, here + 1), self.end)
        return blanks

    def _read(self) -> Iterator[Token]:
        here = self.start
        next_of = dict.fromkeys("$\\`", -1)
        while here < self.end:
            for needle, found in next_of.items():
                if found < here:
                    at = self.text.find(needle, here, self.end)
                    next_of[needle] = self.end if at < 0 else at
            here = min(next_of.values())
            if here < self.end:
                token = read_backslash(self.text, here, self.end) if self.text[here] == "\\" else self._run(here)
                if token.kind:
                    yield token
                here = token.end

    def _run(self, here: int) -> Token:
        """A run of dollars or backticks. Three dollars and more, as in a price level, mean nothing."""
        stop, char = here + 1, self.text[here]
        while stop < self.end and self.text[stop] == char:
            stop += 1
        return Token("" if char == "$" and stop - here > 2 else self.text[here:stop], here, stop)


def read_backslash(text: str, here: int, end: int) -> Token:
    """The token at a backslash: a delimiter, a `\\begin{…}`, a command, or an escaped character of kind "".

    A line break `\\\\` is read as a pair, so the bracket in `\\\\[2pt]` opens nothing.
    """
    following = text[here + 1] if here + 1 < end else ""
    if following and following in "()[]":
        return Token("\\" + following, here, here + 2)
    stop, limit = here + 1, min(end, here + 40)
    while stop < limit and text[stop].isascii() and text[stop].isalpha():
        stop += 1
    name = text[here + 1 : stop]
    if name in ("begin", "end") and text[stop : stop + 1] == "{":
        brace = text.find("}", stop, min(end, stop + 24))
        if brace > 0:
            return Token(name, here, brace + 1, text[stop + 1 : brace])
    if name:
        return Token("command" if name in COMMAND_ARGUMENTS or name == "left" else "", here, stop, name)
    return Token("", here, min(here + 2, end))
