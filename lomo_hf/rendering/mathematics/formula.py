r"""One formula of LaTeX -> one body of Typst mathematics. The way in; everything else of the package serves this."""

from dataclasses import dataclass
from functools import lru_cache

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics.converting import convert, is_known_to_math_core
from lomo_hf.rendering.mathematics.coverage import check_body
from lomo_hf.rendering.mathematics.escapes import unescaped
from lomo_hf.rendering.mathematics.handlers import HANDLERS
from lomo_hf.rendering.mathematics.limits import MAX_CHARACTERS, MAX_WORK, refuse
from lomo_hf.rendering.mathematics.marks import Context
from lomo_hf.rendering.mathematics.mending import mended
from lomo_hf.rendering.mathematics.repair import repaired
from lomo_hf.rendering.mathematics.rewrite import rewrite
from lomo_hf.rendering.mathematics.ruled import work_of
from lomo_hf.rendering.mathematics.scanner import tokenise
from lomo_hf.rendering.mathematics.units import is_unit

__all__ = ["TypesetFormula", "check_work", "formula_to_typst", "typeset_formula"]

_QUANTITIES = ("\\SI", "\\si{", "\\si[", "\\qty", "\\unit")


@dataclass(frozen=True, slots=True)
class TypesetFormula:
    """A formula as Typst mathematics.

    Attributes:
        typst: What stands between dollars.
        repairs: Names of what was mended before it could be read, sorted, as "mended-doubled-backslashes".
    """

    typst: str
    repairs: tuple[str, ...] = ()

    @property
    def work(self) -> int:
        """What its tables with rules cost, of at most `MAX_WORK` a page."""
        return work_of(self.typst)


def typeset_formula(tex: str, *, display: bool) -> TypesetFormula:
    r"""Typst mathematics for one formula, to be placed between dollars by the caller, and what was mended in it.

    Args:
        tex: LaTeX without its delimiters; an environment comes whole. What it says can never be more than mathematics
            to Typst.
        display: Whether it stands on a line of its own.

    Returns:
        The formula; the document that it is put in must import `mathematics.typ`.

    Raises:
        FormulaError: The string cannot be set faithfully; nothing else is raised for any string. The `reason` is short
            and countable, as "formula:unknown-command:\foo".

    >>> typeset_formula(r"a \\leq b", display=False)
    TypesetFormula(typst='a\\≤b', repairs=('mended-doubled-backslashes',))
    """
    if len(tex) > MAX_CHARACTERS:
        raise refuse("too-long", f"the formula has {len(tex):,} characters; at most {MAX_CHARACTERS:,} are set.")
    result = _cached(tex, display)
    if isinstance(result, TypesetFormula):
        return result
    raise FormulaError(*result)


def formula_to_typst(tex: str, *, display: bool) -> str:
    r"""As `typeset_formula`, the Typst mathematics alone.

    >>> formula_to_typst(r"\frac12 x^2", display=False)
    'frac(1, 2)attach(x, t: 2)'
    """
    return typeset_formula(tex, display=display).typst


@lru_cache(maxsize=4096)
def _cached(tex: str, display: bool) -> TypesetFormula | tuple[str, str]:
    """The formula, or the reason and message of the refusal: what is refused once is refused as fast again."""
    try:
        context = Context(HANDLERS)
        known = _is_known_among_units if any(command in tex for command in _QUANTITIES) else _is_known
        read = repaired(unescaped(tex, known, context.repairs), context.repairs)
        tokens = mended(tokenise(read), known, context.repairs)
        body = convert(rewrite(tokens, context), context, display=display)
        body += "".join(context.tags)
        check_body(body)
        check_work(work_of(body))
        return TypesetFormula(body, tuple(sorted(context.repairs)))
    except FormulaError as error:
        return error.reason, str(error)
    except RecursionError:  # where the caller already stood deep
        return "formula:too-deep", "the formula nests deeper than the stack has room."


def check_work(work: int) -> None:
    """Pass if tables with rules may cost so much on one page.

    Raises:
        FormulaError: They may not.
    """
    if work > MAX_WORK:
        raise refuse("too-long", f"tables with rules lay out {work:,} cells; at most {MAX_WORK:,} are set on a page.")


def _is_known(command: str) -> bool:
    return command in HANDLERS or is_known_to_math_core(command) or is_unit(command)


def _is_known_among_units(command: str) -> bool:
    return _is_known(command) or is_unit(command, short=True)
