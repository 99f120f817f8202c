"""Mathematics: LaTeX -> math-core -> Typst, with a named refusal for whatever cannot be set faithfully."""

from lomo_hf.rendering.mathematics.formula import formula_to_typst
from lomo_hf.rendering.mathematics.preamble import PREAMBLE, preamble

__all__ = ["PREAMBLE", "formula_to_typst", "preamble"]
