"""What every stored row promises, read off the row and its source. The oracle is the source text."""

from io import BytesIO
from typing import Any

from PIL import Image

from lomo_hf.corpus import Conversation
from lomo_hf.row_columns import row_features

__all__ = ["check_invariants", "restored"]

FROM = {"human": "user", "gpt": "assistant", "system": "system", "observation": "tool"}


def restored(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Every turn's text, from the stored row alone: the span texts put back where the images stand."""
    spans = iter(row["lomo"]["spans"] or ())
    turns = []
    for message in row["messages"]:
        parts = [part["text"] if part["type"] == "text" else next(spans)["text"] for part in message["content"]]
        turns.append((message["role"], "".join(parts)))
    return turns


def check_invariants(conversation: Conversation, row: dict[str, Any]) -> None:
    """All that DESIGN promises of a row, read off the row and the source."""
    assert restored(row) == [(turn.role, turn.text) for turn in conversation.turns]
    strings = [(FROM[turn["from"]], turn["value"]) for turn in row["conversations"]]
    for (role, value), message in zip(strings, row["messages"], strict=True):
        assert role == message["role"]
        parts = ["<image>" if part["type"] == "image" else part["text"] for part in message["content"]]
        assert value == "".join(parts)
        assert all(set(part) == {"type", "text"} for part in message["content"])
    placeholders = sum(value.lower().count("<image>") for _, value in strings)
    assert placeholders == len(row["images"] or ())
    assert row["rewritten"] is bool(row["images"])
    for picture in row["images"] or ():
        with Image.open(BytesIO(picture["bytes"])) as page:
            assert (page.format, page.mode) == ("PNG", "L")
            width, height = page.size
        assert width * height <= 2_560_000
        assert min(width, height) >= 32
        assert max(width, height) / min(width, height) <= 20
    row_features().encode_example(row)
