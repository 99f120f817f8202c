"""`LomoStage` in a pipeline of NeMo Curator, on its Ray executor, gives the rows of `lomo build`."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ecosystem.corpus import RECIPE, config_of, rows_of

pytestmark = [
    pytest.mark.ecosystem,
    pytest.mark.skipif(find_spec("nemo_curator") is None, reason="NeMo Curator is not installed (see CONTRIBUTING)"),
]

RUN = """
import sys
import ray
from nemo_curator.backends.ray_data import RayDataExecutor
from nemo_curator.pipeline import Pipeline
from nemo_curator.stages.text.io.reader import JsonlReader
from nemo_curator.stages.text.io.writer import ParquetWriter
from lomo_hf.ecosystem.nemo_curator import LomoStage

if __name__ == "__main__":
    corpus, out, recipe, config = sys.argv[1:]
    ray.init(num_cpus=3, include_dashboard=False)
    stages = [JsonlReader(corpus), LomoStage(recipe, config=config), ParquetWriter(out)]
    tasks = Pipeline(name="lomo", stages=stages).run(RayDataExecutor())
    print([task._metadata["lomo_refused"] for task in tasks])
"""


def test_the_rows_are_those_of_a_build(corpus: Path, built: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(RUN, encoding="utf-8")
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(corpus), str(tmp_path / "out"), RECIPE, config_of(corpus)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert rows_of(tmp_path / "out") == built
    assert "[{'placeholder:<image>': 1}]" in done.stdout
