"""`python -m benchmarks.code_lines`: how often a line without a fence is set in the monospaced face where it is code.

What it prints, `--write` stores in docs/formulas.md; `--wrong HALF` lists the lines that the package gets wrong. The
labelled set is tests/data/code_lines.jsonl; code_lines.md beside it says how it was labelled.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.formula_labels import HALVES
from benchmarks.formula_places import share
from benchmarks.labelled import LabelledCommand
from lomo_hf.rendering.markup import lines_of
from lomo_hf.spans import scan

__all__ = ["BEGIN", "CODE_LINES", "END", "LabelledLine", "LabelledLines", "read_lines", "set_lines", "tables"]

CODE_LINES = Path(__file__).parent.parent / "tests" / "data" / "code_lines.jsonl"
BEGIN, END = "<!-- code: written by `python -m benchmarks.code_lines --write` -->", "<!-- end of code -->"
_LABELS = {"c": True, "t": False, "e": None}


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """A line of a prompt, and whether it is code; None where both are right, and of a blank line."""

    text: str
    is_code: bool | None


@dataclass(frozen=True, slots=True)
class LabelledLines:
    """A prompt with a label for each of its lines.

    Attributes:
        half: "tuned" or "held-out".
        kind: The language of its code, or "prose".
    """

    id: str
    half: str
    kind: str
    lines: tuple[LabelledLine, ...]


def read_lines(path: Path = CODE_LINES) -> tuple[LabelledLines, ...]:
    """The labelled set; raises ValueError where a line with ink has no label."""
    labelled = []
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        if row["half"] not in HALVES:
            raise ValueError(f"half must be one of {', '.join(HALVES)}; found {row['half']!r} in {row['id']}.")
        lines = tuple(_labelled(line, row["id"]) for line in row["text"].split("\n"))
        labelled.append(LabelledLines(row["id"], row["half"], row["kind"], lines))
    return tuple(labelled)


def set_lines(prompt: LabelledLines) -> list[tuple[LabelledLine, bool]]:
    """Each line of a prompt that has a label, and whether a page sets it in the monospaced face."""
    text = "\n".join(line.text for line in prompt.lines)
    page_lines = lines_of(text, 0, len(text), scan(text))
    if len(page_lines) != len(prompt.lines):
        raise ValueError(f"a page must have the lines of its prompt; found {len(page_lines)} in {prompt.id}.")
    return [
        (line, shown.mono) for line, shown in zip(prompt.lines, page_lines, strict=True) if line.is_code is not None
    ]


def tables(prompts: Sequence[LabelledLines]) -> str:
    """The tables of docs/formulas.md."""
    counts = {half: _counts(prompts, half) for half in HALVES}
    total = sum(map(Counter.total, counts.values()))
    languages = {kind for half in counts.values() for kind, is_code, _ in half if is_code}
    lines = [f"{len(prompts)} prompts with {total:,} lines that are code or text, {len(languages)} kinds of code.", ""]
    lines += ["| half | precision | recall | lines of text | set as code |", "| --- | ---: | ---: | ---: | ---: |"]
    for half, counted in counts.items():
        right, wrong = _sum(counted, True, True), _sum(counted, False, True)
        code, text = right + _sum(counted, True, False), wrong + _sum(counted, False, False)
        lines.append(f"| {half} | {share(right, right + wrong)} | {share(right, code)} | {text} | {wrong} |")
    lines += ["", "| code | tuned: lines | recall | held-out: lines | recall |", "| --- | ---: | ---: | ---: | ---: |"]
    for kind in sorted(languages):
        cells = []
        for counted in counts.values():
            code = counted[kind, True, True] + counted[kind, True, False]
            cells.append(f"{code} | {counted[kind, True, True] / code:.0%}" if code else "0 | –")
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _labelled(line: str, name: str) -> LabelledLine:
    if not line:
        return LabelledLine("", None)
    label, space, text = line[:1], line[1:2], line[2:]
    if label not in _LABELS or space != " " or not text.strip():
        raise ValueError(f"every line with ink must begin with c, t or e and a space; found {line!r} in {name}.")
    return LabelledLine(text, _LABELS[label])


def _counts(prompts: Sequence[LabelledLines], half: str) -> Counter[tuple[str, bool, bool]]:
    """(kind, whether it is code, whether it is set as code) -> lines."""
    return Counter(
        (prompt.kind, bool(line.is_code), is_set)
        for prompt in prompts
        if prompt.half == half
        for line, is_set in set_lines(prompt)
    )


def _sum(counted: Counter[tuple[str, bool, bool]], is_code: bool, is_set: bool) -> int:
    return sum(count for (_, code, shown), count in counted.items() if (code, shown) == (is_code, is_set))


def _wrong(prompts: Sequence[LabelledLines]) -> Iterator[str]:
    for prompt in prompts:
        for line, is_set in set_lines(prompt):
            if line.is_code != is_set:
                yield f"{prompt.id}: {'text set as code' if is_set else 'code set as text'}: {line.text!r}"


if __name__ == "__main__":
    sys.exit(LabelledCommand("code_lines", __doc__ or "", BEGIN, END, read_lines, tables, _wrong).run())
