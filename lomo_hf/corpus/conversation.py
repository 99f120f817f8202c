"""A row of text as every other package reads it: a `Conversation`, or the `Refusal` that says why there is none.

A conversation is an optional leading system turn, then user and assistant turns in alternation, ending with the
assistant; where the assistant calls a tool, the tool's turn and another of the assistant's stand between. Nothing here
is stripped or normalised: the text of a turn is the text of the source, to the character. Where the order of the turns
had to be repaired, `repairs` says how; where the source's row cannot become a conversation, a refusal names the
reason. `opening` reads sources and `dialects` tells dialects apart.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from lomo_hf.errors import SourceError

__all__ = ["MAX_TURN_CHARS", "Conversation", "Feedback", "Origin", "Refusal", "Role", "Turn", "blank", "follows"]

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]

MAX_TURN_CHARS: Final = 1_000_000
"""Characters in one turn. A longer one is refused ("too-long"): about 250,000 tokens, beyond any training context."""

# Who may speak after whom; None is the beginning.
_FOLLOWERS: Final[dict[Role | None, tuple[Role, ...]]] = {
    None: ("system", "user"),
    "system": ("user",),
    "user": ("assistant",),
    "assistant": ("user", "tool"),
    "tool": ("assistant",),
}


@dataclass(frozen=True)
class Turn:
    """One turn.

    Attributes:
        role: Who speaks.
        text: What is said, as it stands in the source. A call of a tool that the source keeps as an object stands in
            it as Qwen's and Hermes' templates write one: `<tool_call>`, a line of JSON, `</tool_call>`.

    >>> Turn("user", "2+2?").role
    'user'
    """

    role: Role
    text: str


@dataclass(frozen=True)
class Origin:
    """Where a row comes from; becomes the `source_*` columns of the dataset.

    Attributes:
        repo, config, revision: Name the source.
        id: What the row is called in its config.
        data_source, license: What the row declares, or its source for it.

    >>> Origin(None, "demo", "1", None, None, "MIT").license
    'MIT'
    """

    repo: str | None
    config: str
    id: str
    revision: str | None
    data_source: str | None
    license: str | None


@dataclass(frozen=True)
class Feedback:
    """What was preferred: for training on preferences (DPO) or on labels (KTO).

    Attributes:
        completion: The index of the turn at which the judged completion begins; what stands before it is the prompt,
            and only that may be rendered.
        rejected: The turns of the other completion, which was preferred less; none where there is no other.
        label: Whether the completion is desirable; None where it was held against another one.

    >>> Feedback(1, (Turn("assistant", "5"),)).label is None
    True
    """

    completion: int
    rejected: tuple[Turn, ...] = ()
    label: bool | None = None


@dataclass(frozen=True)
class Conversation:
    """One row of text, in the one form that every other package reads.

    Attributes:
        id: "<config>/<source id>", one safe line, unique within its source.
        turns: The turns, in order.
        origin: Where the row comes from.
        repairs: What was done to the order of the turns, or to the text while screening: "dropped-empty-system",
            "dropped-leading-assistant", "cut-trailing-user", "merged-turns", "escaped-tokens" and more; see
            docs/reasons.md.
        score: What the source's column `score` holds, if it is a number: how hard the row is, or how good; recipes may
            choose rows by it.
        feedback: What was preferred, where the source says it; `turns` then hold the chosen completion.
        kept: Columns of the source that are stored beside the row: (name, text).

    Raises:
        SourceError: The turns break the order, or one of them is empty.

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
    feedback: Feedback | None = None
    kept: tuple[tuple[str, str | None], ...] = ()

    def __post_init__(self) -> None:
        roles = [turn.role for turn in self.turns]
        if not roles or roles[-1] != "assistant" or not all(map(follows, [None, *roles[:-1]], roles)):
            raise SourceError(
                f"turns of {self.id!r} must be user and assistant in alternation after an optional system turn; found "
                f"{roles[:6]}. Build conversations with to_conversation, which repairs or refuses such rows."
            )
        rejected = self.feedback.rejected if self.feedback else ()
        for position, turn in enumerate((*self.turns, *rejected)):
            if blank(turn.text):
                raise SourceError(f"turn {position} ({turn.role}) of {self.id!r} is empty. Refuse the row instead.")
        if not self.user_turns:
            raise SourceError(f"{self.id!r} has no user turn before its completion. Refuse the row instead.")

    @property
    def system(self) -> str | None:
        """The text of the system turn, if there is one."""
        return self.turns[0].text if self.turns[0].role == "system" else None

    @property
    def user_turns(self) -> tuple[int, ...]:
        """Indices into `turns` of the prompts, in order; at least one. A judged completion holds no prompt."""
        end = self.feedback.completion if self.feedback else len(self.turns)
        return tuple(index for index, turn in enumerate(self.turns[:end]) if turn.role == "user")

    def answer_of(self, user_turn: int) -> Turn:
        """The assistant's turn that answers the prompt at this index, after all tools that it calls.

        Raises:
            IndexError: There is no prompt at this index.
        """
        if self.turns[user_turn].role != "user":
            raise IndexError(f"turn {user_turn} of {self.id!r} is not a user turn; user_turns are {self.user_turns}.")
        answer = user_turn + 1
        while answer + 1 < len(self.turns) and self.turns[answer + 1].role != "user":
            answer += 1
        return self.turns[answer]


@dataclass(frozen=True)
class Refusal:
    """A row that does not become a conversation.

    Attributes:
        id: As a conversation's.
        reason: Short and drawn from a small set, so that a build can count it: "empty:user", "order:no-answer",
            "placeholder:<image>", `special-token:<|im_end|>`, "surrogate", "too-long", "image-row", "dialect", "json";
            docs/reasons.md has all.
        detail: One sentence for the person who looks into it.

    >>> Refusal("demo/7", "empty:user", "Turn 0 holds no text.").reason
    'empty:user'
    """

    id: str
    reason: str
    detail: str


def follows(before: Role | None, role: Role) -> bool:
    """Whether a turn of this role may stand after one of the other; None is the beginning.

    >>> follows(None, "user"), follows("tool", "user")
    (True, False)
    """
    return role in _FOLLOWERS[before]


def blank(text: str) -> bool:
    """Whether a text is empty or whitespace only; stops at the first character that is neither.

    >>> blank(" \\n"), blank("\\u200b"), blank("")
    (True, False, True)
    """
    return not text or text.isspace()
