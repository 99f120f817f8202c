"""Trainers' own code over our data: `LOMO_TRAINERS=FOLDER pytest -m trainers`. Skipped without an environment."""

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from trainers.conftest import Consumer

from lomo_hf.exporting import export_dataset

pytestmark = pytest.mark.trainers

ROLES = {"system": "system", "human": "user", "gpt": "assistant"}
CONFIGS = ("ratio50", "multispan50")


def qwen_text(row: dict[str, Any]) -> str:
    """What Qwen's chat format makes of a stored row, whatever the trainer."""
    turns = ((ROLES[turn["from"]], turn["value"]) for turn in row["conversations"])
    return "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns)


def answers(row: dict[str, Any]) -> str:
    return "".join(turn["value"] for turn in row["conversations"] if turn["from"] == "gpt")


def check_collated(collated: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """Order, interleaving, image tokens, features, pixels and loss, of every row."""
    assert len(collated) == len(rows)
    for sample, row in zip(collated, rows, strict=True):
        assert sample["text"].rstrip("\n") == qwen_text(row).rstrip("\n")
        assert sample["image_tokens"] == sample["features"]
        assert sample["pixel_rows"] == 4 * sample["features"]
        assert sample["trained"].replace("<|im_end|>", "").replace("\n", "") == answers(row).replace("\n", "")
        spans = row["lomo"]["spans"] or []
        for (frames, high, wide), span in zip(sample["grids"], spans, strict=True):
            # Patches of 16 px; a page is rounded to 32 px, and enlarged below 65,536 px, but never shrunk.
            assert frames == 1
            assert high * 16 >= span["height"] - 16
            assert wide * 16 >= span["width"] - 16
    assert 0 < sum(bool(sample["grids"]) for sample in collated) < len(collated)


def pixels(image: bytes) -> tuple[tuple[int, int], str]:
    """Size and digest of an image's grey values."""
    with Image.open(io.BytesIO(image)) as opened:
        return opened.size, hashlib.sha256(np.asarray(opened.convert("L")).tobytes()).hexdigest()


@pytest.mark.parametrize("config", CONFIGS)
def test_trl_takes_two_steps_by_the_snippet_and_sees_every_row_as_stored(
    consume: Consumer, dataset: Path, stored: Any, snippets: dict[str, str], config: str
) -> None:
    rows = stored[config]
    mixed = [[row["rewritten"] for row in rows].index(kind) for kind in (True, False)]
    result = consume("trl", "trl_trains.py", folder=dataset, config=config, snippet=snippets["trl"], mixed=mixed)
    check_collated(result["collated"], rows)
    assert result["steps"] == 2
    assert all(0 < loss < 20 for loss in result["losses"])
    assert result["trained"] == {"tower": False, "projector": True, "language": True}
    assert result["mixed_images"] == len(rows[mixed[0]]["images"])


@pytest.mark.parametrize("where", ["folder", "remote"])
@pytest.mark.parametrize("config", CONFIGS)
def test_llamafactory_reads_the_dataset_by_the_snippet(
    consume: Consumer, dataset: Path, stored: Any, snippets: dict[str, str], config: str, where: str
) -> None:
    settings = yaml.safe_load(snippets["llamafactory"])
    if where == "folder":
        settings |= {"dataset_dir": str(dataset), "dataset": f"{config}-local"}
    else:
        settings |= {"dataset_dir": "REMOTE:org/lomo-ov15", "dataset": config}
    hub = "org/lomo-ov15" if where == "remote" else None
    result = consume("llamafactory", "llamafactory_encodes.py", folder=dataset, settings=settings, hub=hub)
    check_collated(result["collated"], stored[config])


def test_llamafactory_reads_a_llava_export(
    consume: Consumer, dataset: Path, stored: Any, snippets: dict[str, str], tmp_path: Path
) -> None:
    export_dataset(dataset, tmp_path / "out", config="ratio50", form="llava-jsonl")
    settings = yaml.safe_load(snippets["llamafactory"])
    settings |= {"dataset_dir": str(tmp_path / "out"), "dataset": "ratio50"}
    result = consume("llamafactory", "llamafactory_encodes.py", folder=tmp_path / "out", settings=settings, hub=None)
    check_collated(result["collated"], stored["ratio50"])


@pytest.mark.parametrize("config", CONFIGS)
def test_swift_reads_the_strings_of_a_config(
    consume: Consumer, dataset: Path, stored: Any, snippets: dict[str, str], config: str
) -> None:
    result = consume("swift", "swift_encodes.py", folder=dataset, config=config, snippet=snippets["swift"])
    assert result["asked"] == ["ORG/NAME", ["ratio50"], True]
    assert result["unknown"] == []
    check_collated(result["collated"], stored[config])


def test_axolotl_declares_every_key_of_the_snippet(consume: Consumer, snippets: dict[str, str]) -> None:
    settings = yaml.safe_load(snippets["axolotl"])
    result = consume("axolotl", "axolotl_keys.py")
    assert set(settings) <= set(result["AxolotlInputConfig"])
    assert settings["chat_template"] in result["ChatTemplate"]
    for dataset in settings["datasets"]:
        assert set(dataset) <= set(result["SFTDataset"])


@pytest.mark.parametrize("environment", ["energon", "energon5"])
@pytest.mark.parametrize("form", ["energon", "webdataset"])
def test_energon_loads_an_export_without_preparing_it(
    consume: Consumer, dataset: Path, stored: Any, tmp_path: Path, form: str, environment: str
) -> None:
    out = tmp_path / "out"
    export_dataset(dataset, out, config="multispan50", form=form)
    crude = (environment, form) == ("energon", "energon")
    result = consume(environment, "energon_loads.py", folder=out, crude=crude)
    for sample, row in zip(result["samples"], stored["multispan50"], strict=True):
        images = [pixels(image["bytes"]) for image in row["images"] or []]
        if form == "energon":
            seen = [piece for piece in sample["sequence"] if not isinstance(piece, str)]
            joined = "".join(piece if isinstance(piece, str) else "<image>" for piece in sample["sequence"])
            assert joined == "".join(turn["value"] for turn in row["conversations"])
        else:
            seen = sample["images"]
            turns = [(ROLES[turn["from"]], turn["value"]) for turn in row["conversations"]]
            assert [(turn["role"], turn["content"]) for turn in sample["messages"]] == [
                turn for turn in turns if turn[0] != "system"
            ]
            assert sample["system"] == next((text for role, text in turns if role == "system"), None)
        assert [((wide, high), digest) for wide, high, _, digest in seen] == images
    for name, digest in result["prepared"]["indexes"].items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    written = yaml.safe_load((out / ".nv-meta" / ".info.yaml").read_text())["shard_counts"]
    assert written == result["prepared"]["counts"]
    if crude:
        for sample, row in zip(result["crude"], stored["multispan50"], strict=True):
            assert sample["json"]["id"] == row["id"]
            assert len(sample["parts"]) == len(row["images"] or [])
            assert len(sample["json"]["roles"]) == len(sample["json"]["texts"])


def test_webdataset_reads_an_export(consume: Consumer, dataset: Path, stored: Any, tmp_path: Path) -> None:
    export_dataset(dataset, tmp_path / "out", config="multispan50", form="webdataset", shard_bytes=1)
    result = consume("energon", "webdataset_loads.py", folder=tmp_path / "out")
    for sample, row in zip(result["samples"], stored["multispan50"], strict=True):
        assert [(turn["role"], turn["content"]) for turn in sample["texts"]] == [
            (ROLES[turn["from"]], turn["value"]) for turn in row["conversations"]
        ]
        images = [pixels(image["bytes"]) for image in row["images"] or []]
        assert [((wide, high), digest) for wide, high, digest in sample["images"]] == images


@pytest.mark.parametrize("config", CONFIGS)
def test_verl_reads_an_export_and_the_prompts_of_its_script(
    consume: Consumer, dataset: Path, stored: Any, tmp_path: Path, config: str
) -> None:
    export_dataset(dataset, tmp_path / "out", config=config, form="verl")
    script = (dataset / "training" / "verl_rl.py").read_text(encoding="utf-8")
    prompts = tmp_path / "lomo-rl.parquet"
    if config == "ratio50":
        exec(script.replace("org/lomo-ov15", str(dataset)).replace("lomo-rl.parquet", str(prompts)), {})
    result = consume("verl", "verl_encodes.py", folder=tmp_path / "out", prompts=prompts if prompts.exists() else None)
    check_collated(result["collated"], stored[config])
    if config == "ratio50":
        assert len(result["prompts"]) == pq.read_metadata(prompts).num_rows > 0
        assert all(kinds.count("image") == 1 for kinds in result["prompts"])


@pytest.mark.parametrize("config", CONFIGS)
def test_nemo_reads_a_llava_export_with_blanks_trimmed_beside_images(
    consume: Consumer, dataset: Path, stored: Any, tmp_path: Path, config: str
) -> None:
    export_dataset(dataset, tmp_path / "out", config=config, form="llava-jsonl")
    settings = yaml.safe_load((dataset / "training" / "nemo_automodel.yaml").read_text(encoding="utf-8"))
    settings["dataset"]["dataset_names"] = [config]
    result = consume("nemo", "nemo_collates.py", folder=tmp_path / "out", settings=settings)
    for seen, row in zip(result["collated"], stored[config], strict=True):
        assert "".join(seen["text"].split()) == "".join(qwen_text(row).split())
        assert seen["image_tokens"] == seen["features"] == seen["pixel_rows"] // 4
        assert len(seen["grids"]) == len(row["images"] or [])
        assert "".join(seen["trained"].replace("<|im_end|>", "").split()) == "".join(answers(row).split())


@pytest.mark.parametrize("config", CONFIGS)
def test_unsloth_keeps_pages_whole_when_told_to(
    consume: Consumer, dataset: Path, stored: Any, snippets: dict[str, str], config: str
) -> None:
    assert 'resize="max"' in snippets["unsloth"]
    result = consume("unsloth", "unsloth_collates.py", folder=dataset, config=config)
    check_collated(result["collated"], stored[config])
    assert result["sizes"]["max"] == [[1, 50, 100]]
    assert result["sizes"]["min"] != result["sizes"]["max"]


def test_axolotl_reads_one_page_a_row_and_adds_a_system_prompt(
    consume: Consumer, dataset: Path, stored: Any, snippets: dict[str, str]
) -> None:
    template = yaml.safe_load(snippets["axolotl"])["chat_template"]
    result = consume("axolotl", "axolotl_collates.py", folder=dataset, config="ratio50", template=template)
    assert result["failures"] == []
    foreign = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    for seen in result["collated"]:
        seen["text"] = seen["text"].removeprefix(foreign)
    check_collated(result["collated"], stored["ratio50"])
    several = consume("axolotl", "axolotl_collates.py", folder=dataset, config="multispan50", template=template)
    assert sorted(several["failures"]) == sorted(
        "StopIteration" if row["images"] else "IndexError" for row in stored["multispan50"] if len(row["images"]) != 1
    )
