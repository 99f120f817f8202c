"""T(x): the span becomes a page and nothing else changes. Real prompts first; the oracle is the source text."""

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from invariants import check_invariants
from PIL import Image

from lomo_hf import NAMED_RECIPES, Recipe, open_corpus, substitute_row
from lomo_hf.corpus import Conversation, Origin, Refusal, Turn
from lomo_hf.distortion import Distortion, distort, draw_distortion
from lomo_hf.errors import TooLargeError
from lomo_hf.randomness import stream, uniform
from lomo_hf.recipes import Caps, DistortionSettings, RenderStyle, Selection
from lomo_hf.rendering import render_span
from lomo_hf.spans import POSITIONS, Span, select_spans
from lomo_hf.substitution import Substituter, keep_as_text

DATA = Path(__file__).parent / "data"
SAMPLE = open_corpus(None)
EVERY = Recipe("every", ratio=1.0)


def conversations(step: int = 1) -> Iterator[Conversation]:
    for index in range(0, len(SAMPLE), step):
        conversation = next(SAMPLE.conversations(index, index + 1))
        assert isinstance(conversation, Conversation)
        yield conversation


def made_of(*texts: str, id: str = "t/1") -> Conversation:
    roles = ["user", "assistant"] * (len(texts) // 2)
    turns = tuple(Turn(role, text) for role, text in zip(roles, texts, strict=True))  # type: ignore[arg-type]
    return Conversation(id, turns, Origin(None, "t", id, None, None, None))


def pages(row: dict[str, Any]) -> list[np.ndarray]:
    return [np.asarray(Image.open(BytesIO(image["bytes"]))) for image in row["images"] or ()]


@pytest.mark.parametrize("position", list(POSITIONS))
def test_real_prompts_are_restored_to_the_character_in_every_position(position: str) -> None:
    recipe = replace(EVERY, position=position)
    rewritten = 0
    for conversation in conversations(step=3):
        row = substitute_row(conversation, recipe)
        assert isinstance(row, dict)
        check_invariants(conversation, row)
        rewritten += row["rewritten"]
    assert rewritten >= 65


def test_adversarial_rows_become_right_rows_or_named_refusals() -> None:
    outcomes: dict[str, str] = {}
    for name in ("edge.jsonl", "edge_upstream_dialects.jsonl"):
        source = open_corpus(DATA / name)
        for source_row in source.conversations(0, len(source)):
            row = source_row if isinstance(source_row, Refusal) else substitute_row(source_row, EVERY)
            if isinstance(row, Refusal):
                outcomes[row.id.partition("/")[2]] = row.reason
            else:
                assert isinstance(source_row, Conversation)
                check_invariants(source_row, row)
                outcomes[row["source_id"]] = row["lomo"]["reason"] or row["lomo"]["renderer"]
    assert outcomes["edge-literal-image"] == "placeholder:<image>"
    assert outcomes["edge-currency-not-math"] == "text"
    assert outcomes["edge-align-env"] == "latex"
    assert outcomes["edge-very-long-60k"] == "text"
    assert outcomes["edge-one-char"] == "text"
    assert outcomes["edge-empty-user"] == "empty:user"
    assert outcomes["edge-long-token"] == "too-large"


def test_nested_ratios_share_their_rows_to_the_byte() -> None:
    names = ["ratio25", "ratio50", "ratio75", "ratio100"]
    substituter = Substituter([NAMED_RECIPES[name] for name in names])
    rewritten: dict[str, set[str]] = {name: set() for name in names}
    for conversation in conversations(step=2):
        rows = [row for row in substituter.rows(conversation) if isinstance(row, dict)]
        changed = [row for row in rows if row["rewritten"]]
        assert all(row == changed[0] for row in changed)
        for name, row in zip(names, rows, strict=True):
            if row["rewritten"]:
                rewritten[name].add(row["id"])
    assert rewritten["ratio25"] < rewritten["ratio50"] < rewritten["ratio75"] < rewritten["ratio100"]


def test_recipes_built_together_equal_recipes_built_alone() -> None:
    recipes = list(NAMED_RECIPES.values())
    for conversation in conversations(step=25):
        assert Substituter(recipes).rows(conversation) == [substitute_row(conversation, recipe) for recipe in recipes]


def test_the_distortion_of_a_row_depends_neither_on_position_nor_span() -> None:
    for conversation in conversations(step=20):
        drawn = set()
        for position in ("middle", "prefix", "suffix"):
            row = substitute_row(conversation, replace(EVERY, position=position))
            assert isinstance(row, dict)
            drawn.add(json.dumps(row["lomo"]["distortion"]))
        assert len(drawn) == 1


def test_what_the_row_records_replays_to_the_stored_page() -> None:
    """Every drawn value is in the row: rendering the recorded span and applying the record gives the same pixels."""
    for conversation in conversations(step=9):
        row = substitute_row(conversation, replace(EVERY, position="multi-span"))
        assert isinstance(row, dict)
        lomo = row["lomo"]
        prompt = conversation.turns[lomo["turn"]].text
        record = Distortion(lomo["distortion"]["op"], json.loads(lomo["distortion"]["params"]))
        localization = select_spans(prompt, lomo["position"])
        for span, recorded, stored in zip(localization.spans, lomo["spans"], pages(row), strict=True):
            assert prompt[recorded["start"] : recorded["end"]] == recorded["text"] == prompt[span.start : span.end]
            clean = render_span(prompt, span, EVERY.style, EVERY.caps).pixels
            page, applied = distort(clean, record)
            assert applied == record
            assert np.array_equal(page, stored)
            assert (recorded["width"], recorded["height"]) == (stored.shape[1], stored.shape[0])


def test_two_pages_of_a_row_are_turned_by_the_one_angle_that_is_recorded() -> None:
    """Where one of two pages cannot turn as far as drawn, the other turns no further: the record is true of both."""
    settings_ = DistortionSettings(mix={"rotate_large": 1}, strength="hard")
    recipe = replace(EVERY, position="multi-span", distortion=settings_, caps=Caps(max_pixels=60_000))
    limited = 0
    for conversation in conversations(step=2):
        row = substitute_row(conversation, recipe)
        if not isinstance(row, dict) or len(row["images"] or ()) < 2:
            continue
        params = json.loads(row["lomo"]["distortion"]["params"])
        record = Distortion(row["lomo"]["distortion"]["op"], {"degrees": params["degrees"]})
        localization = select_spans(conversation.turns[row["lomo"]["turn"]].text, "multi-span")
        if [[s.start, s.end] for s in localization.spans] != [[s["start"], s["end"]] for s in row["lomo"]["spans"]]:
            continue  # cut to fit
        clean = [
            render_span(localization.prompt, span, recipe.style, recipe.caps).pixels for span in localization.spans
        ]
        for page, stored in zip(clean, pages(row), strict=True):
            assert np.array_equal(distort(page, record)[0], stored)
        drawn = Distortion("rotate_large", {"degrees": params.get("drawn_degrees", params["degrees"])})
        alone = [distort(page, drawn, max_pixels=60_000)[1].params["degrees"] for page in clean]
        assert abs(params["degrees"]) == min(abs(float(angle)) for angle in alone)
        limited += alone[0] != alone[1]
    assert limited >= 5


def test_every_draw_of_a_row_has_a_stream_of_its_own_named_after_its_purpose() -> None:
    """A published split rests on these names: another key draws other rows, turns and distortions."""
    for number in range(20):
        conversation = replace(MULTI, id=f"t/{number}")
        row = substitute_row(conversation, replace(EVERY, turn="random", seed=5))
        assert isinstance(row, dict)
        lomo = row["lomo"]
        assert lomo["draw"] == uniform(5, conversation.id, "ratio")
        assert lomo["turn"] == (0, 2, 4)[int(uniform(5, conversation.id, "turn") * 3)]
        drawn = draw_distortion(EVERY.distortion, stream(5, conversation.id, "distortion"))
        assert {"op": drawn.op, "params": drawn.params} == {
            "op": lomo["distortion"]["op"], "params": json.loads(lomo["distortion"]["params"]),
        }  # fmt: skip


def test_a_row_is_rewritten_where_its_draw_is_below_the_ratio_and_not_where_it_equals_it() -> None:
    draw = uniform(0, MULTI.id, "ratio")
    for ratio, rewritten in [(draw, False), (float(np.nextafter(draw, 1)), True)]:
        recipe = replace(EVERY, ratio=ratio)
        row, kept = substitute_row(MULTI, recipe), keep_as_text(MULTI, recipe, "time")
        assert isinstance(row, dict)
        assert isinstance(kept, dict)
        assert (row["rewritten"], row["lomo"]["reason"], row["lomo"]["draw"]) == (rewritten, None, draw)
        assert kept["lomo"]["reason"] == ("time" if rewritten else None)


def test_a_prompt_as_long_as_the_cap_is_rewritten_and_a_longer_one_says_why_not() -> None:
    conversation = made_of("Why is that?", "So.")
    for limit, reason in [(12, None), (11, "prompt-too-long")]:
        row = substitute_row(conversation, replace(EVERY, caps=Caps(max_prompt_chars=limit)))
        assert isinstance(row, dict)
        assert (row["rewritten"], row["lomo"]["reason"]) == (reason is None, reason)


def test_recipes_that_differ_in_one_setting_share_nothing_that_it_decides() -> None:
    """What one recipe has computed of a row serves the others only where they ask for the very same."""
    conversation = made_of(
        "First. See <image> here. It is third. Then $x^2$ is fourth. A fifth is longer than others. Sixth.", "Yes.",
        "Second turn. It has more. Three now. Four. Five is the last and the longest of them all, by far. Six.", "No.",
        id="t/3",
    )  # fmt: skip
    base = replace(EVERY, placeholders="escape", turn="longest")
    clean = DistortionSettings(mix={"clean": 1})
    length = Selection("length", quantiles=tuple(range(0, 202, 2)))
    recipes = [
        base, replace(base, placeholders="keep"), replace(base, placeholders="drop"), replace(base, turn="first"),
        replace(base, seed=3), replace(base, position="suffix"), replace(base, style=RenderStyle(text_size=16)),
        replace(base, caps=Caps(max_pixels=40_000)), replace(base, caps=Caps(min_side=200)),
        replace(base, distortion=clean), replace(base, distortion=clean, style=RenderStyle(margin=30)),
        replace(base, selection=length), replace(base, selection=length, turn="first"),
        replace(base, selection=length, seed=3), replace(base, selection=replace(length, chance=0.1)),
    ]  # fmt: skip
    together = Substituter(recipes).rows(conversation)
    assert together == [substitute_row(conversation, recipe) for recipe in recipes]
    dumped = [json.dumps(row, default=repr) for row in together]
    repeated = [(n, dumped.index(row)) for n, row in enumerate(dumped) if dumped.index(row) != n]
    assert repeated == [(7, 0)]  # it fits the cap


def test_the_size_of_a_row_is_that_of_its_page_of_most_pixels() -> None:
    sizes = set()
    for conversation in conversations(step=4):
        row = substitute_row(conversation, replace(EVERY, position="multi-span"))
        assert isinstance(row, dict)
        if len(row["lomo"]["spans"]) == 2:
            pixels = [span["width"] * span["height"] for span in row["lomo"]["spans"]]
            assert row["lomo"]["width"] * row["lomo"]["height"] == max(pixels)
            first, second = row["lomo"]["spans"]
            sizes.add((first["width"] > second["width"], pixels[0] > pixels[1]))
    assert len(sizes) == 4  # the wider page is not always the larger one


def test_of_two_pages_the_row_tells_the_worse_renderer_and_its_reason() -> None:
    text, latex, fallback = "Word by word it goes on here", "Here $x^2$ is shown", "Here $\\nosuchmacro{2}$ is seen"
    for second, fourth, renderer in [
        (text, latex, "latex"), (latex, text, "latex"), (latex, fallback, "fallback"), (fallback, text, "fallback"),
    ]:  # fmt: skip
        prompt = f"One is the first of them. {second}. Three is the middle one. {fourth}. Five is the last one."
        row = substitute_row(made_of(prompt, "ok"), replace(EVERY, position="multi-span"))
        assert isinstance(row, dict)
        assert len(row["lomo"]["spans"]) == 2
        assert row["lomo"]["renderer"] == renderer
        assert (row["lomo"]["reason"] is not None) is (renderer == "fallback")


def test_nodistort_gives_the_clean_pages_of_the_same_spans() -> None:
    for conversation in conversations(step=20):
        clean = substitute_row(conversation, replace(NAMED_RECIPES["nodistort50"], ratio=1.0))
        full = substitute_row(conversation, EVERY)
        assert isinstance(clean, dict)
        assert isinstance(full, dict)
        texts = [[span["text"] for span in row["lomo"]["spans"]] for row in (clean, full)]
        assert texts[0] == texts[1]
        assert clean["lomo"]["distortion"] == {"op": "clean", "params": "{}"}


MULTI = made_of("Short one?", "A1", "A longer one. It has more. Three. And four sentences.", "A2", "Last?", "A3")


@pytest.mark.parametrize(("turn", "index"), [("first", 0), ("longest", 2), ("last", 4)])
def test_exactly_the_wanted_user_turn_is_rewritten(turn: str, index: int) -> None:
    row = substitute_row(MULTI, replace(EVERY, turn=turn))
    assert isinstance(row, dict)
    check_invariants(MULTI, row)
    assert row["lomo"]["turn"] == index
    shown = [number for number, message in enumerate(row["messages"]) if message["content"][0]["type"] == "image"]
    holds = [n for n, m in enumerate(row["messages"]) if any(part["type"] == "image" for part in m["content"])]
    assert holds == [index]
    assert shown in ([index], [])


def test_of_user_turns_as_long_the_earlier_is_the_longest() -> None:
    row = substitute_row(made_of("Why is it so?", "A.", "How is it so?", "B."), replace(EVERY, turn="longest"))
    assert isinstance(row, dict)
    assert row["lomo"]["turn"] == 0


def test_turns_of_the_same_length_do_not_share_their_pages() -> None:
    """Both are rendered whole, from 0 to 13."""
    conversation = made_of("Why is it so?", "A.", "How is it so?", "B.")
    recipes = [replace(EVERY, turn="first"), replace(EVERY, turn="last")]
    together = Substituter(recipes).rows(conversation)
    assert together == [substitute_row(conversation, recipe) for recipe in recipes]


def test_a_span_is_cut_at_most_seven_times_before_its_row_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cost is bounded where a page never fits; eight pages are tried."""
    tried: list[int] = []

    def never_fits(prompt: str, span: Span, *_: object) -> None:
        tried.append(span.end - span.start)
        raise TooLargeError("too-large", "it never fits.", len(prompt))

    monkeypatch.setattr("lomo_hf.substitution.render_span", never_fits)
    row = substitute_row(made_of("A sentence is here. " * 40, "ok"), replace(EVERY, position="full"))
    assert isinstance(row, dict)
    assert row["lomo"]["reason"] == "too-large"
    assert len(tried) == 8
    assert tried == sorted(set(tried), reverse=True)


def test_random_turns_are_drawn_by_row_id_and_reach_every_user_turn() -> None:
    drawn = set()
    for number in range(12):
        conversation = replace(MULTI, id=f"t/{number}")
        rows = [substitute_row(conversation, replace(EVERY, turn="random")) for _ in range(2)]
        assert rows[0] == rows[1]
        assert isinstance(rows[0], dict)
        drawn.add(rows[0]["lomo"]["turn"])
    assert drawn == {0, 2, 4}


def test_a_system_prompt_stays_text() -> None:
    turns = (Turn("system", "Be brief. Be kind. Be exact. Be done."), Turn("user", "Why?"), Turn("assistant", "So."))
    conversation = Conversation("t/s", turns, Origin(None, "t", "s", None, None, None))
    row = substitute_row(conversation, EVERY)
    assert isinstance(row, dict)
    check_invariants(conversation, row)
    assert row["conversations"][0] == {"from": "system", "value": turns[0].text}
    assert row["conversations"][1]["value"] == "<image>"


@pytest.mark.parametrize(("policy", "outcome"), [("drop", "refused"), ("escape", "escaped"), ("keep", "kept")])
def test_a_literal_placeholder_is_dropped_escaped_or_kept_as_the_recipe_says(policy: str, outcome: str) -> None:
    conversation = made_of("First. What does <image> do? It is third. Fourth <image> here.", "It marks a place.")
    row = substitute_row(conversation, replace(EVERY, placeholders=policy))
    if outcome == "refused":
        assert isinstance(row, Refusal)
        assert row.reason == "placeholder:<image>"
        return
    assert isinstance(row, dict)
    literal = sum((part["text"] or "").count("<image>") for message in row["messages"] for part in message["content"])
    placeholders = sum(turn["value"].count("<image>") for turn in row["conversations"])
    assert placeholders == 1 + literal
    assert (literal > 0) is (outcome == "kept")


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("Glyphs \ue000 here.", "uncovered:U+E000"),
        ("A bell \a rings.", "control:U+0007"),
        ("Read \u202eesrever\u202c.", "control:U+202E"),
        ("W" * 200_000, "too-large"),
    ],
)
def test_what_cannot_be_shown_stays_text_and_says_why(prompt: str, reason: str) -> None:
    conversation = made_of(prompt, "ok")
    row = substitute_row(conversation, EVERY)
    assert isinstance(row, dict)
    check_invariants(conversation, row)
    assert not row["rewritten"]
    assert row["lomo"]["reason"] == reason


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300).filter(str.strip),
    answer=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(str.strip),
    position=st.sampled_from(list(POSITIONS)),
)
def test_any_text_gives_a_row_that_keeps_every_promise(prompt: str, answer: str, position: str) -> None:
    conversation = made_of(prompt, answer)
    row = substitute_row(conversation, replace(EVERY, position=position))
    if isinstance(row, dict):
        check_invariants(conversation, row)
        assert row["messages"][-1]["content"] == [{"type": "text", "text": answer}]
