"""Trainers as programs, started with the files of a dataset folder; everything that is another is said by an option.

Two steps on the CPU, of a Qwen3-VL of two layers with random weights: the frozen vision tower stays as it was, and the
projector and the language model, which the paper trains, do not.
"""

from pathlib import Path

import pytest
from trainers.conftest import Consumer

pytestmark = pytest.mark.trainers


def check(result: dict[str, object]) -> None:
    assert result["steps"] == 2
    assert all(0 < loss < 20 for loss in result["losses"])  # type: ignore[attr-defined]
    assert max(result["rates"]) == pytest.approx(4e-5)  # type: ignore[call-overload]
    assert result["trained"] == {"tower": False, "projector": True, "language": True}


def test_llamafactory_trains_by_the_file_of_the_folder(consume: Consumer, dataset: Path) -> None:
    command = [
        "llamafactory-cli", "train", str(dataset / "training" / "llamafactory.yaml"), f"dataset_dir={dataset}",
        "dataset=ratio50-local", "model_name_or_path={model}", "output_dir={out}", "bf16=false", "use_cpu=true",
        "packing=false", "max_samples=12", "max_steps=2", "logging_steps=1", "report_to=none",
    ]  # fmt: skip
    check(consume("llamafactory", "program_trains.py", folder=dataset, command=command, qwen=False))


def test_swift_trains_by_the_file_of_the_folder(consume: Consumer, dataset: Path) -> None:
    command = [
        "bash", str(dataset / "training" / "swift.sh"), "--model", "{model}", "--model_type", "qwen3_vl",
        "--dataset", f"{dataset}:ratio50#12", "--torch_dtype", "float32", "--output_dir", "{out}",
        "--max_steps", "2", "--logging_steps", "1", "--save_steps", "2", "--dataset_num_proc", "1",
        "--report_to", "none",
    ]  # fmt: skip
    check(consume("swift", "program_trains.py", folder=dataset, command=command, qwen=True))


def test_axolotl_trains_by_the_file_of_the_folder_and_nothing_is_another_but_the_model(
    consume: Consumer, dataset: Path
) -> None:
    command = [
        "axolotl", "train", str(dataset / "training" / "axolotl.yaml"), "--launcher", "python",
        "--base-model", "{model}", "--output-dir", "{out}", "--bf16", "false", "--max-steps", "2",
        "--logging-steps", "1",
    ]  # fmt: skip
    check(consume("axolotl", "program_trains.py", folder=dataset, command=command, qwen=True))
