"""ReAlign: what its formulae promise, against the formulae written out over all embeddings at once."""

import datasets
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ortho_group

from lomo_hf.errors import RecipeError
from lomo_hf.related_methods import EmbeddingMoments, ReAlign, fit_realign, realign_column

seeds = st.integers(0, 2**32 - 1)


def unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def embeddings(seed: int, size: int = 6) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return draw.normal(size=(50, size)) + draw.normal(size=size), draw.normal(size=(70, size)) * 3 + 1


def fitted(images: np.ndarray, texts: np.ndarray, blocks: int = 1) -> ReAlign:
    return fit_realign(np.array_split(images, blocks), lambda: np.array_split(texts, blocks))


@given(seeds)
def test_each_step_is_its_formula_written_out(seed: int) -> None:
    images, texts = embeddings(seed)
    x, y = unit(images), unit(texts)
    mx, my = x.mean(axis=0), y.mean(axis=0)
    scale = np.sqrt(((x - mx) ** 2).sum(axis=1).mean() / ((y - my) ** 2).sum(axis=1).mean())
    traced = mx + scale * (y - my)
    projected = unit(traced)
    moved = projected - projected.mean(axis=0) + mx
    align = fitted(images, texts)
    assert np.allclose(align(texts, step="anchor"), y - my + mx)
    assert np.allclose(align(texts, step="trace"), traced)
    assert np.allclose(align(texts, unit=False), moved)
    assert np.allclose(align(texts), unit(moved))


@given(seeds)
def test_anchor_and_trace_match_mean_and_trace_of_the_images(seed: int) -> None:
    images, texts = embeddings(seed)
    align, x = fitted(images, texts), unit(images)
    for step in ("anchor", "trace"):
        assert np.allclose(align(texts, step=step).mean(axis=0), x.mean(axis=0))
    assert np.allclose(align(texts, unit=False).mean(axis=0), x.mean(axis=0))
    moved = align(texts, step="trace")
    spread = [((each - each.mean(axis=0)) ** 2).sum(axis=1).mean() for each in (moved, x)]
    assert spread[0] == pytest.approx(spread[1])


@given(seeds, st.integers(2, 20))
def test_the_fit_does_not_depend_on_blocks_order_or_length_of_embeddings(seed: int, blocks: int) -> None:
    images, texts = embeddings(seed)
    whole = fitted(images, texts)
    draw = np.random.default_rng(seed)
    stretched = draw.permutation(texts) * draw.uniform(0.1, 10, size=(70, 1))
    for other in (fitted(images, texts, blocks), fitted(images[::-1] * 7, stretched)):
        assert np.allclose(other(texts), whole(texts))


@given(seeds)
def test_turning_the_space_turns_the_result(seed: int) -> None:
    images, texts = embeddings(seed)
    turn = ortho_group.rvs(6, random_state=seed % 1000)
    for step in ("anchor", "trace", "centroid"):
        turned = fitted(images @ turn, texts @ turn)(texts @ turn, step=step)
        assert np.allclose(turned, fitted(images, texts)(texts, step=step) @ turn)


@given(seeds)
def test_texts_that_lie_where_the_images_do_stay(seed: int) -> None:
    images, _ = embeddings(seed)
    align = fitted(images, images)
    for step in ("anchor", "trace", "centroid"):
        assert np.allclose(align(images, step=step), unit(images))


def test_workers_merge_to_the_same_moments() -> None:
    _, texts = embeddings(1)
    whole, left, right = EmbeddingMoments(), EmbeddingMoments(), EmbeddingMoments()
    whole.add(texts)
    left.add(texts[:31])
    right.add(texts[31:])
    left.merge(right)
    left.merge(EmbeddingMoments())
    assert left.count == whole.count
    assert np.allclose(left.mean, whole.mean)
    assert left.trace == pytest.approx(whole.trace)


def test_a_column_is_moved_by_map_in_float64() -> None:
    images, texts = embeddings(2)
    align = fitted(images, texts)
    rows = datasets.Dataset.from_dict({"id": list(range(70)), "embedding": texts.tolist()})
    moved = rows.map(realign_column(align, out="moved"), batched=True, batch_size=13)
    assert np.allclose(moved["moved"][:], align(texts))
    assert str(moved.features["moved"].feature.dtype) == "float64"
    assert moved["embedding"][:] == texts.tolist()


def test_embeddings_that_have_no_direction_are_named() -> None:
    images, texts = embeddings(3)
    align = fitted(images, texts)
    for bad in (np.zeros((1, 6)), np.full((1, 6), np.nan)):
        with pytest.raises(RecipeError, match="finite and not zero"):
            align(bad)
    with pytest.raises(RecipeError, match="must have 6 numbers; found 5"):
        align(np.ones((1, 5)))
    with pytest.raises(RecipeError, match="step must be one of"):
        align(texts, step="scale")
    with pytest.raises(RecipeError, match="their trace is zero"):
        fitted(images, np.ones((4, 6)))
    used_up = iter([texts])
    with pytest.raises(RecipeError, match="same blocks twice"):
        fit_realign([images], lambda: used_up)
