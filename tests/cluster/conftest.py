"""One corpus, and the tree that this machine builds from it."""

import pytest
from building.helpers import Tree, tree_of

from lomo_hf.building import ShardSpec, build_shards, plan, planning
from lomo_hf.corpus import Source, open_corpus
from lomo_hf.recipes.named import load_recipe


@pytest.fixture(scope="session")
def source() -> Source:
    return open_corpus(None)


@pytest.fixture(scope="session")
def specs(source: Source) -> list[ShardSpec]:
    """Four shards of 15 rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "_MIN_ROWS", 15)
        return plan(source, [load_recipe("ratio50")], limit=60)


@pytest.fixture(scope="session")
def expected(specs: list[ShardSpec], tmp_path_factory: pytest.TempPathFactory) -> Tree:
    out = tmp_path_factory.mktemp("expected")
    build_shards(specs, out)
    return tree_of(out)
