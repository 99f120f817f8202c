"""From a corpus to a dataset that loads by config and tag, with unmodified clients in a process of their own."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from dataset.publishing.conftest import TOKEN
from hub import end_to_end_client
from hub.end_to_end_client import REPO
from hub.server import LoopbackHub


@pytest.fixture(scope="module")
def story(running_hub: LoopbackHub, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    running_hub.reset()
    work = tmp_path_factory.mktemp("end-to-end")
    settings = {
        "HF_ENDPOINT": running_hub.url,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(work / "home"),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    done = subprocess.run(
        [sys.executable, str(end_to_end_client.__file__), str(work)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        cwd=work,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1]), done.stdout + done.stderr


def test_the_whole_way_from_corpus_to_load_dataset(
    story: tuple[dict[str, Any], str], running_hub: LoopbackHub
) -> None:
    results, shown = story
    # The last command compares the second folder with the first release, which is another.
    assert results["codes"] == [0, 0, 0, 0, 0, 0, 0, 3], shown
    assert results["ratio50 v1.0.0"]["rows"] == results["ratio25 v1.0.0"]["rows"] == 12
    assert results["ratio50 v1.0.0"] == results["ratio50 v1.0.0 streaming"]
    assert results["ratio50 v1.1.0"]["rows"] == 15
    assert results["ratio50 v1.1.0"]["digest"] != results["ratio50 v1.0.0"]["digest"]
    assert results["ratio50 v1.0.0 again"] == results["ratio50 v1.0.0 again, streaming"] == results["ratio50 v1.0.0"]
    assert results["ratio25 v1.1.0"] == results["ratio25 v1.0.0"]
    assert set(running_hub.repo(REPO).tags) == {"v1.0.0", "v1.1.0"}
    assert results["thin"] == 12


def test_the_terminal_shows_the_plan_the_outcome_and_no_token(story: tuple[dict[str, Any], str]) -> None:
    _, shown = story
    for words in (
        "on a new repository: add ",
        "Nothing was changed.",
        "tagged v1.0.0",
        'load_dataset("tester/lomo-ov15", "ratio50", revision="v1.1.0")',
        "config ratio50 has other files than 'b'",
    ):
        assert words in " ".join(shown.split())
    assert TOKEN not in shown
