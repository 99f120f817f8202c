"""What is measured beside the stages: workers, memory, the length of a prompt, several ratios at once, cold start."""

import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.corpus import recombined, write_corpus
from lomo_hf.building import ShardSpec, build_shards, plan
from lomo_hf.corpus import Source, open_corpus, to_conversation
from lomo_hf.recipes.named import load_recipe
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.substitution import Substituter

__all__ = [
    "SCALING_ROWS",
    "cold_starts",
    "cost_by_length",
    "four_ratios",
    "peak_megabytes",
    "scaling_of_the_machine",
    "worker_scaling",
]

SCALING_ROWS = 24_000  # of a long build, in which a worker starts once
_RATIOS = ("ratio25", "ratio50", "ratio75", "ratio100")


def cost_by_length(prompts: Sequence[str], lengths: Sequence[int], repeats: int = 3) -> dict[int, float]:
    """Length of a prompt in characters -> milliseconds for its row; prompts are whole ones put together."""
    together = "\n\n".join(prompts)
    while len(together) < max(lengths) + repeats * 1000:
        together += "\n\n" + together
    substituter = Substituter([Recipe("all", ratio=1.0)])
    costs = {}
    for length in lengths:
        spent = []
        for number in range(repeats):
            text = together[number * 1000 :][:length]
            row = {"id": f"{length}-{number}", "prompt": text, "answer": "x"}
            began = time.process_time()
            substituter.rows(to_conversation(row, config="length", index=number))  # type: ignore[arg-type]
            spent.append(1000 * (time.process_time() - began))
        costs[length] = median(spent)
    return costs


def four_ratios(source: Source, limit: int, repeats: int = 2) -> tuple[float, float]:
    """Seconds of processor time for ratio100 alone, and for all four ratios in one pass; the least of several runs."""
    alone, together = [], []
    for _ in range(repeats):
        alone.append(_build_seconds(source, [load_recipe("ratio100")], limit))
        together.append(_build_seconds(source, [load_recipe(name) for name in _RATIOS], limit))
    return min(alone), min(together)


def _build_seconds(source: Source, recipes: Sequence[Recipe], limit: int) -> float:
    with TemporaryDirectory() as out:
        began = time.process_time()
        build_shards(plan(source, recipes, limit=limit), Path(out))
        return time.process_time() - began


def worker_scaling(prompts: Sequence[str], rows: int = SCALING_ROWS) -> dict[int, tuple[float, float]]:
    """Workers -> seconds by the clock, and of processor time in all workers, for the same four shards.

    The clock tells something only where nobody else is at work; the processor time shows what a second worker costs.
    Starting the workers is in it.
    """
    with TemporaryDirectory() as folder:
        corpus = Path(folder, "rows.jsonl")
        write_corpus(recombined(prompts, rows), corpus)
        whole = plan(open_corpus(corpus), [load_recipe("ratio100")])[0]
        specs = [replace(whole, index=at, count=4, start=rows * at // 4, stop=rows * (at + 1) // 4) for at in range(4)]
        return {workers: _pool_seconds(specs, workers) for workers in (1, 2)}


def scaling_of_the_machine(pages: int = 1200) -> float:
    """How many times as fast two processes draw pages with Pillow as one does: by the clock, and sharing nothing but
    the machine."""
    script = (
        "from io import BytesIO; from PIL import Image, ImageDraw, ImageFont\n"
        f"for number in range({pages}):\n"
        "    page = Image.new('RGB', (800, 300), 'white')\n"
        "    for line in range(10):\n"
        "        ImageDraw.Draw(page).text((10, 10 + 22 * line), f'{number} pages of words' * 3, 'black')\n"
        "    page.save(BytesIO(), 'PNG')\n"
    )
    seconds = []
    for count in (1, 2):
        began = time.monotonic()
        processes = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(count)]
        assert not any([process.wait() for process in processes])
        seconds.append(time.monotonic() - began)
    return 2 * seconds[0] / seconds[1]


def _pool_seconds(specs: Sequence[ShardSpec], workers: int) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    with TemporaryDirectory() as out:
        build_shards(specs, Path(out), num_proc=workers, guarded=True)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_megabytes(corpus: Path | None, limit: int) -> dict[str, float]:
    """The most memory that a fresh process ever held, after a quarter of a build and after the whole of it."""
    script = (
        "import sys; from pathlib import Path; from tempfile import TemporaryDirectory\n"
        "from lomo_hf.building import build_shards, plan\n"
        "from lomo_hf.corpus import open_corpus\n"
        "from lomo_hf.recipes.named import load_recipe\n"
        f"source = open_corpus({str(corpus) if corpus else None!r})\n"
        f"for rows in ({limit // 4}, {limit}):\n"
        "    with TemporaryDirectory() as out:\n"
        "        build_shards(plan(source, [load_recipe('ratio100')], limit=rows), Path(out))\n"
        "    status = Path('/proc/self/status').read_text()\n"
        "    print(int(status.split('VmHWM:')[1].split()[0]) / 1024)\n"
    )
    if not Path("/proc/self/status").exists():
        return {}
    output = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    return {f"peak after {limit // 4} rows": float(output[0]), f"peak after {limit} more": float(output[1])}


def cold_starts(repeats: int = 3) -> dict[str, float]:
    """Seconds of processor time from nothing: the import, the first line of help, and the first row of each kind."""
    first_row = (
        "from lomo_hf import Recipe, open_corpus, substitute_row\n"
        "from lomo_hf.recipes import DistortionSettings as D\n"
        "row = next(open_corpus().conversations({at}, {at} + 1));"
        "substitute_row(row, Recipe('all', ratio=1.0, distortion=D({{'{op}': 1}})))"
    )
    commands = {
        "import lomo_hf": ["-c", "import lomo_hf"],
        "lomo --help": ["-m", "lomo_hf.cli", "--help"],
        "first row, undistorted": ["-c", first_row.format(at=0, op="clean")],
        "first row, rotated (imgaug)": ["-c", first_row.format(at=0, op="rotate")],
    }
    return {name: min(_child_seconds(command) for _ in range(repeats)) for name, command in commands.items()}


def _child_seconds(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
