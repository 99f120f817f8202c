"""The pool: the same bytes whatever the workers, and killed processes cost time but nothing else."""

import os
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from building.helpers import Harmful, Tree, tree_of

from lomo_hf.building import RowLimits, ShardDone, ShardSpec, build_shards
from lomo_hf.errors import BuildError, LomoError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    (tmp_path / "marks").mkdir()
    return tmp_path / "marks"


def harmful(specs: list[ShardSpec], harm: str, at: int, marks: Path, times: int = 1) -> list[ShardSpec]:
    return [replace(spec, source=Harmful(spec.source, harm, at, marks, times)) for spec in specs]


def test_two_workers_and_any_order_give_the_tree_of_one(
    specs: list[ShardSpec], tmp_path: Path, reference_tree: Tree
) -> None:
    shuffled = random.Random(7).sample(specs, len(specs))
    done: list[ShardDone] = []
    rows: list[int] = []
    before = dict(os.environ)
    receipts = build_shards(shuffled, tmp_path, num_proc=2, progress=done.append, on_rows=rows.append)
    assert tree_of(tmp_path) == reference_tree
    assert [receipt.index for receipt in receipts] == [0, 1, 2, 3, 4]
    assert sorted(shard.spec.index for shard in done) == [0, 1, 2, 3, 4]
    assert rows[-1] == max(rows) == 41
    assert dict(os.environ) == before


def test_one_process_and_any_order_give_the_same_tree(
    specs: list[ShardSpec], tmp_path: Path, reference_tree: Tree
) -> None:
    rows: list[int] = []
    build_shards(random.Random(3).sample(specs, len(specs)), tmp_path, on_rows=rows.append)
    assert tree_of(tmp_path) == reference_tree
    assert rows == sorted(rows)
    assert rows[-1] == 41


def test_a_killed_worker_costs_a_retry_and_nothing_else(
    specs: list[ShardSpec], tmp_path: Path, marks: Path, reference_tree: Tree
) -> None:
    build_shards(harmful(specs, "kill-self", 20, marks), tmp_path / "out", num_proc=2)
    assert len(list(marks.glob("harm-*"))) == 1
    assert tree_of(tmp_path / "out") == reference_tree


def test_a_worker_that_waits_for_ever_while_reading_costs_a_retry_and_nothing_else(
    specs: list[ShardSpec], tmp_path: Path, marks: Path, reference_tree: Tree
) -> None:
    build_shards(
        harmful(specs, "hang", 20, marks), tmp_path / "out", num_proc=2, limits=RowLimits(silence_seconds=5.0)
    )
    assert len(list(marks.glob("harm-*"))) == 1
    assert tree_of(tmp_path / "out") == reference_tree


@pytest.mark.slow
def test_a_source_that_always_hangs_is_named(specs: list[ShardSpec], tmp_path: Path, marks: Path) -> None:
    hanging = harmful(specs[1:3], "hang", 20, marks, times=99)
    with pytest.raises(BuildError, match=r"\(rows 16 to 23\) killed or hung its worker 4 times.* at row 20"):
        build_shards(hanging, tmp_path / "out", num_proc=2, limits=RowLimits(silence_seconds=5.0))


def test_a_row_that_always_kills_is_named_and_the_rest_is_kept(
    specs: list[ShardSpec], tmp_path: Path, marks: Path, reference_tree: Tree
) -> None:
    with pytest.raises(
        BuildError, match=r"shard 2 of 5 \(rows 16 to 23\) killed or hung its worker 4 times.* at row 20"
    ):
        build_shards(harmful(specs[1:3], "kill-self", 20, marks, times=99), tmp_path / "out", num_proc=2)
    assert len(list(marks.glob("harm-*"))) == 4
    left = tree_of(tmp_path / "out")
    assert left.items() <= reference_tree.items()
    assert not [path for path in left if "-00002-" in path]


