"""Every dialect that corpora are stored in reads to the same conversation; what cannot be read is refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest

from lomo_hf.corpus import Conversation, Refusal, to_conversation

DATA = Path(__file__).parents[1] / "data"
LINES = (DATA / "edge_upstream_dialects.jsonl").read_text(encoding="utf-8").split("\n")
UPSTREAM = [json.loads(line) for line in LINES if line]


def read(row: Any, index: int = 0) -> Conversation | Refusal:
    return to_conversation(row, config="c", index=index)


def pairs(result: Conversation | Refusal) -> list[tuple[str, str]]:
    assert isinstance(result, Conversation), result
    return [(turn.role, turn.text) for turn in result.turns]


def reason(row: Any) -> str:
    result = read(row)
    assert isinstance(result, Refusal), result
    assert result.detail
    assert "\n" not in result.detail
    return result.reason


@pytest.mark.parametrize("row", UPSTREAM, ids=[row["_dialect"] for row in UPSTREAM])
def test_upstream_dialects_of_the_source_corpus_all_read(row: dict[str, Any]) -> None:
    question = "What is 2+2? Explain. Show work. Answer."
    expected = [("user", question), ("assistant", "4")]
    if row["_dialect"] == "image_placeholder_without_image":
        expected[0] = ("user", "<image>\nDescribe.")
    if row["_dialect"] == "system_from":
        expected.insert(0, ("system", "Be brief."))
    result = read(row)
    assert pairs(result) == expected
    assert isinstance(result, Conversation)
    assert result.id == f"c/{row['id']}"
    assert result.origin.data_source == "edge"


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": " q\n"}, {"role": "assistant", "content": "\ta "}]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": " q"}, {"type": "text", "text": "\n"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "\ta "}]},
            ]
        },
        {"conversation": [{"from": "Human", "value": " q\n"}, {"from": "bard", "value": "\ta "}]},
        {"messages": None, "conversations": [{"from": "user", "value": " q\n"}, {"from": "bing", "value": "\ta "}]},
        {"messages": [], "conversations": [{"from": "user", "value": " q\n"}, {"from": "chatgpt", "value": "\ta "}]},
        {
            "prompt": [{"role": "user", "content": " q\n"}],
            "completion": [{"role": "assistant", "content": "\ta "}],
        },
        {"instruction": " q\n", "input": "", "output": "\ta "},
        {"instruction": " q\n", "input": None, "output": "\ta ", "system": "", "history": []},
        {"instruction": "", "input": " q\n", "output": "\ta "},
        {"prompt": " q\n", "response": "\ta "},
        {"prompt": " q\n", "completion": "\ta "},
        {"question": " q\n", "answer": "\ta ", "choices": None},
        {"problem": " q\n", "solution": "\ta "},
        {"image": None, "images": [], "prompt": " q\n", "answer": "\ta "},
        {"image": {"bytes": None, "path": None}, "prompt": " q\n", "answer": "\ta "},
        {"image": float("nan"), "prompt": " q\n", "answer": "\ta "},
    ],
)
def test_texts_come_through_to_the_character(row: dict[str, Any]) -> None:
    assert pairs(read(row)) == [("user", " q\n"), ("assistant", "\ta ")]


def test_alpaca_brings_its_system_input_and_history() -> None:
    row = {
        "instruction": "Translate.",
        "input": "chat",
        "output": "cat",
        "system": "French to English.",
        "history": [["Translate.\nchien", "dog"]],
    }
    assert pairs(read(row)) == [
        ("system", "French to English."),
        ("user", "Translate.\nchien"),
        ("assistant", "dog"),
        ("user", "Translate.\nchat"),
        ("assistant", "cat"),
    ]


def test_a_union_prefers_the_pair_that_is_whole() -> None:
    union = [
        {"role": "user", "content": None, "from": "human", "value": "from/value is whole"},
        {"role": "assistant", "content": "role/content first", "from": "gpt", "value": "second"},
    ]
    assert pairs(read({"conversations": union})) == [
        ("user", "from/value is whole"),
        ("assistant", "role/content first"),
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"id": "000", "image": "coco/000.jpg", "conversations": [{"from": "human", "value": "<image>\nWhat?"}]},
        {"image": {"bytes": b"\x89PNG", "path": None}, "prompt": "q", "answer": "a"},
        {"images": [{"bytes": None, "path": "a.png"}], "prompt": "q", "answer": "a"},
        {"video": "a.mp4", "prompt": "q", "answer": "a"},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image", "text": None}, {"type": "text", "text": "q"}]}]},
    ],
)
def test_rows_with_a_real_image_are_refused(row: dict[str, Any]) -> None:
    assert reason(row) == "image-row"


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        ({"text": "a document", "url": "u"}, "text, url"),
        ({}, "[]"),
        ([1, 2], "list"),
        ("words", "str"),
        (None, "NoneType"),
        ({"messages": "words"}, "text"),
        ({"messages": {"role": "user"}}, "dict"),
        ({"messages": ["words"]}, "str"),
        ({"messages": [{"speaker": "a", "words": "b"}]}, "speaker, words"),
        ({"messages": [{"role": "user", "content": 5}]}, "int"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_use"}]}]}, "without text"),
        ({"question": "Which?", "answer": "A", "choices": ["x", "y"]}, "choices"),
        ({"question": "Which?", "answer": 3}, "int"),
        ({"instruction": "i", "output": "o", "history": [["only one"]]}, "history"),
    ],
)
def test_an_unknown_dialect_says_what_was_seen(row: Any, seen: str) -> None:
    assert reason(row) == "dialect"
    result = read(row)
    assert isinstance(result, Refusal)
    assert seen in result.detail


@pytest.mark.parametrize(
    ("row", "role", "column"),
    [
        ({"question": "Why?", "answer": None}, "assistant", "answer"),
        ({"instruction": "Why?", "input": "", "output": None, "response": None}, "assistant", "output"),
        ({"prompt": None, "response": "So."}, "user", "prompt"),
    ],
)
def test_a_known_pair_that_is_null_is_empty_and_not_an_unknown_dialect(row: Any, role: str, column: str) -> None:
    assert reason(row) == f"empty:{role}"
    result = read(row)
    assert isinstance(result, Refusal)
    assert repr(column) in result.detail


def test_license_and_source_are_carried_as_declared() -> None:
    row = {"source": "a@b:c", "license": "MIT", "prompt": "q", "answer": "a"}
    result = to_conversation(row, config="c", index=0, repo="org/name", revision="abc")
    assert isinstance(result, Conversation)
    origin = result.origin
    assert (origin.repo, origin.revision, origin.data_source, origin.license) == ("org/name", "abc", "a@b:c", "MIT")
    both = to_conversation({**row, "data_source": "d"}, config="c", index=0)
    assert isinstance(both, Conversation)
    assert both.origin.data_source == "d"
