"""A loopback Hub for every test of this folder, with the clients of this process pointed at it, and small folders.

The clients read where the Hub is when they are imported, and all other tests want them offline. So what they read is
changed here for the length of a test, as the tests of `datasets` do it. Their own waits between attempts are skipped.
The end-to-end test trusts none of this: its clients run in a process of their own.
"""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import datasets
import huggingface_hub
import pytest
from hub.forked_lomo import ForkedLomo
from hub.server import LoopbackHub
from huggingface_hub import HfFileSystem, constants
from huggingface_hub.utils import _http

from lomo_hf.dataset import Retrier, RetryPolicy, build_dataset

TOKEN = "hf_canaryCANARYcanary"
REPO = "tester/lomo-test"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """huggingface_hub 2.4 sends files in a way that its HTTP library calls outdated."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload:DeprecationWarning"))


@pytest.fixture(scope="session")
def running_hub() -> Iterator[LoopbackHub]:
    with LoopbackHub() as hub:
        yield hub
        huggingface_hub.close_session()


@pytest.fixture
def hub(running_hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LoopbackHub:
    """An empty Hub; `huggingface_hub` and `datasets` in this process take it for the real one."""
    running_hub.reset()
    url = running_hub.url
    for module, name, value in (
        (constants, "ENDPOINT", url),
        (constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}"),
        (constants, "HF_HUB_OFFLINE", False),
        (constants, "HF_HUB_DISABLE_XET", True),
        (constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache")),
        (datasets.config, "HF_ENDPOINT", url),
        (datasets.config, "HUB_DATASETS_URL", url + "/datasets/{repo_id}/resolve/{revision}/{path}"),
        (datasets.config, "HF_HUB_OFFLINE", False),
        (datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets-cache"),
        (datasets.config, "HF_UPDATE_DOWNLOAD_COUNTS", False),
        (_http, "time", SimpleNamespace(sleep=lambda seconds: None)),
    ):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    HfFileSystem.clear_instance_cache()
    monkeypatch.setattr(logging.getLogger("huggingface_hub"), "level", logging.CRITICAL)
    return running_hub


@pytest.fixture(scope="session")
def lomo(running_hub: LoopbackHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedLomo]:
    """Commands in processes of their own, that know the Hub by their environment."""
    work = tmp_path_factory.mktemp("kills")
    environment = {
        "HF_ENDPOINT": running_hub.url,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(work / "home"),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    }
    with ForkedLomo(environment, work / "said.txt") as forked:
        yield forked


@pytest.fixture
def waits() -> list[float]:
    """The seconds that a push wanted to wait."""
    return []


@pytest.fixture
def retrier(waits: list[float]) -> Callable[[], Retrier]:
    """Retries that note how long they would wait instead of waiting."""
    return lambda: Retrier(RetryPolicy(attempts=3), sleep=waits.append)


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of few rows: a first release of two configs, the next one of the first config, a third config, and the
    first config with a refused row."""
    base = tmp_path_factory.mktemp("built")
    for name, recipes, seed, limit in (
        ("first", ["ratio50", "ratio25"], 0, 6),
        ("next", ["ratio50"], 1, 8),
        ("other", ["prefix50"], 0, 6),
    ):
        build_dataset(None, recipes, base / name, seed=seed, limit=limit, repo=REPO)
    prompts = [
        *(f"{number} plus {number} is how much? Think before you say it." for number in range(9)),
        "Say <image>.",
    ]
    rows = [{"id": str(number), "prompt": prompt, "answer": "That."} for number, prompt in enumerate(prompts)]
    (base / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    build_dataset(base / "corpus.jsonl", ["ratio50"], base / "refusing", repo=REPO)
    (base / "corpus.jsonl").unlink()
    return {path.name: path for path in base.iterdir()}


@pytest.fixture
def folders(built_once: dict[str, Path], tmp_path: Path) -> dict[str, Path]:
    """The same, to be changed at will."""
    for name, path in built_once.items():
        shutil.copytree(path, tmp_path / name)
    return {name: tmp_path / name for name in built_once}
