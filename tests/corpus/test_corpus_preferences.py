"""Preferences, judgements and tools of a source stay in the row, around a prompt that may become a page."""

import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest

from lomo_hf import NAMED_RECIPES, Recipe, open_corpus, substitute_row
from lomo_hf.building import build_shard, plan
from lomo_hf.corpus import Conversation, Refusal, screen, to_conversation
from lomo_hf.corpus.writing import write_rows
from lomo_hf.errors import SourceError, UsageError
from lomo_hf.row_columns import ROW_COLUMNS, row_features

ALL = Recipe("all", ratio=1.0)
ASK = "Name a prime number above ten. Say why it is one. Be brief. Use one line."
ANSWERS = ("Eleven: nothing but one divides it.", "Fifteen.")


def read(**row: Any) -> Conversation:
    result = to_conversation(row, config="p", index=0)
    assert isinstance(result, Conversation), result
    return result


def reason(**row: Any) -> str:
    result = to_conversation(row, config="p", index=0)
    assert isinstance(result, Refusal)
    return result.reason


def turn(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


def dialogue(*texts: str) -> list[dict[str, str]]:
    return [turn(("user", "assistant")[index % 2], text) for index, text in enumerate(texts)]


def texts(messages: list[dict[str, Any]] | None) -> list[str]:
    return ["".join(part["text"] or "<image>" for part in message["content"]) for message in messages or ()]


PAIRS = {
    "TRL, texts": {"prompt": ASK, "chosen": ANSWERS[0], "rejected": ANSWERS[1]},
    "TRL, lists": {
        "prompt": dialogue(ASK),
        "chosen": [turn("assistant", ANSWERS[0])], "rejected": [turn("assistant", ANSWERS[1])],
    },
    "TRL, implicit prompt": {"chosen": dialogue(ASK, ANSWERS[0]), "rejected": dialogue(ASK, ANSWERS[1])},
    "UltraFeedback": {
        "prompt": ASK, "chosen": dialogue(ASK, ANSWERS[0]), "rejected": dialogue(ASK, ANSWERS[1]),
        "messages": dialogue(ASK, ANSWERS[0]), "score_chosen": 9.0,
    },
    "orca_dpo_pairs": {"question": ASK, "chosen": ANSWERS[0], "rejected": ANSWERS[1]},
    "LLaMA-Factory, ShareGPT": {
        "conversations": [{"from": "human", "value": ASK}],
        "chosen": {"from": "gpt", "value": ANSWERS[0]}, "rejected": {"from": "gpt", "value": ANSWERS[1]},
    },
    "LLaMA-Factory, Alpaca": {"instruction": ASK, "input": "", "chosen": ANSWERS[0], "rejected": ANSWERS[1]},
    "hh-rlhf": {
        "chosen": f"\n\nHuman: {ASK}\n\nAssistant: {ANSWERS[0]}",
        "rejected": f"\n\nHuman: {ASK}\n\nAssistant: {ANSWERS[1]}",
    },
    "ms-swift, text": {"messages": dialogue(ASK, ANSWERS[0]), "rejected_response": ANSWERS[1]},
    "ms-swift, dialogue": {"messages": dialogue(ASK, ANSWERS[0]), "rejected_messages": dialogue(ASK, ANSWERS[1])},
    "lists as JSON": {
        "chosen": json.dumps(dialogue(ASK, ANSWERS[0])), "rejected": json.dumps(dialogue(ASK, ANSWERS[1])),
    },
}  # fmt: skip


@pytest.mark.parametrize("row", PAIRS.values(), ids=list(PAIRS))
def test_every_usual_layout_of_a_preference_is_the_same_row(row: dict[str, Any]) -> None:
    conversation = read(**row)
    assert [read_turn.text for read_turn in conversation.turns] == [ASK, ANSWERS[0]]
    stored = substitute_row(conversation, ALL)
    assert not isinstance(stored, Refusal)
    assert stored["rewritten"]
    assert texts(stored["chosen"]) == [ANSWERS[0]]
    assert texts(stored["rejected"]) == [ANSWERS[1]]
    assert stored["prompt"] == stored["messages"][:-1]
    assert sum(part["type"] == "image" for part in stored["prompt"][0]["content"]) == len(stored["images"])


def test_system_and_earlier_rounds_belong_to_the_prompt() -> None:
    shared = [turn("system", "Be kind."), *dialogue("Hi.", "Hello.", ASK)]
    conversation = read(chosen=[*shared, turn("assistant", "A")], rejected=[*shared, turn("assistant", "B")])
    assert conversation.feedback
    assert (conversation.feedback.completion, conversation.user_turns) == (4, (1, 3))
    of_columns = read(system="Be kind.", question=ASK, chosen="A", rejected="B")
    assert [read_turn.role for read_turn in of_columns.turns] == ["system", "user", "assistant"]


def test_a_prompt_within_a_completion_is_never_rendered() -> None:
    """Dialogues that part early: the page must be of what both have in common."""
    chosen = [*dialogue(ASK), turn("assistant", "Which?"), *dialogue("Any. One. Two. Three.", "Eleven.")]
    rejected = [*dialogue(ASK), turn("assistant", "Why?"), *dialogue("Because. I. Must. Know.", "No.")]
    conversation = read(chosen=chosen, rejected=rejected)
    for policy in ("first", "last", "longest", "random"):
        row = substitute_row(conversation, Recipe("all", ratio=1.0, turn=policy))
        assert not isinstance(row, Refusal)
        assert row["lomo"]["turn"] == 0
    assert texts(row["chosen"]) == ["Which?", "Any. One. Two. Three.", "Eleven."]
    assert texts(row["rejected"]) == ["Why?", "Because. I. Must. Know.", "No."]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"prompt": "q", "chosen": "a", "rejected": "a"}, "preference:same"),
        ({"chosen": dialogue("q", "a"), "rejected": dialogue("other", "a")}, "preference:prompts"),
        ({"chosen": "a", "rejected": "b"}, "preference:no-prompt"),
        ({"prompt": dialogue("q", "a"), "chosen": "b", "rejected": "c"}, "preference:prompts"),
        ({"prompt": "q", "chosen": " ", "rejected": "b"}, "empty:assistant"),
        ({"prompt": "q", "chosen": "a", "rejected": [turn("tool", "b")]}, "preference:no-answer"),
        ({"prompt": "q", "chosen": 1, "rejected": 2}, "dialect"),
    ],
)
def test_a_preference_that_is_none_is_refused_by_name(row: dict[str, Any], named: str) -> None:
    assert reason(**row) == named


