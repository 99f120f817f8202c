"""What one formula may cost: caps that keep time, depth and memory bounded whatever the input.

The caps are far above real data (median 19 characters, 99 % under 248, nesting under 12) and far below what would
exhaust a stack in Python, in math-core or in Typst.
"""

from lomo_hf.errors import FormulaError

__all__ = [
    "MAX_CHARACTERS",
    "MAX_DEPTH",
    "MAX_EXPANDED",
    "MAX_GRIDS",
    "MAX_MARKS",
    "MAX_ROWS",
    "MAX_TREE_DEPTH",
    "MAX_WORK",
    "refuse",
]

MAX_CHARACTERS = 4000
"""Characters of LaTeX in one formula."""

MAX_DEPTH = 32
"""Groups, environments, delimiter pairs and texts inside one another."""

MAX_EXPANDED = 20_000
"""Tokens that the macros of one formula may grow to."""

MAX_TREE_DEPTH = 72
r"""Elements inside one another in the MathML: catches what nests without braces, as `\sqrt\sqrt\sqrt 2`."""

MAX_MARKS = 2000
"""Constructs of one formula that this package sets itself; each is one private-use character."""

MAX_GRIDS = 3
"""Tables with rules inside one another: each lays out its cells twice, so time doubles with every level."""

MAX_ROWS = 200
"""Rows, and columns, of one table."""

MAX_WORK = 10_000
"""Bodies of cells that tables with rules may lay out on one page: 60 rows of 12 columns are 8,640. Each takes about 45
microseconds and 20 kB."""


def refuse(reason: str, message: str) -> FormulaError:
    """The error for a formula that cannot be set: `reason` is countable, `message` is a sentence.

    >>> refuse("too-long", "the formula has 9,000 characters; at most 4,000 are set.").reason
    'formula:too-long'
    """
    return FormulaError(f"formula:{reason}", message)
