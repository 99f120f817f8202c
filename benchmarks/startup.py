"""`python -m benchmarks.startup`: what starting costs: the import, the help, a first build and a finished one.

Each figure stands beside `import datasets` in the same run, which depends on the machine as they do. A first build is
told twice, the second time without the import of the libraries that it uses. Modules are compiled to bytecode before,
as pip compiles what it installs, in a folder of this run's own.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from statistics import median

# What a build imports that is not ours: layout and pixels, Parquet, plots and the card.
_LIBRARIES = (
    "import cv2, typst, uharfbuzz, pyarrow.parquet, matplotlib.figure, jinja2, yaml, rich.progress, huggingface_hub; "
    "import numpy; from lomo_hf.distortion.imgaug_compat import turned; "
    "turned(numpy.zeros((9, 9), 'uint8'), 3.0, 255); "
    "from huggingface_hub import DatasetCard"  # named, as the package loads it only when asked
)
_BUILD = ("-m", "lomo_hf", "build", "--limit")


def processor_seconds(arguments: tuple[str, ...], bytecode: str) -> float:
    """Processor time of a Python process and its children, in seconds; compiled modules are kept in `bytecode`."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = os.times()
    subprocess.run(
        [sys.executable, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**environment, "PYTHONPYCACHEPREFIX": bytecode},
    )
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of which the median is taken")
    parser.add_argument("--limit", default="206", help="rows of the sample that are built")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        build = (*_BUILD, given.limit, "--out")
        bytecode = f"{folder}/bytecode"
        for arguments in (("-c", f"import datasets; {_LIBRARIES}"), (*build, f"{folder}/compiled")):
            processor_seconds(arguments, bytecode)
        costs: dict[str, float] = {}
        for name, arguments in (
            ("import datasets", ("-c", "import datasets")),
            ("import lomo_hf", ("-c", "import lomo_hf")),
            ("lomo --help", ("-m", "lomo_hf", "--help")),
            ("lomo build --help", ("-m", "lomo_hf", "build", "--help")),
            ("import of the libraries of a build", ("-c", _LIBRARIES)),
            (f"lomo build --limit {given.limit}", (*build, f"{folder}/built-RUN")),
            ("the same again, on the finished folder", (*build, f"{folder}/built-0")),
        ):
            costs[name] = median(
                processor_seconds((*arguments[:-1], arguments[-1].replace("RUN", str(run))), bytecode)
                for run in range(given.runs)
            )
            if name.startswith("lomo build --limit"):
                costs["the same, after import"] = costs[name] - costs["import of the libraries of a build"]
    print("| | processor seconds | times `import datasets` |\n| --- | ---: | ---: |")
    for name, seconds in costs.items():
        print(f"| {name} | {seconds:.2f} | {seconds / costs['import datasets']:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
