"""Whatever JSON a row is, the answer is a conversation in order or a named refusal, never an exception."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from counted_work import CountedText, work_grows_with
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


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


TURN = {"role": "user", "content": "a"}
HOSTILE: dict[str, Callable[[int], dict[str, Any]]] = {
    "nested turns": lambda n: {"messages": nested(n)},
    "nested images": lambda n: {"images": nested(n), "prompt": "q", "answer": "a"},
    "turns of one role": lambda n: {"messages": [TURN] * 3 * n},
    "surrogates": lambda n: {
        "messages": [
            {"role": "user", "content": CountedText("\ud800" * 10 * n)},
            {"role": "assistant", "content": "a"},
        ]
    },
    "an id and spaces": lambda n: {
        "id": CountedText("\x00" * 100 * n),
        "prompt": CountedText(" " * 100 * n),
        "answer": "a",
    },
    "columns": lambda n: {str(i): i for i in range(2 * n)},
    "a role": lambda n: {"messages": [{"role": CountedText("x" * 100 * n), "content": "a"}]},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_rows_are_refused_and_cost_no_more_than_their_length(name: str) -> None:
    def read(row: Any) -> None:
        assert isinstance(to_conversation(row, config="c", index=0), Refusal)

    assert work_grows_with(read, HOSTILE[name](500), HOSTILE[name](2_000))
    read(HOSTILE[name](100_000))
