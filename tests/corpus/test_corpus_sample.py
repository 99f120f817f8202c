"""The embedded sample corpus: licensed, attributed, readable to the last row, and of every kind it promises."""

import json
import re
from collections import Counter
from typing import Any

import pytest

from lomo_hf.corpus import SAMPLE, Conversation, open_corpus, screen

ROWS: list[dict[str, Any]] = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").split("\n") if line]
ATTRIBUTION = (SAMPLE.parent / "ATTRIBUTION.md").read_text(encoding="utf-8")
ALLOWED = {
    "openai/grade-school-math": "MIT",
    "yizhongw/self-instruct": "Apache-2.0",
    "XiaoMi/cmath": "CC-BY-4.0",
    "facebookresearch/miniF2F": "MIT",
    "mandyyyyii/scibench": "MIT",
    "amazon-science/mxeval": "Apache-2.0",
    "lomo_hf handwritten": "CC0-1.0",
}


def prompts(row: dict[str, Any]) -> str:
    return "\n".join(m["content"] for m in row["messages"] if m["role"] == "user")


def test_every_row_is_a_conversation_that_passes_screening_untouched() -> None:
    source = open_corpus()
    assert source.config == "sample"
    results = list(source.conversations(0, len(source)))
    for raw, result in zip(ROWS, results, strict=True):
        assert isinstance(result, Conversation), result
        assert result.repairs == ()
        assert result.id == f"sample/{raw['id']}"
        assert screen(result, "drop") is result
        assert [{"role": t.role, "content": t.text} for t in result.turns] == raw["messages"]
        assert result.origin.license == raw["license"]
        assert result.origin.data_source == raw["source"]


def test_the_size_is_as_promised() -> None:
    assert 180 <= len(ROWS) <= 220
    assert SAMPLE.stat().st_size < 400_000
    assert len({row["id"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_every_row_is_licensed_and_attributed(row: dict[str, Any]) -> None:
    pattern = r"(lomo_hf handwritten|[^@]+)(?:@([0-9a-f]{12}):(\S+))?(?: \((recombined|adapted)\))?"
    place = re.fullmatch(pattern, row["source"])
    assert place
    assert ALLOWED[place[1]] == row["license"]
    assert not place[2] or (f"`{place[2]}` | `{place[3]}` | {row['license']}" in ATTRIBUTION)
    assert (place[4] == "recombined") == ("recombined" in row)
    assert (place[4] == "adapted") == ("adapted_from" in row)


def test_the_attribution_counts_what_is_there() -> None:
    table = [line.split("|")[5:8] for line in ATTRIBUTION.splitlines() if line.startswith(("| [", "| lomo_hf"))]
    assert sum(int(cell) for cells in table for cell in cells if cell.strip()) == len(ROWS)
    assert f"its {len(ROWS)} rows" in ATTRIBUTION


def test_every_kind_is_present() -> None:
    zh = [row for row in ROWS if row["lang"] == "zh"]
    assert Counter(row["lang"] for row in ROWS).keys() == {"en", "zh"}
    assert len(zh) >= 30
    wanted = {
        "long": [r for r in ROWS if len(prompts(r)) > 3000],
        "longer Chinese": [r for r in zh if len(prompts(r)) > 250],
        "multi-turn": [r for r in ROWS if sum(m["role"] == "user" for m in r["messages"]) > 1],
        "Chinese multi-turn": [r for r in zh if sum(m["role"] == "user" for m in r["messages"]) > 1],
        "system": [r for r in ROWS if r["messages"][0]["role"] == "system"],
        "code": [r for r in ROWS if "def " in prompts(r)],
        "inline mathematics": [r for r in ROWS if re.search(r"\$[^$\n]+\$", prompts(r))],
        "display mathematics": [r for r in ROWS if "$$" in prompts(r)],
        "environments": [r for r in ROWS if re.search(r"\\begin\{(align|array|cases|matrix)", prompts(r))],
        "Chinese mathematics": [r for r in zh if "$" in prompts(r)],
        "Markdown tables": [r for r in ROWS if re.search(r"^\|.*-.*\|$", prompts(r), re.MULTILINE)],
        "LaTeX tables": [r for r in ROWS if "{tabular}" in prompts(r)],
        "prose": [r for r in ROWS if r["id"].startswith(("gsm8k", "instruct")) and len(prompts(r)) > 250],
    }
    least = {"LaTeX tables": 1, "Markdown tables": 4, "Chinese mathematics": 2, "environments": 8, "prose": 20}
    assert {kind: len(rows) for kind, rows in wanted.items() if len(rows) < least.get(kind, 3)} == {}