def test_a_token_in_the_rejected_answer_is_found_as_well() -> None:
    conversation = read(prompt="q", chosen="a", rejected="b<|im_end|>")
    for policy in ("drop", "escape"):
        refused = screen(conversation, policy)
        assert isinstance(refused, Refusal)
        assert (refused.reason, "rejected" in refused.detail) == ("special-token:<|im_end|>", True)
    assert screen(conversation, "keep") is conversation


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": ASK, "completion": "Eleven.", "label": False},
        {"prompt": dialogue(ASK), "completion": [turn("assistant", "Eleven.")], "label": False},
        {"messages": dialogue(ASK, "Eleven."), "label": False},
    ],
)
def test_labels_of_completions_are_kept(row: dict[str, Any]) -> None:
    stored = substitute_row(read(**row), ALL)
    assert not isinstance(stored, Refusal)
    assert (stored["label"], texts(stored["completion"])) == (False, ["Eleven."])
    assert stored["prompt"] == stored["messages"][:-1]


def test_a_label_that_is_a_number_is_no_judgement() -> None:
    assert read(prompt="q", answer="a", label=1).feedback is None


CALL = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": {"city": "Zürich"}}}
WRITTEN = json.dumps(CALL["function"], ensure_ascii=False)
CALLED = '<tool_call>\n{"name": "weather", "arguments": {"city": "Zürich"}}\n</tool_call>'


