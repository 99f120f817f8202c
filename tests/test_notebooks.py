"""Every notebook runs from top to bottom in a fresh kernel, and says what is stored of it, which shows no machine."""

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
NUMBERS = re.compile(r"[0-9a-f]{8,}|-?[0-9][0-9.,e-]*|[\u2500-\u257f]+")

notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def outputs(notebook: Any) -> list[Any]:
    """What the cells gave, in order."""
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def shape(notebook: Any) -> list[str]:
    """The texts and the kinds of pictures that each cell gives, numbers and white space apart: sizes of files and of
    pages change with versions, what is said does not.
    """
    shapes = []
    for cell in notebook.cells:
        shown = cell.outputs if cell.cell_type == "code" else []
        texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in shown]
        pictures = sum("image/png" in output.get("data", {}) for output in shown)
        shapes.append(f"{pictures} pictures " + NUMBERS.sub("#", " ".join("\n".join(texts).split())))
    return shapes


@notebooks
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_notebook_runs_and_complains_of_nothing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # tqdm misses ipywidgets, which nothing here needs.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore:IProgress not found")
    monkeypatch.delenv("MPLBACKEND", raising=False)  # a notebook draws its plots inline
    notebook = nbformat.read(path, as_version=4)
    for measured in path.parent.glob("*.csv"):
        shutil.copy(measured, tmp_path)
    client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    assert [output.text for output in outputs(notebook) if output.get("name") == "stderr"] == []
    assert shape(notebook) == shape(nbformat.read(path, as_version=4)), "run notebooks/store.py"


@notebooks
def test_what_is_stored_holds_pictures_and_nothing_of_the_machine(path: Path) -> None:
    stored = outputs(nbformat.read(path, as_version=4))
    assert any("image/png" in output.get("data", {}) for output in stored), "a notebook is stored with its pictures"
    for output in stored:
        text = output.get("text", "") + "".join(
            str(output.get("data", {}).get(f"text/{kind}")) for kind in ("plain", "markdown", "html")
        )
        assert OF_A_MACHINE.search(text) is None


def test_every_notebook_is_named_where_readers_look() -> None:
    pages = (ROOT / "README.md").read_text(encoding="utf-8"), (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in pages:
        assert [path.name for path in NOTEBOOKS if path.name not in page] == []
