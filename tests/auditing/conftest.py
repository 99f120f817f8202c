"""A small honest dataset folder, with two nested ratios, mathematics, a system turn and refused rows; and copies."""

import json
import shutil
from pathlib import Path

import pytest

from lomo_hf.corpus import SAMPLE, open_corpus
from lomo_hf.dataset import build_dataset
from lomo_hf.recipes.recipe import DistortionSettings, Recipe

BROKEN = '{"id": "broken", "messages": ['
PLACEHOLDER = {
    "id": "held",
    "messages": [{"role": "user", "content": "<image> what?"}, {"role": "assistant", "content": "A"}],
}
SYSTEM = {
    "id": "system",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who wrote it? I ask for a friend. It is old. It is red. Tell me."},
        {"role": "assistant", "content": "Nobody knows."},
    ],
}
MIX = {"clean": 1.0, "rotate": 1.0, "gaussian_blur": 1.0}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()[::11]
    lines[2:2] = [json.dumps(SYSTEM), BROKEN, json.dumps(PLACEHOLDER)]
    path = tmp_path_factory.mktemp("corpus") / "small.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def honest(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be written to."""
    mix = DistortionSettings(mix=MIX)
    recipes = [Recipe("half", ratio=0.5, distortion=mix), Recipe("all", ratio=1.0, distortion=mix)]
    return build_dataset(
        open_corpus(corpus, config="small"), recipes, tmp_path_factory.mktemp("honest") / "data"
    ).folder


@pytest.fixture
def folder(honest: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest, tmp_path / "data"))
