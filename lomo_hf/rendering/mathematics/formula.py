r"""One formula of LaTeX -> one body of Typst mathematics. The way in; everything else of the package serves this."""

from functools import lru_cache

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics.converting import convert
from lomo_hf.rendering.mathematics.coverage import check_body
from lomo_hf.rendering.mathematics.handlers import HANDLERS
from lomo_hf.rendering.mathematics.limits import MAX_CHARACTERS, refuse
from lomo_hf.rendering.mathematics.marks import Context
from lomo_hf.rendering.mathematics.mending import mended
from lomo_hf.rendering.mathematics.repair import repaired
from lomo_hf.rendering.mathematics.rewrite import rewrite
from lomo_hf.rendering.mathematics.scanner import split_top, tokenise

__all__ = ["formula_to_typst"]

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
        context = Context(HANDLERS)
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
