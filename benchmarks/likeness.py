"""How like LaTeX's pictures formulas are, painted here and by Typst: `PYTHONPATH=tests python -m benchmarks.likeness`.

The pictures are those that tests/reference keeps; `--formulas FILE` draws formulas of a file instead, with the LaTeX
that is installed (tests/reference/README.md says which parts it needs). Each line of the file is {"tex", "display"}.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from reference.likeness import Likeness, likeness
from reference.setting import document, our_pictures
from reference.tex import tex_pictures

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.glyphs import placed, read_svg
from lomo_hf.rendering.mathematics import formula_to_typst
from lomo_hf.rendering.typesetter import new_compiler

__all__ = ["Compared", "compared", "painted_pictures"]

Picture = NDArray[np.uint8]
_FROZEN = Path(__file__).parent.parent / "tests" / "reference" / "formulas.parquet"
_LOW, _WIDE = 0.6, 1.1
_BATCH = 500  # formulas in one document


@dataclass(frozen=True)
class Compared:
    """How like LaTeX's picture of it a formula is: painted here, and by Typst; painted is None where Typst paints."""

    tex: str
    painted: Likeness | None
    typst: Likeness


def painted_pictures(bodies: Sequence[tuple[str, bool]]) -> list[Picture | None]:
    """Each formula as it is painted on our pages, from the outlines that Typst places; None where Typst paints it."""
    pages = new_compiler().compile(input=document(bodies), format="svg", ppi=72.0)
    return list(map(_painted, [pages] if isinstance(pages, bytes) else pages or []))


def _painted(svg: bytes) -> Picture | None:
    drawing = read_svg(svg)
    try:
        return None if drawing is None else placed(drawing).painted()
    except ValueError:  # an outline of another kind
        return None


def compared(formulas: Sequence[tuple[str, bool]], pictures: Sequence[Picture]) -> Iterator[Compared]:
    """Formulas with LaTeX's pictures of them, those left out that we do not set."""
    bodies, wanted = [], []
    for (tex, display), picture in zip(formulas, pictures, strict=True):
        try:
            bodies.append((formula_to_typst(tex, display=display), display))
        except FormulaError:
            continue
        wanted.append((tex, picture))
    for (tex, picture), painted, typst in zip(wanted, painted_pictures(bodies), our_pictures(bodies), strict=True):
        ours = None if painted is None else likeness(painted, picture)
        yield Compared(tex, ours, likeness(typst, picture))


def _frozen() -> tuple[list[tuple[str, bool]], list[Picture]]:
    import cv2
    import pyarrow.parquet as pq

    rows = pq.read_table(_FROZEN).to_pylist()
    pictures = [cv2.imdecode(np.frombuffer(row["png"], np.uint8), cv2.IMREAD_GRAYSCALE) for row in rows]
    return [(row["tex"], row["display"]) for row in rows], [np.asarray(picture, np.uint8) for picture in pictures]


def _drawn(path: Path, count: int) -> tuple[list[tuple[str, bool]], list[Picture]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in random.Random(0).sample(lines, min(count, len(lines)))]
    formulas = [(str(row["tex"]), bool(row["display"])) for row in rows if str(row["tex"]).isascii()]
    with TemporaryDirectory() as folder:
        pictures = tex_pictures(formulas, Path(folder) / "tex")
    known = [(formula, picture) for formula, picture in zip(formulas, pictures, strict=True) if picture is not None]
    return [formula for formula, _ in known], [np.asarray(picture, np.uint8) for _, picture in known]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.likeness", description=__doc__.split("\n")[0])
    parser.add_argument("--formulas", type=Path, help="formulas that LaTeX draws now; default: the set of the tests")
    parser.add_argument("--count", type=int, default=500, help="of them, drawn at random")
    given = parser.parse_args()
    formulas, pictures = _drawn(given.formulas, given.count) if given.formulas else _frozen()
    batches = (slice(at, at + _BATCH) for at in range(0, len(formulas), _BATCH))
    results = [result for batch in batches for result in compared(formulas[batch], pictures[batch])]
    both = [result for result in results if result.painted]
    print(f"{len(formulas)} formulas that LaTeX draws; {len(results)} are set, {len(both)} of them painted here.\n")
    print("| painted | likeness, median | mean | below 0.6 | width within a tenth |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, likes in (("here", [each.painted for each in both]), ("by Typst", [each.typst for each in both])):
        values = [like.correlation for like in likes if like]
        fitting = mean(1 / _WIDE < like.width < _WIDE for like in likes if like)
        low = mean(value < _LOW for value in values)
        print(f"| {name} | {median(values):.4f} | {mean(values):.4f} | {low:.1%} | {fitting:.1%} |")
    falls = sorted((each.typst.correlation - each.painted.correlation, each.tex) for each in both if each.painted)
    print(f"\nThe most that a formula loses by being painted here: {falls[-1][0]:.3f}, {falls[-1][1][:70]!r}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
