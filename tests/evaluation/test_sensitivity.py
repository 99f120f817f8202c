"""Carrier sensitivity: known numbers, an exact binomial, and a bootstrap that draws rows one by one."""

import json
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from benchmarks.bootstrap import coverage
from lomo_hf.errors import RecipeError, SourceError
from lomo_hf.evaluation import (
    SMALL_SAMPLE,
    Outcome,
    carrier_sensitivity,
    drop_by_distance,
    mcnemar,
    paired_bootstrap,
    plot_carriers,
    plot_drop_by_distance,
    read_distances,
    read_results,
    save_plot,
    sensitivity_table,
)


def outcomes(scores: list[float], kinds: list[str] | None = None) -> dict[str, Outcome]:
    names = [f"q{index}" for index in range(len(scores))]
    return {
        name: Outcome(name, s, kinds[i] if kinds else None)
        for i, (name, s) in enumerate(zip(names, scores, strict=True))
    }


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_the_exact_binomial_test(b: int, c: int) -> None:
    expected = binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert mcnemar(b, c) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_known_numbers() -> None:
    """By hand: of 1 and 7, 2 (1 + 8) / 256."""
    assert mcnemar(1, 7) == 18 / 256
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(4000, 4000) == 1.0
    assert mcnemar(2200, 1800) == pytest.approx(binomtest(1800, 4000).pvalue, rel=1e-9)
    assert 0 <= mcnemar(90_000, 10) < 1e-300


def test_the_interval_is_that_of_all_resamples() -> None:
    """Every one of the 5^5 resamples, written out: the quantiles of the exact bootstrap distribution."""
    differences = np.array([1.0, 0.0, 1.0, -1.0, 0.25])
    exact = np.array([np.mean(each) for each in product(differences, repeat=5)])
    low, high = paired_bootstrap(differences, confidence=0.9, resamples=200_000)
    # A quantile of a discrete distribution: at most the tail lies below it, at least the tail up to it.
    for result, tail in ((low, 0.05), (high, 0.95)):
        assert (exact < result - 1e-12).mean() <= tail + 0.003
        assert (exact <= result + 1e-12).mean() >= tail - 0.003


def test_the_interval_agrees_with_drawing_rows_one_by_one() -> None:
    draw = np.random.default_rng(7)
    differences = draw.choice([1.0, 0.0, -1.0], p=[0.25, 0.65, 0.1], size=400)
    brute = draw.choice(differences, size=(20_000, 400)).mean(axis=1)
    result = paired_bootstrap(differences, resamples=20_000)
    assert np.allclose(result, np.quantile(brute, [0.025, 0.975]), atol=0.003)
    graded = draw.random(300)
    brute = draw.choice(graded, size=(20_000, 300)).mean(axis=1)
    assert np.allclose(paired_bootstrap(graded, resamples=20_000), np.quantile(brute, [0.025, 0.975]), atol=0.003)


def test_the_interval_depends_on_seed_and_name_alone() -> None:
    differences = np.array([1.0, 0.0, 0.0, 1.0, -1.0] * 20)
    assert paired_bootstrap(differences, name="a") == paired_bootstrap(differences[::-1], name="a")
    graded = np.linspace(-1, 1, 37) ** 3
    assert paired_bootstrap(graded, seed=1) != paired_bootstrap(graded, seed=2)
    assert paired_bootstrap(graded, name="a") != paired_bootstrap(graded, name="b")


def test_a_report_counts_what_is_paired_and_what_is_not() -> None:
    standard = outcomes([1, 1, 1, 0, 1, 0], ["a", "a", "b", "b", "b", "a"])
    rendered = {**outcomes([1, 0, 0, 1, 1]), "other": Outcome("other", 1.0)}
    report = carrier_sensitivity(standard, rendered)
    each = report.overall
    assert (each.questions, report.left_out_standard, report.left_out_rendered) == (5, 1, 1)
    assert (each.both, each.only_standard, each.only_rendered, each.neither) == (2, 2, 1, 0)
    assert (each.standard, each.rendered) == (0.8, 0.6)
    assert each.drop == pytest.approx(0.2)
    assert each.low <= each.drop <= each.high
    assert each.p_value == 1.0
    assert [(part.name, part.questions) for part in report.categories] == [("a", 2), ("b", 3)]


