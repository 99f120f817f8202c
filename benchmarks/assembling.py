"""What `lomo build --assemble` takes once every shard is there: `python -m benchmarks.assembling --rows 2000000`.

One shard of 10,000 rows is built; hard links of it, each with the receipt that the plan asks for, stand in for all
others, so that the disk holds one shard and the command sees as many as there would be. The command then runs as it
is: it plans the corpus, makes sure of every byte of every shard, and writes the card and the manifest.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.corpus import prompts_of, recombined, write_corpus
from lomo_hf.building import Receipt, ShardSpec, build_shards, plan
from lomo_hf.building.resume import save_receipt
from lomo_hf.corpus import open_corpus
from lomo_hf.recipes.named import load_recipe
from lomo_hf.storage import Folder

__all__ = ["SHARD_ROWS", "Assembled", "assembled", "link_shards"]

SHARD_ROWS: Final = 10_000
_RECIPE: Final = "ratio50"
# The command in a process that tells at its end what it has held, used and read.
_WITH_FIGURES: Final = (
    "import atexit, json, os, sys; from pathlib import Path; from benchmarks.peak_memory import peak_megabytes_here\n"
    "def tell():\n"
    "    io = Path('/proc/self/io'); read = int(io.read_text().split()[1]) if io.exists() else 0\n"
    "    used = os.times(); spent = used.user + used.system\n"
    "    Path(os.environ['FIGURES']).write_text(json.dumps([peak_megabytes_here(), spent, read]))\n"
    "atexit.register(tell); sys.argv[0] = 'lomo'; from lomo_hf.cli import main; main()\n"
)


@dataclass(frozen=True)
class Assembled:
    """What assembling came to: `peak` in MB, `read` and `shard_bytes` in bytes, without the corpus."""

    shards: int
    shard_bytes: int
    peak: float
    processor_seconds: float
    read: int


def assembled(rows: int, shard_rows: int, corpus: Path | None, folder: Path) -> Assembled:
    """Build a shard below `folder`, link it as often as `rows` need it, and assemble.

    `shard_rows` is what the plan gives a shard; `rows` must be a multiple of it.
    """
    prompts, out = folder / "corpus.jsonl", folder / "out"
    write_corpus(_repeated(recombined(prompts_of(corpus), shard_rows), rows), prompts)
    specs = plan(open_corpus(prompts), [load_recipe(_RECIPE)])
    link_shards(specs, out)
    figures = folder / "figures.json"
    command = [sys.executable, "-c", _WITH_FIGURES, "build", "--corpus", str(prompts), "--out", str(out), "--assemble"]
    subprocess.run(
        [*command, "--recipe", _RECIPE],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "FIGURES": str(figures)},
    )
    peak, spent, read = json.loads(figures.read_text(encoding="ascii"))
    shard_bytes = sum(path.stat().st_size for path in (out / _RECIPE).glob("*.parquet"))
    return Assembled(len(specs), shard_bytes, peak, spent, max(0, read - prompts.stat().st_size))


def link_shards(specs: Sequence[ShardSpec], out: Path) -> None:
    """Build the first shard, and let it stand for all: a link and a receipt for each.

    Raises:
        ValueError: The shards are not all as long, so that one cannot stand for another.
    """
    if len({spec.rows for spec in specs}) != 1:
        raise ValueError(f"every shard must have as many rows; found {sorted({spec.rows for spec in specs})}.")
    built, folder = build_shards(specs[:1], out)[0], Folder(out)
    for spec in specs[1:]:
        files = {name: replace(file, path=_linked(spec, name, file.path, out)) for name, file in built.files.items()}
        sidecars = {
            name: replace(file, path=_linked(spec, name, file.path, out)) for name, file in built.sidecars.items()
        }
        save_receipt(Receipt(spec.digest, spec.index, files, sidecars, built.counts), folder)


def _linked(spec: ShardSpec, name: str, path: str, out: Path) -> str:
    recipe = next(recipe for recipe in spec.recipes if recipe.name == name)
    own = spec.shard_path(recipe) if path.endswith(".parquet") else spec.sidecar_path(recipe)
    os.link(out / path, out / own)
    return own


def _repeated(prompts: Iterator[str], count: int) -> Iterator[str]:
    return islice(cycle(list(prompts)), count)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.assembling", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[240_000, 2_000_000], help=f"each times {8 * SHARD_ROWS}"
    )
    parser.add_argument("--corpus", type=Path, help="prompts; default: the embedded sample")
    given = parser.parse_args(arguments)
    print("| rows | shards | GB | peak MB | processor seconds | bytes read, times those of all shards |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for rows in given.rows:
        with TemporaryDirectory() as folder:
            result = assembled(rows, SHARD_ROWS, given.corpus, Path(folder))
        print(
            f"| {rows:,} | {result.shards} | {result.shard_bytes / 1e9:.1f} | {result.peak:.0f} "
            f"| {result.processor_seconds:.0f} | {result.read / result.shard_bytes:.2f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
