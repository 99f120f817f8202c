"""Figures that pages quote are those of the committed results, and `lomo sensitivity` gives the same."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from experiments.carrier_gap.methods import METHODS
from experiments.carrier_gap.records import RESULTS, Outcomes, key_of, load_results, outcome_files
from experiments.carrier_gap.summary import Summary, summarise
from lomo_hf.cli import app

TITLE = "What the ablations show on a small model"
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summarise(*load_results("full"))


def section(page: str, title: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]


def test_the_page_on_selection_quotes_differences_from_ratio50(summary: Summary) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (\S+) \| (\S+) \|$", section("selection.md", TITLE), re.M)
    assert len(rows) == 8
    for arm, *quoted in rows:
        differences = [summary.accuracy_difference(arm, "ratio50", test) for test in ("rendered", "middle", "text")]
        assert quoted == [f"{difference[0]:+.1f}" for difference in differences if difference]


@pytest.mark.parametrize(
    ("page", "title"), [("selection.md", TITLE), ("related_methods.md", "When to reach for which")]
)
def test_every_percentage_that_a_page_quotes_stands_in_the_report(page: str, title: str) -> None:
    report = (DOCS / "proof.md").read_text(encoding="utf-8")
    quoted = re.findall(r"(?<![\d.])(\d+\.\d)(?:(?= %)|(?= point)| M\b)", section(page, title))
    assert len(quoted) > 2
    assert [figure for figure in quoted if not re.search(rf"(?<![\d.]){re.escape(figure)}(?!\d)", report)] == []


def test_the_page_on_related_methods_quotes_the_accuracy_on_rendered_questions(summary: Summary) -> None:
    text = section("related_methods.md", "When to reach for which")
    accuracy = {
        arm: f"{arm_summary.accuracy['rendered']:.1f} %" for arm, arm_summary in summary.beside(METHODS).arms.items()
    }
    for arm in ("standard", "ratio50", "fulltext50", "ratio100", *METHODS):
        assert accuracy[arm] in text, arm


@pytest.mark.parametrize("name", sorted(path.stem for path in RESULTS.glob("*.json")))
def test_lomo_sensitivity_gives_the_committed_figures(name: str, tmp_path: Path) -> None:
    runs, outcomes = load_results(name)
    kept = [
        run for run in runs if run["seed"] == 0 and run["arm"] in ("base", "standard", "ratio50", "standard+laver")
    ]
    keys = [key_of(run) for run in kept]
    held = Outcomes(
        outcomes.ids,
        outcomes.categories,
        {key: outcomes.correct[key] for key in keys},
        {key: outcomes.distances[key] for key in keys},
    )
    outcome_files(held, tmp_path)
    assert len(kept) >= 3
    for run, key in zip(kept, keys, strict=True):
        files = [str(tmp_path / f"{key}-{test}.jsonl") for test in ("text", "rendered")]
        overall = json.loads(CliRunner().invoke(app, ["sensitivity", *files, "--json"]).stdout)["overall"]
        assert run["drop"] == pytest.approx(100 * overall["drop"], abs=0.005)
        assert run["drop_interval"] == pytest.approx([100 * overall["low"], 100 * overall["high"]], abs=0.005)
        assert run["mcnemar_p"] == overall["p_value"]
        assert run["accuracy"]["text"] == pytest.approx(100 * overall["standard"], abs=0.005)


def test_methods_stand_beside_recipes_of_the_same_bases_and_seeds(summary: Summary) -> None:
    same = summary.beside(METHODS)
    assert {(run["base"], run["seed"]) for run in same.runs} == {(0, 0), (0, 1), (0, 2)}
    assert summary.arms["ratio50"].runs == 6
    assert same.arms["ratio50"].runs == 3
    own = [run["drop"] for run in summary.runs if run["arm"] == "ratio50" and run["base"] == 0]
    assert same.arms["ratio50"].drop == pytest.approx(sum(own) / 3, abs=0.01)


def test_differences_are_paired_by_base_seed_and_question(summary: Summary) -> None:
    rendered = {(run["arm"], run["base"], run["seed"]): run["accuracy"]["rendered"] for run in summary.runs}
    for arm, runs in (("ratio100", 6), ("standard+laver", 2)):
        pairs = [(base, seed) for name, base, seed in rendered if name == arm]
        assert len(pairs) == runs
        expected = sum(rendered[arm, *pair] - rendered["ratio50", *pair] for pair in pairs) / runs
        value, low, high = summary.accuracy_difference(arm, "ratio50", "rendered") or (0.0, 0.0, 0.0)
        assert value == pytest.approx(expected, abs=0.02)
        assert low < value < high
    assert summary.accuracy_difference("ratio50", "ratio50", "rendered") is None