def test_graded_scores_have_no_mcnemar_test() -> None:
    each = carrier_sensitivity(outcomes([0.5, 1.0]), outcomes([0.25, 1.0])).overall
    assert (each.p_value, each.both, each.drop) == (None, None, 0.125)


def test_a_category_has_the_interval_it_has_alone() -> None:
    standard = outcomes([1, 1, 0, 1, 1, 0, 1, 1], list("abababab"))
    rendered = outcomes([0, 1, 0, 0, 1, 1, 1, 0], list("abababab"))
    both = carrier_sensitivity(standard, rendered).categories[0]
    alone = {name: each for name, each in standard.items() if each.category == "a"}
    assert carrier_sensitivity(alone, rendered).categories[0] == both


def test_results_are_read_in_every_format(tmp_path: Path) -> None:
    rows = [{"question_id": 7, "correct": True, "category": "x"}, {"question_id": "b", "correct": 0}]
    expected = {"7": Outcome("7", 1.0, "x"), "b": Outcome("b", 0.0)}
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    (tmp_path / "r.json").write_text(json.dumps(rows))
    (tmp_path / "r.csv").write_text("question_id,correct,category\n7,True,x\nb,0,\n")
    (tmp_path / "r.tsv").write_text("question_id\tcorrect\tcategory\n7\t1.0\tx\nb\tfalse\t\n")
    for name in ("r.jsonl", "r.json", "r.csv", "r.tsv"):
        assert read_results(tmp_path / name) == expected


def test_reviews_of_evalscope_are_read(tmp_path: Path) -> None:
    def review(index: int, value: dict[str, float], **rest: object) -> dict[str, object]:
        return {
            "index": index,
            "sample_score": {"score": {"value": value, **rest}, "sample_metadata": {"category": "c"}},
        }

    rows = [
        review(0, {"acc": 1.0, "other": 0.0}),
        review(1, {"hit": 0.5}),
        review(2, {"a": 0, "b": 1}, main_score_name="b"),
    ]
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert [each.score for each in read_results(tmp_path / "r.jsonl").values()] == [1.0, 0.5, 1.0]
    assert read_results(tmp_path / "r.jsonl")["0"].category == "c"
    rows[0]["sample_score"] = {"score": {"value": {"a": 1, "b": 0}}}
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(SourceError, match=r"row 1 of r\.jsonl has no score .*; its metrics are a, b\. Name one"):
        read_results(tmp_path / "r.jsonl")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('{"id": 1, "score": 67.5}', "score must be from 0 to 1"),
        ('{"id": 1, "score": NaN}', "score must be from 0 to 1"),
        ('{"id": 1, "score": 1}\n{"id": "1", "score": 0}', "occurs twice"),
        ('{"id": 1}', r"no score that is named or plain; it has \['id'\]"),
        ('{"score": 1}', r"has no id; it has \['score'\]"),
        ("[1]", "not an object"),
        ("{", "cannot be read as jsonl"),
        ("", "holds no results"),
    ],
)
def test_a_wrong_result_file_is_named(tmp_path: Path, lines: str, says: str) -> None:
    (tmp_path / "r.jsonl").write_text(lines)
    with pytest.raises(SourceError, match=says):
        read_results(tmp_path / "r.jsonl")


def test_files_that_share_no_id_are_an_error() -> None:
    with pytest.raises(SourceError, match="share no id; they begin with 'q0' and 'z'"):
        carrier_sensitivity(outcomes([1]), {"z": Outcome("z", 1.0)})


def test_bins_hold_equal_numbers_from_near_to_far() -> None:
    names = [f"q{index}" for index in range(20)]
    distances = {name: 1 - index / 20 for index, name in enumerate(names)}
    rendered = {name: Outcome(name, float(distances[name] < 0.5)) for name in names}
    result = drop_by_distance(outcomes([1.0] * 20), rendered, distances, bins=4)
    assert [each.sensitivity.questions for each in result] == [5, 5, 5, 5]
    assert [each.sensitivity.drop for each in result] == pytest.approx([0, 0.2, 1, 1])
    assert all(a.most < b.least for a, b in pairwise(result))
    with pytest.raises(RecipeError, match="bins must be from 1 to the 20 questions"):
        drop_by_distance(outcomes([1.0] * 20), rendered, distances, bins=21)


