"""Make the golden rows anew, and print what changed.

    python tests/golden/regenerate.py                      write the files, print the changes and the CHANGELOG line
    python tests/golden/regenerate.py --check              print the changes only; exit code 1 if there are any
    python tests/golden/regenerate.py --check --pages old  store every page as PNG below the folder `old`
    python tests/golden/regenerate.py --against old        say how much pixels differ from the pages stored there

Pages are made with the versions in engines.txt; `--new-engines` takes those that are installed instead.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from golden import comparing, recording


def main() -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--pages", type=Path, metavar="FOLDER", help="store every page as PNG")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="compare with pages that --pages stored")
    parser.add_argument("--new-engines", action="store_true", help="take the versions that are installed")
    options = parser.parse_args()
    differing = recording.differing_engines()
    if differing and recording.recorded():
        print("Versions differ from engines.txt, so pixels may:", *differing, sep="\n    ")
        if not (options.new_engines or options.check):
            print("Install with -c tests/golden/engines.txt, or accept these versions with --new-engines.")
            return 2
    changed = False
    for name in recording.SETS:
        before, after = recording.stored(name), recording.current(name)
        grey = _grey_differences(name, options.against) if options.against else {}
        if options.pages:
            _store_pages(name, options.pages)
        changes = comparing.decision_changes(before.decisions, after.decisions)
        changes += comparing.page_changes(before.pages, after.pages, grey)
        changed |= bool(changes)
        print(f"{name}: {len({key[0] for key in after.decisions})} prompts, {len(recording.SETS[name])} recipes,",
              "no change" if not changes else "changed")  # fmt: skip
        print(*(f"    {line}" for line in comparing.summary(changes)), sep="\n", end="\n" if changes else "")
        if not options.check:
            recording.write(name, after)
    if options.check:
        return int(changed)
    recording.write_engines(recording.installed())
    print(f"Name the change in CHANGELOG.md, with the reason:\n    - Golden rows {recording.digest()}: ...")
    return 0


def _store_pages(name: str, folder: Path) -> None:
    for key, row in recording.rows_of(name):
        for number, page in enumerate(recording.pages_of(row) if isinstance(row, dict) else ()):
            path = _path(folder, key, number)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(page).save(path)


def _grey_differences(name: str, folder: Path) -> dict[recording.Key, float]:
    """For each rewritten row whose pages of the same sizes lie in `folder`: the mean absolute difference of grey."""
    differences = {}
    for key, row in recording.rows_of(name):
        pages = recording.pages_of(row) if isinstance(row, dict) else []
        paths = [_path(folder, key, number) for number in range(len(pages))]
        if not pages or not all(path.exists() for path in paths):
            continue
        old = [np.asarray(Image.open(path)) for path in paths]
        if [page.shape for page in old] == [page.shape for page in pages]:
            differences[key] = max(
                float(np.abs(a.astype(int) - b.astype(int)).mean()) for a, b in zip(old, pages, strict=True)
            )
    return differences


def _path(folder: Path, key: recording.Key, number: int) -> Path:
    row_id, recipe = key
    return folder / recipe / f"{row_id.replace('/', '--')}-{number}.png"


if __name__ == "__main__":
    sys.exit(main())
