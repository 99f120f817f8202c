"""Mathematics: LaTeX -> math-core -> Typst, with a named refusal for whatever cannot be set faithfully.

What converted formulas call is defined in `rendering/definitions/mathematics.typ`.
"""

from lomo_hf.rendering.mathematics.formula import TypesetFormula, check_work, formula_to_typst, typeset_formula

__all__ = ["TypesetFormula", "check_work", "formula_to_typst", "typeset_formula"]
