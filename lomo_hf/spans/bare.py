r"""LaTeX commands that stand in a text without delimiters: how far one reaches, with its arguments and scripts.

What is a command of mathematics is decided in `commands.py`, and whether a sentence speaks about it in `mentions.py`.
"""

from functools import cached_property

from lomo_hf.spans.atoms import MAX_FORMULA_CHARS, Atom
from lomo_hf.spans.commands import COMMAND_ARGUMENTS, STYLES
from lomo_hf.spans.tokens import Stretch, Token, read_backslash

__all__ = ["BareCommands"]

_MAX_RUN = 64  # commands written without a gap, as in `\alpha\beta`
_MAX_SCRIPTS = 4
_WITH_OPTION = frozenset(("sqrt", "xrightarrow", "xleftarrow", "xleftrightarrow", "xlongequal"))
_LIMITS = ("\\limits", "\\nolimits")


class BareCommands:
    """The bare commands of one stretch; balanced groups are looked for once, and only where a command asks."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch, self.text, self.end = stretch, stretch.text, stretch.end

    def formula(self, token: Token) -> Atom | None:
        r"""A command with its arguments and scripts, and the known commands that follow it without a gap.

        Args:
            token: The command.

        Returns:
            None where an argument is missing, as in `the command \frac and`.

        Source: ours.

        Example:
            >>> text = r"So \frac{1}{2}\pi is"
            >>> stretch = Stretch(text, 0, len(text))
            >>> BareCommands(stretch).formula(stretch.tokens[0])
            Atom(kind='inline', start=3, end=17, body_start=3, body_end=17)
        """
        end = self._command_end(token)
        if end is None:
            return None
        for _ in range(_MAX_RUN):
            following = read_backslash(self.text, end, self.end) if self.text[end : end + 1] == "\\" else None
            further = self._command_end(following) if following and following.kind == "command" else None
            if further is None or further > self.end:
                break
            end = further
        if token.name in STYLES and self.text.startswith("\\ ", end, self.end):  # `\textbf{(B)}\ 5`
            end += 2
        return Atom("inline", token.start, end, token.start, end) if end - token.start <= MAX_FORMULA_CHARS else None

    def _command_end(self, token: Token) -> int | None:
        if token.name == "left":
            return self._left_right_end(token)
        end: int | None = token.end
        if token.name == "operatorname" and self.text[token.end : token.end + 1] == "*":
            end = token.end + 1
        elif token.name in _WITH_OPTION and self.text[token.end : token.end + 1] == "[":
            bracket = self.text.find("]", token.end, min(self.end, token.end + 60))
            end = bracket + 1 if bracket > 0 else None
        for _ in range(COMMAND_ARGUMENTS[token.name]):
            end = self._argument_end(end) if end is not None else None
        return end if end is None else self._scripts_end(end)

    def _scripts_end(self, end: int) -> int:
        for _ in range(_MAX_SCRIPTS):
            mark = end
            for limits in _LIMITS:
                if self.text.startswith(limits, end):
                    mark = end + len(limits)
            if self.text.startswith((" _{", " ^{"), mark):
                mark += 1
            if mark >= self.end or self.text[mark] not in "^_":
                break
            further = self._argument_end(mark + 1)
            if further is None:
                break
            end = further
        return end

    def _argument_end(self, here: int) -> int | None:
        """Where an argument ends: a balanced group, a command, a letter or a digit."""
        spaced = here < self.end and self.text[here] == " "
        while here < self.end and self.text[here] == " ":
            here += 1
        if here >= self.end:
            return None
        char = self.text[here]
        if char == "{":
            return self._group_end(here)
        if char == "\\":
            token = read_backslash(self.text, here, self.end)
            return token.end if token.name else None
        if spaced and char.isalpha() and self.text[here + 1 : here + 2].isalpha():
            return None  # a word, and no argument
        return here + 1 if char.isalnum() and char.isascii() else None

    def _group_end(self, here: int) -> int | None:
        end = self.stretch.braces.get(here)
        return None if end is None or end - here > MAX_FORMULA_CHARS or self._split(here, end) else end

    def _left_right_end(self, token: Token) -> int | None:
        here = self._rights.get(token.start, self.end)
        while here < self.end and self.text[here].isspace():
            here += 1
        if here >= self.end or self.text[here].isalnum() or self._split(token.start, here):
            return None
        if self.text[token.end : token.end + 2].strip()[:1].isalnum():
            return None  # `the commands \left and \right`
        if self.text[here] != "\\":
            return self._scripts_end(here + 1)
        delimiter = read_backslash(self.text, here, self.end)  # as in \right\rangle or \right\}
        return self._scripts_end(delimiter.end) if delimiter.kind in ("", "command") else None

    def _split(self, start: int, end: int) -> bool:
        return self.stretch.blank_between(start, end)

    @cached_property
    def _rights(self) -> dict[int, int]:
        r"""Start of each `\left` -> the place after its `\right`, in a single pass for the whole stretch."""
        ends, opened = {}, []
        here = self.text.find("\\", self.stretch.start, self.end)
        while here >= 0:
            token = read_backslash(self.text, here, self.end)
            if token.name == "left":
                opened.append(here)
            elif token.name == "right" and opened:
                ends[opened.pop()] = token.end
            here = self.text.find("\\", token.end, self.end)
        return ends
