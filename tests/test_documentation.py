"""What the README and the pages tell a reader to type does what they say; the site is built without a warning."""

import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import zlib
from importlib.util import find_spec
from pathlib import Path

import pytest
from snippets import LANGUAGES, check_written, snippets

import lomo_hf

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
names = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@names
def test_every_block_of_a_page_runs_or_says_why_not(page: Path, tmp_path: Path) -> None:
    blocks = snippets(page.read_text(encoding="utf-8"))
    for snippet in blocks:
        assert snippet.language in LANGUAGES, f"line {snippet.line}: name the language, one of {', '.join(LANGUAGES)}"
        check_written(snippet)
    if not any(snippet.runs and snippet.language in ("python", "bash") for snippet in blocks):
        return
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]),
        "HF_HOME": str(tmp_path / ".hf"),
        "HF_HUB_OFFLINE": "1",
        "DISPLAY": "",
    }
    command = [sys.executable, str(ROOT / "tests" / "snippets.py"), str(page)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def test_a_block_that_cannot_run_is_noticed() -> None:
    page = "```python\n1 +\n```\n\n<!-- not run: no network -->\n```bash\nlomo push x\n```\n\n```bash\nls\n```\n"
    broken, marked, plain = snippets(page)
    assert (broken.runs, marked.runs, plain.runs) == (True, False, True)
    with pytest.raises(SyntaxError):
        check_written(broken)


@pytest.mark.docs
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    if not find_spec("sphinx"):
        pytest.skip("needs the extra `docs`")
    source = shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for name in ("ARCHITECTURE.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        str(source),
        str(tmp_path / "site"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr[-4000:]
    # Four lines of heading, then the objects of the reference: name, kind, priority, address, title.
    inventory = zlib.decompress((tmp_path / "site" / "objects.inv").read_bytes().split(b"\n", 4)[4]).decode()
    documented = {line.split()[0] for line in inventory.splitlines() if " py:" in line}
    packages = [
        importlib.import_module(f"lomo_hf.{module.name}")
        for module in pkgutil.iter_modules(lomo_hf.__path__)
        if module.name != "__main__"
    ]
    public = {f"{package.__name__}.{name}" for package in packages for name in getattr(package, "__all__", ())}
    assert public - documented == set()
