r"""The marks of a prompt that may open or close a formula or code, in order, and the groups in which they stand."""

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from string import ascii_letters
from typing import NamedTuple

from lomo_hf.spans.commands import COMMAND_ARGUMENTS

__all__ = ["Stretch", "Token", "read_backslash"]

_MAX_DOLLARS = 4  # a longer run of dollars, as in a price level, means nothing
_MAX_NAME = 40
_MAX_ENVIRONMENT = 24  # characters of an environment's name with its braces
_TEXT_GROUPS = ("\\text", "\\mbox", "\\hbox")


class Token(NamedTuple):
    r"""A mark that may open or close an atom; a run of dollars is a token for each dollar.

    Attributes:
        kind: "$", "\\(", "\\)", "\\[", "\\]", a run of backticks, "begin", "end" or "command"; "" is none of them.
        start: Where it begins, in characters of the prompt.
        end: Where it ends.
        name: Of a command or an environment.
    """

    kind: str
    start: int
    end: int
    name: str = ""


class Stretch:
    """A part of a prompt without fences, `text[start:end]`: its tokens, its blank lines, its groups in braces."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end
        self.tokens = self._read()
        kinds = [token.kind for token in self.tokens]
        self.dollars, self.has_commands, self.has_environments = kinds.count("$"), "command" in kinds, "begin" in kinds

    def blank_between(self, start: int, end: int) -> bool:
        """Whether a blank line, so the end of a paragraph, lies between two places."""
        at = bisect_left(self._blanks, start)
        return at < len(self._blanks) and self._blanks[at] < end

    def text_group_at(self, place: int) -> tuple[int, int] | None:
        r"""The outermost `\text{…}` or box around a place: a dollar in it closes nothing outside."""
        if not self._text_groups:
            return None
        index = bisect_left(self._text_groups, (place, place)) - 1
        inside = index >= 0 and self._text_groups[index][0] < place < self._text_groups[index][1]
        return self._text_groups[index] if inside else None

    @cached_property
    def has_text_groups(self) -> bool:
        """Whether there is a `\text{…}` or a box anywhere."""
        return bool(self._text_groups)

    @cached_property
    def braces(self) -> dict[int, int]:
        """Start of each balanced group -> the place after its end, in a single pass for the whole stretch."""
        ends, opened, text = {}, [], self.text
        here = self.start
        while here < self.end:
            char = text[here]
            if char == "\\":
                here += 1
            elif char == "{":
                opened.append(here)
            elif char == "}" and opened:
                ends[opened.pop()] = here + 1
            here += 1
        return ends

    @cached_property
    def _text_groups(self) -> list[tuple[int, int]]:
        starts = [at for mark in _TEXT_GROUPS for at in self._places(mark)]
        groups: list[tuple[int, int]] = []
        for start in sorted(starts):
            brace = self.text.find("{", start, min(start + 14, self.end))
            end = self.braces.get(brace) if brace >= 0 else None
            if end is not None and (not groups or start >= groups[-1][1]):
                groups.append((start, end))
        return groups

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

    def _places(self, mark: str) -> Iterator[int]:
        here = self.text.find(mark, self.start, self.end)
        while here >= 0:
            yield here
            here = self.text.find(mark, here + len(mark), self.end)

    def _read(self) -> list[Token]:
        text, end, here = self.text, self.end, self.start
        tokens: list[Token] = []
        dollar = backslash = backtick = -1
        while True:
            if dollar < here:
                dollar = text.find("$", here, end)
                dollar = end if dollar < 0 else dollar
            if backslash < here:
                backslash = text.find("\\", here, end)
                backslash = end if backslash < 0 else backslash
            if backtick < here:
                backtick = text.find("`", here, end)
                backtick = end if backtick < 0 else backtick
            here = min(dollar, backslash, backtick)
            if here >= end:
                return tokens
            if here == backslash:
                token = read_backslash(text, here, end)
                if token.kind:
                    tokens.append(token)
                here = token.end
                continue
            stop = self._run_end(here)
            if here == backtick:
                tokens.append(Token(text[here:stop], here, stop))
            elif stop - here <= _MAX_DOLLARS:
                tokens += [Token("$", at, at + 1) for at in range(here, stop)]
            here = stop

    def _run_end(self, here: int) -> int:
        stop, char = here + 1, self.text[here]
        while stop < self.end and self.text[stop] == char:
            stop += 1
        return stop


def read_backslash(text: str, here: int, end: int) -> Token:
    r"""The token at a backslash: a delimiter, a `\begin{…}`, a command, or an escaped character of kind "".

    A line break `\\` is read as a pair, so the bracket in `\\[2pt]` opens nothing.

    Args:
        text: The prompt.
        here: Where the backslash stands.
        end: The token ends before this place.

    Source: ours.

    Example:
        >>> read_backslash(r"\frac12", 0, 7).name, read_backslash(r"\(x\)", 0, 5).kind
        ('frac', '\\(')
    """
    following = text[here + 1] if here + 1 < end else ""
    if following and following in "()[]":
        return Token("\\" + following, here, here + 2)
    rest = text[here + 1 : min(end, here + _MAX_NAME)]
    name = rest[: len(rest) - len(rest.lstrip(ascii_letters))]
    stop = here + 1 + len(name)
    if name in ("begin", "end") and text[stop : stop + 1] == "{":
        brace = text.find("}", stop, min(end, stop + _MAX_ENVIRONMENT))
        if brace > 0:
            return Token(name, here, brace + 1, text[stop + 1 : brace])
    if name:
        return Token("command" if name in COMMAND_ARGUMENTS or name == "left" else "", here, stop, name)
    return Token("", here, min(here + 2, end))
