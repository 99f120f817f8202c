"""`lomo_mapper` in Data-Juicer's own executor, from a configuration file, gives the rows of `lomo build`."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ecosystem.corpus import RECIPE, config_of, rows_of

pytestmark = [
    pytest.mark.ecosystem,
    pytest.mark.skipif(find_spec("data_juicer") is None, reason="Data-Juicer is not installed (see CONTRIBUTING)"),
]

RUN = """
import sys
import lomo_hf.ecosystem.data_juicer  # an installed lomo-hf is found by its entry point
from data_juicer.config import init_configs
from data_juicer.core import DefaultExecutor
DefaultExecutor(init_configs(["--config", sys.argv[1]])).run()
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_the_rows_are_those_of_a_build(
    corpus: Path, built: dict[str, dict[str, Any]], tmp_path: Path, workers: int
) -> None:
    config = {
        "project_name": "lomo",
        "dataset_path": str(corpus),
        "export_path": str(tmp_path / "out" / "rows.parquet"),
        "text_keys": "id",
        "np": workers,
        "work_dir": str(tmp_path / "work"),
        "process": [{"lomo_mapper": {"recipe": RECIPE, "config": config_of(corpus)}}],
    }
    file = tmp_path / "lomo.yaml"
    file.write_text(json.dumps(config), encoding="utf-8")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", RUN, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert rows_of(tmp_path / "out") == built
    assert "1 of" in done.stderr + done.stdout, "the refused row is counted"
