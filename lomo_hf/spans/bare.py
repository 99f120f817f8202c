"""LaTeX commands that stand in a text without delimiters: how far one reaches, with its arguments and scripts.

It does not decide what is a command of mathematics: that is `commands.py`.
"""

from functools import cached_property

from lomo_hf.spans.atoms import MAX_FORMULA_CHARS, Atom, Stretch, Token, read_backslash
from lomo_hf.spans.commands import COMMAND_ARGUMENTS

__all__ = ["BareCommands"]

_MAX_RUN = 64  # commands written without a gap, as in `\alpha\beta`
_MAX_SCRIPTS = 4
_MAX_PATH = 80
_WITH_OPTION = frozenset(("sqrt", "xrightarrow", "xleftarrow", "xleftrightarrow", "xlongequal"))
_LIMITS = ("\\limits", "\\nolimits")


class BareCommands:
    """The bare commands of one stretch; balanced groups are looked for once, and only where a command asks."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch, self.text, self.end = stretch, stretch.text, stretch.end

    def formula(self, token: Token) -> Atom | None:
        """A command with its arguments and scripts, and the known commands that follow it without a gap."""
        end = None if self._in_path(token) else self._command_end(token)
        if end is None:
            return None
        for _ in range(_MAX_RUN):
            following = read_backslash(self.text, end, self.end) if self.text[end : end + 1] == "\\" else None
            further = self._command_end(following) if following and following.kind == "command" else None
            if further is None or further > self.end:
                break
            end = further
        return Atom("inline", token.start, end, token.start, end) if end - token.start <= MAX_FORMULA_CHARS else None

    def _in_path(self, token: Token) -> bool:
        """Whether a backslash is of a path such as C:\\log; `\\sqrt{2}:\\sqrt{3}` is a ratio."""
        if COMMAND_ARGUMENTS.get(token.name) and self.text[token.end : token.end + 1] == "{":
            return False
        word = self.text[max(self.stretch.start, token.start - _MAX_PATH) : token.start + 1].split()[-1]
        colon = word.find(":\\")
        return colon > 0 and word[colon - 1].isalpha() and (colon == 1 or not (word[colon - 2].isalnum()))

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
        """Where one argument ends: a balanced group, a command, or one letter or digit."""
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
        return here + 1 if char.isalnum() else None

    def _group_end(self, here: int) -> int | None:
        end = self._braces.get(here)
        return None if end is None or end - here > MAX_FORMULA_CHARS or self._split(here, end) else end

    def _left_right_end(self, token: Token) -> int | None:
        here = self._rights.get(token.start, self.end)
        while here < self.end and self.text[here].isspace():
            here += 1
        if here >= self.end or self._split(token.start, here):
            return None
        if self.text[here] != "\\":
            return self._scripts_end(here + 1)
        delimiter = read_backslash(self.text, here, self.end)  # as in \right\rangle or \right\}
        return self._scripts_end(delimiter.end) if delimiter.kind in ("", "command") else None

    def _split(self, start: int, end: int) -> bool:
        return self.stretch.blank_between(start, end)

    @cached_property
    def _braces(self) -> dict[int, int]:
        """Start of each balanced group -> the place after its end: one pass for the whole stretch."""
        ends, opened, text = {}, [], self.text
        here = self.stretch.start
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
    def _rights(self) -> dict[int, int]:
        r"""Start of each `\left` -> the place after its `\right`: one pass for the whole stretch."""
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
