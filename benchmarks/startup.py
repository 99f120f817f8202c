"""`python -m benchmarks.startup`: what starting costs: the import, the help, a first build and a finished one."""

import argparse
import os
import subprocess
import sys
import tempfile
from statistics import median

_BUILD = ("-m", "lomo_hf", "build", "--limit")


def processor_seconds(arguments: tuple[str, ...]) -> float:
    """Processor time of a Python process and its children, in seconds."""
    before = os.times()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of which the median is taken")
    parser.add_argument("--limit", default="206", help="rows of the sample that are built")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        build = (*_BUILD, given.limit, "--out", f"{folder}/built")
        print("| | processor seconds |\n| --- | ---: |")
        for name, arguments, runs in (
            ("python -c pass", ("-c", "pass"), given.runs),
            ("python -c 'import lomo_hf'", ("-c", "import lomo_hf"), given.runs),
            ("lomo --help", ("-m", "lomo_hf", "--help"), given.runs),
            ("lomo build --help", ("-m", "lomo_hf", "build", "--help"), given.runs),
            (f"lomo build --limit {given.limit}", build, 1),
            ("the same again, on the finished folder", build, given.runs),
        ):
            print(f"| `{name}` | {median(processor_seconds(arguments) for _ in range(runs)):.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
