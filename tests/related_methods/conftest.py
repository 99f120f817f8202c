"""Stored rows of the sample corpus, rewritten with every position that matters to other methods."""

from dataclasses import replace

import pytest

from lomo_hf import Recipe, load_recipe, open_corpus, substitute_row
from lomo_hf.corpus import Refusal
from lomo_hf.row import Row


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """Thirty rows at ratio 1, among them two-image rows, and ten that stayed text."""
    source = open_corpus()
    recipes: list[tuple[Recipe, int, int]] = [
        (replace(load_recipe("ratio100"), name="middle"), 0, 20),
        (replace(load_recipe("multispan50"), ratio=1.0), 20, 30),
        (replace(load_recipe("ratio50"), ratio=0.0), 30, 40),
    ]
    result: list[Row] = []
    for recipe, start, stop in recipes:
        for conversation in source.conversations(start, stop):
            assert not isinstance(conversation, Refusal)
            row = substitute_row(conversation, recipe)
            assert not isinstance(row, Refusal)
            result.append(row)
    return result