@pytest.mark.parametrize(
    "reply",
    [
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "assistant", "tool_calls": json.dumps([CALL], ensure_ascii=False)},
        {"role": "assistant", "content": "", "function_call": CALL["function"]},
        {"role": "tool_call", "content": WRITTEN},
        {"from": "function_call", "value": json.dumps([CALL["function"]], ensure_ascii=False)},
        {
            "role": "assistant",
            "content": [{"type": "tool_call", "value": json.dumps(CALL["function"], ensure_ascii=False)}],
        },
    ],
)
def test_calls_of_tools_stand_in_the_text_as_templates_write_them(reply: dict[str, Any]) -> None:
    rows = [turn("user", ASK), reply, turn("tool", '{"degrees": 3}'), turn("assistant", "Three degrees.")]
    conversation = read(messages=rows, tools='[{"name": "weather"}]')
    assert [read_turn.role for read_turn in conversation.turns] == ["user", "assistant", "tool", "assistant"]
    assert conversation.turns[1].text == CALLED
    assert conversation.repairs == ("inlined-tool-calls",)
    assert conversation.answer_of(0).text == "Three degrees."
    row = substitute_row(conversation, ALL)
    assert not isinstance(row, Refusal)
    assert row["rewritten"]
    assert [message["from"] for message in row["conversations"]] == ["human", "gpt", "observation", "gpt"]
    assert [message["role"] for message in row["messages"]] == ["user", "assistant", "tool", "assistant"]


def test_words_beside_a_call_and_a_chain_of_thought_are_kept() -> None:
    message = {
        "role": "assistant",
        "content": "Let me look.",
        "tool_calls": [CALL],
        "reasoning_content": "It is cold.\n",
    }
    text = read(messages=[turn("user", "q"), message]).turns[1].text
    assert text == f"<think>\nIt is cold.\n</think>\n\nLet me look.\n{CALLED}"


def test_arguments_that_are_text_are_written_as_they_are() -> None:
    for arguments, written in (('{"b": 1,  "a": 2}', '{"b": 1,  "a": 2}'), ("not json", '"not json"'), (None, "null")):
        call = {"function": {"name": "f", "arguments": arguments}}
        text = read(messages=[turn("user", "q"), {"role": "assistant", "tool_calls": [call]}]).turns[1].text
        assert text.splitlines()[1] == f'{{"name": "f", "arguments": {written}}}'


@pytest.mark.parametrize(
    ("roles", "named"),
    [
        (["user", "tool", "assistant"], "order:tool"),
        (["user", "assistant", "tool", "user", "assistant"], "order:tool"),
        (["system", "assistant", "tool"], "order:no-user"),
    ],
)
def test_a_tool_that_nobody_called_or_answered_is_refused(roles: list[str], named: str) -> None:
    assert reason(messages=[turn(role, "x") for role in roles]) == named


def test_results_of_several_calls_are_one_turn_and_a_last_call_needs_no_result() -> None:
    conversation = read(
        messages=[turn(role, role) for role in ("user", "assistant", "tool", "tool", "assistant", "tool")]
    )
    assert [read_turn.text for read_turn in conversation.turns] == ["user", "assistant", "tool\n\ntool", "assistant"]
    assert conversation.repairs == ("cut-trailing-tool", "merged-turns")


def test_a_developer_speaks_as_the_system() -> None:
    conversation = read(messages=[turn("developer", "Be brief."), *dialogue("q", "a")])
    assert (conversation.system, conversation.repairs) == ("Be brief.", ("developer-as-system",))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"messages": json.dumps([turn("system", ""), *dialogue("q", "a")])}, ["q", "a"]),
        ({"conversations": json.dumps([{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}])}, ["q", "a"]),
        ({"messages": [{"role": r, "content": [{"type": "text", "value": v}], "loss_weight": 1} for r, v in
                       (("user", "q"), ("assistant", "a"))]}, ["q", "a"]),
        ({"question": "q", "generated_solution": "so a", "expected_answer": "a"}, ["q", "so a"]),
        ({"problem": "q", "generated_solution": "so a", "expected_answer": "a", "from": "math"}, ["q", "so a"]),
        ({"question": "q", "expected_answer": "a"}, ["q", "a"]),
        ({"instruction": "q", "context": "of this", "response": "a", "category": "qa"}, ["q\nof this", "a"]),
        ({"instruction": "q", "context": "", "response": "a"}, ["q", "a"]),
        ({"instruction": "q", "input": "<noinput>", "output": "a"}, ["q", "a"]),
        ({"prompt": "[1, 2] is a list", "completion": "Yes."}, ["[1, 2] is a list", "Yes."]),
        ({"prompt": '[{"a": 1}, 2]', "answer": "JSON."}, ['[{"a": 1}, 2]', "JSON."]),
    ],
)  # fmt: skip
def test_legitimate_layouts_are_read(row: dict[str, Any], expected: list[str]) -> None:
    assert [read_turn.text for read_turn in read(**row).turns] == expected


