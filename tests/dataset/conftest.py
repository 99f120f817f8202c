"""One built dataset folder for all tests of this room, and copies of it that a test may damage."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lomo_hf.dataset import BuildReport, build_dataset
from lomo_hf.dataset.card import assets

RECIPES = ("ratio25", "ratio50", "multispan50")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildReport:
    """75 real prompts in three configs. Not to be written to."""
    return build_dataset(None, RECIPES, tmp_path_factory.mktemp("built") / "lomo-ov15", limit=75, repo="org/lomo-ov15")


@pytest.fixture
def folder(built: BuildReport, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(built.folder, tmp_path / "lomo-ov15"))


@pytest.fixture(scope="session")
def small_built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve rows in one config without distortion. Not to be written to."""
    out = tmp_path_factory.mktemp("small") / "small"
    return build_dataset(None, ["nodistort50"], out, limit=12, repo="org/small").folder


@pytest.fixture
def small(small_built: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(small_built, tmp_path / "small"))


@pytest.fixture(scope="session")
def drawn() -> dict[str, bytes]:
    return {}


@pytest.fixture
def plots_once(drawn: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Plots of the same numbers are drawn once: for tests of what a card says, whose pictures are no matter."""

    def remembered(draw: Callable[[object], bytes], panels: object) -> bytes:
        key = f"{draw} {panels}"
        if key not in drawn:
            drawn[key] = draw(panels)
        return drawn[key]

    for name in ("histograms_png", "bars_png"):
        monkeypatch.setattr(assets, name, partial(remembered, getattr(assets, name)))
