"""The Hub's viewer, by its own code: `LOMO_VIEWER=FOLDER pytest -m viewer`. Skipped without a copy of it.

Of every config that a card declares: the first rows from Parquet, all rows page by page, statistics of every column.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard
from viewer.conftest import View

from lomo_hf import build_dataset, check_dataset
from lomo_hf.corpus import SAMPLE
from lomo_hf.mixing import mix, open_multimodal, open_split, write_mixture
from lomo_hf.row_columns import ROW_COLUMNS

pytestmark = pytest.mark.viewer

PAGE = 100
FIRST_ROWS_BYTES = 200_000
WITH_STATISTICS = sorted(set(ROW_COLUMNS) - {"lomo"})  # the viewer has none of structs
KINDS = ("configs", "splits", "mixture")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The embedded sample in three configs, two of whose pages are several to a row; by splits; and in a mixture."""
    work = tmp_path_factory.mktemp("viewed")
    configs = build_dataset(None, ["ratio50", "multispan50", "nodistort50"], work / "configs").folder
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    (work / "corpus").mkdir()
    for split, own in (("train", lines[::2]), ("validation", lines[1::4]), ("test", lines[3::4])):
        (work / "corpus" / f"{split}.jsonl").write_text("\n".join(own), encoding="utf-8")
    splits = build_dataset(work / "corpus", ["ratio50", "multispan50"], work / "splits").folder
    pages = open_multimodal(configs / "nodistort50")  # pictures of their own, for the mixture
    write_mixture(mix(open_split(configs), pages, multimodal_rows=120), work / "mixture")
    return {"configs": configs, "splits": splits, "mixture": work / "mixture"}


def stored(folder: Path, config: str, split: str) -> list[dict[str, Any]]:
    """The rows of a split, in the order of its shards."""
    paths = sorted((folder / config).glob(f"{split}-*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def sizes(row: dict[str, Any]) -> list[list[int]] | None:
    """(width, height) of each picture, as the page's record has them; None where nothing is recorded."""
    spans = (row["lomo"] or {}).get("spans")
    return [[span["width"], span["height"]] for span in spans] if spans else None


def declared(folder: Path) -> dict[str, list[str]]:
    """The configs that the card declares, with their splits."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {
        config: sorted({path.name.split("-")[0] for path in (folder / config).glob("*.parquet")})
        for config in manifest["recipes"]
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_viewer_lists_every_config_and_split_of_the_card(view: View, folders: dict[str, Path], kind: str) -> None:
    answer = view(folders[kind])
    assert {config: sorted(shown["splits"]) for config, shown in answer.items()} == declared(folders[kind])
    assert all({"image", "text"} <= set(shown["modalities"]) for shown in answer.values())


@pytest.mark.parametrize("kind", KINDS)
def test_first_rows_come_from_parquet_with_no_cell_cut(view: View, folders: dict[str, Path], kind: str) -> None:
    for config, shown in view(folders[kind]).items():
        for split, answer in shown["splits"].items():
            rows, first = stored(folders[kind], config, split), answer["first_rows"]
            assert "error" not in first, first
            assert first["truncated_cells"] == []
            assert len(first["ids"]) >= min(10, len(rows))
            assert first["ids"] == [row["id"] for row in rows[: len(first["ids"])]]


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_served_on_its_page_with_its_pictures(view: View, folders: dict[str, Path], kind: str) -> None:
    for config, shown in view(folders[kind]).items():
        for split, answer in shown["splits"].items():
            rows, served = stored(folders[kind], config, split), answer["rows"]
            assert "error" not in served, served
            assert served["ids"] == [row["id"] for row in rows]
            for images, row in zip(served["images"], rows, strict=True):
                assert len(images or []) == len(row["images"] or [])
                assert (images or None) == sizes(row) or row["lomo"] is None
            assert len(served["fetched"]) == -(-len(rows) // PAGE)  # a row group for each page, and no other


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_but_the_record_has_statistics(view: View, folders: dict[str, Path], kind: str) -> None:
    for config, shown in view(folders[kind]).items():
        for split, answer in shown["splits"].items():
            counted = answer["statistics"]
            assert "error" not in counted, counted
            assert counted["rows"] == len(stored(folders[kind], config, split))
            assert not counted["partial"]
            assert sorted(counted["columns"]) == WITH_STATISTICS


# -- what the viewer fails on, lomo check warns of --------------------------------------------------------------------


@pytest.fixture
def damaged(folders: dict[str, Path], tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A copy with a name of its own, since the Hub and the viewer go by names."""
    name = request.node.name.partition("[")[0].removeprefix("test_")[:40]
    return Path(shutil.copytree(folders["configs"], tmp_path / name))


def test_lists_of_two_neighbouring_lengths_lose_statistics(view: View, damaged: Path) -> None:
    (shard,) = (damaged / "multispan50").glob("*.parquet")
    table = pq.read_table(shard)
    kept = table.filter(pa.compute.greater_equal(pa.compute.list_value_length(table["images"]), 1))
    pq.write_table(kept, shard, write_page_index=True, row_group_size=PAGE)
    answer = view(damaged)["multispan50"]["splits"]["train"]
    assert "StatisticsComputationError" in answer["statistics"]["error"]
    assert "error" not in answer["rows"]
    warned = [finding.says for finding in check_dataset(damaged).findings if "statistics" in finding.says]
    assert any("multispan50" in says and "images" in says for says in warned), warned


def test_a_config_of_fewer_columns_than_its_files_does_not_open(view: View, damaged: Path) -> None:
    card = DatasetCard.load(damaged / "README.md")
    files = [{"split": "train", "path": "ratio50/train-*.parquet"}]
    columns = ["id", "rewritten"]
    card.data.configs.append({"config_name": "few", "data_files": files, "columns": columns})
    features = [{"name": "id", "dtype": "string"}, {"name": "rewritten", "dtype": "bool"}]
    splits = [{"name": "train", "num_bytes": 1, "num_examples": 206}]
    card.data.dataset_info.append({"config_name": "few", "features": features, "splits": splits})
    card.save(damaged / "README.md")
    answer = view(damaged)["few"]["splits"]["train"]
    assert "SplitParquetSchemaMismatchError" in answer["first_rows"]["error"]
    assert "error" in answer["rows"]
    assert any("'few'" in finding.says for finding in check_dataset(damaged).findings)
