"""A large build that is killed on the way: `python -m benchmarks.endurance --rows 100000`.

Prompts are recombined from a corpus; `lomo build` is started, and killed with SIGKILL (the command itself, a worker,
the command with all its workers) whenever a share of the shards is done; the same command then goes on. The last time
two commands start at once in the same folder, and both must succeed. At the end every file must be what the manifest
says, and shards built alone elsewhere must be the same bytes.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.corpus import prompts_of, recombined, write_corpus
from benchmarks.hostile import hostile_prompt
from lomo_hf.building import build_shards, plan
from lomo_hf.corpus import open_corpus
from lomo_hf.recipes.named import load_recipe

__all__ = ["main"]

_VICTIMS = ("command", "worker", "everything")


def main() -> int:
    """The command; returns 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--num-proc", type=int, default=2)
    parser.add_argument("--corpus", type=Path, help="default: the embedded sample")
    parser.add_argument("--hostile", action="store_true", help="prompts of benchmarks.fuzz instead of recombined ones")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--second", default="ratio50", help="the recipe of the second command of the last run")
    parser.add_argument("--compare", type=int, default=2, help="shards that are built again, alone, and compared")
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        return _run(given, folder)


def _run(given: argparse.Namespace, folder: Path) -> int:
    corpus, out = folder / "corpus.jsonl", folder / "out"
    prompts = prompts_of(given.corpus)
    hostile = (hostile_prompt(prompts, 0, index)[1] for index in range(given.rows))
    write_corpus(hostile if given.hostile else recombined(prompts, given.rows), corpus, escaped=given.hostile)
    began = time.monotonic()
    shards = len(plan(open_corpus(corpus), [load_recipe("ratio50")]))
    command = [sys.executable, "-m", "lomo_hf.cli", "build", "--corpus", str(corpus), "--out", str(out)]
    command += ["--num-proc", str(given.num_proc)]
    kills: list[str] = []
    peaks: list[int] = []
    for number in range(given.kills):
        goal = (number + 1) * shards // (given.kills + 1)
        kills.append(_killed_at(command, out, goal, _VICTIMS[number % len(_VICTIMS)], peaks))
        print(kills[-1], flush=True)
    together = [_started([*command, "--recipe", name]) for name in ("ratio50", given.second)]
    while any(build.poll() is None for build in together):
        for build in together:
            _note_peaks(build.pid, peaks)
        time.sleep(0.2)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    bad = _changed_files(out)
    compared = _compared(corpus, out, given.compare, folder)
    report = {
        "rows": given.rows,
        "shards": shards,
        "kills": kills,
        "exits_of_the_two_at_once": [build.returncode for build in together],
        "recipes": sorted(json.loads((out / "manifest.json").read_text(encoding="utf-8"))["recipes"]),
        "wall_seconds": round(time.monotonic() - began),
        "cpu_seconds_of_runs_that_ended": round(used.ru_utime + used.ru_stime),
        "largest_worker_mb": round(max(peaks, default=0) / 1024),
        "largest_process_mb": round(used.ru_maxrss / 1024),  # the command, which loads datasets to write the card
        "files_not_as_the_manifest_says": bad,
        "shards_built_again_and_equal": compared,
        "left_unfinished": [str(path.relative_to(out)) for path in out.rglob("*.tmp")],
    }
    print(json.dumps(report, indent=1))
    failed = any(build.returncode for build in together) or set(report["recipes"]) != {"ratio50", given.second}
    return 1 if failed or bad or report["left_unfinished"] or not all(compared.values()) else 0


def _started(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def _killed_at(command: Sequence[str], out: Path, goal: int, victim: str, peaks: list[int]) -> str:
    """Run until `goal` receipts are there, and a little longer; then kill; what was killed, in words."""
    running = _started(command)
    while running.poll() is None and len(list((out / ".lomo/receipts").glob("*.json"))) < goal:
        _note_peaks(running.pid, peaks)
        time.sleep(0.2)
    time.sleep(1.0)
    if running.poll() is not None:
        return f"too late for {victim}: the command ended with {running.returncode}"
    if victim == "worker":
        worker = next(iter(_workers_of(running.pid)))
        os.kill(worker, signal.SIGKILL)
        time.sleep(10.0)
        ending = (
            "and the command went on" if running.poll() is None else f"and the command ended: {running.returncode}"
        )
        running.kill()
    elif victim == "everything":
        os.killpg(running.pid, signal.SIGKILL)
        ending = "with all workers"
    else:
        running.kill()
        ending = "and its workers left"
    running.wait()
    _wait_for_silence(running.pid)
    return f"{victim} killed at {goal} shards, {ending}"


def _workers_of(parent: int) -> list[int]:
    """Its children that build (the first child only looks after shared memory), by /proc."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def _note_peaks(parent: int, peaks: list[int]) -> None:
    """The most memory that each worker has held up to now, in kB."""
    with suppress(OSError):  # the command, or a worker, has just ended
        for worker in _workers_of(parent):
            lines = Path(f"/proc/{worker}/status").read_text(encoding="ascii").splitlines()
            peaks += [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]


def _wait_for_silence(group: int) -> None:
    """Until no process of the group is left."""
    for _ in range(300):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise SystemExit("workers outlive the command that was killed")


def _changed_files(out: Path) -> list[str]:
    """Files that are not what the manifest says."""
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    files = [file for shard in manifest["shards"] for part in ("files", "sidecars") for file in shard[part].values()]
    files += manifest["files"]
    return [
        entry["path"] for entry in files if sha256((out / entry["path"]).read_bytes()).hexdigest() != entry["sha256"]
    ]


def _compared(corpus: Path, out: Path, count: int, folder: Path) -> dict[str, bool]:
    specs = plan(open_corpus(corpus), [load_recipe("ratio50")])
    chosen = specs[:: max(1, len(specs) // max(count, 1))][:count]
    same = {}
    for receipt in build_shards(chosen, folder / "again"):
        for file in receipt.files.values():
            same[file.path] = (out / file.path).read_bytes() == (folder / "again" / file.path).read_bytes()
    return same


if __name__ == "__main__":
    sys.exit(main())
