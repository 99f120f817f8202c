r"""LaTeX as tokens: one linear pass, no regular expressions, and a cursor that reads arguments.

A token is a command (`\frac`, `\{`), a single character, or one space for any run of white space. What TeX would do
with category codes, active characters or definitions is not here: such formulas are refused by name.
"""

from collections.abc import Sequence

from lomo_hf.rendering.mathematics.limits import refuse

__all__ = ["Cursor", "is_word", "source", "split_top", "tokenise"]

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
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
            tokens.append(_command(tex[position:stop]))
            position = stop
        elif character.isspace():
            while position < end and tex[position].isspace():
                position += 1
            tokens.append(" ")
        else:
            tokens.append(character)
            position += 1
    return tokens


def _command_end(tex: str, start: int) -> int:
    stop = start + 1
    while stop < len(tex) and tex[stop] in _LETTERS:
        stop += 1
    return stop if stop > start + 1 else min(start + 2, len(tex))


def _command(command: str) -> str:
    if command == "\\":
        raise refuse("syntax", "the formula ends in a lone backslash.")
    return "\\ " if command[1].isspace() else command


def is_word(token: str) -> bool:
    """Whether a token is a command of letters, which needs a space before a letter."""
    return len(token) > 1 and token[1] in _LETTERS


def source(tokens: Sequence[str]) -> str:
    r"""LaTeX again for tokens.

    >>> source(["\\pi", "r", "^", "2"])
    '\\pi r^2'
    """
    return "".join(f"{token} " if is_word(token) else token for token in tokens)


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

    def before(self, word: str, command: str) -> Sequence[str]:
        """The tokens before a word of plain TeX that parts the arguments of a command; steps over the word."""
        start = self.position
        while (token := self.next()) != word:
            if token is None:
                raise refuse("syntax", f"{command} lacks its {word}.")
        return self.tokens[start : self.position - 1]

    def rest(self) -> Sequence[str]:
        """All tokens that are left; steps over them."""
        start, self.position = self.position, len(self.tokens)
        return self.tokens[start:]

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
