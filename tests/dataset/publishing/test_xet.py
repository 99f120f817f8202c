"""Publishing as it is by default, through Xet, with unmodified clients in a process of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dataset.publishing.conftest import REPO, TOKEN
from hub.xet import XetHub

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the storage of hf_xet is named by a path")

SHARD = "ratio50/train-00000-of-00001.parquet"
PROGRAM = """
import sys
from pathlib import Path
from lomo_hf.dataset import PushOptions, push

folder, repo, tag, most_files, spoiled = sys.argv[1:]

def notify(step):
    print(step)
    if spoiled and step.startswith("verified"):
        data = bytearray(Path(folder, spoiled).read_bytes())
        data[len(data) // 2] ^= 1
        Path(folder, spoiled).write_bytes(data)

push(folder, repo, tag, PushOptions(max_commit_files=int(most_files), download_up_to=0), notify=notify)
"""


class Publisher:
    """Pushes in a process of its own, which knows the Hub by its environment."""

    def __init__(self, hub: XetHub, work: Path) -> None:
        self.hub, self.work = hub, work
        self.settings = {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": TOKEN,
            "HF_HOME": str(work / "home"),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "0",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }

    def push(
        self, folder: Path, tag: str, *, most_files: int = 100, spoiled: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", PROGRAM, str(folder), REPO, tag, str(most_files), spoiled]
        environment = {**os.environ, **self.settings}
        return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=self.work)


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    (tmp_path / "storage").mkdir()
    with XetHub(tmp_path / "storage") as hub:
        yield Publisher(hub, tmp_path)


def test_releases_go_through_xet(publisher: Publisher, folders: dict[str, Path]) -> None:
    hub = publisher.hub
    hub.fault("GET", "/xet-write-token/", 404)
    for name, tag, most_files in (("first", "v1.0.0", 100), ("next", "v1.1.0", 100), ("other", "v1.2.0", 4)):
        done = publisher.push(folders[name], tag, most_files=most_files)
        assert done.returncode == 0, done.stderr[-3000:]
        shard = next(folders[name].glob("*/*.parquet")).relative_to(folders[name]).as_posix()
        assert hub.read(REPO, shard, tag) == (folders[name] / shard).read_bytes()
    assert ("GET", f"/api/datasets/{REPO}/xet-write-token/main", 404) in hub.log
    assert not hub.calls("PUT", "/lfs/")
    assert [pull.status for pull in hub.repo(REPO).pulls.values()] == ["merged"]


@pytest.mark.parametrize("most_files", [100, 4])
def test_a_shard_that_changes_after_it_was_verified_does_not_pass_through_xet(
    publisher: Publisher, folders: dict[str, Path], most_files: int
) -> None:
    assert publisher.push(folders["first"], "v1.0.0").returncode == 0
    before = publisher.hub.tree(REPO)
    refused = publisher.push(folders["next"], "v1.1.0", most_files=most_files, spoiled=SHARD)
    assert f"IntegrityError: {SHARD} has changed since the folder was verified" in refused.stderr
    assert publisher.hub.tree(REPO) == before
    assert set(publisher.hub.repo(REPO).tags) == {"v1.0.0"}
