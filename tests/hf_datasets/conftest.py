"""What every test of this room needs: no network, a cache of its own, and a small corpus with its rows."""

import json
import os

# Read when `datasets` and `huggingface_hub` are imported, so set before any test module is.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
from hf_datasets.integration_oracle import Row, substituted

from lomo_hf import NAMED_RECIPES
from lomo_hf.corpus import SAMPLE


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("datasets"))
        patch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
        datasets.disable_progress_bars()
        yield
        datasets.enable_progress_bars()


@pytest.fixture(scope="session")
def lines() -> list[Row]:
    """Every sixth row of the embedded sample: all its sources, 35 rows."""
    return [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()][::6]


@pytest.fixture(scope="session")
def write(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Row]], Path]:
    """Rows -> a file named train.jsonl in a folder of its own, so that its rows' ids begin with "train"."""

    def written(rows: list[Row]) -> Path:
        file = tmp_path_factory.mktemp("corpus") / "train.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return file

    return written


@pytest.fixture(scope="session")
def corpus(write: Callable[[list[Row]], Path], lines: list[Row]) -> Path:
    return write(lines)


@pytest.fixture(scope="session")
def load(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A JSON Lines file as `datasets` loads it, map-style or streaming."""
    cache = str(tmp_path_factory.mktemp("loaded"))

    def loaded(file: Path, **options: Any) -> Any:
        return datasets.load_dataset("json", data_files=str(file), split="train", cache_dir=cache, **options)

    return loaded


@pytest.fixture(scope="session")
def expected(corpus: Path) -> dict[str, list[Row]]:
    """Recipe -> the rows that `Substituter` makes of the small corpus: the oracle of this room."""
    return {name: substituted(corpus, NAMED_RECIPES[name]) for name in ("ratio50", "multispan50")}
