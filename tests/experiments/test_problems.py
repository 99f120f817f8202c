"""The experiment's corpus: every answer follows from the words, and what is held out for tests is nowhere else."""

import pytest
from problem_solving import find, solve

from experiments.carrier_gap.corpus import FAMILIES, draw_drafts, draw_rows
from experiments.carrier_gap.formulas import FORMULA_FAMILIES
from experiments.carrier_gap.words import IDLE, NAMES, THINGS, is_held_out

ROWS = draw_rows("train", 1040)


@pytest.mark.parametrize("family", [family.__name__ for family in FAMILIES])
def test_every_answer_follows_from_the_words_of_its_prompt(family: str) -> None:
    rows = [row for row in ROWS if row.category == family]
    assert len(rows) == len(ROWS) // len(FAMILIES)
    wrong = [(row.prompt, row.answer) for row in rows if solve(family, row.prompt) != row.answer]
    assert not wrong


def test_prompts_differ_and_are_drawn_again_alike() -> None:
    assert len({row.prompt for row in ROWS}) == len(ROWS)
    assert draw_rows("train", 40) == ROWS[:40]


def test_pairs_that_are_held_out_stand_at_the_centre_of_test_rows_alone() -> None:
    held = {(name, thing) for name in NAMES for thing in THINGS if is_held_out(name, thing)}
    test = draw_rows("test", 520, held_out_half=True)
    assert sum(row.held_out for row in test) == len(test) // 2
    assert not any(row.held_out for row in ROWS)
    assert not any(draft.held_out for draft in draw_drafts("texts", 200))
    # Read from the words: the one who writes the list, or picks the thing up, with that thing.
    moves = [(row.prompt, row.held_out) for row in (*test, *ROWS) if row.category == "moves"]
    for prompt, held_out in moves:
        name, thing = find(r"(\w+) picks up the (\w+) in the", prompt)
        assert ((name, thing) in held) == held_out


def test_a_quarter_of_the_prompts_is_so_short_that_it_is_rendered_whole() -> None:
    sentences = [row.prompt.count(". ") + 1 for row in ROWS]
    assert 0.2 < sum(count <= 3 for count in sentences) / len(sentences) < 0.3


def test_formulas_stand_in_the_rows_of_their_families_alone() -> None:
    with_formulas = {family.__name__ for family in FORMULA_FAMILIES}
    assert all(("$" in row.prompt) == (row.category in with_formulas) for row in ROWS)
    assert len(IDLE) == len(set(IDLE))