def test_plots_can_be_written_and_rebuilt_to_the_same_bytes(tmp_path: Path) -> None:
    report = carrier_sensitivity(outcomes([1, 1, 1, 0] * 20), outcomes([1, 0, 0, 0] * 20))
    bins = drop_by_distance(
        outcomes([1, 1, 1, 0] * 20), outcomes([1, 0, 0, 0] * 20), {f"q{i}": i / 80 for i in range(80)}
    )
    for time in "12":
        save_plot(plot_carriers({"m": report.overall, "n": report.overall}), tmp_path / f"a{time}.png")
        save_plot(plot_drop_by_distance(bins), tmp_path / f"b{time}.svg")
    assert (tmp_path / "a1.png").read_bytes() == (tmp_path / "a2.png").read_bytes()
    assert (tmp_path / "b1.svg").stat().st_size > 1000
    with pytest.raises(RecipeError, match=r"a plot must be a \.png"):
        save_plot(plot_carriers({"m": report.overall}), tmp_path / "a.bmp")


def test_a_score_too_large_for_a_float_is_refused_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "r.JSONL").write_text(json.dumps({"id": "a", "score": 10**400}))
    with pytest.raises(SourceError, match="score must be from 0 to 1"):
        read_results(tmp_path / "r.JSONL")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_distance_that_is_no_number_has_no_bin(bad: float) -> None:
    """Sorted, NaN leaves the others in no order: near and far questions were mixed, without a word."""
    standard = outcomes([1.0] * 4)
    with pytest.raises(RecipeError, match="distances must be finite"):
        drop_by_distance(standard, standard, {"q0": 0.4, "q1": bad, "q2": 0.1, "q3": 0.2}, bins=2)


def test_names_in_plots_are_drawn_as_they_are(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Dollars were read as mathematics, which fails; Chinese came out as boxes; no drop was "-0.0"."""
    same = carrier_sensitivity(outcomes([1.0, 0.0]), outcomes([1.0, 0.0])).overall
    names = ["cost $\\frac$ of", "\u6570\u5b66 $x$", "plain"]
    figure = plot_carriers(dict.fromkeys(names, same))
    save_plot(figure, tmp_path / "plot.png")
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == names
    assert [text.get_text() for text in figure.axes[0].texts] == ["+0.0"] * 3
    assert not caplog.records


def test_a_plot_can_be_made_again_to_the_byte(tmp_path: Path) -> None:
    each = carrier_sensitivity(outcomes([1.0, 0.0]), outcomes([1.0, 0.0])).overall
    for kind in ("svg", "pdf", "png"):
        plots = []
        for _ in range(2):
            save_plot(plot_carriers({"one": each}), tmp_path / f"plot.{kind}")
            plots.append((tmp_path / f"plot.{kind}").read_bytes())
        assert plots[0] == plots[1]


def test_the_interval_of_few_questions_covers_too_little_and_says_so() -> None:
    """Exactly, over every possible sample of a population in which 25 and 5 of a hundred questions differ."""
    covered = {size: coverage(size, 0.25, 0.05, resamples=2_000) for size in (5, 10, SMALL_SAMPLE, 30)}
    assert covered[5] < 0.78
    assert covered[10] < 0.94
    assert min(covered[SMALL_SAMPLE], covered[30]) > 0.94
    few = carrier_sensitivity(outcomes([1] * (SMALL_SAMPLE - 1)), outcomes([0] * (SMALL_SAMPLE - 1)))
    enough = carrier_sensitivity(outcomes([1] * SMALL_SAMPLE), outcomes([0] * SMALL_SAMPLE))
    assert (few.overall.is_small, enough.overall.is_small) == (True, False)
    assert "narrower than it should be" in sensitivity_table(few)
    assert "narrower" not in sensitivity_table(enough)


def test_names_in_the_table_cannot_break_it() -> None:
    standard = outcomes([1, 0], ["a|b", "two\nlines"])
    table = sensitivity_table(carrier_sensitivity(standard, outcomes([0, 0])))
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert [line.replace("\\|", "").count("|") for line in rows] == [10] * 5
    assert "| a\\|b |" in table
    assert "| two lines |" in table


@pytest.mark.parametrize("row", ['{"id": "a"}', '{"id": "a", "distance": "far"}', '{"distance": 1}', "[1]"])
def test_distances_without_id_or_number_are_named(tmp_path: Path, row: str) -> None:
    (tmp_path / "d.jsonl").write_text(row)
    with pytest.raises(SourceError, match=r"row 1 of d\.jsonl must have id and distance"):
        read_distances(tmp_path / "d.jsonl")
