"""From turns as the source wrote them to a conversation in order: repaired where possible, else refused, by name.

Repaired, and named in `Conversation.repairs`: an empty system turn is dropped, a developer's turn becomes a system
turn, assistant turns before the first prompt are dropped, prompts without an answer at the end are cut, consecutive
turns of one role are joined by a blank line. Consumers would otherwise drop such rows without a word. Texts are never
stripped or normalised.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Final

from lomo_hf.corpus.conversation import (
    MAX_TURN_CHARS,
    Conversation,
    Feedback,
    Origin,
    Refusal,
    Role,
    Turn,
    blank,
    follows,
)
from lomo_hf.corpus.dialects import RawRow, read_row
from lomo_hf.corpus.identity import row_id, safe_line
from lomo_hf.corpus.known_columns import DIALECT_REMEDY, Unfit
from lomo_hf.corpus.splits import TRAIN, id_prefix
from lomo_hf.corpus.turn_lists import RawTurn

__all__ = ["to_conversation"]

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "system",
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bing", "bard", "model"), "assistant"),
    # Calls are the assistant's, results the tool's.
    **dict.fromkeys(("function_call", "tool_call", "tool_calls"), "assistant"),
    **dict.fromkeys(("tool", "tool_response", "function", "function_response", "observation", "ipython"), "tool"),
}
_MAX_DECLARED_CHARS: Final = 500
_JOINT: Final = "\n\n"


def to_conversation(
    row: Mapping[str, object],
    *,
    config: str,
    index: int,
    repo: str | None = None,
    revision: str | None = None,
    source_id: str | None = None,
    license: str | None = None,
    keep: Sequence[str] = (),
    split: str = TRAIN,
) -> Conversation | Refusal:
    """A row in any known dialect as a conversation, or the reason why not; never an exception, whatever the row.

    Args:
        row: Columns by name.
        config: The name of the source; it begins the id, or the split where it is "default".
        index: The row's position in its source; names a row that has no id of its own.
        repo, revision: Noted in the row's origin.
        source_id: The row's id, unique, from a `Source`, which knows all its rows; by default as the row gives it.
        license: Stands for rows that declare none.
        keep: Columns to store beside the row, as text.
        split: The split of the row.

    Returns:
        The conversation, or the refusal.

    >>> row = {"id": 7, "conversations": [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4"}]}
    >>> to_conversation(row, config="demo", index=0).turns
    (Turn(role='user', text='2+2?'), Turn(role='assistant', text='4'))
    >>> to_conversation({"text": "no turns"}, config="demo", index=3).reason
    'dialect'
    """
    source_id = row_id(row, index) if source_id is None else source_id
    name = f"{id_prefix(config, split)}/{source_id}"
    try:
        if not isinstance(row, Mapping):
            raise Unfit("dialect", f"The row is {type(row).__name__}, not an object. {DIALECT_REMEDY}")
        raw = read_row(row)
        turns, repairs = _ordered(raw)
        feedback = _feedback(raw, turns)
        kept = _kept(row, keep)
        _check_texts(turns, feedback, kept)
    except Unfit as unfit:
        return Refusal(name, unfit.reason, unfit.detail)
    declared = _declared(row, "data_source") or _declared(row, "source")
    origin = Origin(repo, config, source_id, revision, declared, _declared(row, "license") or license)
    return Conversation(name, turns, origin, (*raw.repairs, *repairs), _score(row), feedback, kept)


def _known_roles(raw: Iterable[RawTurn]) -> list[Turn]:
    turns = []
    for position, (name, text) in enumerate(raw):
        role = _ROLES.get(_bare(name))
        if role is None:
            detail = f"Turn {position} has the role {safe_line(name, 40)!r}, none of system, user, assistant and tool."
            raise Unfit("role:other", detail)
        turns.append(Turn(role, text))
    return turns


def _bare(role: str) -> str:
    return role[:40].strip().lower()


def _ordered(raw: RawRow) -> tuple[tuple[Turn, ...], tuple[str, ...]]:
    turns, repairs = _known_roles(raw.turns), []
    if any(_bare(name) == "developer" for name, _ in raw.turns):
        repairs.append("developer-as-system")
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
    end = _after_last_answer(spoken)
    if end <= start:
        raise Unfit("order:no-answer", "No assistant turn follows the user turn.")
    if end < len(spoken):
        repairs.append("cut-trailing-user" if spoken[end].role == "user" else "cut-trailing-tool")
    _check_filled(spoken[start:end], start)
    merged = _merged([*system, *spoken[start:end]])
    if len(merged) < len(system) + end - start:
        repairs.append("merged-turns")
    _check_order(merged)
    return tuple(merged), tuple(repairs)


def _feedback(raw: RawRow, turns: Sequence[Turn]) -> Feedback | None:
    """What was preferred, its completion counted in the turns as they are now."""
    if raw.label is not None:
        last = max(index for index, turn in enumerate(turns) if turn.role == "user")
        return Feedback(last + 1, label=raw.label)
    if not raw.completion:
        return None
    prompt, chosen = raw.turns[: -raw.completion], _completion(raw.turns[-raw.completion :])
    if _ROLES.get(_bare(prompt[-1][0])) not in ("user", "tool"):
        raise Unfit("preference:prompts", "The prompt of a preference does not end with a turn that asks.")
    return Feedback(len(turns) - len(chosen), _completion(raw.rejected))


def _completion(raw: Sequence[RawTurn]) -> tuple[Turn, ...]:
    """The turns of one completion, from the assistant's first to its last."""
    turns = _known_roles(raw)
    turns = turns[: _after_last_answer(turns)]
    if not turns or turns[0].role != "assistant":
        raise Unfit("preference:no-answer", "A completion of a preference does not begin with the assistant's answer.")
    _check_filled(turns, 0)
    merged = _merged(turns)
    _check_order(merged)
    return tuple(merged)


def _after_last_answer(turns: Sequence[Turn]) -> int:
    return max((index + 1 for index, turn in enumerate(turns) if turn.role == "assistant"), default=0)


def _check_filled(spoken: Sequence[Turn], begin: int) -> None:
    for position, turn in enumerate(spoken, begin + 1):
        if blank(turn.text):
            raise Unfit(f"empty:{turn.role}", f"The {turn.role} turn at place {position} of the dialogue has no text.")


def _merged(turns: Sequence[Turn]) -> list[Turn]:
    """Turns, those of one role in a row as one."""
    groups = [(role, list(same)) for role, same in groupby(turns, key=lambda turn: turn.role)]
    return [Turn(role, _JOINT.join(turn.text for turn in same)) for role, same in groups]


def _check_order(turns: Sequence[Turn]) -> None:
    for before, turn in pairwise(turns):
        if not follows(before.role, turn.role):
            raise Unfit("order:tool", f"A {turn.role} turn stands after a {before.role} turn, where none can.")


def _check_texts(turns: Sequence[Turn], feedback: Feedback | None, kept: Sequence[tuple[str, str | None]]) -> None:
    for position, turn in enumerate((*turns, *(feedback.rejected if feedback else ()))):
        _check_text(turn.text, f"Turn {position} ({turn.role})")
    for column, text in kept:
        _check_text(text or "", f"The column {column!r}")


def _check_text(text: str, where: str) -> None:
    if len(text) > MAX_TURN_CHARS:
        raise Unfit("too-long", f"{where} has {len(text):,} characters; at most {MAX_TURN_CHARS:,} are taken.")
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Unfit("surrogate", f"{where} has a lone surrogate at character {error.start}.") from None


def _kept(row: Mapping[str, object], keep: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    return tuple((column, _as_text(row.get(column), column)) for column in keep)


def _as_text(value: object, column: str) -> str | None:
    """A text as it is; anything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value != value:  # pandas' null
        return None
    try:
        return json.dumps(value, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError, RecursionError):
        raise Unfit(
            "kept-column", f"The column {column!r} is {type(value).__name__}; it cannot be kept as text."
        ) from None


def _plain(value: object) -> str:
    """Dates, times and decimals of Parquet, as they print."""
    if isinstance(value, bytes | bytearray | memoryview):
        raise TypeError("bytes are no text")
    return str(value)


def _declared(row: Mapping[str, object], column: str) -> str | None:
    value = row.get(column)
    return safe_line(value, _MAX_DECLARED_CHARS) if isinstance(value, str) and value else None


def _score(row: Mapping[str, object]) -> float | None:
    value = row.get("score")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        score = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return None
    return score if math.isfinite(score) else None
