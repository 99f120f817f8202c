"""Rows in which one completion was preferred to another (DPO), or a completion was judged by itself (KTO).

The layouts of TRL, UltraFeedback, Anthropic's hh-rlhf, LLaMA-Factory and ms-swift: `chosen` and `rejected` as texts,
as a turn, or as lists of turns, with the prompt in a column of its own or as what both dialogues have in common; the
preferred dialogue in `messages` with `rejected_response` or `rejected_messages`; and a column `label` of true and
false. What is read is always the same: the turns of the prompt, of the completion, and of the rejected one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from lomo_hf.corpus.known_columns import TURN_COLUMNS, Unfit
from lomo_hf.corpus.turn_lists import RawTurn, TurnReader, parsed_turns

__all__ = ["RawPair", "holds_pair", "read_label", "read_pair"]

_PROMPT_ROLES: Final = ("user", "human", "prompter")
# hh-rlhf writes dialogues as one text.
_HH_TURN: Final = re.compile(r"\n\n(Human|Assistant):")
_HH_ROLES: Final = {"Human": "user", "Assistant": "assistant"}

ReadPrompt = Callable[[], list[RawTurn]]
"""Reads the turns of the prompt from the row's other columns; empty where there are none."""


@dataclass(frozen=True)
class RawPair:
    """A prompt and two completions, as turns of the source."""

    prompt: list[RawTurn]
    chosen: list[RawTurn]
    rejected: list[RawTurn]


def holds_pair(row: Mapping[str, object]) -> bool:
    """Whether a row holds a preferred completion and another one.

    >>> holds_pair({"prompt": "2+2?", "chosen": "4", "rejected": "5"}), holds_pair({"prompt": "2+2?", "chosen": "4"})
    (True, False)
    """
    if _is_there(row.get("rejected")):
        return _is_there(row.get("chosen"))
    return any(_is_there(row.get(name)) for name in ("rejected_response", "rejected_messages")) and any(
        _is_there(row.get(column)) for column in TURN_COLUMNS
    )


def read_label(row: Mapping[str, object]) -> bool | None:
    """The judgement of a row's completion; None where the column `label` holds none.

    >>> read_label({"label": True}), read_label({"label": 1})
    (True, None)
    """
    label = row.get("label")
    return label if isinstance(label, bool) else None


def read_pair(row: Mapping[str, object], reader: TurnReader, read_prompt: ReadPrompt) -> RawPair:
    """The prompt and the two completions of a row that `holds_pair`.

    Raises:
        Unfit: They cannot be read, answer different prompts, or are the same.
    """
    if not _is_there(row.get("chosen")):
        return _beside_messages(row, reader)
    chosen, rejected = (_completion(row[name], name, reader) for name in ("chosen", "rejected"))
    if _is_dialogue(chosen) or _is_dialogue(rejected):
        return _parted(chosen, rejected)
    prompt = read_prompt()
    if not prompt:
        raise Unfit("preference:no-prompt", "The columns 'chosen' and 'rejected' stand without a prompt.")
    return _checked(RawPair(prompt, chosen, rejected))


def _beside_messages(row: Mapping[str, object], reader: TurnReader) -> RawPair:
    """ms-swift: the preferred dialogue stands in `messages`."""
    column = next(name for name in TURN_COLUMNS if _is_there(row.get(name)))
    dialogue = reader.turns(row[column], column)
    if _is_there(row.get("rejected_messages")):
        return _parted(dialogue, reader.turns(row["rejected_messages"], "rejected_messages"))
    if not dialogue or dialogue[-1][0] in _PROMPT_ROLES:
        raise Unfit("order:no-answer", f"The column {column!r} does not end with the answer that was preferred.")
    rejected = _completion(row["rejected_response"], "rejected_response", reader)
    return _checked(RawPair(dialogue[:-1], dialogue[-1:], rejected))


def _completion(value: object, column: str, reader: TurnReader) -> list[RawTurn]:
    if isinstance(value, Mapping):
        return [reader.turn(value, 0)]
    listed = parsed_turns(value)
    if listed is not None:
        return reader.turns(listed, column)
    if not isinstance(value, str):
        raise Unfit("dialect", f"The column {column!r} is {type(value).__name__}. Write a text or a list of turns.")
    return _hh_turns(value) if value.startswith("\n\nHuman:") else [("assistant", value)]


def _hh_turns(text: str) -> list[RawTurn]:
    """`\\n\\nHuman: ...\\n\\nAssistant: ...` as turns; one space after the colon belongs to the notation."""
    _, *pieces = _HH_TURN.split(text)
    roles, texts = pieces[::2], pieces[1::2]
    return [(_HH_ROLES[role], spoken.removeprefix(" ")) for role, spoken in zip(roles, texts, strict=True)]


def _is_dialogue(turns: Sequence[RawTurn]) -> bool:
    """Whether turns hold their own prompt, and not only a completion."""
    return bool(turns) and any(role.strip().lower() in _PROMPT_ROLES for role, _ in turns[:2])


def _parted(chosen: list[RawTurn], rejected: list[RawTurn]) -> RawPair:
    """Two dialogues: the prompt is what they begin with alike."""
    alike = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(chosen, rejected, strict=False))))
    return _checked(RawPair(chosen[:alike], chosen[alike:], rejected[alike:]))


def _checked(pair: RawPair) -> RawPair:
    if not pair.chosen or not pair.rejected or pair.chosen == pair.rejected:
        raise Unfit(
            "preference:same", "The chosen and the rejected completion are the same, or one continues the other."
        )
    if any(role.strip().lower() in _PROMPT_ROLES for role, _ in (pair.chosen[0], pair.rejected[0])) or not pair.prompt:
        raise Unfit("preference:prompts", "The chosen and the rejected dialogue begin with different prompts.")
    return pair


def _is_there(value: object) -> bool:
    return value is not None and (not hasattr(value, "__len__") or len(value) > 0)
