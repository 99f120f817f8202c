"""Formulas: every input has a bounded cost, and nothing but a FormulaError ever comes out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from counted_work import CountedText, counted_work, work_grows_with
from rendering.mathematics_helpers import compiles, real_formulas, reason
from rendering.page_helpers import page_of

from lomo_hf.recipes.recipe import Caps
from lomo_hf.rendering.mathematics import typeset_formula
from lomo_hf.rendering.mathematics.formula import _cached
from lomo_hf.rendering.mathematics.limits import MAX_CHARACTERS


def anew(tex: str) -> str | None:
    """The reason of the refusal, or None, with nothing kept of the formula from before."""
    _cached.cache_clear()
    return reason(tex)


@pytest.mark.parametrize(
    ("tex", "why"),
    [
        ("x" * 10_000_000, "formula:too-long"),
        ("{" * 1000 + "x" + "}" * 1000, "formula:too-deep"),
        (r"\sqrt" * 700 + " 2", "formula:too-deep"),
        (r"\hat" * 700 + " 2", "formula:too-deep"),
        (r"\left(" * 300 + r"\right)" * 300, "formula:too-deep"),
        (r"\color{red}" * 300 + "x", "formula:too-deep"),
        (r"\text{$" * 60 + "x" + "$}" * 60, "formula:too-deep"),
        (r"\begin{array}{|c|}" * 5 + "x" + r"\end{array}" * 5, "formula:too-deep"),
        (r"\begin{array}{*{200}{*{200}{*{200}{c}}}}x\end{array}", "formula:too-long"),
        (r"\begin{matrix}" + r"\\ \\" * 700 + r"\end{matrix}", "formula:too-long"),
        (r"\hspace{1000cm}x", "formula:too-long"),
        ("a\ud800", "formula:uncovered:U+D800"),
        ("\\" * 3999, "formula:syntax"),
    ],
    ids=lambda value: ascii(value[:20]),
)
def test_what_is_too_much_is_refused_at_once(tex: str, why: str) -> None:
    assert anew(tex) == why
    assert counted_work(lambda: anew(CountedText(tex))) < 300 * MAX_CHARACTERS


BRACKETS = [
    "(",
    "[",
    r"\{",
    r"\langle ",
    r"\lfloor ",
    r"\lvert ",
    r"\sin(",
    "f(x",
    r"\left(a\right)(",
    r"\lparen ",
    "⟨",
]
SIGNS = [
    "'",
    "^a",
    r"\not",
    r"\big(",
    "&",
    r"\sum_",
    "|",
    '"',
    r"\{",
    r"\text{a}",
    r"\sin ",
    "中",
    r"\hat x",
    r"\frac12",
]


ESCAPED = [
    r"\\leq ", r"\\{", "\\\\", r"\n", r"\nx", r"\nabcd", "%", "% a", "%\n", "&lt;", "&amp;", r"\u2032", r"\_", r"\_{",
    r"\*", r"\'", r"\left{", r"\left{a\right}", r"^{\'}", "&= ", r"x\_1",
]  # fmt: skip
PACKAGES = [
    r"\abs{", r"\abs x", r"\comm{a}{", r"\SI{1}{\m}", r"\num{", r"\unit{\per", r"\qty(", r"\mqty(", r"\dv{", r"\!",
    r"\kern1em ", r"\rlap{", r"\root ", r"\text{a \le ", r"\text{\frac{", r"\begin{CD}A @>>> ", "@>",
    r"\parbox{1em}{a ", r"\raisebox{1pt}{", "√{", "x\u0302", "²", "ñ", "a,", r"\color{red}", r"\intertext{a}", r"\P(",
    r"\pu{1 ", r"\char1", r"\cases{",
]  # fmt: skip


@pytest.mark.parametrize("tex", [*BRACKETS, *SIGNS, *ESCAPED, *PACKAGES], ids=ascii)
def test_work_grows_no_faster_than_length(tex: str) -> None:
    small, large = (CountedText(tex * (size // len(tex))) for size in (MAX_CHARACTERS // 4, MAX_CHARACTERS))
    assert work_grows_with(anew, small, large)


def test_what_is_just_not_too_much_compiles() -> None:
    depth = 28
    formulas = [
        r"\frac{1}{" * depth + "x" + "}" * depth,
        "x^{" * depth + "x" + "}" * depth,
        r"\left(" * depth + "x" + r"\right)" * depth,
        r"\boxed{" * depth + "x" + "}" * depth,
        r"\sqrt" * 66 + " 2",
        r"\begin{pmatrix}" * 10 + "x" + r"\end{pmatrix}" * 10,
        r"\begin{array}{" + "|c" * 100 + "|}" + "&".join("a" * 100) + r"\end{array}",
        r"\begin{array}{|c|}" + r"\\ \hline ".join("a" * 150) + r"\end{array}",
        "x" * 3900,
    ]
    assert compiles(formulas) == len(formulas)


def test_many_real_formulas_in_one_cost_what_they_cost_alone() -> None:
    formulas = [tex for tex in real_formulas() if reason(tex) is None]
    alone = [counted_work(lambda tex=tex: anew(CountedText(tex))) for tex in formulas]
    for start in range(0, len(formulas) - 12, 12):
        part = slice(start, start + 12)
        together = CountedText(r" \quad ".join(formulas[part]))
        assert counted_work(lambda text=together: anew(text)) < 2 * sum(alone[part])


def ruled(rows: int, columns: int, sign: str = "x") -> str:
    line = "&".join([sign] * columns)
    return f"$$\\begin{{array}}{{{'|c' * columns}|}}" + f"{line}\\\\ \\hline " * rows + "\\end{array}$$"


@pytest.mark.parametrize(
    ("tables", "set_as"),
    [
        ([ruled(60, 12)], "latex"), ([ruled(20, 10)] * 4, "latex"), ([ruled(20, 10)] * 6, "fallback"),
        ([ruled(60, 25)], "fallback"),
        ([r"$$\begin{array}{*{100}{c|}}" + "&" * 99 + r"\\x" * 99 + r"\end{array}$$"], "fallback"),
    ],
)  # fmt: skip
def test_cells_of_tables_with_rules_are_bounded_over_a_page(tables: list[str], set_as: str) -> None:
    page = page_of("\n\n".join(tables), caps=Caps(max_pixels=16_000_000))
    assert (page.renderer, page.reason) == (set_as, None if set_as == "latex" else "formula:too-long")


def test_a_table_in_a_table_counts_for_every_cell_of_its_row() -> None:
    inner = ruled(8, 8)[2:-2]
    outer = f"\\begin{{array}}{{{'|c' * 8}|}}" + "&".join([inner] * 8) + "\\end{array}"
    assert typeset_formula(inner, display=True).work == 512
    assert reason(outer, display=True) == "formula:too-long"


def test_costly_tables_take_memory_within_bounds(tmp_path: Path) -> None:
    """Six tables of 60 rows of 25, and fourteen pages of the costliest that are set: before, 13 s and 1.4 GB.

    Typst sets them, whose work cannot be counted from here: the cells that it is given are, in the tests above. The
    timeout is there for a hang alone.
    """
    program = """
from pathlib import Path
from rendering.page_helpers import page_of
from rendering.test_mathematics_bounds import ruled
from lomo_hf.errors import RenderError
for text in ["\\n\\n".join([ruled(60, 25)] * 6), *(ruled(40, 15, chr(97 + at)) for at in range(14))]:
    try:
        page_of(text)
    except RenderError:
        pass
status = Path("/proc/self/status")  # what getrusage says holds the peak of the parent too
print(int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024 if status.exists() else 0.0)
"""
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *(path for path in sys.path if path)])
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths},
        capture_output=True, text=True, check=True, timeout=600,
    )  # fmt: skip
    assert float(done.stdout) <= 500  # megabytes
