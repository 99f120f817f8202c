"""Folders of real prompts on a loopback Hub, and the viewer's own jobs over them, in an environment of their own."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hub.server import LoopbackHub

collect_ignore = ["consumers"]  # they import what only the viewer's environment has

HERE = Path(__file__).parent
VIEWER = "LOMO_VIEWER"

View = Callable[[Path], dict[str, Any]]
"""A dataset folder -> config -> what the viewer makes of it."""


@pytest.fixture(scope="session")
def hub() -> Iterator[LoopbackHub]:
    with LoopbackHub() as running:
        yield running


@pytest.fixture(scope="session")
def view(hub: LoopbackHub, tmp_path_factory: pytest.TempPathFactory) -> View:
    """Put a folder on the Hub and run the viewer's jobs over it; each folder once."""
    place = Path(os.environ.get(VIEWER, "nowhere"))
    python, checkout = place / "venv" / "bin" / "python", place / "dataset-viewer"
    if not python.exists() or not (checkout / "libs" / "libcommon").is_dir():
        pytest.skip(f"no copy of dataset-viewer below ${VIEWER}; make it with tests/viewer/environment.sh")
    answers: dict[Path, dict[str, Any]] = {}

    def run(folder: Path) -> dict[str, Any]:
        if folder in answers:
            return answers[folder]
        repo, work = f"tester/{folder.name}", tmp_path_factory.mktemp("viewer")
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
        hub.create(repo, files)
        clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        there = {"HF_ENDPOINT": hub.url, "HF_HOME": str(work / "hf"), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}
        given = {"checkout": str(checkout), "work": str(work), "repo": repo}
        done = subprocess.run(
            [str(python), str(HERE / "consumers" / "viewer_reads.py"), json.dumps(given)],
            env={**clean, **there}, cwd=work, capture_output=True, text=True,
        )  # fmt: skip
        _, answered, result = done.stdout.rpartition("\nRESULT ")
        assert done.returncode == 0, done.stderr[-4000:]
        assert answered, done.stdout[-2000:]
        answers[folder] = json.loads(result)
        return answers[folder]

    return run
