"""`hf lomo`: the hf command line, as it is installed, finds and runs the extension."""

import os
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from huggingface_hub.cli.extensions import ExtensionManifest

import lomo_hf

ROOT = Path(__file__).parents[2]
HF = "import sys; from huggingface_hub.cli.hf import main; sys.argv[0] = 'hf'; main()"


@pytest.mark.skipif(os.name == "nt", reason="a script with a shebang stands in for the console script")
def test_hf_runs_the_console_script_of_the_extension(tmp_path: Path) -> None:
    """As `hf extensions install` leaves it: a manifest, and the script `hf-lomo` of the package."""
    folder = tmp_path / ".local" / "share" / "hf" / "extensions" / "hf-lomo"
    script = folder / "venv" / "bin" / "hf-lomo"
    script.parent.mkdir(parents=True)
    script.write_text(f"#!{sys.executable}\nfrom lomo_hf.cli import main\nmain()\n", encoding="utf-8")
    script.chmod(0o755)
    manifest = ExtensionManifest(
        "lomo-hf", "hf-lomo", "lomo-hf/hf-lomo", "lomo", str(script), "python", datetime.now(UTC)
    )
    manifest.save(folder)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    command = [sys.executable, "-c", HF, "lomo", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, f"lomo-hf {lomo_hf.__version__}"), done.stderr


def test_the_repository_of_the_extension_brings_that_script() -> None:
    extension = tomllib.loads((ROOT / "extensions" / "hf-lomo" / "pyproject.toml").read_text(encoding="utf-8"))
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert extension["project"]["name"] == "hf-lomo"
    assert extension["project"]["dependencies"] == [package["name"]]
    assert package["scripts"]["hf-lomo"] == package["scripts"]["lomo"]


def test_uvx_finds_a_command_of_the_package_s_own_name() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert package["scripts"][package["name"]] == "lomo_hf.__main__:main"
