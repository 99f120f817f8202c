"""The dialects in which rows are stored: from any mapping to turns as the source wrote them.

Families, tried in this order; the first whose columns hold something decides:
* a preference: `chosen` and `rejected` in any of the usual layouts (see `preferences`);
* a list of turns in `messages`, `conversations` or `conversation`, or JSON of one (see `turn_lists`);
* TRL's `prompt` and `completion` as lists of turns;
* Alpaca: `instruction`, `input` (Dolly calls it `context`), `output`, with `system` and `history`;
* a pair of columns: prompt/response, question/answer, problem/generated_solution and the like.

A column `label` of true and false judges the answer, whatever the family. The order of the turns is not judged here;
`turns` does that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lomo_hf.corpus.known_columns import (
    DIALECT_REMEDY,
    EMPTY_INPUTS,
    LOST_BESIDE_PAIRS,
    MEDIA_COLUMNS,
    PAIRS,
    SYSTEM_COLUMNS,
    TURN_COLUMNS,
    TURN_HOLDERS,
    Unfit,
)
from lomo_hf.corpus.preferences import holds_pair, read_label, read_pair
from lomo_hf.corpus.turn_lists import RawTurn, TurnReader, as_list, is_list, names_of, parsed_turns

__all__ = ["RawRow", "read_row"]


@dataclass(frozen=True)
class RawRow:
    """A row as its source wrote it.

    Attributes:
        turns: (role, text) of every turn; of a preference, those of the prompt and of the chosen completion.
        completion: How many turns at the end are a judged completion; 0 where nothing was judged by comparison.
        rejected: The turns of the completion that was preferred less.
        label: Whether the answer was judged desirable, where it was judged by itself.
        repairs: What was written into a text, or taken out of it.
    """

    turns: list[RawTurn]
    completion: int = 0
    rejected: list[RawTurn] = field(default_factory=list)
    label: bool | None = None
    repairs: tuple[str, ...] = ()


def read_row(row: Mapping[str, object]) -> RawRow:
    """The turns of a row in any known dialect, and what was preferred.

    Args:
        row: Columns by name; values of any type.

    Returns:
        Turns in the source's order and with its names of roles.

    Raises:
        Unfit: The row cannot be read.

    >>> read_row({"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]}).turns
    [('human', 'Hi'), ('gpt', 'Hello')]
    >>> read_row({"instruction": "Add.", "input": "1, 2", "output": "3"}).turns
    [('user', 'Add.\\n1, 2'), ('assistant', '3')]
    >>> pair = read_row({"prompt": "2+2?", "chosen": "4", "rejected": "5"})
    >>> pair.turns[-pair.completion :], pair.rejected
    ([('assistant', '4')], [('assistant', '5')])
    """
    for column in MEDIA_COLUMNS:
        if _has_media(row.get(column)):
            raise Unfit("image-row", f"The column {column!r} holds a medium; the method is for text rows.")
    reader = TurnReader()
    if holds_pair(row):
        pair = read_pair(row, reader, lambda: _prompt_turns(row, reader))
        turns = [*pair.prompt, *pair.chosen]
        return RawRow(turns, len(pair.chosen), pair.rejected, repairs=tuple(reader.repairs))
    turns = _turns(row, reader)
    return RawRow(turns, label=read_label(row), repairs=tuple(reader.repairs))


def _turns(row: Mapping[str, object], reader: TurnReader) -> list[RawTurn]:
    for column in TURN_COLUMNS:
        if _holds(row.get(column)) or (row.get(column) is not None and not _holds_more(row)):
            return reader.turns(row[column], column)
    prompt = parsed_turns(row.get("prompt"))
    if prompt is not None:
        return reader.turns(prompt, "prompt") + _completion(row.get("completion"), reader)
    for name, answers in PAIRS.items():
        answer = next((column for column in answers if row.get(column) is not None), None)
        if row.get(name) is not None and answer:
            return [*_prompt(row, name, reader), ("assistant", _column(row, answer))]
    _refuse_half_a_pair(row)
    raise Unfit("dialect", f"No known columns in {names_of(row)}. {DIALECT_REMEDY}")


def _completion(value: object, reader: TurnReader) -> list[RawTurn]:
    if isinstance(value, str) and parsed_turns(value) is None:
        return [("assistant", value)] if value else []
    return reader.turns(value or [], "completion")


def _prompt_turns(row: Mapping[str, object], reader: TurnReader) -> list[RawTurn]:
    """The prompt of a row whose completions stand in columns of their own."""
    for column in TURN_COLUMNS:
        if _holds(row.get(column)):
            return reader.turns(row[column], column)
    prompt = parsed_turns(row.get("prompt"))
    if prompt is not None:
        return reader.turns(prompt, "prompt")
    name = next((name for name in PAIRS if row.get(name) is not None), None)
    return _prompt(row, name, reader) if name else []


def _prompt(row: Mapping[str, object], name: str, reader: TurnReader) -> list[RawTurn]:
    """System, earlier rounds and prompt, where the prompt is a column of text."""
    context = _input_of(row, reader) if name == "instruction" else ""
    for column in LOST_BESIDE_PAIRS:
        if _holds(row.get(column)) and not (name == "instruction" and column == "context"):
            raise Unfit("dialect", f"The column {column!r} beside {name!r} would be lost. Write it into {name!r}.")
    # As LLaMA-Factory joins them; an empty one of the two leaves the other as it is.
    question = "\n".join(text for text in (_column(row, name), context) if text)
    system = next((column for column in SYSTEM_COLUMNS if row.get(column) is not None), None)
    leading: list[RawTurn] = [("system", _column(row, system))] if system else []
    return [*leading, *_history(row), ("user", question)]


def _input_of(row: Mapping[str, object], reader: TurnReader) -> str:
    """What an instruction is about: `input`, or `context` in Dolly; never both."""
    text, context = _column(row, "input"), _column(row, "context")
    if text.strip().lower() in EMPTY_INPUTS:
        reader.repairs["dropped-empty-input"] = None
        text = ""
    if text and context:
        raise Unfit("dialect", "The columns 'input' and 'context' both hold something; one would be lost. Join them.")
    return text or context


def _refuse_half_a_pair(row: Mapping[str, object]) -> None:
    """A pair that is there but null is a known dialect: it is the answer that is missing."""
    for prompt, answers in PAIRS.items():
        answer = next((name for name in answers if name in row), None)
        if prompt in row and answer:
            role, column = ("user", prompt) if row[prompt] is None else ("assistant", answer)
            raise Unfit(f"empty:{role}", f"The column {column!r} holds nothing.")


def _column(row: Mapping[str, object], column: str) -> str:
    value = row.get(column)
    if value is None or isinstance(value, str):
        return value or ""
    raise Unfit("dialect", f"The column {column!r} is {type(value).__name__}, not text. Write it as a string.")


def _history(row: Mapping[str, object]) -> list[RawTurn]:
    turns: list[RawTurn] = []
    rounds = as_list(row.get("history") or [])
    for exchange in [None] if rounds is None else rounds:
        if not is_list(exchange) or len(exchange) != 2 or not all(isinstance(text, str) for text in exchange):
            raise Unfit("dialect", "The column 'history' should be a list of [prompt, answer] pairs of strings.")
        turns += [("user", str(exchange[0])), ("assistant", str(exchange[1]))]
    return turns


def _holds(value: object) -> bool:
    return value is not None and (not (isinstance(value, str) or is_list(value)) or len(value) > 0)


def _holds_more(row: Mapping[str, object]) -> bool:
    return any(_holds(row.get(column)) for column in TURN_HOLDERS)


def _has_media(value: object) -> bool:
    if is_list(value):
        return any(is_list(item) or _is_medium(item) for item in value)
    return _is_medium(value)


def _is_medium(value: object) -> bool:
    if value is None or value is False or (isinstance(value, float) and value != value):  # NaN: null in pandas
        return False
    if isinstance(value, Mapping):
        return any(value.get(key) for key in ("bytes", "path", "url"))
    return not (isinstance(value, str | bytes) and not value)
