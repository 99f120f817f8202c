"""Run the notebooks from top to bottom and store what they show: `python notebooks/store.py [NAME …]`.

Only outputs change: pictures as PNG, text, tables. What a kernel says of itself is left out, so that the next run of
the same versions stores the same file. Wants the extra `dev`.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent
# No bar in a notebook is worth storing, and tqdm complains where it cannot draw one.
QUIET = {"PYTHONWARNINGS": "ignore", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}


def main(names: Sequence[str]) -> None:
    """Run the notebooks of these names; all of them where there are none."""
    os.environ |= QUIET
    for path in sorted(HERE.glob("*.ipynb")):
        if not names or path.stem in names:
            store(path)
            print(f"stored {path.name}")


def store(path: Path) -> None:
    """Run one notebook in an empty folder with the figures that it reads."""
    import nbclient
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    kernel = notebook.metadata.copy()
    with TemporaryDirectory() as folder:
        for figures in HERE.glob("*.csv"):
            shutil.copy(figures, folder)
        nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}}).execute()
    notebook.metadata = kernel
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = joined([_kept(output) for output in cell.outputs if output.get("name") != "stderr"])
    nbformat.write(notebook, path)


def joined(outputs: Sequence[Any]) -> list[Any]:
    """Outputs, with what was printed in a row in one piece: a kernel cuts it as the moment will have it."""
    whole: list[Any] = []
    for output in outputs:
        if whole and output.get("name") == "stdout" == whole[-1].get("name"):
            whole[-1]["text"] += output["text"]
        else:
            whole.append(output)
    return whole


def _kept(output: Any) -> Any:
    output.get("data", {}).pop("image/jpeg", None)  # a second copy of the picture
    return output


if __name__ == "__main__":
    main(sys.argv[1:])
