"""The indivisible parts of a prompt: formulas, code spans and fenced blocks."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["MAX_FORMULA_CHARS", "Atom", "AtomKind"]

AtomKind = Literal["inline", "display", "code", "fence"]

MAX_FORMULA_CHARS = 10_000
"""A formula is not longer; two delimiters that lie further apart are text."""


@dataclass(frozen=True, slots=True)
class Atom:
    """An indivisible part of a prompt: `prompt[start:end]`, whose content is `prompt[body_start:body_end]`.

    Attributes:
        kind: "inline" or "display" for a formula, "code" for a code span, "fence" for a fenced block.
        start: Where it begins, in characters of the prompt, with its delimiter.
        end: Where it ends.
        body_start: Where its content begins; `start` for a formula without delimiters.
        body_end: Where its content ends.

    Source: paper, section 3: "explicit mathematical expressions and common LaTeX commands are atomic".

    Example:
        >>> Atom("inline", 4, 7, 5, 6).is_math
        True
    """

    kind: AtomKind
    start: int
    end: int
    body_start: int
    body_end: int

    @property
    def is_math(self) -> bool:
        """Whether the atom is a formula."""
        return self.kind in ("inline", "display")
