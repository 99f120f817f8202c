"""Figures that pages quote from the experiment are those of the committed results."""

import re
from pathlib import Path

import pytest

from experiments.carrier_gap.methods import METHODS
from experiments.carrier_gap.records import load_results
from experiments.carrier_gap.summary import Summary, summarise

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


TITLE = "What the ablations show on a small model"


@pytest.mark.parametrize(
    ("page", "title"), [("selection.md", TITLE), ("related_methods.md", "When to reach for which")]
)
def test_every_percentage_that_a_page_quotes_stands_in_the_report(page: str, title: str) -> None:
    report = (DOCS / "proof.md").read_text(encoding="utf-8")
    quoted = re.findall(r"(?<![\d.])(\d+\.\d)(?:(?= %)|(?= point)| M\b)", section(page, title))
    assert len(quoted) > 2
    assert [one for one in quoted if not re.search(rf"(?<![\d.]){re.escape(one)}(?!\d)", report)] == []


def test_the_page_on_related_methods_quotes_the_accuracy_on_rendered_questions(summary: Summary) -> None:
    text = section("related_methods.md", "When to reach for which")
    accuracy = {arm: f"{one.accuracy['rendered']:.1f} %" for arm, one in summary.beside(METHODS).arms.items()}
    for arm in ("standard", "ratio50", "fulltext50", "ratio100", *METHODS):
        assert accuracy[arm] in text, arm
