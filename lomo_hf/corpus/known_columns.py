"""The names of the columns that rows are read from, whatever the dialect."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = [
    "COLUMNS", "COMPLETIONS", "DIALECT_REMEDY", "EMPTY_INPUTS", "LOST_BESIDE_PAIRS", "MEDIA_COLUMNS", "PAIRS",
    "SYSTEM_COLUMNS", "TURN_COLUMNS", "TURN_HOLDERS", "Unfit",
]  # fmt: skip

TURN_COLUMNS: Final = ("messages", "conversations", "conversation")
"""Columns that hold lists of turns."""

MEDIA_COLUMNS: Final = ("image", "images", "video", "videos", "audio", "audios")

PAIRS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "instruction": ("output", "response"),
        "prompt": ("response", "completion", "answer", "output"),
        "question": ("answer", "response", "output", "generated_solution", "expected_answer"),
        "query": ("response", "answer"),
        "problem": ("solution", "generated_solution", "answer", "expected_answer"),
    }
)
"""Column of a prompt -> columns of its answer; of several that are there, the first is taken."""

COMPLETIONS: Final = ("chosen", "rejected", "rejected_response", "rejected_messages")
"""Columns of rows in which one completion was preferred to another."""

SYSTEM_COLUMNS: Final = ("system", "system_prompt")

# Beside an instruction, `context` is its input, as in Dolly. Elsewhere these columns would be lost in silence: a
# question without its choices is another question.
LOST_BESIDE_PAIRS: Final = ("choices", "options", "context", "passage", "document")

EMPTY_INPUTS: Final = frozenset(("<noinput>", "<no input>"))
"""What an Alpaca row writes, in any case, where it has no input."""

TURN_HOLDERS: Final = (*TURN_COLUMNS, *PAIRS, "chosen")
"""Columns of which a row needs at least one."""

COLUMNS: Final = (
    "id",
    *TURN_HOLDERS,
    *MEDIA_COLUMNS,
    *dict.fromkeys(column for answers in PAIRS.values() for column in answers),
    *("rejected", "rejected_response", "rejected_messages", "label", "tools"),
    *("input", "history"),
    *SYSTEM_COLUMNS,
    *LOST_BESIDE_PAIRS,
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
