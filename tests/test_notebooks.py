"""Every notebook runs from top to bottom in a fresh kernel, and what is stored of it shows no trace of a machine."""

import re
import shutil
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OF_A_MACHINE = re.compile(r"/(tmp|home|Users|root)/|site-packages|127\.0\.0\.1|localhost|Traceback|Warning:|\x1b")

notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def outputs(notebook: Any) -> list[Any]:
    """What the cells gave, in order."""
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


@notebooks
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_notebook_runs_and_complains_of_nothing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # tqdm misses ipywidgets, which nothing here needs.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore:IProgress not found")
    notebook = nbformat.read(path, as_version=4)
    for measured in path.parent.glob("*.csv"):
        shutil.copy(measured, tmp_path)
    client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    assert [output.text for output in outputs(notebook) if output.get("name") == "stderr"] == []


@notebooks
def test_what_is_stored_holds_pictures_and_nothing_of_the_machine(path: Path) -> None:
    stored = outputs(nbformat.read(path, as_version=4))
    assert any("image/png" in output.get("data", {}) for output in stored), "a notebook is stored with its pictures"
    for output in stored:
        said = output.get("text", "") + "".join(
            str(output.get("data", {}).get(f"text/{kind}")) for kind in ("plain", "markdown", "html")
        )
        assert OF_A_MACHINE.search(said) is None


def test_every_notebook_is_named_where_readers_look() -> None:
    pages = (ROOT / "README.md").read_text(encoding="utf-8"), (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in pages:
        assert [path.name for path in NOTEBOOKS if path.name not in page] == []
