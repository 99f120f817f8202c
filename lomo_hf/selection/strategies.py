"""What rows are ranked by: one line of `STRATEGIES` each.

A strategy is a statistic of a row. The statistic of most is ranked by its percentiles over the corpus, which are
measured once; that of `place` is a rank already.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lomo_hf.corpus import Conversation
from lomo_hf.spans import scan

__all__ = ["STRATEGIES", "Strategy"]


@dataclass(frozen=True)
class Strategy:
    """What rows are ranked by.

    Attributes:
        ranks: What it ranks by, in a line for cards and listings.
        statistic: (row, index of the turn that would be rewritten) -> number; None where the row has none, and then
            chance alone draws it.
        unit: Of the statistic; "" where it has none.
        of_column: Whether the statistic is of a column of the source that stored rows do not have.

    >>> STRATEGIES["length"].unit, STRATEGIES["uniform"].is_measured
    ('characters', False)
    """

    ranks: str
    statistic: Callable[[Conversation, int], float | None] | None = None
    unit: str = ""
    of_column: bool = False

    @property
    def is_measured(self) -> bool:
        """Whether the statistic must be measured over the corpus before rows can be ranked."""
        return self.statistic is not None


def _length(conversation: Conversation, turn: int) -> float:
    return float(len(conversation.turns[turn].text))


def _mathematics(conversation: Conversation, turn: int) -> float:
    prompt = conversation.turns[turn].text
    return sum(atom.end - atom.start for atom in scan(prompt) if atom.is_math) / len(prompt)


def _score(conversation: Conversation, turn: int) -> float | None:
    return conversation.score


STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        "uniform": Strategy("nothing: chance alone, as in the paper"),
        "length": Strategy("the length of the prompt", _length, "characters"),
        "mathematics": Strategy("the share of the prompt's characters that stand in formulas", _mathematics),
        "score": Strategy("the number in the source's column `score`", _score, of_column=True),
        "place": Strategy("the row's place in the corpus: the share of pages rises, or falls, from shard to shard"),
    }
)
"""Name of a strategy (`selection.by` in a recipe) -> what it ranks rows by."""
