"""The dialects in which rows are stored: from any mapping to a list of (role, text) as the source wrote them.

Four families, tried in this order; the first whose columns hold something decides:
* a list of turns in `messages`, `conversations` or `conversation`: role/content, from/value, or the union of both with
  nulls; content is a string or OpenAI's list of parts;
* TRL's `prompt` and `completion` as lists of turns;
* Alpaca: `instruction`, `input`, `output`, with `system` and `history`;
* a pair of columns: prompt/response, question/answer and the like.

The order of the turns is not judged here; `turns` does that.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from lomo_hf.corpus.identity import safe_line

__all__ = ["COLUMNS", "DIALECT_REMEDY", "MEDIA_COLUMNS", "TURN_HOLDERS", "RawTurn", "Unfit", "read_turns"]

RawTurn: TypeAlias = tuple[str, str]

_TURN_COLUMNS: Final = ("messages", "conversations", "conversation")
MEDIA_COLUMNS: Final = ("image", "images", "video", "videos", "audio", "audios")
_MEDIA_PARTS: Final = ("image", "video", "audio", "file")
_PAIRS: Final = {
    "instruction": ("output", "response"),
    "prompt": ("response", "completion", "answer", "output"),
    "question": ("answer", "response", "output"),
    "query": ("response", "answer"),
    "problem": ("solution", "answer"),
}
_SYSTEM_COLUMNS: Final = ("system", "system_prompt")
# Columns that a pair of columns would lose in silence: a question without its choices is another question.
_LOST_BESIDE_PAIRS: Final = ("choices", "options", "context", "passage", "document")

TURN_HOLDERS: Final = (*_TURN_COLUMNS, *_PAIRS)
"""Columns of which a row needs at least one."""

COLUMNS: Final = (
    "id",
    *TURN_HOLDERS,
    *MEDIA_COLUMNS,
    *dict.fromkeys(column for answers in _PAIRS.values() for column in answers),
    *("input", "history"),
    *_SYSTEM_COLUMNS,
    *_LOST_BESIDE_PAIRS,
    *("data_source", "source", "license", "score"),
)
"""Every column that a row is read from; a columnar source need not fetch any other."""

DIALECT_REMEDY: Final = (
    'Write each row as {"id": ..., "messages": [{"role": "user", "content": "..."}, '
    '{"role": "assistant", "content": "..."}]}.'
)


class Unfit(Exception):
    """Why a row cannot be read: a countable reason and one sentence. Never leaves this package."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def read_turns(row: Mapping[str, Any]) -> list[RawTurn]:
    """The turns of a row in any known dialect, as (role, text). Raises `Unfit`.

    >>> read_turns({"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]})
    [('human', 'Hi'), ('gpt', 'Hello')]
    >>> read_turns({"instruction": "Add.", "input": "1, 2", "output": "3"})
    [('user', 'Add.\\n1, 2'), ('assistant', '3')]
    """
    for column in MEDIA_COLUMNS:
        if _has_media(row.get(column)):
            raise Unfit("image-row", f"The column {column!r} holds a medium; the method is for text rows.")
    for column in _TURN_COLUMNS:
        if _holds(row.get(column)) or (row.get(column) is not None and not _holds_more(row)):
            return _turn_list(row[column], column)
    if _is_list(row.get("prompt")):
        return _turn_list(row["prompt"], "prompt") + _turn_list(row.get("completion") or [], "completion")
    for prompt, answers in _PAIRS.items():
        answer = next((name for name in answers if row.get(name) is not None), None)
        if row.get(prompt) is not None and answer:
            return _pair(row, prompt, answer)
    _refuse_half_a_pair(row)
    raise Unfit("dialect", f"No known columns in {_names(row)}. {DIALECT_REMEDY}")


def _refuse_half_a_pair(row: Mapping[str, Any]) -> None:
    """A pair that is there but null is a known dialect: it is the answer that is missing."""
    for prompt, answers in _PAIRS.items():
        answer = next((name for name in answers if name in row), None)
        if prompt in row and answer:
            role, column = ("user", prompt) if row[prompt] is None else ("assistant", answer)
            raise Unfit(f"empty:{role}", f"The column {column!r} holds nothing.")


def _holds(value: Any) -> bool:
    return value is not None and (not (isinstance(value, str) or _is_list(value)) or len(value) > 0)


