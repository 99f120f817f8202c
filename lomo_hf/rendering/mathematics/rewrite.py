"""The walk over the tokens of a formula, left to right: each command's handler reads its arguments from the cursor.

Anything without a handler goes to math-core as it is, which refuses what it does not know. The handlers, which rewrite
their arguments by this same walk, come with the context.
"""

from collections.abc import Sequence

from lomo_hf.rendering.mathematics.converting import convert
from lomo_hf.rendering.mathematics.marks import Context
from lomo_hf.rendering.mathematics.scanner import Cursor, is_word

__all__ = ["formula_in", "rewrite"]


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
            out.append(token)
    context.leave()
    return "".join(out)


def formula_in(tokens: Sequence[str], context: Context) -> str:
    """A formula inside a text, or one converted by itself, as finished Typst."""
    latex = rewrite(tokens, context)
    context.enter()
    typst = convert(latex, context, display=False)
    context.leave()
    return typst
