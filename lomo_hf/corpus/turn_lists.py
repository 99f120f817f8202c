"""Lists of turns as sources store them: role/content, from/value, or the union of both with nulls; or JSON of that.

Content is a text or a list of parts (OpenAI's, or those of LLaMA-Factory's next version). What has no place in a text
is written into it as the templates of Qwen and Hermes write it, so that any trainer gives the model the same tokens: a
call of a tool between `<tool_call>` and `</tool_call>`, a chain of thought between `<think>` and `</think>`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeGuard

from lomo_hf.corpus.identity import safe_line
from lomo_hf.corpus.known_columns import DIALECT_REMEDY, Unfit

__all__ = ["RawTurn", "TurnReader", "as_list", "is_list", "names_of", "parsed_turns"]

RawTurn: TypeAlias = tuple[str, str]
"""(role as the source names it, text)."""

_KEYS: Final = (("role", "content"), ("from", "value"))
_MEDIA_PARTS: Final = ("image", "video", "audio", "file")
_THOUGHTS: Final = ("reasoning_content", "reasoning", "thinking")
_CALLERS: Final = ("function_call", "tool_call", "tool_calls")


@dataclass
class TurnReader:
    """Reads turns, and notes in `repairs` what was written into a text.

    >>> reader = TurnReader()
    >>> reader.turns([{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}], "conversations")
    [('human', 'Hi'), ('gpt', 'Hello')]
    >>> call = {"type": "function", "function": {"name": "now", "arguments": "{}"}}
    >>> print(reader.turns([{"role": "assistant", "content": None, "tool_calls": [call]}], "messages")[0][1])
    <tool_call>
    {"name": "now", "arguments": {}}
    </tool_call>
    """

    repairs: dict[str, None] = field(default_factory=dict)

    def turns(self, value: object, column: str) -> list[RawTurn]:
        """All turns of a list, or of a text that is JSON of such a list.

        Raises:
            Unfit: It is neither, or a turn of it cannot be read.
        """
        listed = as_list(value)
        if listed is None:
            kind = "text that is no JSON list" if isinstance(value, str) else type(value).__name__
            raise Unfit("dialect", f"The column {column!r} should be a list of turns but is {kind}. {DIALECT_REMEDY}")
        return [self.turn(item, position) for position, item in enumerate(listed)]

    def turn(self, item: object, position: int) -> RawTurn:
        """One turn."""
        if not isinstance(item, Mapping):
            kind = type(item).__name__
            raise Unfit("dialect", f"Turn {position} should be an object but is {kind}. {DIALECT_REMEDY}")
        role, content = _role_and_content(item, position)
        text = self._text(content, position, role)
        calls = [*_calls(item.get("tool_calls")), *_calls(item.get("function_call"))]
        if role.strip().lower() in _CALLERS:
            calls, text = (_parsed_calls(text), "") if text.strip() and "<tool_call>" not in text else ([], text)
        if calls:
            self.repairs["inlined-tool-calls"] = None
            text = "\n".join([*([text] if text else []), *map(_tagged, calls)])
        thought = next((item[name] for name in _THOUGHTS if isinstance(item.get(name), str) and item[name]), None)
        return role, self._with_thought(text, thought)

    def _text(self, value: object, position: int, role: str) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, Mapping) and role in ("tool", "function"):  # a result that is an object
            return json.dumps(value, ensure_ascii=False, default=str)
        if not is_list(value):
            raise Unfit("dialect", f"The text of turn {position} is {type(value).__name__}. Write it as a string.")
        return "".join(self._part(part, position) for part in value)

    def _part(self, part: object, position: int) -> str:
        if isinstance(part, str):
            return part
        kind, text = (part.get("type"), part.get("text")) if isinstance(part, Mapping) else (None, None)
        if isinstance(part, Mapping) and text is None:
            text = part.get("value")
        if isinstance(kind, str) and any(name in kind for name in _MEDIA_PARTS):
            raise Unfit("image-row", f"Turn {position} has a part of type {safe_line(kind, 40)!r}, not text.")
        if isinstance(text, str) and kind in ("reasoning", "thinking"):
            return self._with_thought("", text)
        if isinstance(text, str) and kind == "tool_call":
            self.repairs["inlined-tool-calls"] = None
            return "\n".join(map(_tagged, _parsed_calls(text)))
        if isinstance(text, str) and (kind is None or (isinstance(kind, str) and kind.endswith("text"))):
            return text
        raise Unfit("dialect", f"Turn {position} has a part without text. Write {{'type': 'text', 'text': ...}}.")

    def _with_thought(self, text: str, thought: str | None) -> str:
        if thought is None or "</think>" in text:
            return text
        self.repairs["inlined-reasoning"] = None
        return f"<think>\n{thought.strip(chr(10))}\n</think>\n\n{text}"


def as_list(value: object) -> Sequence[object] | None:
    """A list; or what a text holds that is JSON of a list; else None. Parquet of some sources keeps turns as JSON.

    >>> as_list('[{"role": "user"}]'), as_list("[1, 2, 3] is a list"), as_list(None)
    ([{'role': 'user'}], None, None)
    """
    if is_list(value):
        return value
    if not isinstance(value, str) or value.lstrip()[:1] != "[":
        return None
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return parsed if is_list(parsed) else None


def parsed_turns(value: object) -> Sequence[object] | None:
    """As `as_list`, for a column that may hold a plain text as well: only a list of objects is one of turns."""
    listed = as_list(value)
    is_turns = listed is not None and len(listed) > 0 and all(isinstance(item, Mapping) for item in listed)
    return listed if is_turns or not isinstance(value, str) else None


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Whether a value is a list of any kind, and no text."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def names_of(row: Mapping[str, object]) -> str:
    """The first columns of a row, for a message: short, one line."""
    names = [safe_line(str(name)[:60], 40) for name, _ in zip(row, range(12), strict=False)]
    return f"[{', '.join(names)}{', ...' if len(row) > 12 else ''}]"


def _role_and_content(item: Mapping[str, object], position: int) -> tuple[str, object]:
    for role_key, text_key in _KEYS:
        role, content = item.get(role_key), item.get(text_key)
        if isinstance(role, str) and role and content is not None:
            return role, content
    role = item.get("role") or item.get("from")
    if isinstance(role, str) and any(key in item for key in ("content", "value", "tool_calls", "function_call")):
        return role, None
    raise Unfit("dialect", f"Turn {position} has no role and content: {names_of(item)}. {DIALECT_REMEDY}")


def _calls(value: object) -> Iterator[str]:
    """The calls of a turn, each as a line of JSON with name and arguments."""
    for call in as_list(value) or ([value] if isinstance(value, Mapping) else []):
        if not isinstance(call, Mapping):
            yield json.dumps(call, ensure_ascii=False, default=str)
            continue
        function = call.get("function")
        call = function if isinstance(function, Mapping) else call
        arguments = call.get("arguments")
        written = arguments if _is_json(arguments) else json.dumps(arguments, ensure_ascii=False, default=str)
        yield f'{{"name": {json.dumps(call.get("name"), ensure_ascii=False, default=str)}, "arguments": {written}}}'


def _parsed_calls(text: str) -> list[str]:
    """The calls of a turn of calls, as LLaMA-Factory and ms-swift keep it: an object, a list of objects, or text."""
    listed = as_list(text)
    if listed is not None and all(isinstance(call, Mapping) for call in listed):
        return [json.dumps(call, ensure_ascii=False) for call in listed]
    return [text]


def _tagged(call: str) -> str:
    return f"<tool_call>\n{call}\n</tool_call>"


def _is_json(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True
