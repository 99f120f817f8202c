"""Cross-carrier agreement: closed forms, every answer of a small language, and the loop from scores to a selection."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, rel_entr, softmax

from lomo_hf import Recipe, open_corpus, substitute_row
from lomo_hf.corpus import Refusal
from lomo_hf.errors import RecipeError, SourceError, UsageError
from lomo_hf.evaluation import (
    RowAgreement,
    answer_log_probabilities,
    carrier_divergence,
    read_scores,
    summarize_agreement,
    write_agreement,
    write_scored_corpus,
)
from lomo_hf.recipes import Selection
from lomo_hf.selection import measured

seeds = st.integers(0, 2**32 - 1)


# -- arrays ----------------------------------------------------------------------------------------------------------


@given(seeds, st.floats(0.01, 1000))
def test_log_probabilities_are_those_of_scipy(seed: int, scale: float) -> None:
    draw = np.random.default_rng(seed)
    logits, ids = draw.normal(size=(7, 11)) * scale, draw.integers(0, 11, size=7)
    expected = log_softmax(logits, axis=1)[np.arange(7), ids]
    assert answer_log_probabilities(logits, ids) == pytest.approx(expected, abs=1e-9)
    assert answer_log_probabilities(logits + 500, ids) == pytest.approx(expected, abs=1e-9)


@given(seeds)
def test_the_divergence_is_that_of_scipy(seed: int) -> None:
    draw = np.random.default_rng(seed)
    text, page = draw.normal(size=(2, 7, 11)) * 3
    expected = rel_entr(softmax(text, axis=1), softmax(page, axis=1)).sum(axis=1)
    assert carrier_divergence(text, page) == pytest.approx(expected, abs=1e-12)
    assert carrier_divergence(text, text + 3).tolist() == pytest.approx([0] * 7, abs=1e-12)


def test_known_divergences() -> None:
    """Of a coin of p against one of q: p log(p / q) + (1 - p) log((1 - p) / (1 - q))."""
    for p, q in ((0.5, 0.25), (0.9, 0.1), (0.3, 0.3)):
        expected = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
        result = carrier_divergence([np.log([p, 1 - p])], [np.log([q, 1 - q])])
        assert result[0] == pytest.approx(expected, abs=1e-12)
    never = [[0.0, -np.inf]]
    assert carrier_divergence(never, [[0.0, 0.0]])[0] == pytest.approx(np.log(2))
    assert carrier_divergence([[0.0, 0.0]], never)[0] == np.inf
    assert answer_log_probabilities(never, [1])[0] == -np.inf


@given(seeds)
def test_the_mean_gap_over_the_models_own_answers_is_the_divergence_of_the_carriers(seed: int) -> None:
    """Equations 5 and 6, over all 27 answers of three tokens: E log p(a|x) - log p(a|T(x)) = KL, and the sum over t of
    the divergence along each answer has the same mean."""
    draw = np.random.default_rng(seed)
    predictions = {
        start: draw.normal(size=(2, 3)) for length in range(3) for start in product(range(3), repeat=length)
    }
    mean_gap = mean_divergence = divergence = 0.0
    for answer in product(range(3), repeat=3):
        text, page = (np.array([predictions[answer[:t]][side] for t in range(3)]) for side in (0, 1))
        log_text, log_page = (answer_log_probabilities(logits, answer).sum() for logits in (text, page))
        chance = np.exp(log_text)
        mean_gap += chance * (log_text - log_page)
        mean_divergence += chance * carrier_divergence(text, page).sum()
        divergence += rel_entr(chance, np.exp(log_page))
    assert mean_gap == pytest.approx(divergence, abs=1e-12)
    assert mean_divergence == pytest.approx(divergence, abs=1e-12)


def test_logits_that_do_not_fit_are_named() -> None:
    with pytest.raises(RecipeError, match=r"answer_ids must be whole numbers of shape \(2,\)"):
        answer_log_probabilities(np.zeros((2, 3)), [0])
    with pytest.raises(RecipeError, match="below the vocabulary of 3; found 3"):
        answer_log_probabilities(np.zeros((1, 3)), [3])
    with pytest.raises(RecipeError, match="must have one shape"):
        carrier_divergence(np.zeros((1, 3)), np.zeros((2, 3)))
    for wrong in (np.zeros(3), np.full((1, 3), np.nan), np.full((1, 3), np.inf), np.full((1, 3), -np.inf)):
        with pytest.raises(RecipeError, match="logits must"):
            answer_log_probabilities(wrong, [0])
    with pytest.raises(RecipeError, match="tokens must be 1 or more"):
        RowAgreement("a", 0, 0.0, 0.0)


# -- scores ----------------------------------------------------------------------------------------------------------


def test_a_summary_weighs_rows_and_tokens(tmp_path: Path) -> None:
    rows = [RowAgreement(f"r{n}", n + 1, -1.0 * n, -2.0 * n, 0.5) for n in range(30)]
    summary = summarize_agreement(iter(rows))
    assert (summary.rows, summary.tokens) == (30, 465)
    assert summary.gap == pytest.approx(14.5)
    assert summary.gap_per_token == pytest.approx(435 / 465)
    assert summary.low < 14.5 < summary.high
    assert summary.divergence == 0.5
    assert summarize_agreement([*rows, replace(rows[0], id="x", divergence=None)]).divergence is None
    with pytest.raises(SourceError, match="there is no rewritten row"):
        summarize_agreement([])
    assert write_agreement(rows, tmp_path / "scores.jsonl") == 30
    scores = read_scores(tmp_path / "scores.jsonl")
    assert scores == {row.id: row.gap_per_token for row in rows}
    assert read_scores(tmp_path / "scores.jsonl", "gap")["r29"] == 29


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('{"id": "a"}', "row 1 of s.jsonl must have id and gap_per_token"),
        ('{"id": 1, "gap_per_token": 1}', "must have id"),
        ('{"id": "a", "gap_per_token": true}', "must have id"),
        ('{"id": "a", "gap_per_token": 1}\n\n{"id": "a", "gap_per_token": 2}', "'a' occurs twice"),
        ("{", "cannot be read as JSON Lines"),
    ],
)
def test_a_wrong_file_of_scores_is_named(tmp_path: Path, lines: str, says: str) -> None:
    (tmp_path / "s.jsonl").write_text(lines)
    with pytest.raises(SourceError, match=says):
        read_scores(tmp_path / "s.jsonl")


def test_rows_that_a_model_finds_hard_are_rewritten_first_and_their_pages_stay_the_same(tmp_path: Path) -> None:
    """Score, select, build: rows keep their ids, so that only which rows are rewritten has changed."""
    corpus = open_corpus()
    draw = np.random.default_rng(5)
    scores = {row.id: float(draw.normal()) for row in corpus.conversations(0, 60)}
    scored = write_scored_corpus(corpus, scores, tmp_path / "scored")
    assert (scored.rows, scored.scored, dict(scored.refused)) == (206, 60, {})
    again = open_corpus(scored.files[0], config=scored.files[0].stem)
    assert [row.id for row in again.conversations(0, 206)] == [row.id for row in corpus.conversations(0, 206)]
    hard = Recipe("hard", ratio=0.25, selection=Selection("score", first="high", chance=0.0))
    (recipe,) = measured([hard], again)
    by_rank = sorted(scores, key=scores.__getitem__, reverse=True)
    uniform = Recipe("uniform", ratio=1.0)
    rewritten = set()
    for row, original in zip(again.conversations(0, 60), corpus.conversations(0, 60), strict=True):
        assert not isinstance(row, Refusal)
        substituted = substitute_row(row, recipe)
        if substituted["rewritten"]:
            rewritten.add(row.id)
            before = substitute_row(original, uniform)
            assert (substituted["messages"], substituted["images"]) == (before["messages"], before["images"])
    assert len(rewritten) == pytest.approx(15, abs=1)
    assert rewritten == set(by_rank[: len(rewritten)])


def test_scores_of_another_corpus_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no row of the corpus has a score; scores begin with 'other/1'"):
        write_scored_corpus(open_corpus(), {"other/1": 1.0}, tmp_path / "scored")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="out must be an empty folder"):
        write_scored_corpus(open_corpus(), {}, tmp_path / "full")


def test_a_row_keeps_what_it_declares(tmp_path: Path) -> None:
    lines = [
        {"id": "a", "prompt": "What is 2 + 2?", "answer": "4", "license": "mit", "data_source": "mine"},
        {"id": "b", "prompt": " ", "answer": "4"},
    ]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    corpus = open_corpus(tmp_path / "mine.jsonl")
    scored = write_scored_corpus(corpus, {"train/a": 0.5}, tmp_path / "scored")
    assert (scored.rows, sum(scored.refused.values())) == (1, 1)
    (row,) = open_corpus(scored.files[0]).conversations(0, 1)
    assert not isinstance(row, Refusal)
    assert (row.id, row.score, row.origin.license, row.origin.data_source) == ("train/a", 0.5, "mit", "mine")


def test_a_scored_corpus_has_the_columns_that_are_kept_and_what_was_preferred(tmp_path: Path) -> None:
    files = {
        "kept": {"prompt": "What is 2 + 2?", "answer": "4", "level": {"of": 5}, "subject": "sums", "tools": "[]"},
        "judged": {"prompt": "What is 2 + 2?", "completion": "5", "label": False, "subject": None},
        "preferred": {"prompt": "What is 2 + 2?", "chosen": "4", "rejected": "5", "subject": "sums"},
    }
    for name, line in files.items():
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"id": "a", **line}) + "\n")
        keep = ["level", "subject"] if name == "kept" else ["subject"]
        corpus = open_corpus(tmp_path / f"{name}.jsonl", keep=keep)
        (row,) = corpus.conversations(0, 1)
        scored = write_scored_corpus(corpus, {row.id: 0.5}, tmp_path / f"scored-{name}")
        again = open_corpus(scored.files[0], config=scored.files[0].stem, keep=keep)
        assert again.extra == corpus.extra
        (same,) = again.conversations(0, 1)
        assert not isinstance(row, Refusal)
        assert not isinstance(same, Refusal)
        assert (same.id, same.turns, same.feedback, same.kept, same.score) == (
            *(row.id, row.turns, row.feedback, row.kept),
            0.5,
        )


def test_the_score_that_is_written_anew_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"id": "a", "prompt": "Why?", "answer": "So.", "score": 1}\n')
    with pytest.raises(UsageError, match="column 'score' cannot be kept"):
        write_scored_corpus(open_corpus(tmp_path / "mine.jsonl", keep=["score"]), {"train/a": 1.0}, tmp_path / "out")