def test_what_is_no_list_of_turns_is_refused_with_a_word_on_it() -> None:
    for value in ("[{'role': 'user', 'content': 'q'}]", "[" * 100_000, "{}", '["q"]'):
        result = to_conversation({"messages": value}, config="p", index=0)
        assert isinstance(result, Refusal)
        assert result.reason == "dialect"


# -- stored ---------------------------------------------------------------------------------------------------------


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    datasets.Dataset.from_list(rows).to_parquet(str(path))
    return path


@pytest.mark.parametrize("writer", [write, parquet])
def test_columns_are_those_of_the_corpus_in_every_shard(writer: Any, tmp_path: Path) -> None:
    rows = [{"id": str(n), "prompt": f"{ASK} {n}", "chosen": "a", "rejected": "b", "hard": n} for n in range(40)]
    source = open_corpus(writer(tmp_path / f"pairs.{'jsonl' if writer is write else 'parquet'}", rows), keep=["hard"])
    assert source.extra == ("prompt", "chosen", "rejected", "hard")
    for spec in plan(source, [NAMED_RECIPES["ratio50"]]):
        build_shard(spec, tmp_path / "out")
        table = pq.read_table(tmp_path / "out" / spec.shard_path(spec.recipes[0]))
        assert tuple(table.column_names) == (*ROW_COLUMNS, *source.extra)
        assert sorted(table.column("hard").to_pylist(), key=int) == [str(n) for n in range(40)]
    loaded = datasets.load_dataset("parquet", data_dir=str(tmp_path / "out/ratio50"), split="train")
    assert loaded.features == row_features(source.extra)


def test_an_ordinary_corpus_has_the_columns_it_had(tmp_path: Path) -> None:
    source = open_corpus(write(tmp_path / "plain.jsonl", [{"prompt": "q", "answer": "a", "label": 3, "tools": None}]))
    assert source.extra == ()
    assert open_corpus().extra == ()


def test_kept_columns_are_text_whatever_they_were(tmp_path: Path) -> None:
    rows = [{"prompt": "q", "answer": "a", "topic": value} for value in ("sums", 3, None, ["x", "ü"])]
    source = open_corpus(write(tmp_path / "kept.jsonl", rows), keep=["topic"])
    stored = [substitute_row(row, ALL) for row in source.conversations(0, 4)]  # type: ignore[arg-type]
    assert [row["topic"] for row in stored] == ["sums", "3", None, '["x", "ü"]']  # type: ignore[index, typeddict-item]


def test_a_column_that_cannot_be_kept_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "kept.jsonl", [{"prompt": "q", "answer": "a"}])
    with pytest.raises(UsageError, match="column 'messages' cannot be kept"):
        open_corpus(path, keep=["messages"])
    with pytest.raises(SourceError, match=r"no row .* has a column \[topik\]"):
        open_corpus(path, keep=["topik"])
    with pytest.raises(SourceError, match=r"has no column \[topik\]"):
        open_corpus(parquet(tmp_path / "kept.parquet", [{"prompt": "q", "answer": "a"}]), keep=["topik"])


def test_what_is_written_as_json_lines_is_read_as_the_same_rows(tmp_path: Path) -> None:
    rows = [*PAIRS.values(), {"messages": dialogue(ASK, "Eleven."), "label": True}, {"prompt": "q", "answer": "a"}]
    source = open_corpus(write(tmp_path / "mixed.jsonl", rows), keep=["score_chosen"])
    assert write_rows(source, tmp_path / "again.jsonl").refused == {}
    again = open_corpus(tmp_path / "again.jsonl", keep=["score_chosen"])
    for before, after in zip(source.conversations(0, 99), again.conversations(0, 99), strict=True):
        assert isinstance(before, Conversation)
        assert isinstance(after, Conversation)
        assert (before.turns, before.feedback, before.kept) == (after.turns, after.feedback, after.kept)
