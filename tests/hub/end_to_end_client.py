"""What a maintainer and a user do, in a process of their own whose clients know only the environment.

Run by `test_end_to_end` with HF_ENDPOINT and a folder to work in; prints what was loaded, as JSON on the last line.
"""

import contextlib
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

REPO = "tester/lomo-ov15"


def lomo(*arguments: str) -> int:
    """Run a command as a terminal would."""
    from lomo_hf.cli import main

    sys.argv = ["lomo", *arguments]
    try:
        with contextlib.redirect_stdout(sys.stderr):
            main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def loaded(work: Path, config: str, tag: str, *, streaming: bool, cache: str) -> dict[str, Any]:
    """Rows and a digest over all they hold, pictures by their pixels."""
    from datasets import load_dataset

    rows = load_dataset(REPO, config, split="train", revision=tag, streaming=streaming, cache_dir=str(work / cache))
    count, digest = 0, hashlib.sha256()
    for row in rows:
        pictures = [image if isinstance(image, dict) else image.tobytes() for image in row.pop("images") or []]
        digest.update(repr((sorted(row.items()), pictures)).encode())
        count += 1
    return {"rows": count, "digest": digest.hexdigest()}


def pushed_by_datasets(work: Path) -> int:
    """The thin way for small data: no manifest, no tag."""
    from datasets import load_dataset

    rows = load_dataset(str(work / "a"), "ratio50", split="train", cache_dir=str(work / "thin"))
    rows.push_to_hub("tester/thin", "ratio50", set_default=True)
    return int(load_dataset("tester/thin", split="train", cache_dir=str(work / "thin2")).num_rows)


def story(work: Path) -> dict[str, Any]:
    """Build, check, push v1.0.0, load it, push v1.1.0, load both."""
    results: dict[str, Any] = {}
    first, following = str(work / "a"), str(work / "b")
    both = ("--recipe", "ratio50", "--recipe", "ratio25")
    results["codes"] = [
        lomo("build", *both, "--limit", "12", "--out", first, "--repo", REPO),
        lomo("verify", first),
        lomo("push", first, REPO, "--tag", "v1.0.0", "--dry-run"),
        lomo("push", first, REPO, "--tag", "v1.0.0"),
    ]
    for config in ("ratio50", "ratio25"):
        results[f"{config} v1.0.0"] = loaded(work, config, "v1.0.0", streaming=False, cache="c1")
    results["ratio50 v1.0.0 streaming"] = loaded(work, "ratio50", "v1.0.0", streaming=True, cache="c2")
    results["codes"] += [
        lomo("build", "--recipe", "ratio50", "--seed", "3", "--limit", "15", "--out", following, "--repo", REPO),
        lomo("push", following, REPO, "--tag", "v1.1.0"),
        lomo("verify", following, "--remote", f"{REPO}@v1.1.0", "--download"),
        lomo("verify", following, "--remote", f"{REPO}@v1.0.0"),
    ]
    results["ratio50 v1.1.0"] = loaded(work, "ratio50", "v1.1.0", streaming=False, cache="c3")
    results["ratio25 v1.1.0"] = loaded(work, "ratio25", "v1.1.0", streaming=False, cache="c3")
    results["ratio50 v1.0.0 again"] = loaded(work, "ratio50", "v1.0.0", streaming=False, cache="c4")
    results["ratio50 v1.0.0 again, streaming"] = loaded(work, "ratio50", "v1.0.0", streaming=True, cache="c5")
    results["thin"] = pushed_by_datasets(work)
    return results


if __name__ == "__main__":
    print(json.dumps(story(Path(sys.argv[1]))))
