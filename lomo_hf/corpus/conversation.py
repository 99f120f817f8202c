"""A row of text as every other package reads it: a `Conversation`, or the `Refusal` that says why there is none.

A conversation is an optional leading system turn, then user and assistant turns in strict alternation, ending with the
assistant. Nothing here is stripped or normalised: the text of a turn is the text of the source, to the character.
Where the order of the turns had to be repaired, `repairs` says how; where the source's row cannot become a
conversation, a refusal names the reason. `opening` reads sources and `dialects` tells dialects apart.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from lomo_hf.errors import SourceError

__all__ = ["MAX_TURN_CHARS", "Conversation", "Origin", "Refusal", "Role", "Turn", "blank"]

Role: TypeAlias = Literal["system", "user", "assistant"]

MAX_TURN_CHARS: Final = 1_000_000
"""Characters in one turn. A longer one is refused ("too-long"): about 250,000 tokens, beyond any training context."""


@dataclass(frozen=True)
class Turn:
    """One turn: who speaks, and the text, as it stands in the source."""

    role: Role
    text: str


@dataclass(frozen=True)
class Origin:
    """Where a row comes from; becomes the `source_*` columns of the dataset.

    `repo`, `config` and `revision` name the source; `id`, `data_source` and `license` are what the row declares.
    """

    repo: str | None
    config: str
    id: str
    revision: str | None
    data_source: str | None
    license: str | None


@dataclass(frozen=True)
class Conversation:
    """One row of text, in the one form that every other package reads.

    `id` is "<config>/<source id>", one safe line, unique within its source. `repairs` names what was done to the order
    of the turns, or to the text while screening: "dropped-empty-system", "dropped-leading-assistant",
    "cut-trailing-user", "merged-turns", "escaped-tokens". `score` is what the source's column `score` holds, if it
    is a number: how hard the row is, or how good; recipes may choose rows by it.

    Raises `SourceError` when the turns break the order or one of them is empty.

    >>> turns = (Turn("system", "Be brief."), Turn("user", "2+2?"), Turn("assistant", "4"))
    >>> row = Conversation("demo/1", turns, Origin(None, "demo", "1", None, None, None))
    >>> row.user_turns, row.answer_of(1).text, row.system
    ((1,), '4', 'Be brief.')
    """

    id: str
    turns: tuple[Turn, ...]
    origin: Origin
    repairs: tuple[str, ...] = ()
    score: float | None = None

    def __post_init__(self) -> None:
        roles = [turn.role for turn in self.turns]
        spoken = roles[1:] if roles[:1] == ["system"] else roles
        if not spoken or len(spoken) % 2 or spoken != ["user", "assistant"] * (len(spoken) // 2):
            raise SourceError(
                f"turns of {self.id!r} must be user and assistant in alternation after an optional system turn; found "
                f"{roles[:6]}. Build conversations with to_conversation, which repairs or refuses such rows."
            )
        for position, turn in enumerate(self.turns):
            if blank(turn.text):
                raise SourceError(f"turn {position} ({turn.role}) of {self.id!r} is empty. Refuse the row instead.")

    @property
    def system(self) -> str | None:
        """The text of the system turn, if there is one."""
        return self.turns[0].text if self.turns[0].role == "system" else None

    @property
    def user_turns(self) -> tuple[int, ...]:
        """Indices into `turns` of the prompts, in order; at least one."""
        return tuple(range(len(self.turns) % 2, len(self.turns), 2))

    def answer_of(self, user_turn: int) -> Turn:
        """The assistant's turn that answers the prompt at this index."""
        if self.turns[user_turn].role != "user":
            raise IndexError(f"turn {user_turn} of {self.id!r} is not a user turn; user_turns are {self.user_turns}.")
        return self.turns[user_turn + 1]


@dataclass(frozen=True)
class Refusal:
    """A row that does not become a conversation.

    `reason` is short and drawn from a small set, so that a build can count it: "empty:user", "role:tool",
    "order:no-answer", "placeholder:<image>", `special-token:<|im_end|>`, "surrogate", "encoding", "too-long",
    "image-row", "dialect", "json". `detail` is one sentence for the person who looks into it.

    >>> Refusal("demo/7", "empty:user", "Turn 0 holds no text.").reason
    'empty:user'
    """

    id: str
    reason: str
    detail: str


def blank(text: str) -> bool:
    """Whether a text is empty or whitespace only; stops at the first character that is neither.

    >>> blank(" \\n"), blank("\\u200b"), blank("")
    (True, False, True)
    """
    return not text or text.isspace()
