"""From turns as the source wrote them to a conversation in order: repaired where possible, else refused, by name.

Repaired, and named in `Conversation.repairs`: an empty system turn is dropped, assistant turns before the first prompt
are dropped, prompts without an answer at the end are cut, consecutive turns of one role are joined by a blank line.
Consumers would otherwise drop such rows without a word. Texts are never stripped or normalised.
"""

import math
from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

from lomo_hf.corpus.conversation import MAX_TURN_CHARS, Conversation, Origin, Refusal, Role, Turn, blank
from lomo_hf.corpus.dialects import DIALECT_REMEDY, RawTurn, Unfit, read_turns
from lomo_hf.corpus.identity import row_id, safe_line

__all__ = ["to_conversation"]

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
}
# Roles that are refused under their own name; any other is counted as "role:other".
_FOREIGN: Final = frozenset(
    "tool tool_call tool_response function function_call function_response observation ipython developer".split()
)
_MAX_DECLARED_CHARS: Final = 500
_JOINT: Final = "\n\n"


def to_conversation(
    row: Mapping[str, Any],
    *,
    config: str,
    index: int,
    repo: str | None = None,
    revision: str | None = None,
    source_id: str | None = None,
    license: str | None = None,
) -> Conversation | Refusal:
    """A row in any known dialect as a conversation, or the reason why not; never an exception, whatever the row.

    `index` is the row's position in its source and names a row that has no id of its own. A `Source`, which knows all
    its rows, passes as `source_id` an id that is unique; without it the id is as the row gives it. `license` stands
    for rows that declare none.

    >>> row = {"id": 7, "conversations": [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4"}]}
    >>> to_conversation(row, config="demo", index=0).turns
    (Turn(role='user', text='2+2?'), Turn(role='assistant', text='4'))
    >>> to_conversation({"text": "no turns"}, config="demo", index=3).reason
    'dialect'
    """
    source_id = row_id(row, index) if source_id is None else source_id
    name = f"{config}/{source_id}"
    try:
        if not isinstance(row, Mapping):
            raise Unfit("dialect", f"The row is {type(row).__name__}, not an object. {DIALECT_REMEDY}")
        turns, repairs = _ordered(_known_roles(read_turns(row)))
        for position, turn in enumerate(turns):
            _check_text(turn, position)
    except Unfit as unfit:
        return Refusal(name, unfit.reason, unfit.detail)
    declared = _declared(row, "data_source") or _declared(row, "source")
    origin = Origin(repo, config, source_id, revision, declared, _declared(row, "license") or license)
    return Conversation(name, turns, origin, repairs, _score(row))


def _known_roles(raw: list[RawTurn]) -> list[Turn]:
    turns = []
    for position, (name, text) in enumerate(raw):
        bare = name[:40].strip().lower()
        role = _ROLES.get(bare)
        if role is None:
            reason = bare if bare in _FOREIGN else "other"
            detail = f"Turn {position} has the role {safe_line(name, 40)!r}, none of system, user, assistant."
            raise Unfit(f"role:{reason}", detail)
        turns.append(Turn(role, text))
    return turns


def _ordered(turns: list[Turn]) -> tuple[tuple[Turn, ...], tuple[str, ...]]:
    repairs = []
    kept = [turn for turn in turns if turn.role != "system" or not blank(turn.text)]
    if len(kept) < len(turns):
        repairs.append("dropped-empty-system")
    first = next((i for i, turn in enumerate(kept) if turn.role != "system"), len(kept))
    system, spoken = kept[:first], kept[first:]
    if any(turn.role == "system" for turn in spoken):
        raise Unfit("order:system", "A system turn stands after the first prompt or answer.")
    start = next((i for i, turn in enumerate(spoken) if turn.role == "user"), None)
    if start is None:
        raise Unfit("order:no-user", "The row has no user turn.")
    if start:
        repairs.append("dropped-leading-assistant")
    end = max((i + 1 for i, turn in enumerate(spoken) if turn.role == "assistant" and i > start), default=0)
    if not end:
        raise Unfit("order:no-answer", "No assistant turn follows the user turn.")
    if end < len(spoken):
        repairs.append("cut-trailing-user")
    _check_filled(spoken, start, end)
    merged = [_merged(role, list(same)) for role, same in groupby(system + spoken[start:end], key=lambda t: t.role)]
    if len(merged) < len(system) + end - start:
        repairs.append("merged-turns")
    return tuple(merged), tuple(repairs)


def _check_filled(spoken: list[Turn], start: int, end: int) -> None:
    for position in range(start, end):
        if blank(spoken[position].text):
            role = spoken[position].role
            raise Unfit(f"empty:{role}", f"The {role} turn at place {position + 1} of the dialogue holds no text.")


def _merged(role: Role, same: list[Turn]) -> Turn:
    return same[0] if len(same) == 1 else Turn(role, _JOINT.join(turn.text for turn in same))


def _check_text(turn: Turn, position: int) -> None:
    if len(turn.text) > MAX_TURN_CHARS:
        size = f"{len(turn.text):,} characters; at most {MAX_TURN_CHARS:,} are taken"
        raise Unfit("too-long", f"Turn {position} ({turn.role}) has {size}.")
    if turn.text.isascii():
        return
    try:
        turn.text.encode("utf-8")
    except UnicodeEncodeError as error:
        detail = f"Turn {position} ({turn.role}) has a lone surrogate at character {error.start}."
        raise Unfit("surrogate", detail) from None


def _declared(row: Mapping[str, Any], column: str) -> str | None:
    value = row.get(column)
    return safe_line(value, _MAX_DECLARED_CHARS) if isinstance(value, str) and value else None


def _score(row: Mapping[str, Any]) -> float | None:
    value = row.get("score")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        score = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return None
    return score if math.isfinite(score) else None
