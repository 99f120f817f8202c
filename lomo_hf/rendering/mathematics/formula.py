r"""One formula of LaTeX -> one body of Typst mathematics. The way in; everything else of the package serves this."""

from functools import lru_cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics.coverage import check_body
from lomo_hf.rendering.mathematics.limits import MAX_CHARACTERS, MAX_TREE_DEPTH, refuse
from lomo_hf.rendering.mathematics.marks import Context
from lomo_hf.rendering.mathematics.mathml import row_to_typst
from lomo_hf.rendering.mathematics.mending import mended
from lomo_hf.rendering.mathematics.repair import repaired
from lomo_hf.rendering.mathematics.rewrite import rewrite
from lomo_hf.rendering.mathematics.scanner import split_top, tokenise

if TYPE_CHECKING:
    from math_core import LatexToMathML

__all__ = ["convert", "formula_to_typst"]

_LINE_ENDS = frozenset(("\\\\", "\\cr", "\\newline"))


def formula_to_typst(tex: str, *, display: bool) -> str:
    r"""Typst mathematics for one formula, to be placed between dollars by the caller.

    `tex` is LaTeX without its delimiters; an environment comes whole. `display` says whether it stands on a line of
    its own. The document must begin with `preamble(…)`. What `tex` says can never be more than mathematics to Typst.

    Raises:
        FormulaError: The string cannot be set faithfully; nothing else is raised for any string. The `reason` is short
            and countable, as "formula:unknown-command:\foo".

    >>> formula_to_typst(r"\frac12 x^2", display=False)
    'frac(1, 2)attach(x, t: 2)'
    """
    if len(tex) > MAX_CHARACTERS:
        raise refuse("too-long", f"the formula has {len(tex):,} characters; at most {MAX_CHARACTERS:,} are set.")
    result = _cached(tex, display)
    if isinstance(result, str):
        return result
    raise FormulaError(*result)


@lru_cache(maxsize=4096)
def _cached(tex: str, display: bool) -> str | tuple[str, str]:
    """The body, or the reason and message of the refusal: what is refused once is refused as fast again."""
    try:
        context = Context()
        latex = rewrite(_gathered(mended(tokenise(repaired(tex)))), context)
        body = convert(latex, context, display=display)
        body += "".join(context.tags)
        check_body(body)
        return body
    except FormulaError as error:
        return error.reason, str(error)
    except RecursionError:  # where the caller already stood deep
        return "formula:too-deep", "the formula nests deeper than the stack has room."


def _gathered(tokens: list[str]) -> list[str]:
    r"""Lines of a bare `a \\ b` become rows: LaTeX runs them together, but whoever wrote them saw them apart."""
    lines = [line for line, _ in split_top(tokens, _LINE_ENDS) if any(token != " " for token in line)]
    if len(lines) < 2:
        return [token for line in lines for token in line]
    rows = [token for line in lines for token in (*line, "\\\\")]
    name = ["{", *"gathered", "}"]
    return ["\\begin", *name, *rows, "\\end", *name]


def convert(latex: str, context: Context, *, display: bool) -> str:
    """Rewritten LaTeX through math-core into Typst; `context` holds the marks."""
    try:
        root = ElementTree.fromstring(_mathml(latex, display))
    except ElementTree.ParseError:
        raise refuse("syntax", "math-core wrote no MathML.") from None
    _check_depth(root)
    return row_to_typst(list(root), context, 0 if display else 1)


def _mathml(latex: str, display: bool) -> str:
    from math_core import LatexError

    try:
        xml = _converter().convert_with_local_state(latex, displaystyle=display)
    except LatexError as error:
        raise _refusal(str(error)) from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # a bug of math-core, which is no Exception
            raise refuse("math-core", "math-core could not read the formula.") from None
        raise
    return str(xml).replace("&ApplyFunction;", "\u2061")


@lru_cache(maxsize=1)
def _converter() -> "LatexToMathML":
    from math_core import LatexToMathML

    return LatexToMathML(fancy_error=False, allow_unreliable_rendering=True, unicode_substitution="never")


def _refusal(message: str) -> FormulaError:
    """math-core's sentence as a reason that can be counted."""
    sentence = message.partition(": ")[2] or message
    if sentence.startswith("Unknown command"):
        command = sentence.partition('"')[2].rpartition('"')[0]
        return refuse(f"unknown-command:{command[:40]}", f"{command[:40]} is not a command that is known.")
    if sentence.startswith("Unknown environment"):
        name = sentence.partition('"')[2].rpartition('"')[0]
        return refuse(f"unknown-environment:{name[:30]}", f"the environment {name[:30]} is not known.")
    return refuse("syntax", f"LaTeX could not be read: {sentence[:200]}")


def _check_depth(root: ElementTree.Element) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MAX_TREE_DEPTH:
            raise refuse("too-deep", f"the formula nests more than {MAX_TREE_DEPTH} levels deep.")
        level = [child for element in level for child in element]
