"""No literal placeholder or control token gets past screening, and screening changes nothing else."""

import json
import re
from pathlib import Path

import pytest
from counted_work import CountedText, work_grows_with
from hypothesis import given
from hypothesis import strategies as st

from lomo_hf.corpus import SPECIAL_TOKENS, Conversation, Origin, Refusal, Turn, screen, to_conversation
from lomo_hf.corpus.screening import _TOKEN, find_token
from lomo_hf.errors import RecipeError

LINES = (Path(__file__).parents[1] / "data" / "edge.jsonl").read_text(encoding="utf-8").split("\n")
EDGE = {row["id"]: row for row in map(json.loads, filter(None, LINES))}
PIPES = ("<|im_end|>", "<|image_pad|>", "<|endoftext|>", "<|my_own_token|>", "<\uff5cUser\uff5c>")


def row(prompt: str, answer: str = "ok", system: str | None = None) -> Conversation:
    first = () if system is None else (Turn("system", system),)
    turns = (*first, Turn("user", prompt), Turn("assistant", answer))
    return Conversation("c/1", turns, Origin(None, "c", "1", None, None, None))


def edge(name: str) -> Conversation:
    result = to_conversation(EDGE[name], config="edge", index=0)
    assert isinstance(result, Conversation)
    return result


def refused(result: Conversation | Refusal) -> str:
    assert isinstance(result, Refusal), result
    assert result.detail
    return result.reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("edge-literal-image", "placeholder:<image>"),
        ("edge-literal-image-case", "placeholder:<image>"),
        ("edge-literal-video-audio", "placeholder:<video>"),
        ("edge-literal-qwen-tokens", "special-token:<|vision_start|>"),
        ("edge-literal-llama-tokens", "special-token:<|begin_of_text|>"),
        ("edge-literal-image-in-answer", "placeholder:<image>"),
        ("edge-literal-ref-tokens", "special-token:<ref-object>"),
    ],
)
def test_edge_rows_are_dropped_by_name(name: str, reason: str) -> None:
    assert refused(screen(edge(name))) == reason
    assert screen(edge(name), "keep") == edge(name)


def test_only_the_edge_rows_with_literals_are_dropped() -> None:
    for name, raw in EDGE.items():
        result = to_conversation(raw, config="edge", index=0)
        if isinstance(result, Conversation):
            assert isinstance(screen(result), Refusal) == name.startswith("edge-literal")


@pytest.mark.parametrize("token", [*SPECIAL_TOKENS, *PIPES, "<image>", "<IMAGE>", "<Video>", "<audio>"])
@pytest.mark.parametrize("where", ["system", "prompt", "answer"])
def test_every_token_is_found_in_every_turn(token: str, where: str) -> None:
    text = f"before{token}after"
    held = {
        "system": row("q", system=text),
        "prompt": row(text),
        "answer": row("q", answer=text),
    }[where]
    assert refused(screen(held, "drop")).startswith(("placeholder:", "special-token:"))
    escaped = screen(held, "escape")
    if where == "answer":
        refused(escaped)
    else:
        assert isinstance(escaped, Conversation)
        assert escaped.repairs == ("escaped-tokens",)
        assert f"before{token[0]}\u200b{token[1:]}after" in [turn.text for turn in escaped.turns]
        assert escaped.turns[-1] == held.turns[-1]


@pytest.mark.parametrize(
    "text",
    [
        "if a<|b and c|> d",
        "a < image >, <image, image>",
        "<strong>bold</strong> <img src='x'> <think>so</think> <tool_call>{}</tool_call>",
        "x <| y |> z",
        "f |> g <| h",
        f"<|{'x' * 41}|>",
        "[inst] <S> <sys> if a<b>c",
        "48/2=<<48/2=24>>24",
        "<unk> <mask>",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert find_token(text) is None
    held = row(text)
    assert screen(held, "drop") is held
    assert screen(held, "escape") is held


def test_known_false_positives_are_counted_not_lost() -> None:
    assert refused(screen(row("Show that |A|<|B|>0 cannot be."))) == "special-token:<|...|>"
    assert refused(screen(row("Strike <s>this</s> out."))) == "special-token:<s>"


def test_reasons_stay_few_whatever_the_corpus_holds() -> None:
    reasons = {refused(screen(row(f"<|token{i}|>"))) for i in range(100)}
    assert reasons == {"special-token:<|...|>"}


fragments = st.sampled_from([*SPECIAL_TOKENS, *PIPES, "<image>", "<|", "|>", *"<>[]|a ", "\u200b"])


@given(st.lists(fragments, min_size=1, max_size=12).map("".join))
def test_escaped_text_is_clean_and_gains_only_zero_width_spaces(text: str) -> None:
    held = row(f"q{text}")
    result = screen(held, "escape")
    assert isinstance(result, Conversation)
    assert find_token(result.turns[0].text) is None
    assert result.turns[0].text.replace("\u200b", "") == held.turns[0].text.replace("\u200b", "")
    assert screen(result, "drop") is result


def test_an_unknown_policy_names_the_remedy() -> None:
    with pytest.raises(RecipeError, match=r"found 'delete'\. Write drop"):
        screen(row("q"), "delete")


@pytest.mark.parametrize("unit", ["<", "<|", "<|" + "x" * 39, "[", "<image", "<\uff5c", "|>", "<image>", "<|a|>"])
def test_scanning_is_linear(unit: str) -> None:
    small, large = (row(CountedText(unit * n)) for n in (1_000, 4_000))
    assert work_grows_with(lambda held: screen(held, "escape"), small, large)


def test_no_token_is_looked_for_farther_than_the_longest() -> None:
    """What the pattern itself does cannot be counted; from where a token may begin it looks at so many characters."""
    _, most = re._parser.parse(_TOKEN.pattern, _TOKEN.flags).getwidth()
    assert most == len("<|" + "x" * 40 + "|>")
