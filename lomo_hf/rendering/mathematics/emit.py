r"""Writing Typst mathematics that cannot be anything but mathematics.

Every character of a formula that is not an ASCII letter or digit is escaped, texts are string literals, and nothing
else of the input reaches the page: no formula can call a function, open code mode or close the `$` that it stands in.
"""

import unicodedata

from lomo_hf.rendering.mathematics.limits import refuse

__all__ = ["call", "character", "em", "join", "number", "string"]

_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.")
_DIGITS = frozenset("0123456789")


def character(char: str) -> str:
    r"""One character as a symbol of mathematics.

    >>> character("x"), character("+"), character("$")
    ('x', '\\+', '\\$')
    """
    if char in _WORD and char != ".":
        return char
    if char.isspace() or unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Mn", "Me"):
        return f"\\u{{{ord(char):x}}}"
    return "\\" + char


def number(digits: str) -> str:
    """A number: digits, with at most one point among them, stay together; anything else goes by characters.

    >>> number("3.14"), number("1.")
    ('3.14', '1\\\\.')
    """
    whole, point, rest = digits.partition(".")
    if whole and _DIGITS.issuperset(whole) and (not point or (rest and _DIGITS.issuperset(rest))):
        return digits
    return join([character(char) for char in digits])


def string(text: str) -> str:
    r"""A string literal: the text stands for itself.

    >>> string('say "x" \\ y')
    '"say \\"x\\" \\\\ y"'
    """
    for char in text:
        if ord(char) < 32 or unicodedata.category(char) == "Cs":
            raise refuse(f"uncovered:U+{ord(char):04X}", "a text holds a character that cannot be drawn.")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def em(size: float) -> str:
    """A length in em as Typst code.

    >>> em(0.5), em(-1 / 3)
    ('0.5em', '-0.3333em')
    """
    return f"{round(size, 4):g}em"


def call(function: str, *arguments: str) -> str:
    """A call of a function of mathematics; an empty argument becomes empty content.

    >>> call("frac", "1", "")
    'frac(1, #[])'
    """
    return f"{function}({', '.join(argument or '#[]' for argument in arguments)})"


def join(pieces: list[str]) -> str:
    r"""Pieces side by side, apart only where two would run into one word.

    A space beside a text or a box would show, so an empty comment parts our own functions from what is before them.

    >>> join(["2", "x", "y", "\\+", '"if"', "z", "lmboxed(x)"])
    '2 x y\\+"if"z/**/lmboxed(x)'
    """
    out: list[str] = []
    last = ""
    for piece in pieces:
        if not piece:
            continue
        if last in _WORD and last and (piece[0] in _WORD or piece[0] == "("):
            out.append("/**/" if piece.startswith("lm") else " ")
        out.append(piece)
        last = piece[-1]
    return "".join(out)
