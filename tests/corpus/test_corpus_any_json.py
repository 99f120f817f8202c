"""Whatever JSON a row is, the answer is a conversation in order or a named refusal, never an exception."""

import time
from collections.abc import Iterable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lomo_hf.corpus import Conversation, Refusal, screen, to_conversation

KEYS = st.sampled_from(
    "id messages conversations conversation role content from value type text prompt response completion question "
    "answer instruction input output system history image images choices data_source source license other".split()
)
ROLES = st.sampled_from(["user", "assistant", "system", "human", "gpt", "tool", "HUMAN ", "", "x" * 300])
ODD_TEXTS = st.sampled_from(["", " ", "<image>", "<|im_end|>", "q", "\ud800", "\x00"])
TEXTS = st.text(st.characters(), max_size=8) | ODD_TEXTS
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | ROLES
ANY = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=2), inner, max_size=5),
    max_leaves=20,
)
OPENAI = st.fixed_dictionaries({"role": ROLES, "content": TEXTS})
TURN = OPENAI | st.fixed_dictionaries({"from": ROLES, "value": TEXTS})
NEARLY = st.fixed_dictionaries({"id": LEAVES, "messages": st.lists(TURN | ANY, max_size=6)})


@settings(max_examples=300)
@given(ANY | NEARLY | st.dictionaries(KEYS, ANY | st.lists(TURN, max_size=6), max_size=5))
def test_any_json_value_is_a_conversation_or_a_refusal(row: Any) -> None:
    result = to_conversation(row, config="c", index=0)
    assert isinstance(result, Conversation | Refusal)
    assert result.id.startswith("c/")
    assert len(result.id.splitlines()) == 1
    result.id.encode("utf-8")
    if isinstance(result, Refusal):
        assert len(result.reason) <= 40
        result.detail.encode("utf-8")
        return
    for turn in result.turns:
        turn.text.encode("utf-8")
    assert isinstance(screen(result, "drop"), Conversation | Refusal)
    assert isinstance(screen(result, "escape"), Conversation | Refusal)


GREETED = ["system", "assistant", "user", "assistant", "user"]


@settings(max_examples=300)
@given(st.lists(OPENAI, min_size=1, max_size=8))
@example([{"role": role, "content": text} for role, text in zip(GREETED, "12345", strict=True)])
def test_no_text_is_invented_or_altered_and_what_is_left_out_is_named(messages: list[dict[str, str]]) -> None:
    result = to_conversation({"messages": messages}, config="c", index=0)
    if isinstance(result, Conversation):
        given_text = _joined(text for message in messages if (text := message["content"]).strip())
        system = _joined(turn.text for turn in result.turns if turn.role == "system")
        spoken = _joined(turn.text for turn in result.turns if turn.role != "system")
        assert given_text.startswith(system)
        assert spoken in given_text[len(system) :]
        if {"dropped-leading-assistant", "cut-trailing-user"}.isdisjoint(result.repairs):
            assert given_text == (f"{system}\n\n{spoken}" if system else spoken)


def _joined(texts: Iterable[str]) -> str:
    return "\n\n".join(texts)


def test_hostile_rows_cost_little() -> None:
    nested: Any = "x"
    for _ in range(100_000):
        nested = [nested]
    turn = {"role": "user", "content": "a"}
    hostile: list[Any] = [
        {"messages": nested},
        {"images": nested, "prompt": "q", "answer": "a"},
        {"messages": [turn] * 300_000},
        {"messages": [{"role": "user", "content": "\ud800" * 1_000_000}, {"role": "assistant", "content": "a"}]},
        {"id": "\x00" * 10_000_000, "prompt": " " * 10_000_000, "answer": "a"},
        {str(i): i for i in range(200_000)},
        {"messages": [{"role": "x" * 10_000_000, "content": "a"}]},
    ]
    started = time.process_time()
    for row in hostile:
        assert isinstance(to_conversation(row, config="c", index=0), Refusal)
    assert time.process_time() - started < 5
    while isinstance(nested, list):
        nested = nested[0]
