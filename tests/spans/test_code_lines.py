"""Lines that look like code, and lines that do not: the labelled set, its form, its page, the cost of long lines."""

import re
from collections import Counter

import pytest

from benchmarks.code_lines import BEGIN, CODE_LINES, END, LabelledLines, read_lines, set_lines, tables
from benchmarks.labelled import PAGE
from lomo_hf.rendering.monospace import mono_lines
from lomo_hf.spans import code_lines as module
from lomo_hf.spans.code_lines import code_lines
from lomo_hf.spans.code_patterns import LIKELY, SURE, of_all


@pytest.fixture(scope="module")
def labelled() -> tuple[LabelledLines, ...]:
    return read_lines()


def test_no_line_of_prose_is_set_as_code(labelled: tuple[LabelledLines, ...]) -> None:
    wrong = [
        (prompt.id, line.text) for prompt in labelled for line, is_set in set_lines(prompt) if is_set > line.is_code
    ]
    assert wrong == []


def test_code_of_every_language_is_set_as_code(labelled: tuple[LabelledLines, ...]) -> None:
    lines: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for prompt in labelled:
        for line, is_set in set_lines(prompt):
            lines[prompt.kind] += bool(line.is_code)
            right[prompt.kind] += bool(line.is_code) and is_set
    languages = [kind for kind, count in lines.items() if count]
    assert len(languages) >= 30
    assert [kind for kind in languages if right[kind] < 0.7 * lines[kind]] == []


def test_the_set_is_well_formed_and_its_halves_are_apart(labelled: tuple[LabelledLines, ...]) -> None:
    assert len({prompt.id for prompt in labelled}) == len(labelled)
    by_half = Counter(prompt.half for prompt in labelled)
    assert min(by_half.values()) > 100
    texts = [tuple(line.text for line in prompt.lines) for prompt in labelled]
    assert len(set(texts)) == len(texts)
    assert CODE_LINES.stat().st_size < 200_000


def test_the_page_shows_the_figures_of_this_version(labelled: tuple[LabelledLines, ...]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.split(BEGIN)[1].split(END)[0].strip() == tables(labelled), (
        "docs/formulas.md is out of date: run `python -m benchmarks.code_lines --write` and look at what changed"
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["| a   | b |", "|-----|---|", "| one | 2 |"], True),
        (["| a | b |", "| --- | --- |", "| eleven | 2   | 4 |"], False),
        (["|  | Years ended   | 2019 |", "| Net income   | 12 | 13 |"], False),
    ],
)
def test_rows_are_columns_where_their_bars_stand_below_each_other(rows: list[str], expected: bool) -> None:
    assert mono_lines(rows) == [expected] * len(rows)


def test_an_indented_sentence_is_no_code_but_an_indented_statement_is() -> None:
    assert mono_lines(["Dear Sir,", "    I shall come on Monday, I hope.", "Ann"]) == [False, False, False]
    assert mono_lines(["    total = a + b"]) == [True]


def test_a_statement_of_one_name_is_code_beside_code_alone() -> None:
    assert code_lines(["total = add(a, b)", "return total"]) == [True, True]
    assert code_lines(["The train leaves at nine.", "return ticket"]) == [False, False]
    assert code_lines(["total = add(a, b)", "Return total", "return the total"]) == [True, False, False]


def test_a_line_with_a_formula_is_no_code_by_itself() -> None:
    assert code_lines(["int x = ;", "y = 3;"], [True, False]) == [False, True]


class Counted:
    """A pattern that counts how often it is tried, and on how many characters."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern, self.tried, self.longest = pattern, 0, 0

    def match(self, line: str) -> re.Match[str] | None:
        self.tried += 1
        self.longest = max(self.longest, len(line))
        return self.pattern.match(line)


@pytest.mark.parametrize(
    "unit", ["a, ", "a b = ", "a(", "for a in ", "$a", "name: value\n", "a=b;\n", "x " * 200 + "\n"]
)
def test_each_line_is_tried_a_few_times_and_long_ones_never(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pattern costs on the costliest lines, `python -m benchmarks.matching` says."""
    lines = (unit * 2_000).split("\n")
    for name, patterns, most in (("_sure", SURE, 1), ("_likely", LIKELY, 2)):
        counted = Counted(of_all(patterns))
        monkeypatch.setattr(module, name, lambda counted=counted: counted)
        code_lines(lines)
        assert counted.tried <= most * len(lines)
        assert counted.longest < 300


def test_lines_are_tried_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(of_all(SURE))
    monkeypatch.setattr(module, "_sure", lambda: counted)
    assert code_lines(["return x;"] * 3) == [True] * 3
    assert counted.tried == 3
