"""A draw has the size and the shares that were asked for, depends on seed and ids alone, and can be had again."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from corpus.hub.replica import REPO, ROWS, UPSTREAM_ROWS, parquet, prompts
from corpus.hub.served import ServedHub
from hypothesis import given
from hypothesis import strategies as st

from lomo_hf.corpus import Conversation, FileSource, JoinedSource, Refusal, open_corpus, open_hub
from lomo_hf.corpus.identity import Uniqueness, id_hash
from lomo_hf.corpus.sampling import (
    Draw,
    Sampling,
    allot,
    draw,
    draw_json,
    estimated_tokens,
    read_draw,
    replay,
    shares_of,
)
from lomo_hf.corpus.sampling.decontamination import EvaluationSet, Overlap
from lomo_hf.corpus.sampling.picks import Picks, rank_rows, smallest, within_budget
from lomo_hf.errors import IntegrityError, RecipeError, SourceError

# Worked out apart from this code, for the paper's two million.
PAPER_QUOTAS = {
    "openmathinstruct": 565_219, "orca_agentinstruct": 295_599, "magpie_pro": 292_545, "open_orca": 281_167,
    "magpie_ultra": 175_696, "ifeval_like": 155_391, "orca_994k": 84_973, "Evol-Instruct-GPT4-Turbo": 40_410,
    "cn_k12": 23_611, "mathinstruct_262k": 22_344, "synthetic_math": 14_308, "olympiads": 12_875, "wizardlm": 12_171,
    "mathqa": 8_432, "code_feedback_66k": 5_681, "synthetic_amc": 5_336, "aops_forum": 2_608, "gsm8k": 646,
    "math": 634, "amc_aime": 354,
}  # fmt: skip


def ids(draw_or_source: Draw | JoinedSource | FileSource) -> list[str]:
    source = draw_or_source.source if isinstance(draw_or_source, Draw) else draw_or_source
    return [row.id for row in source.conversations(0, len(source))]


def write_corpus(folder: Path, name: str, rows: list[dict[str, object]]) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_paper_s_two_million_are_shared_out_by_the_largest_remainder() -> None:
    quotas = allot(2_000_000, UPSTREAM_ROWS, shares_of("proportional", UPSTREAM_ROWS, {}))
    assert quotas == PAPER_QUOTAS


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 50), min_size=1, max_size=6),
    st.data(),
)
def test_quotas_add_up_and_stay_below_sizes_and_close_to_their_shares(
    sizes: dict[str, int], data: st.DataObject
) -> None:
    total = data.draw(st.integers(0, sum(sizes.values())))
    for quota in ("proportional", "equal"):
        shares = shares_of(quota, sizes, {})
        given_rows = allot(total, sizes, shares)
        assert sum(given_rows.values()) == total
        assert all(0 <= given_rows[name] <= sizes[name] for name in sizes)
        if quota == "proportional" and total:
            exact = {name: Fraction(total * size, sum(sizes.values())) for name, size in sizes.items()}
            assert all(abs(given_rows[name] - exact[name]) < 1 for name in sizes)


@given(st.permutations(["delta", "alpha", "charlie", "bravo"]), st.integers(0, 12))
def test_rows_that_equal_remainders_leave_over_go_by_the_names_of_configs(names: list[str], total: int) -> None:
    """Whatever the order in which a corpus lists its configs: the draw is the same on every machine."""
    sizes = dict.fromkeys(names, 100)
    quotas = allot(total, sizes, shares_of("equal", sizes, {}))
    whole, left = divmod(total, 4)
    assert {name: quotas[name] - whole for name in sorted(names)} == dict(
        zip(sorted(names), [1] * left + [0] * (4 - left), strict=True)
    )
    # Of unequal remainders the larger comes first, whatever the names.
    assert allot(5, {"a": 100, "z": 200}, {"a": Fraction(1), "z": Fraction(2)}) == {"a": 2, "z": 3}
    assert allot(4, {"a": 100, "z": 200}, {"a": Fraction(1), "z": Fraction(2)}) == {"a": 1, "z": 3}


def test_a_draw_takes_its_quota_of_every_config(hub: ServedHub) -> None:
    source = open_hub(REPO)
    drawn = draw(source, Sampling(rows=300))
    assert len(drawn.source) == 300 == len(set(ids(drawn)))
    wanted = allot(300, ROWS, shares_of("proportional", ROWS, {}))
    assert {config.config: config.drawn for config in drawn.configs} == wanted
    equal = draw(source, Sampling(rows=80, quota="equal"))
    assert {config.drawn for config in equal.configs} == {4}
    weighed = draw(
        source, Sampling(rows=50, quota="weights", weights={**dict.fromkeys(ROWS, 0.0), "open_orca": 3, "cn_k12": 2})
    )
    assert {config.config: config.drawn for config in weighed.configs if config.drawn} == {
        "open_orca": 42,
        "cn_k12": 8,
    }


def test_a_smaller_draw_lies_within_a_larger_and_another_seed_gives_another(hub: ServedHub) -> None:
    source = open_hub(REPO, exclude=[*ROWS][8:])
    small, large, other = (
        set(ids(draw(source, Sampling(rows=rows, seed=seed)))) for rows, seed in ((60, 0), (240, 0), (60, 1))
    )
    assert small < large
    assert len(small & other) < 40


def test_a_draw_depends_on_ids_and_not_on_the_order_or_the_files(hub: ServedHub) -> None:
    turn = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    rows = [{"id": f"r{i}", "messages": turn} for i in range(90)]
    schema = pa.Table.from_pylist(rows).schema
    hub.push("org/a", {"part/train-0.parquet": parquet(rows, schema, 7)})
    mixed = rows[::-1][40:] + rows[::-1][:40]
    hub.push(
        "org/b",
        {"part/train-0.parquet": parquet(mixed[:31], schema), "part/train-1.parquet": parquet(mixed[31:], schema)},
    )
    first, second = (set(ids(draw(open_hub(name), Sampling(rows=25)))) for name in ("org/a", "org/b"))
    assert first == second


def test_ranks_are_evenly_spread_and_told_apart_for_rows_that_share_an_id() -> None:
    hashes = np.full(40_000, 7, np.uint64)
    ranks = rank_rows(hashes, Uniqueness(hashes), "a", 0)
    assert len(np.unique(ranks)) == len(ranks)
    counts = np.histogram(ranks.astype(float), bins=16, range=(0, 2.0**64))[0]
    assert abs(counts - 2_500).max() < 5 * 2_500**0.5
    assert smallest(np.array([5, 5, 5], np.uint64), None, 2).tolist() == [True, True, False]


def test_known_ranks_stay_what_they_were() -> None:
    """A published draw rests on these numbers: changing them draws other rows."""
    hashes = np.array([id_hash("gsm8k-0001"), id_hash("gsm8k-0002")], np.uint64)
    assert rank_rows(hashes, Uniqueness(hashes), "gsm8k", 7).tolist() == [17351400474726761994, 12152868825677023180]


def test_a_budget_that_is_spent_to_the_last_token_is_kept() -> None:
    ranks, costs = np.array([3, 1, 2], np.uint64), np.array([5, 4, 6], np.uint32)
    every = np.ones(3, bool)
    for budget, drawn in [(3, []), (4, [1]), (9, [1]), (10, [1, 2]), (15, [0, 1, 2])]:
        assert np.flatnonzero(within_budget(ranks, every, costs, budget)).tolist() == drawn


def test_a_config_without_a_share_has_nothing_to_give() -> None:
    sizes, shares = {"a": 10, "b": 10}, {"a": Fraction(1), "b": Fraction(0)}
    assert allot(10, sizes, shares) == {"a": 10, "b": 0}
    with pytest.raises(RecipeError, match="at most 10, which is all there is; found 11"):
        allot(11, sizes, shares)


@pytest.mark.parametrize("weight", [float("inf"), float("nan"), -1.0])
def test_a_weight_that_is_no_share_is_refused_by_name(weight: float) -> None:
    with pytest.raises(RecipeError, match=r"weights\.b must be 0 or more"):
        shares_of("weights", {"a": 1, "b": 1}, {"a": 1.0, "b": weight})


@given(st.lists(st.booleans(), max_size=40))
def test_picks_survive_being_written_down(mask: list[bool]) -> None:
    picks = Picks.of(np.array(mask, bool))
    again = Picks.decode(len(mask), picks.encode())
    assert again == picks
    assert again.mask().tolist() == mask
    assert len(picks) == sum(mask)


def test_a_replay_gives_the_same_rows_to_the_character(hub: ServedHub, tmp_path: Path) -> None:
    drawn = draw(open_hub(REPO, exclude=[*ROWS][:12]), Sampling(rows=30, seed=5, dedup=True))
    path = tmp_path / "draw.json"
    path.write_text(draw_json(drawn))
    hub.push(REPO, {"README.md": b"# the head has moved on\n"})
    for anew in (False, True):
        again = replay(read_draw(path), anew=anew)
        assert list(again.conversations(0, 200)) == list(drawn.source.conversations(0, 200))
        assert again.digest == drawn.source.digest
    manifest = json.loads(path.read_text())
    assert manifest["source"]["revision"] == drawn.source.revision
    assert {config["config"]: config["drawn"] for config in manifest["configs"]} == {
        config.config: config.drawn for config in drawn.configs
    }
    assert {"lomo-hf", "numpy"} <= set(manifest["versions"])


def test_a_replay_from_another_corpus_or_a_damaged_manifest_is_refused(hub: ServedHub, tmp_path: Path) -> None:
    drawn = draw(open_corpus(), Sampling(rows=12))
    manifest = json.loads(draw_json(drawn))
    assert ids(replay(manifest)) == ids(drawn)  # the embedded sample needs no path
    with pytest.raises(SourceError, match="--corpus beside --replay"):
        replay({**manifest, "source": {**manifest["source"], "digest": "0" * 32}})
    with pytest.raises(IntegrityError, match="another corpus"):
        replay(manifest, open_hub(REPO, configs=["gsm8k"]))
    manifest["configs"][0]["picked"] = Picks.of(np.ones(manifest["configs"][0]["rows"], bool)).encode()
    with pytest.raises(IntegrityError, match="recorded rows are damaged"):
        replay(manifest, open_corpus())
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(IntegrityError, match="not the manifest of a draw"):
        read_draw(tmp_path / "x.json")


def test_prompts_that_occur_twice_are_drawn_once_across_configs(hub: ServedHub) -> None:
    def row(name: str, prompt: str) -> dict[str, object]:
        return {"id": name, "messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": name}]}

    schema = pa.Table.from_pylist([row("a", "b")]).schema
    first = [row("a", "What is it?"), row("b", "What  is it?\n"), row("c", "Else?"), row("d", "")]
    second = [row("e", "Else?"), row("f", "New?")]
    hub.push("org/twice", {"x/train-0.parquet": parquet(first, schema), "y/train-0.parquet": parquet(second, schema)})
    drawn = draw(open_hub("org/twice"), Sampling(dedup=True))
    assert ids(drawn) == ["x/a", "x/c", "y/f"]
    assert [(c.eligible, c.duplicates, c.refused) for c in drawn.configs] == [(2, 1, {"empty:user": 1}), (1, 1, {})]


def test_a_budget_of_tokens_is_kept_and_shared_by_tokens(hub: ServedHub) -> None:
    source = open_hub(REPO, configs=["openmathinstruct", "magpie_pro", "gsm8k"])
    budget = 20_000
    drawn = draw(source, Sampling(tokens=budget))
    rows = [row for row in drawn.source.conversations(0, len(drawn.source)) if isinstance(row, Conversation)]
    spent = sum(map(estimated_tokens, rows))
    assert budget * 0.9 < spent <= budget
    assert spent == sum(config.tokens or 0 for config in drawn.configs)


def test_rows_that_share_words_with_an_evaluation_set_are_left_out_and_reported(tmp_path: Path) -> None:
    prompt = next(text for text, _ in prompts() if text.isascii() and len(text.split()) > 30)
    question = {
        "question": "In short: " + " ".join(prompt.upper().split()[3:24]),
        "choices": ["A", "B"],
        "answer": "A",
    }
    quiz = write_corpus(tmp_path, "quiz", [question])
    source = open_corpus()
    drawn = draw(source, Sampling(overlap=(quiz,)))
    left_out = set(ids(source)) - set(ids(drawn))
    held = {
        row.id
        for row in source.conversations(0, len(source))
        if isinstance(row, Conversation) and prompt in row.turns[-2].text
    }
    assert held
    assert held <= left_out
    assert drawn.configs[0].overlapping == len(left_out) < 5
    assert drawn.examples[0]["evaluation"] == "quiz.jsonl"
    assert json.loads(draw_json(drawn))["sampling"]["overlap"][0]["prompts"] == 1


@pytest.mark.parametrize(
    ("evaluation", "text", "overlaps"),
    [
        ("one two three four five six", "zero one, TWO three; four five", True),
        ("one two three four five six", "one two three four and five six", False),
        ("what is it", "What is it?", True),
        ("what is it", "Tell me what is it", False),
        ("求函数的最大值是多少", "请问：函数的最大值?", True),
        ("求函数的最大值是多少", "请问函数之最小值", False),
    ],
)
def test_overlap_is_five_words_in_a_row_or_a_whole_short_prompt(evaluation: str, text: str, overlaps: bool) -> None:
    assert (Overlap([EvaluationSet("quiz", "", (evaluation,))], n=5).find(text) is not None) is overlaps


def test_hygiene_has_a_bounded_cost_whatever_the_text() -> None:
    rule = Overlap([EvaluationSet("quiz", "", ("a b c d e f g h i j k l m n",))])
    for text in ("a " * 500_000, "\ud800" * 1_000, "(" * 1_000_000, "\0", "", "题" * 300_000):
        assert rule.find(text) is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rows": 0}, "rows must be a whole number of 1 or more"),
        ({"rows": 5, "tokens": 5}, "exclude each other"),
        ({"quota": "fair"}, "quota must be one of proportional, equal, weights"),
        ({"quota": "weights"}, "belong together"),
    ],
)
def test_a_draw_that_cannot_be_is_refused_with_the_remedy(options: dict[str, object], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        Sampling(**options)  # type: ignore[arg-type]


def test_more_than_there_is_is_refused() -> None:
    with pytest.raises(RecipeError, match="at most 206, which is all there is; found 999"):
        draw(open_corpus(), Sampling(rows=999))
    with pytest.raises(RecipeError, match="has no config 'x'"):
        draw(open_corpus(), Sampling(rows=9, quota="weights", weights={"x": 1.0}))


def test_refused_rows_are_not_eligible_where_text_is_read(hub: ServedHub) -> None:
    source = open_hub(REPO, configs=["open_orca", "ifeval_like"])
    drawn = draw(source, Sampling(dedup=True))
    assert not [row for row in drawn.source.conversations(0, len(drawn.source)) if isinstance(row, Refusal)]
    assert [dict(config.refused or {}) for config in drawn.configs] == [{"dialect": 1}, {}]
