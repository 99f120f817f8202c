"""What lomo_hf installs: the table of sizes in `install.md`, and `constraints.txt`, from the current environment.

    python docs/dependencies.py table          # in a fresh environment with the wheel and nothing else
    python docs/dependencies.py constraints    # in an environment that was made with tests/golden/engines.txt

Sizes are those of the files that the wheels bring, without the bytecode that pip or Python writes beside them.
"""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "install.md"
CONSTRAINTS = ROOT / "constraints.txt"
START, END = "<!-- written by docs/dependencies.py -->\n", "<!-- end of what it wrote -->"
HEAD = """# Versions of all that lomo_hf needs to run: pip install -c constraints.txt lomo-hf
# Written by docs/dependencies.py; the versions that decide pixels are those of tests/golden/engines.txt.
"""
# Why each is needed; docs/dependencies.py refuses to write a table that lacks one.
WHY = {
    "datasets": "loads, maps and describes datasets; needs pandas",
    "huggingface-hub": "reads from the Hub and publishes to it",
    "pillow": "decodes and draws images",
    "numpy": "arrays",
    "pyarrow": "reads and writes Parquet",
    "matplotlib": "plots on cards; its fonts are on pages",
    "imgaug": "rotation and blur; needs scipy, scikit-image and shapely",
    "opencv-python": "shadow, stain, wave, fold; what imgaug works with",
    "jinja2": "templates of cards",
    "pyyaml": "recipes and front matter",
    "filelock": "one writer at a time in a dataset folder",
    "httpx2": "names the Hub's network errors; needed by huggingface_hub",
    "fsspec": "files on other machines; needed by datasets",
    "typst": "typesets pages",
    "uharfbuzz": "shapes and draws plain prose",
    "zlib-ng": "packs pages as PNG",
    "math-core": "converts LaTeX to MathML",
    "fonttools": "which characters a font has; needed by matplotlib",
    "manimgx-fonts": "fonts for text and mathematics",
    "noto-cjk-sans-otc": "Chinese, Japanese and Korean fonts",
    "typer": "the command line",
    "rich": "tables and progress on a terminal",
}


def declared() -> list[str]:
    """The distributions that pyproject.toml names, as they are spelt in an index."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [canonicalize_name(Requirement(line).name) for line in project["dependencies"]]


def needed(roots: list[str]) -> set[str]:
    """All distributions that come with these, themselves included."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:  # of another system or Python
            continue
        seen.add(name)
        for requirement in map(Requirement, requires):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(requirement.name))
    return seen


def megabytes(name: str) -> float:
    """The files that a distribution brings, in millions of bytes."""
    files = distribution(name).files or []
    return sum(file.size or 0 for file in files if "__pycache__" not in file.parts) / 1e6


def table() -> str:
    """The table of sizes, the largest first."""
    names = declared()
    everything = needed(names)
    rows = []
    for name in names:
        others = needed([other for other in names if other != name])
        brings = sum(map(megabytes, everything - others - {name}))
        rows.append((megabytes(name) + brings, name, megabytes(name), brings))
    lines = ["| package | MB | with it come, MB | for |", "| --- | ---: | ---: | --- |"]
    for _, name, own, brings in sorted(rows, reverse=True):
        lines.append(f"| {name} | {own:.0f} | {f'{brings:.0f}' if brings >= 0.5 else ''} | {WHY[name]} |")
    shared = everything - set(names) - _brought(names, everything)
    lines.append(f"| shared by several | {sum(map(megabytes, shared)):.0f} | | {', '.join(_largest(shared))}, … |")
    total = sum(map(megabytes, everything))
    python = f"Python {sys.version_info[0]}.{sys.version_info[1]} on {sys.platform}"
    return "\n".join([*lines, "", f"All {len(everything)} packages together: {total:.0f} MB ({python}).", ""])


def _brought(names: list[str], everything: set[str]) -> set[str]:
    """What only one of the declared packages needs."""
    alone = (everything - needed([other for other in names if other != name]) - {name} for name in names)
    return set().union(*alone)


def _largest(names: set[str]) -> list[str]:
    return sorted(names, key=megabytes, reverse=True)[:4]


def constraints() -> str:
    """A version for each distribution that is needed to run."""
    return HEAD + "".join(f"{name}=={distribution(name).version}\n" for name in sorted(needed(declared())))


def main() -> None:
    """Write what was asked for."""
    if sys.argv[1:] == ["constraints"]:
        CONSTRAINTS.write_text(constraints(), encoding="utf-8")
    elif sys.argv[1:] == ["table"]:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
        PAGE.write_text(f"{before}{START}\n{table()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    else:
        sys.exit("name what to write: table or constraints")


if __name__ == "__main__":
    main()
