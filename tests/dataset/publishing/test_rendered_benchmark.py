"""A benchmark on the Hub becomes configs that load from the Hub again, with the commit it was read from on record."""

import json
from pathlib import Path

import datasets
import pytest
from evaluation.pair_helpers import QUESTIONS, benchmark_rows
from hub.server import LoopbackHub
from huggingface_hub import HfApi

from lomo_hf.errors import SourceError
from lomo_hf.evaluation import Benchmark, render_benchmark

COLUMNS = Benchmark("tester/bench", answer="answers", images=("pictures",), options="choices", id="key", split="val")
FEATURES = datasets.Features(
    {
        "key": datasets.Value("string"),
        "question": datasets.Value("string"),
        "pictures": datasets.List(datasets.Image()),
        "choices": datasets.List(datasets.Value("string")),
        "answers": datasets.List(datasets.Value("string")),
        "kind": datasets.Value("string"),
    }
)


def test_the_whole_way_over_the_hub(hub: LoopbackHub, tmp_path: Path) -> None:
    (tmp_path / "bench" / "data").mkdir(parents=True)
    rows = datasets.Dataset.from_list(benchmark_rows(), features=FEATURES)
    rows.to_parquet(tmp_path / "bench" / "data" / "val-00000-of-00001.parquet")
    api = HfApi()
    for name in ("bench", "configs"):
        api.create_repo(f"tester/{name}", repo_type="dataset")
    api.upload_folder(repo_id="tester/bench", folder_path=tmp_path / "bench", repo_type="dataset")

    report = render_benchmark(COLUMNS, tmp_path / "out", repo="tester/configs")
    assert report.rows == len(QUESTIONS)
    head = api.dataset_info("tester/bench").sha
    assert json.loads((tmp_path / "out" / "rendered_eval.json").read_text())["benchmark"]["revision"] == head
    assert f"at `{head}`" in (tmp_path / "out" / "README.md").read_text()

    api.upload_folder(repo_id="tester/configs", folder_path=tmp_path / "out", repo_type="dataset")
    configs = {name: datasets.load_dataset("tester/configs", name, split="val") for name in ("standard", "rendered")}
    assert configs["standard"]["id"][:] == configs["rendered"]["id"][:] == [row["key"] for row in benchmark_rows()]
    assert configs["rendered"][0]["images"][-1].mode == "L"
    assert configs["rendered"]["answer"][:] == [row["answers"] for row in benchmark_rows()]


def test_a_benchmark_that_is_not_there_is_named(hub: LoopbackHub, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="tester/nothing cannot be loaded"):
        render_benchmark(Benchmark("tester/nothing"), tmp_path / "out")
