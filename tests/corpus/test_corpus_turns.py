"""Turns come out in order, mended where that is harmless and said so, refused by name where it is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from lomo_hf.corpus import MAX_TURN_CHARS, Conversation, Origin, Refusal, Turn, to_conversation
from lomo_hf.errors import SourceError

LINES = (Path(__file__).parents[1] / "data" / "edge.jsonl").read_text(encoding="utf-8").split("\n")
EDGE = {row["id"]: row for row in map(json.loads, filter(None, LINES))}


def talk(*turns: tuple[str, str]) -> Conversation | Refusal:
    messages = [{"role": role, "content": text} for role, text in turns]
    return to_conversation({"messages": messages}, config="c", index=0)


def read(row: Any) -> Conversation:
    result = to_conversation(row, config="edge", index=0)
    assert isinstance(result, Conversation), result
    return result


def spoken(result: Conversation) -> str:
    return " | ".join(f"{turn.role[0]}:{turn.text}" for turn in result.turns)


@pytest.mark.parametrize(
    ("row", "turns", "repairs"),
    [
        ("edge-system-empty", "u:What is 1+1? Explain. Show. Answer. | a:2", ("dropped-empty-system",)),
        ("edge-starts-assistant", "u:Hi | a:How can I help?", ("dropped-leading-assistant",)),
        ("edge-consecutive-user", "u:part 1\n\npart 2 | a:ok", ("merged-turns",)),
        ("edge-ends-user", "u:a | a:b", ("cut-trailing-user",)),
        ("edge-system", "s:You are terse. | u:Say hi. Then bye. Then thanks. Then stop. | a:hi bye thanks", ()),
    ],
)
def test_order_is_mended_and_the_mending_is_named(row: str, turns: str, repairs: tuple[str, ...]) -> None:
    result = read(EDGE[row])
    assert (spoken(result), result.repairs) == (turns, repairs)


def test_all_repairs_at_once() -> None:
    result = talk(
        *(("system", " "), ("assistant", "hello"), ("user", "a"), ("user", "b"), ("assistant", "c")),
        *(("assistant", "d"), ("user", "")),
    )
    assert isinstance(result, Conversation)
    assert spoken(result) == "u:a\n\nb | a:c\n\nd"
    assert result.repairs == (
        *("dropped-empty-system", "dropped-leading-assistant", "cut-trailing-user", "merged-turns"),
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("edge-empty-user", "empty:user"),
        ("edge-ws-user", "empty:user"),
        ("edge-empty-assistant", "empty:assistant"),
        ("edge-only-system", "order:no-user"),
    ],
)
def test_edge_rows_are_refused_by_name(row: str, reason: str) -> None:
    result = to_conversation(EDGE[row], config="edge", index=0)
    assert isinstance(result, Refusal)
    assert (result.id, result.reason) == (f"edge/{row}", reason)


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([], "order:no-user"),
        ([("assistant", "a")], "order:no-user"),
        ([("user", "q")], "order:no-answer"),
        ([("assistant", "a"), ("user", "q")], "order:no-answer"),
        ([("user", "q"), ("system", "s"), ("assistant", "a")], "order:system"),
        ([("user", "q"), ("assistant", "a"), ("user", " "), ("assistant", "b")], "empty:user"),
        ([("user", "q"), ("Function ", "{}"), ("assistant", "a")], "order:tool"),
        ([("user", "q"), ("wizard", "{}"), ("assistant", "a")], "role:other"),
        ([("user", "\ud800"), ("assistant", "a")], "surrogate"),
        ([("user", "q"), ("assistant", "good \udfff")], "surrogate"),
    ],
)
def test_what_cannot_be_mended_is_refused(turns: list[tuple[str, str]], reason: str) -> None:
    result = talk(*turns)
    assert isinstance(result, Refusal)
    assert result.reason == reason


def test_an_answer_of_null_is_an_empty_answer() -> None:
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": None, "tool_calls": []}]
    result = to_conversation({"messages": turns}, config="c", index=0)
    assert isinstance(result, Refusal)
    assert result.reason == "empty:assistant"


def test_the_longest_turn_is_a_million_characters() -> None:
    assert isinstance(talk(("user", "x" * MAX_TURN_CHARS), ("assistant", "a")), Conversation)
    longer = talk(("user", "x" * MAX_TURN_CHARS + "y"), ("assistant", "a"))
    assert isinstance(longer, Refusal)
    assert longer.reason == "too-long"
    half = "x" * (MAX_TURN_CHARS // 2)
    merged = talk(("user", half), ("user", half), ("assistant", "a"))
    assert isinstance(merged, Refusal)
    assert merged.reason == "too-long"


def test_control_characters_are_text() -> None:
    result = talk(("user", "nul \x00 bell \x07 esc \x1b[31m\r\n"), ("assistant", "\x00"))
    assert isinstance(result, Conversation)
    assert result.turns[0].text == "nul \x00 bell \x07 esc \x1b[31m\r\n"


def test_edge_rows_in_order_come_through_unchanged() -> None:
    mended = {"edge-system-empty", "edge-starts-assistant", "edge-consecutive-user", "edge-ends-user"}
    count = 0
    for name, row in EDGE.items():
        result = to_conversation(row, config="edge", index=0)
        if isinstance(result, Conversation) and name not in mended:
            assert [(t.role, t.text) for t in result.turns] == [(m["role"], m["content"]) for m in row["messages"]]
            count += 1
    assert count == len(EDGE) - 4 - len(mended)


def test_a_conversation_cannot_be_built_out_of_order() -> None:
    origin = Origin(None, "c", "1", None, None, None)
    user, answer, system = Turn("user", "q"), Turn("assistant", "a"), Turn("system", "s")
    for turns in [(), (user,), (answer, user), (user, user, answer), (user, answer, system), (system,)]:
        with pytest.raises(SourceError, match="alternation"):
            Conversation("c/1", turns, origin)
    with pytest.raises(SourceError, match="empty"):
        Conversation("c/1", (user, Turn("assistant", " ")), origin)
    row = Conversation("c/1", (system, user, answer, user, answer), origin)
    assert row.user_turns == (1, 3)
    with pytest.raises(IndexError):
        row.answer_of(0)
