r"""LaTeX as tokens: one linear pass, no regular expressions, and a cursor that reads arguments.

A token is a command (`\frac`, `\{`), a single character, or one space for any run of white space. What TeX would do
with category codes, active characters or definitions is not here: such formulas are refused by name.
"""

from collections.abc import Sequence

from lomo_hf.rendering.mathematics.limits import refuse

__all__ = ["Cursor", "is_word", "split_top", "tokenise"]

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_N_COMMANDS = frozenset((
    "\\nabla", "\\natural", "\\ncong", "\\ne", "\\nearrow", "\\neg", "\\neq", "\\newcommand", "\\newline", "\\nexists",
    "\\ngeq", "\\ngeqslant", "\\ngtr", "\\ni", "\\nicefrac", "\\nleftarrow", "\\nleq", "\\nleqslant", "\\nless",
    "\\nmid", "\\noalign", "\\nobreak", "\\noindent", "\\nolimits", "\\nonumber", "\\norm", "\\normalsize", "\\not",
    "\\notag", "\\notin", "\\nparallel", "\\nprec", "\\npreceq", "\\nrightarrow", "\\nshortmid", "\\nsim",
    "\\nsubseteq", "\\nsucc", "\\nsucceq", "\\nsupseteq", "\\nu", "\\null", "\\nvdash", "\\nwarrow",
))  # fmt: skip
_OPENERS = {"{": "}", "\\begin": "\\end", "\\left": "\\right"}


def tokenise(tex: str) -> list[str]:
    r"""The tokens of a formula.

    >>> tokenise(r"\frac12 \{ a\ b")
    ['\\frac', '1', '2', ' ', '\\{', ' ', 'a', '\\ ', 'b']
    """
    tokens: list[str] = []
    position, end = 0, len(tex)
    while position < end:
        character = tex[position]
        if character == "\\":
            stop = _command_end(tex, position)
            _add_command(tokens, tex[position:stop])
            position = stop
        elif character.isspace():
            while position < end and tex[position].isspace():
                position += 1
            tokens.append(" ")
        elif character == "%":
            position = _after_comment(tex, position)
        else:
            tokens.append(character)
            position += 1
    return _without_written_line_feeds(tokens)


def _without_written_line_feeds(tokens: list[str]) -> list[str]:
    r"""A line feed that was written out as `\n` is a space; so is that of `\nx = 1`, where several lines begin so.

    Nothing in LaTeX is called `\n`; a word such as `\nabcd` is split only right after the end of a row or the
    beginning of an environment, and only if the formula has two of them.
    """
    suspects = [i for i in range(1, len(tokens)) if _is_written_line_feed(tokens, i)]
    if len(suspects) > 1:
        for i in reversed(suspects):
            tokens[i : i + 1] = [" ", *tokens[i][2:]]
    return [" " if token == "\\n" else token for token in tokens]


def _is_written_line_feed(tokens: list[str], i: int) -> bool:
    token = tokens[i]
    if not token.startswith("\\n") or len(token) < 3 or token in _N_COMMANDS:
        return False
    return tokens[i - 1] == "\\\\" or (tokens[i - 1] == "}" and "\\begin" in tokens[max(0, i - 14) : i])


def _command_end(tex: str, start: int) -> int:
    stop = start + 1
    while stop < len(tex) and tex[stop] in _LETTERS:
        stop += 1
    return stop if stop > start + 1 else min(start + 2, len(tex))


def _add_command(tokens: list[str], command: str) -> None:
    if command == "\\":
        raise refuse("syntax", "the formula ends in a lone backslash.")
    if command[1].isspace():
        command = "\\ "
    if command.startswith("\\hline") and command != "\\hline":
        # "\hlinex" is what is left of "\hline\nx" where a line feed was lost; no package defines such a command.
        tokens += ["\\hline", *command[6:]]
    else:
        tokens.append(command)


def _after_comment(tex: str, start: int) -> int:
    """A comment is believed only where nothing follows on its line: `50% chance` was meant as a percent sign."""
    stop = tex.find("\n", start)
    stop = len(tex) if stop < 0 else stop
    if tex[start + 1 : stop].strip():
        raise refuse("bare-percent", "a bare % starts a comment in LaTeX; write \\% for a percent sign.")
    return stop


def is_word(token: str) -> bool:
    """Whether a token is a command of letters, which needs a space before a letter."""
    return len(token) > 1 and token[1] in _LETTERS


class Cursor:
    """A place in a list of tokens."""

    __slots__ = ("position", "tokens")

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.position = 0

    def peek(self) -> str | None:
        """The next token, or None at the end."""
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def next(self) -> str | None:
        """The next token, which is then behind the cursor, or None at the end."""
        token = self.peek()
        self.position += 1
        return token

    def skip_spaces(self) -> None:
        while self.peek() == " ":
            self.position += 1

    def take(self, *wanted: str) -> bool:
        """Step over the next token, after spaces, if it is one of those wanted."""
        mark = self.position
        self.skip_spaces()
        if self.peek() in wanted and self.peek() is not None:
            self.position += 1
            return True
        self.position = mark
        return False

    def look(self) -> str | None:
        """The next token that is no space, without moving."""
        position = self.position
        while position < len(self.tokens) and self.tokens[position] == " ":
            position += 1
        return self.tokens[position] if position < len(self.tokens) else None

    def argument(self, command: str) -> Sequence[str]:
        """The tokens of the next argument: what stands in a group, or one token."""
        self.skip_spaces()
        token = self.next()
        if token is None or token in ("}", "&", "\\\\", "\\end", "\\right"):
            raise refuse("syntax", f"{command} lacks an argument.")
        return self.until("{") if token == "{" else [token]

    def optional(self) -> Sequence[str] | None:
        """The tokens of an optional argument in brackets, if there is one."""
        if not self.take("["):
            return None
        start, depth = self.position, 0
        while (token := self.next()) is not None:
            if token == "{":
                depth += 1
            elif token == "}":
                depth -= 1
            elif token == "]" and depth == 0:
                return self.tokens[start : self.position - 1]
        raise refuse("unbalanced", "an optional argument is not closed by ].")

    def until(self, opener: str) -> Sequence[str]:
        r"""The tokens up to the partner of an opener (`{`, `\left`, `\begin`) that was just read; steps over it."""
        start, closer, depth, braces = self.position, _OPENERS[opener], 1, 0
        while (token := self.next()) is not None:
            if token == opener and (opener == "{" or braces == 0):
                depth += 1
            elif token == closer and (opener == "{" or braces == 0):
                depth -= 1
                if depth == 0:
                    return self.tokens[start : self.position - 1]
            elif token == "{":
                braces += 1
            elif token == "}":
                braces -= 1
                if braces < 0:
                    break
        raise refuse("unbalanced", f"{opener} has no {closer} in its group.")

    def word(self, command: str) -> str:
        """An argument of plain characters, as the name of an environment or a length."""
        return "".join(self.argument(command)).strip()


def split_top(tokens: Sequence[str], separators: frozenset[str]) -> list[tuple[Sequence[str], str]]:
    r"""Cut at separators that stand outside braces and environments; each piece comes with the separator after it."""
    pieces: list[tuple[Sequence[str], str]] = []
    start = depth = 0
    for position, token in enumerate(tokens):
        if token in ("{", "\\begin"):
            depth += 1
        elif token in ("}", "\\end"):
            depth -= 1
        elif depth == 0 and token in separators:
            pieces.append((tokens[start:position], token))
            start = position + 1
    return [*pieces, (tokens[start:], "")]
