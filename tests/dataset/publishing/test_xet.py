"""Publishing as it is by default, through Xet, with unmodified clients in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dataset.publishing.conftest import REPO, TOKEN
from hub.xet import XetHub


@pytest.mark.skipif(sys.platform == "win32", reason="the storage of hf_xet is named by a path")
def test_releases_go_through_xet(built_once: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    with XetHub(tmp_path / "storage") as hub:
        settings = {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": TOKEN,
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "0",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }

        def push(name: str, tag: str) -> None:
            program = "from lomo_hf.dataset import push; import sys; push(*sys.argv[1:])"
            command = [sys.executable, "-c", program, str(built_once[name]), REPO, tag]
            done = subprocess.run(
                command, env={**os.environ, **settings}, capture_output=True, text=True, cwd=tmp_path
            )
            assert done.returncode == 0, done.stderr[-3000:]

        hub.fault("GET", "/xet-write-token/", 404)
        push("first", "v1.0.0")
        assert ("GET", f"/api/datasets/{REPO}/xet-write-token/main", 404) in hub.log
        push("next", "v1.1.0")
        assert not hub.calls("PUT", "/lfs/")
        for name, tag in (("first", "v1.0.0"), ("next", "v1.1.0")):
            shard = "ratio50/train-00000-of-00001.parquet"
            assert hub.read(REPO, shard, tag) == (built_once[name] / shard).read_bytes()
