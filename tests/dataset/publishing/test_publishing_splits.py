"""A release with splits is pushed, read back, verified and loaded by its splits."""

from collections.abc import Callable
from pathlib import Path

import datasets
from dataset.publishing.conftest import REPO
from hub.server import LoopbackHub

from lomo_hf import build_dataset
from lomo_hf.corpus import SAMPLE
from lomo_hf.dataset import Retrier, push, verify_release


def test_a_release_with_splits_loads_by_split(
    hub: LoopbackHub, retrier: Callable[[], Retrier], tmp_path: Path
) -> None:
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()[::40]
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "train.jsonl").write_text("\n".join(lines[:4]), encoding="utf-8")
    (tmp_path / "corpus" / "test.jsonl").write_text("\n".join(lines[4:6]), encoding="utf-8")
    folder = build_dataset(tmp_path / "corpus", "ratio50", tmp_path / "out").folder
    push(folder, REPO, "v1.0.0", retrier=retrier())
    test = datasets.load_dataset(REPO, "ratio50", split="test", revision="v1.0.0", cache_dir=str(tmp_path / "cache"))
    assert [row.startswith("test/") for row in test["id"]] == [True, True]
    verify_release(REPO, "v1.0.0", folder)
