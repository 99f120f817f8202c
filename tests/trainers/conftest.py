"""A small dataset, the snippets of `docs/training.md`, and a way to run a script in a trainer's own environment."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lomo_hf.dataset import build_dataset

collect_ignore = ["consumers"]  # they import what only the trainers' environments have

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "training.md"
ENVIRONMENTS = "LOMO_TRAINERS"
ROWS = 30

Consumer = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def snippets() -> dict[str, str]:
    """The marked code blocks of the page, by name."""
    blocks = {}
    for piece in PAGE.read_text(encoding="utf-8").split("<!-- snippet: ")[1:]:
        name, _, rest = piece.partition(" -->\n")
        fence, _, rest = rest.partition("\n")
        while fence.startswith("<!-- not run: "):
            fence, _, rest = rest.partition("\n")
        assert fence.startswith("```"), name
        blocks[name] = rest.partition("\n```")[0] + "\n"
    return blocks


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 real prompts, half of them with a page, and as many with two pages."""
    folder = tmp_path_factory.mktemp("trainers") / "lomo-ov15"
    build_dataset(None, ["ratio50", "multispan50"], folder, limit=ROWS, repo="org/lomo-ov15")
    return folder


@pytest.fixture(scope="session")
def stored(dataset: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of each config, as the shards hold them."""
    return {config: pq.read_table(dataset / config).to_pylist() for config in ("ratio50", "multispan50")}


@pytest.fixture
def consume(tmp_path: Path) -> Consumer:
    """Run a script of `consumers/` in an environment that `environments.sh` made; what it found."""

    def run(environment: str, script: str, **given: Any) -> dict[str, Any]:
        folder = os.environ.get(ENVIRONMENTS)
        python = Path(folder or "nowhere", environment, "bin", "python")
        if not python.exists():
            pytest.skip(
                f"no environment {environment!r} below ${ENVIRONMENTS}; make it with {HERE.name}/environments.sh"
            )
        arguments = json.dumps({"work": str(tmp_path), **given}, default=str)
        clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        offline = {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "TOKENIZERS_PARALLELISM": "false"}
        done = subprocess.run(
            [str(python), str(HERE / "consumers" / script), arguments],
            env={**clean, **offline, "HF_HOME": str(tmp_path / "hf")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        _, marker, result = done.stdout.rpartition("\nRESULT ")
        assert done.returncode == 0, done.stderr[-4000:]
        assert marker, done.stdout[-2000:]
        answer: dict[str, Any] = json.loads(result)
        return answer

    return run
