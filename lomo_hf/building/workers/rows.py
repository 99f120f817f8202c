"""How one conversation's rows are made within a build: whatever happens to one row, the build goes on.

Three layers. Here: an error that nobody foresaw keeps its row as text, with the reason. In `isolation`: a row that
kills its process, or never ends, is made in a process of its own under limits. In `pool`: the parent that notices.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lomo_hf.building.planning import ShardSpec
from lomo_hf.corpus import Conversation, Refusal
from lomo_hf.errors import BuildError, LomoError
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.row import Row
from lomo_hf.substitution import Steps, Substituter, keep_as_text

__all__ = ["MakeRows", "RowLimits", "kept_rows", "rows_in_this_process"]

MakeRows = Callable[[Conversation, float | None], Steps]
"""A conversation and its place in the corpus -> the work on its rows, one for each recipe of the shard."""


@dataclass(frozen=True)
class RowLimits:
    """What one row may take before it is kept as text, and a worker before it is given up.

    Far above any row that ends: 1 s is already rare.

    Attributes:
        hang_seconds: Seconds by the clock after which a worker counts as hung, and its shard's rows are isolated. It
            decides no row, so a slow machine costs time only.
        silence_seconds: Seconds by the clock without a row read, while a shard is read or written, after which a
            worker counts as lost. An hour is more than all tries and waits for a busy Hub take together.
        cpu_seconds: In isolation: processor time; beyond it the reason is "time".
        wall_seconds: In isolation: time by the clock, for a row that waits instead of working; also "time".
        memory: In isolation: bytes of address space over what a fresh worker has; beyond it the reason is "memory".
    """

    hang_seconds: float = 60.0
    silence_seconds: float = 3600.0
    cpu_seconds: int = 60
    wall_seconds: float = 600.0
    memory: int = 4 << 30


def rows_in_this_process(spec: ShardSpec) -> MakeRows:
    """The usual way. An unforeseen error in a row is logged and becomes its reason, `error:<type>`.

    Raises (when called with a conversation):
        BuildError: Not even the text of the row can be kept.
    """
    together = Substituter(spec.recipes)
    each_alone = [Substituter([recipe]) for recipe in spec.recipes]

    def make(conversation: Conversation, corpus_place: float | None) -> Steps:
        try:
            yield from together.steps(conversation, corpus_place)
        except (LomoError, MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException:  # a panic of the typesetter is no Exception
            yield [_row_or_reason(spec, alone, conversation, corpus_place) for alone in each_alone]

    return make


def kept_rows(
    recipes: Sequence[Recipe], conversation: Conversation, reason: str, corpus_place: float | None
) -> list[Row | Refusal]:
    """The conversation as text, with the reason wherever it would have been rewritten."""
    return [keep_as_text(conversation, recipe, reason, corpus_place) for recipe in recipes]


def _row_or_reason(
    spec: ShardSpec, alone: Substituter, conversation: Conversation, corpus_place: float | None
) -> Row | Refusal:
    """Each recipe for itself: what fails in one may well succeed in the others."""
    try:
        return alone.rows(conversation, corpus_place)[0]
    except (LomoError, MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        problem = f"{type(error).__name__}: {error}"
        try:
            row = keep_as_text(conversation, alone.recipes[0], f"error:{type(error).__name__}", corpus_place)
        except Exception:
            message = f"{spec} fails at row {conversation.id!r} ({problem}). Please report this row."
            raise BuildError(message) from error
        logging.getLogger("lomo_hf").error("row %r stays text (%s). Please report this row.", conversation.id, problem)
        return row
