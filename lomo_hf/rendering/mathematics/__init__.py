"""Mathematics: LaTeX -> math-core -> Typst, with a named refusal for whatever cannot be set faithfully.

What converted formulas call is defined in `rendering/definitions/mathematics.typ`.
"""

from lomo_hf.rendering.mathematics.formula import formula_to_typst

__all__ = ["formula_to_typst"]
