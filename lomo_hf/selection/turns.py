"""Which user turn of a conversation holds the span. The paper speaks of one prompt; this project decides the rest.

Exactly one turn of a row is rewritten, since some trainers read one image a row. A policy is one function and one
line of `TURNS`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from lomo_hf.corpus import Conversation
from lomo_hf.errors import RecipeError
from lomo_hf.randomness import uniform

__all__ = ["TURNS", "TurnPolicy", "turn_policy"]

TurnPolicy: TypeAlias = Callable[[Conversation, int], int]
"""(conversation, seed) -> index of one of its user turns."""


def _first(conversation: Conversation, seed: int) -> int:
    return conversation.user_turns[0]


def _last(conversation: Conversation, seed: int) -> int:
    return conversation.user_turns[-1]


def _longest(conversation: Conversation, seed: int) -> int:
    return max(conversation.user_turns, key=lambda index: len(conversation.turns[index].text))


def _random(conversation: Conversation, seed: int) -> int:
    choices = conversation.user_turns
    return choices[int(uniform(seed, conversation.id, "turn") * len(choices))]


TURNS: Mapping[str, TurnPolicy] = MappingProxyType(
    {"first": _first, "last": _last, "longest": _longest, "random": _random}
)
"""Name of a turn policy -> its function. The order is that of listings."""


def turn_policy(name: str) -> TurnPolicy:
    """The function behind a turn policy's name.

    Args:
        name: One of `TURNS`.

    Returns:
        The function; call it with a conversation and the recipe's seed.

    Raises:
        RecipeError: There is none.

    >>> turn_policy("first").__name__
    '_first'
    """
    if name not in TURNS:
        raise RecipeError(f"turn must be one of {', '.join(TURNS)}; found {name!r}.")
    return TURNS[name]
