"""What a worker holds does not grow with its shard, and it loads no library that it has no use for."""

import subprocess
import sys
from pathlib import Path

import pytest

# The peak of a process, so each in a process of its own.
_SHARD = """
import sys
from pathlib import Path
from lomo_hf.building import build_shards, plan
from lomo_hf.building.workers.child_process import init_child_process
from lomo_hf.corpus import open_corpus
from lomo_hf.recipes.named import load_recipe

init_child_process()
receipts = build_shards(plan(open_corpus(), [load_recipe("ratio100")], limit=20), Path(sys.argv[1]))
assert any(name.startswith("rotate") for name in receipts[0].counts["ratio100"].operations), "no page was turned"
unused = ("datasets", "pandas", "matplotlib", "sympy", "huggingface_hub", "scipy.spatial", "scipy.stats")
print(*(name for name in unused if name in sys.modules))
import pandas, scipy.spatial
assert scipy.spatial.Delaunay([[0, 0], [0, 1], [1, 0]]).nsimplex == 1
"""

_ROWS = """
import sys
from pathlib import Path
from lomo_hf.storage.atomic import PendingFile
from lomo_hf.storage import Folder
from lomo_hf.building.shard_writer import ShardWriter
from lomo_hf.corpus import open_corpus
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.substitution import substitute_row

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024

row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("all", ratio=1.0))
page = row["images"][0]["bytes"] * (100_000 // len(row["images"][0]["bytes"]))
for name, rows in (("small", 500), ("large", 3_000)):
    writer = ShardWriter(PendingFile(Folder(sys.argv[1]) / name))
    for number in range(rows):
        writer.add({**row, "id": str(number), "images": [{"bytes": page, "path": None}]})
    writer.close()
    print(peak())
"""


def output_of(script: str, folder: Path) -> list[str]:
    command = [sys.executable, "-c", script, str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_a_worker_builds_without_the_libraries_of_release_and_pictures(tmp_path: Path) -> None:
    assert output_of(_SHARD, tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told by Linux")
def test_memory_does_not_grow_with_the_shard(tmp_path: Path) -> None:
    small, large = map(int, output_of(_ROWS, tmp_path))
    assert large - small < 60, "MB, for 250 MB of rows more"
