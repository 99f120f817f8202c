"""`python -m benchmarks.startup`: what starting costs: the import, the help, a first build and a finished one.

Each figure stands beside `import datasets` in the same run, which depends on the machine as they do. A first build is
told twice, the second time without the import of the libraries that it uses.
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
    "from lomo_hf.distortion.imgaug_compat import augmenters; augmenters().Affine(rotate=1); "
    # Named, as the packages load them only when asked.
    "from skimage.transform import AffineTransform; from huggingface_hub import DatasetCard"
)
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
        costs: dict[str, float] = {}
        for name, arguments, runs in (
            ("import datasets", ("-c", "import datasets"), given.runs),
            ("import lomo_hf", ("-c", "import lomo_hf"), given.runs),
            ("lomo --help", ("-m", "lomo_hf", "--help"), given.runs),
            ("lomo build --help", ("-m", "lomo_hf", "build", "--help"), given.runs),
            ("import of the libraries of a build", ("-c", _LIBRARIES), given.runs),
            (f"lomo build --limit {given.limit}", build, 1),
            ("the same again, on the finished folder", build, given.runs),
        ):
            costs[name] = median(processor_seconds(arguments) for _ in range(runs))
            if name.startswith("lomo build --limit"):
                costs["the same, after import"] = costs[name] - costs["import of the libraries of a build"]
    print("| | processor seconds | times `import datasets` |\n| --- | ---: | ---: |")
    for name, seconds in costs.items():
        print(f"| {name} | {seconds:.2f} | {seconds / costs['import datasets']:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
