"""A corpus as the frameworks read it, and the rows that `lomo build` makes of it."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from lomo_hf.corpus import Conversation, open_corpus
from lomo_hf.dataset import build_dataset

RECIPE = "multispan50"
ROWS = 60


def write_corpus(folder: Path) -> Path:
    """Every third row of the sample, in one file; one of them is refused."""
    folder.mkdir(parents=True)
    source = open_corpus(None)
    rows = [row for row in source.conversations(0, len(source)) if isinstance(row, Conversation)][
        :: len(source) // ROWS
    ]
    lines = [
        {
            "id": row.origin.id,
            "source": row.origin.data_source,
            "license": row.origin.license,
            "messages": [{"role": turn.role, "content": turn.text} for turn in row.turns],
        }
        for row in rows
    ]
    bad = [{"role": "user", "content": "What is <image>?"}, {"role": "assistant", "content": "A tag."}]
    lines.insert(7, {"id": "bad", "source": "hand", "license": "MIT", "messages": bad})
    file = folder / "prompts.jsonl"
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return file


def config_of(corpus: Path) -> str:
    """What the ids of a build begin with."""
    return open_corpus(corpus).config


def built_rows(corpus: Path, out: Path) -> dict[str, dict[str, Any]]:
    """Id -> row, as `lomo build` stores it."""
    report = build_dataset(corpus, RECIPE, out)
    return rows_of(report.folder / RECIPE)


def rows_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Id -> row, of all Parquet files of a folder."""
    rows = [row for file in sorted(folder.rglob("*.parquet")) for row in pq.read_table(file).to_pylist()]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}
