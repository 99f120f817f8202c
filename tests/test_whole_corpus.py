"""A whole corpus, built in every position and read back with `datasets`: no crash, no row lost, every promise kept.

By default the embedded sample and the adversarial rows. Another corpus: `LOMO_TEST_CORPUS=prompts.jsonl pytest
tests/test_whole_corpus.py`.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import Image, List, disable_progress_bars, load_dataset
from invariants import check_invariants

from lomo_hf import Recipe, open_corpus
from lomo_hf.corpus import Conversation, Refusal
from lomo_hf.dataset import build_dataset
from lomo_hf.spans import POSITIONS

DATA = Path(__file__).parent / "data"
CORPORA = [None, DATA / "edge.jsonl", DATA / "edge_upstream_dialects.jsonl"]
if os.environ.get("LOMO_TEST_CORPUS"):
    CORPORA = [Path(os.environ["LOMO_TEST_CORPUS"])]

disable_progress_bars()


def rows_of(folder: Path, config: str, cache: Path) -> Iterator[dict[str, Any]]:
    dataset = load_dataset(str(folder), config, split="train", cache_dir=str(cache))
    yield from dataset.cast_column("images", List(Image(decode=False)))


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda path: path.stem if path else "sample")
def test_every_row_of_a_corpus_is_right_in_every_position(corpus: Path | None, tmp_path: Path) -> None:
    recipes = [Recipe(position, ratio=1.0, position=position) for position in POSITIONS]
    report = build_dataset(corpus, recipes, tmp_path / "out", num_proc=2)
    source = open_corpus(corpus)
    source_rows = list(source.conversations(0, len(source)))
    conversations = {source_row.id: source_row for source_row in source_rows if isinstance(source_row, Conversation)}
    refused = {source_row.id for source_row in source_rows if isinstance(source_row, Refusal)}
    assert len(conversations) + len(refused) == len(source)
    for recipe in recipes:
        rows = {row["id"]: row for row in rows_of(report.folder, recipe.name, tmp_path / "cache")}
        listed = [
            json.loads(line)["id"]
            for path in (report.folder / recipe.name).glob("refused-*.jsonl")
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        assert sorted([*rows, *listed]) == sorted([*conversations, *refused])
        assert set(listed) >= refused
        for row in rows.values():
            check_invariants(conversations[row["id"]], row)
            assert row["rewritten"] or row["lomo"]["reason"]
