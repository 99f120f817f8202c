"""A small corpus with every kind of refusal among real prompts, and the tree that building it must give."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from building.helpers import Tree, tree_of

from lomo_hf.building import ShardSpec, build_shards, plan, planning
from lomo_hf.corpus import SAMPLE, Source, open_corpus
from lomo_hf.recipes.named import load_recipe
from lomo_hf.recipes.recipe import Recipe

REFUSED = {
    "broken": '{"id": "broken", "messages": [',
    "silent": json.dumps(
        {"id": "silent", "messages": [{"role": "user", "content": "   "}, {"role": "assistant", "content": "A"}]}
    ),
    "placeholder": json.dumps(
        {
            "id": "held",
            "messages": [{"role": "user", "content": "<image> what?"}, {"role": "assistant", "content": "A"}],
        }
    ),
}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """41 rows: 38 real prompts, with mathematics among them, and three that must be refused."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()[::5][:38]
    for place, line in zip((3, 4, 30), REFUSED.values(), strict=True):
        lines.insert(place, line)
    path = tmp_path_factory.mktemp("corpus") / "small.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return open_corpus(path, config="small")


@pytest.fixture(scope="session")
def recipes() -> list[Recipe]:
    return [load_recipe("ratio25"), load_recipe("ratio50"), load_recipe("multispan50")]


@pytest.fixture(scope="session")
def make_plan() -> Callable[..., list[ShardSpec]]:
    """`plan`, with shards of nine rows at most."""

    def make(source: Source, recipes: list[Recipe]) -> list[ShardSpec]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(planning, "_MIN_ROWS", 9)
            return plan(source, recipes)

    return make


@pytest.fixture(scope="session")
def specs(corpus: Source, recipes: list[Recipe], make_plan: Callable[..., list[ShardSpec]]) -> list[ShardSpec]:
    return make_plan(corpus, recipes)


@pytest.fixture(scope="session")
def reference(specs: list[ShardSpec], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree that one process builds, shard after shard. Not to be written to."""
    out = tmp_path_factory.mktemp("reference")
    build_shards(specs, out)
    return out


@pytest.fixture(scope="session")
def reference_tree(reference: Path) -> Tree:
    return tree_of(reference)


@pytest.fixture
def built(reference: Path, tmp_path: Path) -> Path:
    """A copy of the reference that a test may damage."""
    return Path(shutil.copytree(reference, tmp_path / "built"))
