"""Preferences, labels and kept columns are held to the source: honest folders pass, sealed lies do not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from auditing.audit_helpers import Rows, rewrite

from lomo_hf.auditing import audit_dataset
from lomo_hf.corpus import open_corpus
from lomo_hf.dataset import build_dataset, check_dataset, verify_dataset
from lomo_hf.recipes.recipe import Recipe

ASK = "Name a prime number above {}. Say why it is one. Be brief. Use one line."


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tool = [{"role": "user", "content": "Rain? Here? Today? Tell me."}, {"role": "assistant", "content": "I look."}]
    tool += [{"role": "tool", "content": "no"}, {"role": "assistant", "content": "No."}]
    rows: list[dict[str, Any]] = [{"id": "tool", "messages": tool, "tools": "[]"}]
    rows += [
        {"id": str(n), "prompt": ASK.format(n), "chosen": "Eleven.", "rejected": "Ten.", "level": n} for n in range(8)
    ]
    rows += [{"id": f"k{n}", "prompt": ASK.format(n), "completion": "Nine.", "label": n > 1} for n in range(4)]
    path = tmp_path_factory.mktemp("corpus") / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def honest(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = open_corpus(corpus, keep=["level"])
    return build_dataset(source, [Recipe("all", ratio=1.0)], tmp_path_factory.mktemp("honest") / "data").folder


def test_an_honest_folder_is_true_with_and_without_its_source(honest: Path, corpus: Path) -> None:
    assert audit_dataset(honest, corpus=corpus).true
    assert audit_dataset(honest, no_source=True).true
    assert verify_dataset(honest).contents.rows("all") == 13
    assert check_dataset(honest).loads


def paired(rows: Rows) -> dict[str, Any]:
    return next(row for row in rows if row["rejected"])


def swap(rows: Rows) -> None:
    row = paired(rows)
    row["chosen"], row["rejected"] = row["rejected"], row["chosen"]


def other_rejected(rows: Rows) -> None:
    paired(rows)["rejected"][0]["content"][0]["text"] = "Twelve."


def other_label(rows: Rows) -> None:
    row = next(row for row in rows if row["label"] is not None)
    row["label"] = not row["label"]


def lost_prompt(rows: Rows) -> None:
    paired(rows)["prompt"] = None


def other_level(rows: Rows) -> None:
    paired(rows)["level"] = "99"


@pytest.mark.parametrize("lie", [swap, other_rejected, other_label, lost_prompt, other_level])
def test_a_lie_about_what_was_preferred_is_found(
    honest: Path, corpus: Path, tmp_path: Path, lie: Callable[[Rows], None]
) -> None:
    folder = Path(shutil.copytree(honest, tmp_path / "data"))
    rewrite(folder, "all", lie)
    report = audit_dataset(folder, corpus=corpus)
    assert {outcome.name for outcome in report.failures} == {"extra-true"}
