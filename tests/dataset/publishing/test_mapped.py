"""A mapped dataset reaches the Hub with the card of a build: in one commit, or the card after `push_to_hub`."""

import json
from importlib.resources import files
from pathlib import Path

import datasets
import pytest
from dataset.publishing.conftest import REPO
from hub.server import LoopbackHub
from huggingface_hub import DatasetCard, HfApi

from lomo_hf import card_for, check_dataset, map_dataset, push_mapped, verify_dataset
from lomo_hf.errors import RecipeError, SourceError
from lomo_hf.hf_datasets import write_mapped


@pytest.fixture(scope="module")
def rows() -> datasets.Dataset:
    """Twelve real prompts, mapped."""
    lines = (files("lomo_hf.corpus") / "sample" / "sample.jsonl").read_text(encoding="utf-8").split("\n")[:12]
    return map_dataset(datasets.Dataset.from_list([json.loads(line) for line in lines]), "ratio50")


def test_data_and_card_are_one_release(hub: LoopbackHub, rows: datasets.Dataset) -> None:
    report = push_mapped(rows, REPO, "ratio50")
    assert report.tagged
    assert len({"README.md", "training/trl_sft.py", "dataset_info.json", "manifest.json"} & set(hub.tree(REPO))) == 4
    assert REPO.encode() in hub.read(REPO, "training/trl_sft.py")
    loaded = datasets.load_dataset(REPO, "ratio50", split="train", revision="v1.0.0")
    assert loaded.features == rows.features
    assert loaded["conversations"][:] == rows["conversations"][:]
    assert "mapped with lomo_hf.map_dataset" in hub.read(REPO, "README.md").decode()


def test_the_card_goes_over_what_push_to_hub_wrote(hub: LoopbackHub, rows: datasets.Dataset) -> None:
    rows.push_to_hub(REPO, "ratio50")
    text = str(card_for(rows, "ratio50", repo=REPO)).encode()
    # As the card's own `push_to_hub` does, which in this process knows the real Hub alone.
    HfApi(hub.url).upload_file(path_or_fileobj=text, path_in_repo="README.md", repo_id=REPO, repo_type="dataset")
    card = DatasetCard(hub.read(REPO, "README.md").decode())
    assert [config["config_name"] for config in card.data.configs] == ["ratio50"]
    assert "## Rebuild" in card.text
    assert "![" not in card.text
    assert datasets.load_dataset(REPO, "ratio50", split="train").num_rows == rows.num_rows


def test_a_mapped_folder_is_whole_and_its_card_says_what_is_so(rows: datasets.Dataset, tmp_path: Path) -> None:
    folder = write_mapped(rows, tmp_path / "mapped", "ratio50", repo="org/mapped")
    assert verify_dataset(folder).contents.rows("ratio50") == rows.num_rows
    assert check_dataset(folder).loads
    with pytest.raises(RecipeError, match="was not made by 'prefix50'"):
        write_mapped(rows, tmp_path / "other", "prefix50")
    with pytest.raises(SourceError, match="must have the columns of a row"):
        write_mapped(rows.remove_columns("lomo"), tmp_path / "third")
    with pytest.raises(SourceError, match="one split 'train'"):
        write_mapped(datasets.DatasetDict(test=rows), tmp_path / "fourth")


def test_rows_with_pictures_of_their_own_are_not_given_the_card_of_a_recipe(
    rows: datasets.Dataset, tmp_path: Path
) -> None:
    mixed = rows.map(lambda row: {"lomo": None, "rewritten": False}, features=rows.features)
    with pytest.raises(RecipeError, match="Write a mixture with `lomo mix --write`"):
        write_mapped(mixed, tmp_path / "out", "ratio50")
