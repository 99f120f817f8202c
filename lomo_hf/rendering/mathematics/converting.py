"""LaTeX that math-core knows -> MathML -> Typst."""

from functools import lru_cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics.limits import MAX_TREE_DEPTH, refuse
from lomo_hf.rendering.mathematics.marks import Context
from lomo_hf.rendering.mathematics.mathml import row_to_typst

if TYPE_CHECKING:
    from math_core import LatexToMathML

__all__ = ["convert", "is_known_to_math_core"]


def convert(latex: str, context: Context, *, display: bool) -> str:
    """Rewritten LaTeX through math-core into Typst; `context` holds the marks."""
    try:
        root = ElementTree.fromstring(_mathml(latex, display))
    except ElementTree.ParseError:
        raise refuse("syntax", "math-core wrote no MathML.") from None
    _check_depth(root)
    return row_to_typst(list(root), context, 0 if display else 1, row="whole")


@lru_cache(maxsize=4096)
def is_known_to_math_core(command: str) -> bool:
    """Whether math-core has a command of this name.

    >>> is_known_to_math_core("\\\\frac"), is_known_to_math_core("\\\\nabcd")
    (True, False)
    """
    try:
        _mathml(f"{command} ", False)
    except FormulaError as error:
        return not error.reason.startswith("formula:unknown-command")
    return True


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
