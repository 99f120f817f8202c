"""A built folder of real prompts with several row groups, and its rows, read without the exporters."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lomo_hf.building import shard_writer
from lomo_hf.dataset import build_dataset

CONFIGS = ("ratio50", "multispan50")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 rows in row groups of 20, rewritten or not, with one page or two."""
    folder = tmp_path_factory.mktemp("built") / "lomo-ov15"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_writer, "MAX_GROUP_ROWS", 20)
        build_dataset(None, CONFIGS, folder, limit=90)
    return folder


@pytest.fixture
def copied(built: Path, tmp_path: Path) -> Path:
    """The same, to be spoiled."""
    return Path(shutil.copytree(built, tmp_path / "copy"))


@pytest.fixture(scope="session")
def stored(built: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of each config, as the shards hold them."""
    return {
        config: [row for path in sorted((built / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
        for config in CONFIGS
    }
