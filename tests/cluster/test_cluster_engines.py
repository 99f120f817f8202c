"""Shards built by a cluster are the bytes that one machine builds. Run with `pytest -m cluster` (extras: ray).

Local and Ray run here; of Slurm and Jobs what would be submitted is looked at, and run in place of the scheduler.
"""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from building.helpers import Tree
from cluster.cluster_helpers import shards_of

from lomo_hf.building import ShardSpec
from lomo_hf.building.engines.datatrove import DatatroveEngine

# Ray and datatrove warn of their own future.
pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("default")]
pytest.importorskip("datatrove")


def test_datatrove_on_this_machine_gives_the_same_bytes(
    specs: list[ShardSpec], tmp_path: Path, expected: Tree
) -> None:
    receipts = DatatroveEngine("local", tasks=3, workers=2)(specs, tmp_path, None)
    assert receipts is not None
    assert [receipt.index for receipt in receipts] == [0, 1, 2, 3]
    assert shards_of(tmp_path) == expected
    damaged = tmp_path / "ratio50/train-00001-of-00004.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    DatatroveEngine("local", tasks=3, workers=1)(specs, tmp_path, None)
    assert shards_of(tmp_path) == expected


def test_ray_on_this_machine_gives_the_same_bytes(specs: list[ShardSpec], tmp_path: Path, expected: Tree) -> None:
    ray = pytest.importorskip("ray")
    paths = os.pathsep.join(path for path in sys.path if path)
    ray.init(num_cpus=2, include_dashboard=False, runtime_env={"env_vars": {"PYTHONPATH": paths}})
    try:
        options = {"mem_per_cpu_gb": 0.5}
        assert DatatroveEngine("ray", tasks=2, workers=2, options=options)(specs, tmp_path, None) is not None
    finally:
        ray.shutdown()
    assert shards_of(tmp_path) == expected


def test_what_is_submitted_to_slurm_builds_the_same_bytes(
    specs: list[ShardSpec], tmp_path: Path, expected: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sbatch` notes the script; then each task of its array is run as Slurm would."""
    commands, out = tmp_path / "bin", tmp_path / "out"
    commands.mkdir()
    _command(commands / "sbatch", f'cat "${{@: -1}}" > {tmp_path}/script.$$\necho Submitted batch job 7')
    _command(commands / "srun", 'while [ "$1" != launch_pickled_pipeline ]; do shift; done\nexec "$@"')
    _command(commands / "scontrol", "echo localhost")
    _command(
        commands / "launch_pickled_pipeline",
        f'exec {sys.executable} -m datatrove.tools.launch_pickled_pipeline "$@"',
    )
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    options = {"partition": "cpu", "time": "02:00:00", "qos": ""}
    assert DatatroveEngine("slurm", tasks=2, workers=2, options=options)(specs, out, None) is None
    script = next(path for path in tmp_path.glob("script.*") if "launch_pickled" in path.read_text())
    text = script.read_text()
    for line in ("#SBATCH --array=0-1%2", "#SBATCH --partition=cpu", "#SBATCH --time=02:00:00"):
        assert line in text
    for task in range(2):
        env = {**os.environ, "SLURM_ARRAY_TASK_ID": str(task), "SLURM_NODELIST": "localhost"}
        done = subprocess.run(["bash", str(script)], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    assert shards_of(out) == expected


def test_what_is_submitted_to_jobs_builds_the_same_bytes_and_holds_no_token(
    specs: list[ShardSpec], tmp_path: Path, expected: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job is run here in place of the Hub; a folder in memory takes the place of the bucket."""
    import fsspec
    import huggingface_hub

    remote = "memory://bucket/mine"
    submitted: list[dict[str, Any]] = []
    monkeypatch.chdir(tmp_path)
    engine = DatatroveEngine("jobs", tasks=2, remote=remote, options={"token": "hf_canary", "poll_interval": 0})

    def submit(script: str, **submission: Any) -> SimpleNamespace:
        submitted.append(submission)
        with monkeypatch.context() as patch:
            patch.setenv("DATATROVE_JOB_ARRAY_INDEX", submission["env"]["DATATROVE_JOB_ARRAY_INDEX"])
            with fsspec.open(submission["script_args"][0], "rb") as stream:
                pickle.load(stream).run()
        return SimpleNamespace(id=str(len(submitted)), url="", status=SimpleNamespace(stage="COMPLETED"))

    monkeypatch.setattr(huggingface_hub, "run_uv_job", submit)
    monkeypatch.setattr(
        huggingface_hub,
        "inspect_job",
        lambda *_, **__: SimpleNamespace(status=SimpleNamespace(stage="COMPLETED", message="")),
    )
    assert engine(specs, tmp_path / "out", None) is not None
    assert shards_of(tmp_path / "out") == expected
    assert [job["secrets"] for job in submitted] == [{"HF_TOKEN": "hf_canary"}] * 2
    system, root = fsspec.core.url_to_fs(remote)
    assert [path for path in system.find(root) if b"hf_canary" in system.cat_file(path)] == []
    assert "hf_canary" not in json.dumps([job["env"] for job in submitted])


def _command(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)
