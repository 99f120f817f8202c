"""What `lomo build` leaves in a folder is a dataset that `load_dataset` reads, and it is true."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from datasets import disable_progress_bars, load_dataset

from lomo_hf.dataset import BuildReport, build_dataset
from lomo_hf.row_columns import row_features

disable_progress_bars()
RECIPES = ("ratio25", "ratio50", "multispan50")


@pytest.fixture
def load(built: BuildReport, tmp_path: Path) -> Any:
    def load(config: str | None, **options: Any) -> Any:
        return load_dataset(str(built.folder), config, split="train", cache_dir=str(tmp_path), **options)

    return load


@pytest.mark.parametrize("config", RECIPES)
def test_every_config_loads_by_name_with_the_counted_rows(load: Any, built: BuildReport, config: str) -> None:
    dataset = load(config)
    assert dataset.num_rows == built.counts[config].rows == 75
    assert dataset.features == row_features()
    assert sum(dataset["rewritten"]) == built.counts[config].rewritten > 0


def test_the_default_config_is_ratio50(load: Any) -> None:
    assert load(None)["id"] == load("ratio50")["id"]


def test_images_decode_where_the_placeholders_stand(load: Any) -> None:
    for row in load("multispan50"):
        placeholders = sum(part["type"] == "image" for message in row["messages"] for part in message["content"])
        strings = sum(turn["value"].count("<image>") for turn in row["conversations"])
        assert placeholders == strings == len(row["images"] or [])
        for image, span in zip(row["images"] or [], row["lomo"]["spans"] or [], strict=True):
            assert image.mode == "L"
            assert image.size == (span["width"], span["height"])


def test_a_row_that_stayed_text_has_no_images_and_says_so_alike_in_its_config(load: Any) -> None:
    for config, none in (("ratio50", None), ("multispan50", [])):
        kept = [row["images"] for row in load(config) if not row["rewritten"]]
        assert kept
        assert all(images == none for images in kept)


def test_streaming_gives_the_same_rows(load: Any) -> None:
    streamed = [row["id"] for row in load("ratio50", streaming=True)]
    assert streamed == list(load("ratio50")["id"])


def test_the_card_declares_views_features_and_sizes_as_they_are(built: BuildReport) -> None:
    _, front, body = (built.folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    metadata = yaml.safe_load(front)
    assert "&" not in front.partition("dataset_info")[0]
    assert [config["config_name"] for config in metadata["configs"]] == ["ratio50", "multispan50", "ratio25"]
    assert not [config for config in metadata["configs"] if "columns" in config]
    assert [config["config_name"] for config in metadata["configs"] if config.get("default")] == ["ratio50"]
    for info in metadata["dataset_info"]:
        assert info["splits"][0]["num_examples"] == 75
        folder = built.folder / info["config_name"]
        assert info["download_size"] == sum(path.stat().st_size for path in folder.glob("*.parquet"))
    for words in ("Ratios are nested", "rotate_large", "| `multispan50` | 75 |", 'load_dataset("org/lomo-ov15"'):
        assert words in body
    assert "{{" not in body
    assert "{%" not in body


def test_the_manifest_names_every_file_with_its_hash_and_nothing_of_the_machine(built: BuildReport) -> None:
    text = (built.folder / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    shards = [file for shard in manifest["shards"] for part in ("files", "sidecars") for file in shard[part].values()]
    recorded = {record["path"]: record for record in [*shards, *manifest["files"]]}
    present = {path.relative_to(built.folder).as_posix() for path in built.folder.rglob("*") if path.is_file()}
    assert set(recorded) == present - {"manifest.json"}
    for path, record in recorded.items():
        data = (built.folder / path).read_bytes()
        assert (record["bytes"], record["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert str(built.folder.parent) not in text
    assert str(Path.home()) not in text


def test_llamafactory_finds_the_config(built: BuildReport) -> None:
    entries = json.loads((built.folder / "dataset_info.json").read_text(encoding="utf-8"))
    assert entries["ratio50"] == {
        "hf_hub_url": "org/lomo-ov15",
        "subset": "ratio50",
        "split": "train",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "images": "images"},
    }


def test_two_workers_give_the_same_folder_to_the_byte(built: BuildReport, tmp_path: Path) -> None:
    again = build_dataset(None, RECIPES, tmp_path / "again", limit=75, repo="org/lomo-ov15", num_proc=2)
    for path in sorted(path for path in built.folder.rglob("*") if path.is_file()):
        other = again.folder / path.relative_to(built.folder)
        assert other.read_bytes() == path.read_bytes() or path.name == "README.md"
    ours, others = (folder / "README.md" for folder in (built.folder, again.folder))
    assert ours.read_text().replace("lomo-ov15", "x") == others.read_text().replace("lomo-ov15", "x")


def test_no_file_is_named_like_a_loading_script(built: BuildReport) -> None:
    assert not list(built.folder.glob("*.py"))