@pytest.mark.parametrize(("num_proc", "at"), [(1, 11), (2, 20)])
def test_a_killed_parent_takes_its_workers_along_and_resuming_gives_the_same_tree(
    num_proc: int, at: int, specs: list[ShardSpec], tmp_path: Path, marks: Path, reference_tree: Tree
) -> None:
    out = tmp_path / "out"
    harm = "kill-self" if num_proc == 1 else "kill-parent"
    ended = _build_in_subprocess(harmful(specs, harm, at, marks), out, num_proc, tmp_path)
    assert ended.returncode == -9
    _wait_for_the_end_of(int(path.name.removeprefix("process-")) for path in marks.glob("process-*"))
    finished = {path: digest for path, digest in tree_of(out).items() if not path.endswith(".tmp")}
    assert finished.items() <= reference_tree.items()
    build_shards(specs, out)
    assert tree_of(out) == reference_tree


def test_a_parent_killed_between_the_files_and_the_receipt(
    specs: list[ShardSpec], tmp_path: Path, reference_tree: Tree
) -> None:
    out = tmp_path / "out"
    patch = "import lomo_hf.building.shard as s; s.save_receipt = lambda *_: os.kill(os.getpid(), 9)"
    assert _build_in_subprocess(specs, out, 1, tmp_path, patch).returncode == -9
    assert not [path for path in tree_of(out) if path.startswith(".lomo/")]
    assert len(tree_of(out)) == 6
    build_shards(specs, out)
    assert tree_of(out) == reference_tree


def test_interrupting_the_pool_stops_workers_and_leaves_whole_shards(
    specs: list[ShardSpec], tmp_path: Path, reference_tree: Tree
) -> None:
    def interrupt(done: ShardDone) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_shards(specs, tmp_path, num_proc=2, progress=interrupt)
    left = tree_of(tmp_path)
    assert left.items() <= reference_tree.items()
    assert 1 <= len([path for path in left if path.startswith(".lomo/")]) < 5


def test_an_error_in_a_worker_reaches_the_caller_as_it_is(specs: list[ShardSpec], tmp_path: Path) -> None:
    (tmp_path / "ratio25").touch()
    with pytest.raises(BuildError, match="ratio25"):
        build_shards(specs, tmp_path, num_proc=2)


def test_a_script_without_its_guard_is_told_so(specs: list[ShardSpec], tmp_path: Path) -> None:
    ended = _build_in_subprocess(specs, tmp_path / "out", 2, tmp_path, guard="if True:")
    assert ended.returncode == 1
    assert "BuildError: workers end before they begin. A script needs `if __name__ == '__main__':`" in ended.stderr


def test_what_cannot_be_is_refused(specs: list[ShardSpec], tmp_path: Path) -> None:
    with pytest.raises(LomoError, match="found a number twice"):
        build_shards([specs[0], specs[0]], tmp_path)
    with pytest.raises(LomoError, match="num_proc must be 1 or more; found 0"):
        build_shards(specs, tmp_path, num_proc=0)


_SCRIPT = """
import os, pickle, sys
from pathlib import Path
{patch}
{guard}
    from lomo_hf.building import build_shards
    build_shards(pickle.loads(Path({specs!r}).read_bytes()), Path({out!r}), num_proc={num_proc})
"""


def _build_in_subprocess(
    specs: list[ShardSpec],
    out: Path,
    num_proc: int,
    folder: Path,
    patch: str = "",
    guard: str = "if __name__ == '__main__':",
) -> "subprocess.CompletedProcess[str]":
    script, pickled = folder / "script.py", folder / "specs.pickle"
    pickled.write_bytes(pickle.dumps(specs))
    settings = {"patch": patch, "guard": guard, "specs": str(pickled), "out": str(out), "num_proc": num_proc}
    script.write_text(_SCRIPT.format(**settings))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(
        [sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=60, check=False
    )


def _wait_for_the_end_of(processes: Iterator[int]) -> None:
    for process in processes:
        for _ in range(100):
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                break
            time.sleep(0.05)
        else:
            pytest.fail(f"worker {process} outlives its parent")
