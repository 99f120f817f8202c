"""Writes `latex.md`: which commands of LaTeX and its packages are typeset, and which leave a formula as its source.

    python docs/latex_commands.py

`latex_commands.txt` holds an example of each command that LaTeX, MathJax and KaTeX document. The page is stored, so
that it can be read without building the site; `tests/test_latex_page.py` holds it to what the package does.
"""

from pathlib import Path

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics import formula_to_typst

HERE = Path(__file__).parent
PAGE = HERE / "latex.md"
_INTRODUCTION = """# Which LaTeX is set

<!-- Written by docs/latex_commands.py; do not edit. -->

A formula is typeset where every command in it is known; otherwise all formulas of the span show their source, and
`lomo.reason` names the command ([reasons](reasons.md)). Of {total:,} commands and environments that LaTeX, MathJax and
KaTeX document or authors usually define, {known:,} are set.

What is set otherwise than LaTeX would set it, and why:

- A bare `%` is shown. LaTeX takes it and the rest of its line for a comment; in prompts it is nearly always meant to
  be seen.
- `a \\\\ b` outside of any environment is set in two rows. LaTeX runs them together.
- `\\text{{x \\le 2}}` is set, though LaTeX knows `\\le` in mathematics only.
- `\\RR`, `\\abs`, `\\lcm` and other macros that authors define in a preamble have their usual meaning. `\\P(A)` is a
  probability; `\\P` alone is the sign of a paragraph, as in LaTeX.
- Colours are grey. A light colour is darkened until it can be read; the colour of the paper is refused.
- Long lists are broken behind their commas, long texts between words, and displays wider than the widest page behind
  relations and binary signs. LaTeX would let them run off the page.
- `\\phantom{{x}}` leaves the room of x, and shows nothing, as in LaTeX.
- Labels (`\\label`), links and sizes of letters leave no trace.

The names of packages are those of their documentation; a command stands under the first that has it.

| | set | shown as source |
| --- | ---: | ---: |
"""


def groups() -> dict[str, list[str]]:
    """The examples of each group, in the order of the file."""
    examples: dict[str, list[str]] = {}
    name = ""
    for line in (HERE / "latex_commands.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name = line[3:]
            examples[name] = []
        elif line and name:
            examples[name].append(line)
    return examples


def is_set(example: str) -> bool:
    """Whether an example is typeset."""
    try:
        formula_to_typst(example, display=True)
    except FormulaError:
        return False
    return True


def page() -> str:
    """The page, from what the lomo_hf that is installed sets."""
    table, lists = [], []
    total = known = 0
    for name, examples in groups().items():
        kept = [example for example in examples if is_set(example)]
        lost = [example for example in examples if example not in kept]
        total, known = total + len(examples), known + len(kept)
        table.append(f"| {name} | {len(kept)} | {len(lost)} |")
        lists += [f"## {name[0].upper()}{name[1:]}", ""]
        lists += [f"Shown as source: {_listed(lost)}.", ""] if lost else []
        lists += [f"Set: {_listed(kept)}.", ""] if kept else []
    head = _INTRODUCTION.format(total=total, known=known)
    return head + "\n".join([*table, "", *lists]).rstrip() + "\n"


def _listed(examples: list[str]) -> str:
    return ", ".join(f"`` {example} ``" if "`" in example else f"`{example}`" for example in examples)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
