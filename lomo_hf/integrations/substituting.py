"""T(x) for what was read of one row: the row, or the refusal that it was already."""

from lomo_hf.corpus import Conversation, Refusal
from lomo_hf.substitution import Row, Substituter

__all__ = ["substituted"]


def substituted(read: Conversation | Refusal, substituter: Substituter, place: float | None = None) -> Row | Refusal:
    """The row that a substituter of one recipe makes of what was read; a refusal stays one. `place`: as there.

    >>> from lomo_hf.recipe import Recipe
    >>> substituted(Refusal("train/1", "dialect", "No known columns."), Substituter([Recipe("mine")])).reason
    'dialect'
    """
    return read if isinstance(read, Refusal) else substituter.rows(read, place)[0]
