"""What the steps for datatrove, Data-Juicer and NeMo Curator share: the rows of `lomo build`, without a framework."""

import ast
import json
import pickle
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ecosystem.corpus import RECIPE, config_of

from lomo_hf.corpus import Refusal
from lomo_hf.ecosystem import RowFunction
from lomo_hf.errors import RecipeError, SourceError

ROOT = Path(__file__).parents[2]


def test_the_rows_are_those_of_a_build(corpus: Path, built: dict[str, dict[str, Any]]) -> None:
    make = pickle.loads(pickle.dumps(RowFunction(RECIPE, config=config_of(corpus))))
    lines = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    results = make.all(reversed(lines))
    rows = {row["id"]: row for row in results if not isinstance(row, Refusal)}
    assert rows == built
    assert [result.reason for result in results if isinstance(result, Refusal)] == ["placeholder:<image>"]


def test_an_id_that_a_framework_keeps_apart_is_the_row_s() -> None:
    make = RowFunction("ratio100")
    row = {"prompt": "What is 2 + 3?", "answer": "5"}
    assert make(row, "a") == make({**row, "id": "a"})
    with pytest.raises(SourceError, match="row has no id, and a row's id decides its draws"):
        make(row)


def test_what_needs_a_whole_corpus_is_refused_before_the_first_row() -> None:
    with pytest.raises(RecipeError):
        RowFunction("ratio51")
    with pytest.raises(SourceError, match="config must be"):
        RowFunction(config="a/b")


def test_data_juicer_finds_the_operator_by_its_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module = project["entry-points"]["data_juicer.ops"]["lomo_mapper"]
    last = ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8")).body[-1]
    assert ast.unparse(last) == "OPERATORS.register_module('lomo_mapper')(LomoMapper)"
