"""What `docs/training.md` tells people to paste says what the dataset is; no trainer is needed to check that much."""

import ast
import json
import shlex
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from datasets import Dataset, Image, List, disable_progress_bars, load_dataset

from lomo_hf import Recipe
from lomo_hf.exporting import export_dataset

disable_progress_bars()
LONGEST_PAGE = {16: 2500, 14: 3265}  # tokens, as the page says


def test_every_yaml_and_python_snippet_parses(snippets: dict[str, str]) -> None:
    for name in ("llamafactory", "llamafactory-local", "axolotl"):
        assert isinstance(yaml.safe_load(snippets[name]), dict)
    for name in ("trl", "webdataset", "drop-long-rows", "mix"):
        ast.parse(snippets[name])


@pytest.mark.parametrize(
    ("snippet", "path"),
    [
        ("llamafactory", "llamafactory.yaml"), ("trl", "trl_sft.py"), ("swift", "swift.sh"), ("verl", "verl_sft.sh"),
        ("axolotl", "axolotl.yaml"), ("unsloth", "unsloth_sft.py"),
    ],
)  # fmt: skip
def test_the_page_shows_the_very_file_that_a_dataset_folder_holds(
    snippets: dict[str, str], dataset: Path, snippet: str, path: str
) -> None:
    held = (dataset / "training" / path).read_text(encoding="utf-8")
    assert held.replace("org/lomo-ov15", "ORG/NAME") == snippets[snippet]


def test_every_file_for_a_trainer_parses_and_names_the_dataset(dataset: Path) -> None:
    files = {path.name: path.read_text(encoding="utf-8") for path in (dataset / "training").iterdir()}
    assert len(files) == 10
    for name, text in files.items():
        assert "org/lomo-ov15" in text or "lomo export FOLDER --config ratio50" in text
        if name.endswith(".py"):
            ast.parse(text)
        elif name.endswith(".yaml"):
            assert isinstance(yaml.safe_load(text), dict)
    assert 'resize="max"' in files["unsloth_sft.py"]


def test_an_export_for_verl_has_strings_and_no_null_images(dataset: Path, stored: Any, tmp_path: Path) -> None:
    """As verl 0.9 reads it: with pandas, contents split at `<image>`, images taken in that order."""
    export_dataset(dataset, tmp_path / "out", config="multispan50", form="verl")
    rows = pq.read_table(tmp_path / "out" / "train-00000.parquet").to_pylist()
    for row, source in zip(rows, stored["multispan50"], strict=True):
        assert [turn["content"] for turn in row["messages"]] == [turn["value"] for turn in source["conversations"]]
        assert [image["bytes"] for image in row["images"]] == [image["bytes"] for image in source["images"] or []]
        assert sum(turn["content"].count("<image>") for turn in row["messages"]) == len(row["images"])


def test_llamafactory_is_told_to_keep_pages_as_they_are(snippets: dict[str, str], dataset: Path) -> None:
    settings = yaml.safe_load(snippets["llamafactory"])
    caps = Recipe("any").caps
    assert settings["image_max_pixels"] >= caps.max_pixels
    assert settings["cutoff_len"] >= 8192 > max(LONGEST_PAGE.values())
    assert settings["template"].endswith("_nothink")
    entries = json.loads((dataset / "dataset_info.json").read_text())
    local = yaml.safe_load(snippets["llamafactory-local"])
    assert entries[settings["dataset"]]["hf_hub_url"] == "org/lomo-ov15"
    assert "hf_hub_url" not in entries[local["dataset"]]
    assert {entry["formatting"] for entry in entries.values()} == {"sharegpt"}


@pytest.mark.parametrize("snippet", ["llamafactory", "llamafactory-local"])
def test_the_entry_names_a_view_that_loads_with_its_columns(
    snippets: dict[str, str], dataset: Path, tmp_path: Path, snippet: str
) -> None:
    entry = json.loads((dataset / "dataset_info.json").read_text())[yaml.safe_load(snippets[snippet])["dataset"]]
    # As LLaMA-Factory joins it; for the Hub's entry, the folder stands for the repository.
    path = f"{dataset}/{entry.get('script_url', '')}"
    rows = load_dataset(path, entry["subset"], split=entry["split"], cache_dir=str(tmp_path))
    assert set(entry["columns"].values()) <= set(rows.column_names)
    assert all("<image>" in "".join(turn["value"] for turn in row["conversations"]) for row in rows if row["images"])


def test_trl_and_axolotl_are_told_the_config_with_structured_parts(snippets: dict[str, str], dataset: Path) -> None:
    (declared,) = yaml.safe_load(snippets["axolotl"])["datasets"]
    assert declared["name"] == "ratio50"
    assert '"ORG/NAME", "ratio50"' in snippets["trl"]
    assert "max_length=None" in snippets["trl"]


def test_swift_is_told_to_take_the_strings(snippets: dict[str, str]) -> None:
    words = shlex.split(snippets["swift"], comments=True)
    assert words[1:3] == ["swift", "sft"]
    assert words[words.index("--dataset") + 1] == "hf::ORG/NAME:ratio50"
    assert words[words.index("--tuner_type") + 1] == "full"
    assert json.loads(words[words.index("--columns") + 1]) == {"messages": "parts"}


def test_the_lengths_on_the_page_follow_from_the_cap(dataset: Path) -> None:
    for patch, tokens in LONGEST_PAGE.items():
        assert Recipe("any").caps.max_pixels // (2 * patch) ** 2 == tokens


def test_long_rows_are_dropped_by_the_snippet(snippets: dict[str, str], dataset: Path, tmp_path: Path) -> None:
    rows = load_dataset(str(dataset), "multispan50", split="train", cache_dir=str(tmp_path))
    names: dict[str, Any] = {"rows": rows}
    exec(snippets["drop-long-rows"].replace("8000", "300"), names)
    assert 0 < names["rows"].num_rows < rows.num_rows
    exec(snippets["drop-long-rows"], names)


def test_multimodal_rows_join_in_our_columns(
    snippets: dict[str, str], dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    lines = [
        {"image": str(picture(tmp_path)), "conversations": [
            {"from": "human", "value": "<image>\nWhat is this?"}, {"from": "gpt", "value": "A page."}]},
        {"image": None, "conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi"}]},
    ]  # fmt: skip
    (tmp_path / "multimodal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(snippets["mix"].replace("ORG/NAME", str(dataset)), names)
    mixed: Dataset = names["mixed"]
    assert mixed.num_rows == 32
    assert mixed.features["images"] == List(Image())
    for row in mixed:
        places = sum(part["type"] == "image" for message in row["messages"] for part in message["content"])
        assert places == len(row["images"] or [])
        assert row["images"] is None or places
    asked = [row["messages"][0]["content"] for row in mixed]
    assert [{"type": "image", "text": None}, {"type": "text", "text": "\nWhat is this?"}] in asked


def picture(folder: Path) -> Path:
    """A file with a picture."""
    from PIL import Image as Pictures

    Pictures.new("RGB", (64, 48), "white").save(folder / "page.png")
    return folder / "page.png"
