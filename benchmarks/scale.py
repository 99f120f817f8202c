"""What a large build takes on one machine and on many, from rates measured here: `python -m benchmarks.scale`.

Four rates are measured on real prompts: building a row and its bytes, planning a row from a Hub on the loopback,
assembling a row, and what each of these costs however few the rows are. The rest is arithmetic: shards are what
machines share, so none works faster than its last shard. Seconds of building and assembling are processor time, which
a busy machine stretches less than the clock; nothing is said of disks and networks that are slower than a core.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import planning
from benchmarks.assembling import assembled
from benchmarks.corpus import prompts_of, recombined, write_corpus
from lomo_hf.building import build_shards, plan
from lomo_hf.building.planning import shard_count
from lomo_hf.corpus import open_corpus
from lomo_hf.recipes.named import load_recipe

__all__ = ["Line", "Rates", "hours", "measured_rates"]

_CORPUS_ROWS: Final = 7_076_905
_SHARES: Final = (0.02, 0.06)  # of the corpus, that are planned
_ASSEMBLED: Final = ((8_000, 1_000), (40_000, 5_000))  # rows, and rows of a shard


@dataclass(frozen=True)
class Line:
    """Seconds by number: `fixed`, and `each` for every one of them.

    >>> Line.through((10, 3.0), (20, 5.0)).at(100)
    21.0
    """

    fixed: float
    each: float

    @classmethod
    def through(cls, small: tuple[float, float], large: tuple[float, float]) -> "Line":
        """The line through two measurements of (number, seconds)."""
        each = max(0.0, (large[1] - small[1]) / (large[0] - small[0]))
        return cls(max(0.0, small[1] - each * small[0]), each)

    def at(self, number: float) -> float:
        """The seconds of a number."""
        return self.fixed + self.each * number


@dataclass(frozen=True)
class Rates:
    """What was measured: seconds a row of building, bytes a row; seconds of planning and assembling, by rows."""

    build: float
    row_bytes: float
    plan: Line
    assemble: Line


def measured_rates(corpus: Path | None, recipe: str, build_rows: int, latency: float) -> Rates:
    """Measure all four."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_corpus(recombined(prompts_of(corpus), build_rows), folder / "rows.jsonl")
        specs = plan(open_corpus(folder / "rows.jsonl"), [load_recipe(recipe)])
        began = time.process_time()
        receipts = build_shards(specs, folder / "out")
        build = (time.process_time() - began) / build_rows
        size = sum(file.bytes for receipt in receipts for file in receipt.files.values())
    plans = [planning.measured(share, latency)[1] for share in _SHARES]
    joined = []
    for rows, shard_rows in _ASSEMBLED:
        with TemporaryDirectory() as scratch:
            joined.append((rows, assembled(rows, shard_rows, corpus, Path(scratch)).processor_seconds))
    small, large = ((plan_cost.rows, plan_cost.seconds) for plan_cost in plans)
    return Rates(build, size / build_rows, Line.through(small, large), Line.through(*joined))


def hours(rates: Rates, rows: int, machines: int, cores: int) -> float:
    """Hours by the clock from nothing to a card, with `machines` of `cores` that plan each for themselves."""
    shards = shard_count(rows)
    rounds = -(-shards // (machines * cores))
    build = rounds * rates.build * rows / shards
    return (2 * rates.plan.at(_CORPUS_ROWS) + build + rates.assemble.at(rows)) / 3600


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--cores", type=int, default=16, help="of each machine")
    parser.add_argument("--machines", type=int, nargs="+", default=[1, 16, 100])
    parser.add_argument("--recipe", default="ratio50")
    parser.add_argument("--corpus", type=Path, help="prompts to measure with; default: the embedded sample")
    parser.add_argument("--build-rows", type=int, default=3_000, help="rows that are built to measure")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds that every answer of the Hub waits")
    given = parser.parse_args(arguments)
    rates = measured_rates(given.corpus, given.recipe, given.build_rows, given.latency)
    shards = shard_count(given.rows)
    print(
        f"{given.rows:,} rows of {given.recipe}: {shards} shards, {rates.row_bytes * given.rows / 1e9:.0f} GB, ",
        end="",
    )
    print(f"{rates.build * given.rows / 3600:.1f} core-hours of building ({1000 * rates.build:.2f} ms a row);")
    print(f"planning {_CORPUS_ROWS:,} rows from the Hub {rates.plan.at(_CORPUS_ROWS):.0f} s, ", end="")
    print(f"assembling {rates.assemble.at(given.rows):.0f} s.\n")
    print(f"| machines of {given.cores} cores | cores at work | shards on the busiest core | hours by the clock |")
    print("| ---: | ---: | ---: | ---: |")
    for machines in given.machines:
        cores = min(machines * given.cores, shards)
        took = hours(rates, given.rows, machines, given.cores)
        print(f"| {machines} | {cores} | {-(-shards // (machines * given.cores))} | {took:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
