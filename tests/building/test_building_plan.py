"""The plan is fixed by the input alone, and a spec's digest tells apart whatever gives other bytes."""

import pickle
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lomo_hf.building import ShardSpec, plan
from lomo_hf.corpus import Source
from lomo_hf.errors import BuildError, RecipeError
from lomo_hf.recipes.recipe import Recipe


@dataclass(frozen=True)
class Sized:
    """A source of which only the size and the name matter."""

    rows: int
    config: str = "sized"
    digest: str = "d"
    repo: str | None = None
    revision: str | None = None
    extra: tuple[str, ...] = ()
    split: str = "train"

    def __len__(self) -> int:
        return self.rows


@given(total=st.integers(0, 3_000_000), limit=st.none() | st.integers(0, 3_000_000))
def test_shards_cover_every_row_once_and_are_balanced(total: int, limit: int | None) -> None:
    specs = plan(Sized(total), [Recipe("mine")], limit=limit)  # type: ignore[arg-type]
    wanted = total if limit is None else min(total, limit)
    assert [spec.start for spec in specs] == [0, *(spec.stop for spec in specs[:-1])]
    assert specs[-1].stop == wanted
    sizes = {spec.rows for spec in specs}
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= 10_000
    assert len(specs) == 1 or min(sizes) >= 500
    assert [(spec.index, spec.count) for spec in specs] == [(index, len(specs)) for index in range(len(specs))]


@pytest.mark.parametrize(
    ("rows", "shards"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (8000, 8), (80_000, 8), (80_001, 16), (400_000, 40)]
)
def test_number_of_shards(rows: int, shards: int) -> None:
    assert len(plan(Sized(rows), [Recipe("mine")])) == shards  # type: ignore[arg-type]


def test_digest_tells_apart_whatever_gives_other_bytes(corpus: Source) -> None:
    base = plan(corpus, [Recipe("a"), Recipe("b", ratio=1.0)])[0]
    others = [
        replace(base, stop=base.stop - 1),
        replace(base, start=1),
        replace(base, count=2),
        replace(base, count=2, index=1),
        replace(base, recipes=(Recipe("a"),)),
        replace(base, recipes=(Recipe("a", seed=1), Recipe("b", ratio=1.0))),
        replace(base, recipes=(Recipe("c"), Recipe("b", ratio=1.0))),
        replace(base, recipes=(Recipe("a", ratio=1.0), Recipe("b"))),
        *(replace(base, source=source) for source in _changed(corpus)),
    ]
    assert len({spec.digest for spec in [base, *others]}) == len(others) + 1


def _changed(corpus: Source) -> list[Source]:
    names = ("config", "digest", "repo", "revision", "split")
    facts = {name: getattr(corpus, name) for name in names}
    return [Sized(len(corpus), **{**facts, key: "other"}) for key in facts]  # type: ignore[arg-type, list-item]


def test_digest_survives_pickling_and_the_order_of_recipes(specs: list[ShardSpec]) -> None:
    spec = specs[1]
    assert pickle.loads(pickle.dumps(spec)).digest == spec.digest
    assert replace(spec, recipes=spec.recipes[::-1]).digest == spec.digest


def test_plan_refuses_what_cannot_be(corpus: Source) -> None:
    with pytest.raises(RecipeError, match="distinct"):
        plan(corpus, [Recipe("mine"), Recipe("mine", seed=1)])
    with pytest.raises(BuildError, match="index must be from 0 to count - 1; found 1 of 1"):
        replace(plan(corpus, [Recipe("mine")])[0], index=1)
    with pytest.raises(BuildError, match="found rows 99 to 41"):
        replace(plan(corpus, [Recipe("mine")])[0], start=99)
    with pytest.raises(RecipeError, match="at least one recipe"):
        plan(corpus, [])
    with pytest.raises(RecipeError, match="limit must be 0 or more"):
        plan(corpus, [Recipe("mine")], limit=-1)
    with pytest.raises(RecipeError, match="position must be one of"):
        plan(corpus, [Recipe("mine", position="centre")])
