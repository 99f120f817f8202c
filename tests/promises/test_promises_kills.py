"""P2 and P10 the hard way: twenty builds killed at random moments, and a full disk. `pytest -m slow`."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from building.helpers import tree_of

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")]

KILLS, ROWS = 20, 150


def lomo(out: Path, num_proc: int) -> list[str]:
    command = [sys.executable, "-c", _SMALL_SHARDS, "build", "--limit", str(ROWS), "--out", str(out)]
    return [*command, "--num-proc", str(num_proc)]


# The command line, with shards of 15 rows.
_SMALL_SHARDS = (
    "import sys\n"
    "from lomo_hf.building import planning\n"
    "planning._MIN_ROWS = planning._SHARDS = 15\n"
    "from lomo_hf.cli import main\n"
    "if __name__ == '__main__':\n"
    "    main()\n"
)


def test_twenty_builds_killed_at_random_moments_end_in_the_same_tree(tmp_path: Path) -> None:
    """SIGKILL to the command, to a worker or to all, from its first moment to its last; then the same command."""
    whole = tmp_path / "whole" / "out"
    began = time.monotonic()
    subprocess.run(lomo(whole, 2), check=True, capture_output=True)
    takes = time.monotonic() - began
    expected, chance = tree_of(whole), random.Random(6)
    interrupted = 0
    for number in range(KILLS):
        out = tmp_path / str(number) / "out"
        running = subprocess.Popen(
            lomo(out, 1 + number % 2), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0.1, takes))
        interrupted += running.poll() is None
        _kill(running, number % 3)
        left = tree_of(out)
        finished = {path for path in left if "train-" in path and not path.endswith(".tmp")}
        assert {path: left[path] for path in finished} == {path: expected[path] for path in finished}
        resumed = subprocess.run(lomo(out, 1 + number % 2), capture_output=True, text=True)
        assert resumed.returncode == 0, resumed.stderr
        assert tree_of(out) == expected
    assert interrupted >= KILLS // 2


def _kill(running: "subprocess.Popen[bytes]", whom: int) -> None:
    if whom == 0:
        running.kill()
    elif whom == 1 and running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)
    else:
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
        for child in children.read_text().split()[-1:] if children.exists() else []:
            os.kill(int(child), signal.SIGKILL)
        time.sleep(0.5)
        running.kill()
    running.wait()
    for _ in range(200):
        try:
            os.killpg(running.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("workers outlive the command that was killed")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a small disk; a limit on the size of files is tested instead")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_stops_with_one_sentence_and_no_bad_file(small_disk: Path, tmp_path: Path) -> None:
    stopped = subprocess.run(lomo(small_disk / "out", 2), capture_output=True, text=True)
    assert stopped.returncode == 1
    assert "the disk takes no more (No space left on device). Free space, then build again." in stopped.stderr
    assert stopped.stderr.count("\n") == 1
    subprocess.run(lomo(tmp_path / "whole" / "out", 1), check=True, capture_output=True)
    expected, left = tree_of(tmp_path / "whole" / "out"), tree_of(small_disk / "out")
    assert [path for path in left if path.endswith(".tmp")] == []
    shards = {path for path in left if "train-" in path}
    assert shards
    assert {path: left[path] for path in shards} == {path: expected[path] for path in shards}
