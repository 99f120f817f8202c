"""What the tests of mathematics share: a compile that fails loudly, pictures, and a sample of real formulas."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
from reference.setting import document, our_pictures

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics import formula_to_typst
from lomo_hf.rendering.typesetter import new_compiler

DATA = Path(__file__).parents[1] / "data"


def reason(tex: str, *, display: bool = False) -> str | None:
    """The reason of the refusal, or None where the formula is set."""
    try:
        formula_to_typst(tex, display=display)
    except FormulaError as error:
        return error.reason
    return None


def compiles(formulas: Iterable[str]) -> int:
    """How many of the formulas are accepted; each accepted one must compile, or Typst's error is raised."""
    bodies = []
    for number, tex in enumerate(formulas):
        display = number % 2 == 0
        if reason(tex, display=display) is None:
            bodies.append((formula_to_typst(tex, display=display), display))
    compiler = new_compiler()
    for start in range(0, len(bodies), 300):
        compiler.compile(input=document(bodies[start : start + 300]), format="svg")
    return len(bodies)


def pictures(*formulas: str, display: bool = False) -> list[np.ndarray]:
    """Our pictures of formulas."""
    return our_pictures([(formula_to_typst(tex, display=display), display) for tex in formulas])


@cache
def real_formulas() -> tuple[str, ...]:
    """Formulas of the reference set: real ones, and one line for each construct."""
    import pyarrow.parquet as pq

    table = pq.read_table(Path(__file__).parents[1] / "reference" / "formulas.parquet", columns=["tex"])
    return tuple(dict.fromkeys(table.column("tex").to_pylist()))


@cache
def hard_formulas() -> tuple[dict[str, str], ...]:
    """Formulas with what real corpora hold beside mathematics, and what must come of each."""
    lines = (DATA / "mathematics_hard.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)
