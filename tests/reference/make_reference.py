"""Choose formulas that cover every construct, have LaTeX draw them, and freeze the pictures in `formulas.parquet`.

    PYTHONPATH=tests python -m reference.make_reference FORMULAS.jsonl [FOLDER]
    PYTHONPATH=tests python -m reference.make_reference --constructs
    PYTHONPATH=tests python -m reference.make_reference --measure

Each line of the file is {"tex", "display", "source", …}. Formulas that LaTeX refuses, or that hold characters outside
ASCII, are left out. FOLDER takes LaTeX's files (a temporary one otherwise). The second form draws `constructs.txt`
anew and keeps all other pictures: after a line was added. The third keeps formulas and pictures, needs no LaTeX, and
measures ours against them anew: after a change that makes formulas more like LaTeX's.

In `constructs.txt` a line is a formula, or a formula, a tab and the LaTeX whose picture it must be like, where LaTeX
would not read it as it stands. `% packages: NAME …` names what the lines after it need.
"""

import json
import random
import sys
import tempfile
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from reference.likeness import ink, likeness
from reference.setting import our_pictures
from reference.tex import tex_pictures

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics import formula_to_typst
from lomo_hf.rendering.mathematics.scanner import is_word, tokenise

HERE = Path(__file__).parent
PER_CONSTRUCT = 3
PER_ENVIRONMENT = 25
RANDOM = 200
LONGEST = 260


def main(source: Path, folder: Path) -> None:
    """Write `formulas.parquet`."""
    rows = _chosen([json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()])
    _write([*_drawn(_constructs(), folder), *_drawn(rows, folder)])


def add_constructs(folder: Path) -> None:
    """Draw the lines of `constructs.txt` again, and keep the other pictures of `formulas.parquet`."""
    kept = [row for row in pq.read_table(HERE / "formulas.parquet").to_pylist() if row["source"] != "constructs"]
    _write([*_drawn(_constructs(), folder), *kept])


def _drawn(rows: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Rows with LaTeX's pictures, a run of LaTeX for each set of packages; those that it refuses are named."""
    pictures: list[np.ndarray | None] = []
    for packages, group in groupby(rows, lambda row: row.get("packages", ())):
        formulas = [(row.get("meant", row["tex"]), row["display"]) for row in group]
        pictures += tex_pictures(formulas, folder, packages)
    for row, picture in zip(rows, pictures, strict=True):
        if picture is None:
            print(f"LaTeX refuses {row['tex'][:90]!r}")
    kept = [(row, picture) for row, picture in zip(rows, pictures, strict=True) if picture is not None]
    bodies = [(formula_to_typst(row["tex"], display=row["display"]), row["display"]) for row, _ in kept]
    return [_frozen(row, tex, ours) for (row, tex), ours in zip(kept, our_pictures(bodies), strict=True)]


def _write(frozen: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(frozen), HERE / "formulas.parquet", compression="zstd")
    print(f"{len(frozen)} formulas; lowest:")
    for row in sorted(frozen, key=lambda row: row["similarity"])[:20]:
        print(f"  {row['similarity']:.2f} {row['width']:.2f} {row['tex'][:90]!r}")


def measure() -> None:
    """Freeze how like ours are now, and say which were less or more so."""
    rows = pq.read_table(HERE / "formulas.parquet").to_pylist()
    bodies = [(formula_to_typst(row["tex"], display=row["display"]), row["display"]) for row in rows]
    for row, ours in zip(rows, our_pictures(bodies), strict=True):
        tex = cv2.imdecode(np.frombuffer(row["png"], np.uint8), cv2.IMREAD_GRAYSCALE)
        now = _likeness(np.asarray(tex), ours)
        if max(abs(now[name] - row[name]) for name in now) > 0.01:
            changes = ", ".join(f"{name} {row[name]:.2f} -> {now[name]:.2f}" for name in now)
            print(f"{changes}: {row['tex'][:90]!r}")
            row.update(now)
    pq.write_table(pa.Table.from_pylist(rows), HERE / "formulas.parquet", compression="zstd")


def _constructs() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    packages: tuple[str, ...] = ()
    for line in (HERE / "constructs.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("%"):
            packages = tuple(line.partition("packages:")[2].split())
            continue
        tex, _, meant = line.partition("\t")
        row = {"tex": tex, "meant": meant or tex, "source": "constructs", "packages": packages}
        rows += [{**row, "display": display} for display in (True, False)]
    return rows


def _chosen(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rare constructs first, a few formulas for each; then formulas at random."""
    usable = [row for row in rows if _usable(row)]
    random.Random(0).shuffle(usable)
    parts = [_parts(row["tex"]) for row in usable]
    counts = Counter(part for listed in parts for part in listed)
    seen: Counter[str] = Counter()
    chosen: dict[int, dict[str, Any]] = {}
    for index in sorted(range(len(usable)), key=lambda i: min((counts[part] for part in parts[i]), default=9999)):
        if any(
            seen[part] < (PER_ENVIRONMENT if part.startswith("\\begin") else PER_CONSTRUCT) for part in parts[index]
        ):
            seen.update(parts[index])
            chosen[index] = usable[index]
    rest = [index for index in range(len(usable)) if index not in chosen]
    return [*chosen.values(), *(usable[index] for index in rest[:RANDOM])]


def _usable(row: dict[str, Any]) -> bool:
    tex = row["tex"]
    plain = tex.isascii() and tex.strip() and tex.replace("\n", " ").isprintable()
    if not plain or len(tex) > LONGEST or "\\tag" in tex:
        return False
    try:
        return bool(formula_to_typst(tex, display=row["display"]))
    except FormulaError:
        return False


def _parts(tex: str) -> set[str]:
    """The commands of a formula, and its environments."""
    tokens = tokenise(tex)
    parts = {token for token in tokens if is_word(token)}
    for i, token in enumerate(tokens):
        if token == "\\begin":
            parts.add("\\begin" + "".join(tokens[i + 1 : tokens.index("}", i)]))
    return parts


def _frozen(row: dict[str, Any], tex: np.ndarray, ours: np.ndarray) -> dict[str, Any]:
    picture = np.round((1 - ink(tex)) * 15).astype(np.uint8) * 17
    _, png = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return {
        "tex": row["tex"],
        "display": bool(row["display"]),
        "source": row["source"],
        "png": png.tobytes(),
        **_likeness(tex, ours),
    }


def _likeness(tex: np.ndarray, ours: np.ndarray) -> dict[str, float]:
    like = likeness(ours, tex)
    return {
        "similarity": round(like.correlation, 4),
        "width": round(like.width, 4),
        "height": round(like.height, 4),
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["--measure"]:
        measure()
    elif sys.argv[1:] == ["--constructs"]:
        with tempfile.TemporaryDirectory() as temporary:
            add_constructs(Path(temporary) / "tex")
    elif len(sys.argv) > 2:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(sys.argv[1]), Path(temporary) / "tex")
