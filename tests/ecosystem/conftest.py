"""One corpus and one build for every framework."""

from pathlib import Path
from typing import Any

import pytest
from ecosystem.corpus import built_rows, write_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("ecosystem") / "corpus")


@pytest.fixture(scope="session")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    rows = built_rows(corpus, tmp_path_factory.mktemp("built") / "out")
    assert len(rows) >= 60
    assert {row["rewritten"] for row in rows.values()} == {True, False}
    assert {len(row["images"] or ()) for row in rows.values()} == {0, 1, 2}
    return rows