def _holds_more(row: Mapping[str, Any]) -> bool:
    return any(_holds(row.get(column)) for column in TURN_HOLDERS)


def _has_media(value: Any) -> bool:
    if _is_list(value):
        return any(_is_list(item) or _is_medium(item) for item in value)
    return _is_medium(value)


def _is_medium(value: Any) -> bool:
    if value is None or value is False or (isinstance(value, float) and value != value):  # NaN: null in pandas
        return False
    if isinstance(value, Mapping):
        return any(value.get(key) for key in ("bytes", "path", "url"))
    return not (isinstance(value, str | bytes) and not value)


def _turn_list(value: Any, column: str) -> list[RawTurn]:
    if not _is_list(value):
        kind = "text" if isinstance(value, str) else type(value).__name__
        raise Unfit("dialect", f"The column {column!r} should be a list of turns but is {kind}. {DIALECT_REMEDY}")
    return [_turn(item, position) for position, item in enumerate(value)]


def _turn(item: Any, position: int) -> RawTurn:
    if not isinstance(item, Mapping):
        raise Unfit("dialect", f"Turn {position} should be an object but is {type(item).__name__}. {DIALECT_REMEDY}")
    for role_key, text_key in (("role", "content"), ("from", "value")):
        role, text = item.get(role_key), item.get(text_key)
        if isinstance(role, str) and role and text is not None:
            return role, _text(text, position)
    role = item.get("role") or item.get("from")
    if isinstance(role, str) and any(key in item for key in ("content", "value")):
        return role, ""
    raise Unfit("dialect", f"Turn {position} has no role and content: {_names(item)}. {DIALECT_REMEDY}")


def _text(value: Any, position: int) -> str:
    if isinstance(value, str):
        return value
    if not _is_list(value):
        raise Unfit("dialect", f"The text of turn {position} is {type(value).__name__}. Write it as a string.")
    return "".join(_part(part, position) for part in value)


def _part(part: Any, position: int) -> str:
    if isinstance(part, str):
        return part
    kind = part.get("type") if isinstance(part, Mapping) else None
    text = part.get("text") if isinstance(part, Mapping) else None
    if isinstance(kind, str) and any(name in kind for name in _MEDIA_PARTS):
        raise Unfit("image-row", f"Turn {position} has a part of type {safe_line(kind, 40)!r}, not text.")
    if isinstance(text, str) and (kind is None or (isinstance(kind, str) and kind.endswith("text"))):
        return text
    raise Unfit("dialect", f"Turn {position} has a part without text. Write {{'type': 'text', 'text': ...}}.")


def _pair(row: Mapping[str, Any], prompt: str, answer: str) -> list[RawTurn]:
    for column in _LOST_BESIDE_PAIRS:
        if _holds(row.get(column)):
            raise Unfit("dialect", f"The column {column!r} beside {prompt!r} would be lost. Write it into {prompt!r}.")
    question = _column(row, prompt)
    if prompt == "instruction":
        # As LLaMA-Factory joins them; an empty one of the two leaves the other as it is.
        question = "\n".join(text for text in (question, _column(row, "input")) if text)
    turns: list[RawTurn] = []
    for column in _SYSTEM_COLUMNS:
        if row.get(column) is not None:
            turns.append(("system", _column(row, column)))
            break
    return [*turns, *_history(row), ("user", question), ("assistant", _column(row, answer))]


def _column(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    if value is None or isinstance(value, str):
        return value or ""
    raise Unfit("dialect", f"The column {column!r} is {type(value).__name__}, not text. Write it as a string.")


def _history(row: Mapping[str, Any]) -> list[RawTurn]:
    turns: list[RawTurn] = []
    rounds: Any = row.get("history") or []
    exchanges: list[Any] = list(rounds) if _is_list(rounds) else [None]
    for exchange in exchanges:
        if not (_is_list(exchange) and len(exchange) == 2 and all(isinstance(text, str) for text in exchange)):
            raise Unfit("dialect", "The column 'history' should be a list of [prompt, answer] pairs of strings.")
        turns += [("user", exchange[0]), ("assistant", exchange[1])]
    return turns


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def _names(row: Mapping[str, Any]) -> str:
    names = [safe_line(str(name)[:60], 40) for name, _ in zip(row, range(12), strict=False)]
    return f"[{', '.join(names)}{', ...' if len(row) > 12 else ''}]"
