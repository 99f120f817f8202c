"""Mathematics: LaTeX -> math-core -> Typst, with a named refusal for whatever cannot be set faithfully."""

from lomo_hf.rendering.mathematics.formula import TypesetFormula, formula_to_typst, typeset_formula
from lomo_hf.rendering.mathematics.preamble import PREAMBLE, preamble

__all__ = ["PREAMBLE", "TypesetFormula", "formula_to_typst", "preamble", "typeset_formula"]
