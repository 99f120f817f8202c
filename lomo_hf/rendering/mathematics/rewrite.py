"""The walk over the tokens of a formula, left to right: each command's handler reads its arguments from the cursor.

Anything without a handler goes to math-core as it is, which refuses what it does not know. The handlers, which rewrite
their arguments by this same walk, come with the context.
"""

from collections.abc import Sequence
from unicodedata import decomposition

from lomo_hf.rendering.mathematics.converting import convert
from lomo_hf.rendering.mathematics.marks import Context
from lomo_hf.rendering.mathematics.scanner import Cursor, is_word
from lomo_hf.rendering.mathematics.symbols import COMBINING, LOWERED, RAISED

__all__ = ["formula_in", "rewrite"]

_BASES = frozenset(")]}|′″'\"!")
_OF_VARIABLES = frozenset(("\\hat", "\\tilde", "\\bar", "\\dot", "\\ddot", "\\check", "\\breve"))


def rewrite(tokens: Sequence[str], context: Context) -> str:
    """LaTeX for math-core.

    Raises FormulaError for what is unbalanced, too deep, or refused by name.
    """
    context.enter()
    cursor = Cursor(tokens)
    out: list[str] = []
    while (token := cursor.next()) is not None:
        if (handler := context.handlers.get(token)) is not None:
            out.append(handler(token, cursor, context))
        elif is_word(token):
            out.append(token + " ")
        elif token != " ":
            out.append(token if token.isascii() and (cursor.peek() or "").isascii() else _from_unicode(token, cursor))
    context.leave()
    return "".join(out)


def _from_unicode(token: str, cursor: Cursor) -> str:
    """A letter with its combining mark as the accent that it is; raised and lowered characters as scripts."""
    if len(token) != 1:
        return token
    accent = COMBINING.get(cursor.peek() or "")
    if accent is not None:
        cursor.next()
        return f"{accent}{{{token}}}"
    before = cursor.tokens[cursor.position - 2] if cursor.position > 1 else " "
    for sign, scripts in (("^", RAISED), ("_", LOWERED)):
        if token in scripts:
            run = [scripts[token]]
            while (following := cursor.peek()) in scripts:
                run.append(scripts[following or ""])
                cursor.next()
            base = "" if _is_base(before) else "{}"
            return f"{base}{sign}{{{''.join(run)}}}"
    letter, _, mark = decomposition(token).partition(" ")
    accent = COMBINING.get(chr(int(mark, 16))) if "0041" <= letter <= "007A" and len(mark) == 4 else None
    if accent in _OF_VARIABLES and not (before.isalpha() or (cursor.peek() or " ").isalpha()):
        return f"{accent}{{{chr(int(letter, 16))}}}"
    return token


def _is_base(token: str) -> bool:
    """Whether a script can belong to what stands before it."""
    return token.isalnum() or token in _BASES or is_word(token) or token in RAISED or token in LOWERED


def formula_in(tokens: Sequence[str], context: Context) -> str:
    """A formula inside a text, or one converted by itself, as finished Typst."""
    latex = rewrite(tokens, context)
    context.enter()
    typst = convert(latex, context, display=False)
    context.leave()
    return typst
