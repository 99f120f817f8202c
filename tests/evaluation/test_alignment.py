"""Alignment metrics: closed forms, numpy's covariance, and scipy's square root of a matrix as oracles."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.stats import ortho_group

from lomo_hf.errors import RecipeError
from lomo_hf.evaluation import (
    Moments,
    TokenStates,
    frechet_distance,
    modality_integration_rate,
    pairwise_distance,
    token_masks,
)

seeds = st.integers(0, 2**32 - 1)


def covariance(draw: np.random.Generator, size: int, rank: int | None = None) -> np.ndarray:
    factor = draw.normal(size=(size, rank or size))
    return np.asarray(factor @ factor.T)


def sample(draw: np.random.Generator, shift: float = 0.0, layers: int = 3, width: int = 4) -> TokenStates:
    text = draw.normal(size=(layers, int(draw.integers(5, 40)), width)) + 1
    return TokenStates(text, draw.normal(size=(layers, int(draw.integers(5, 40)), width)) * 2 + shift)


# -- moments and distances -------------------------------------------------------------------------------------------


@given(seeds, st.floats(0, 1e8))
def test_streamed_moments_are_those_of_numpy(seed: int, offset: float) -> None:
    draw = np.random.default_rng(seed)
    vectors = draw.normal(size=(60, 3)) + offset
    moments, other = Moments(), Moments()
    for block in np.array_split(vectors[:40], 4):
        moments.add(block)
    other.add(vectors[40:])
    moments.add(np.zeros((0, 3)))
    moments.merge(other)
    assert moments.count == 60
    assert np.allclose(moments.mean, vectors.mean(axis=0), rtol=1e-12)
    assert np.allclose(moments.covariance(), np.cov(vectors.T), rtol=1e-6, atol=1e-8)


@given(seeds, st.integers(1, 6))
def test_frechet_distance_is_that_of_scipy(seed: int, size: int) -> None:
    draw = np.random.default_rng(seed)
    first, second = covariance(draw, size), covariance(draw, size)
    means = draw.normal(size=(2, size))
    root = np.real(sqrtm(first @ second))
    expected = ((means[0] - means[1]) ** 2).sum() + np.trace(first + second - 2 * root)
    assert frechet_distance(means[0], first, means[1], second) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_frechet_distance_closed_forms() -> None:
    """Diagonal Gaussians: |m1 - m2|^2 + sum (s1 - s2)^2; equal ones: 0; commuting ones by their eigenvalues."""
    draw = np.random.default_rng(0)
    s, t, shift = draw.uniform(0.1, 3, 5), draw.uniform(0.1, 3, 5), draw.normal(size=5)
    expected = (shift**2).sum() + ((s - t) ** 2).sum()
    assert frechet_distance(shift, np.diag(s**2), np.zeros(5), np.diag(t**2)) == pytest.approx(expected)
    turn = ortho_group.rvs(5, random_state=1)
    turned = [turn @ np.diag(v**2) @ turn.T for v in (s, t)]
    assert frechet_distance(turn @ shift, turned[0], np.zeros(5), turned[1]) == pytest.approx(expected)
    assert frechet_distance(shift, turned[0], shift, turned[0]) == pytest.approx(0, abs=1e-6)


@given(seeds)
def test_frechet_distance_takes_singular_covariances(seed: int) -> None:
    """Of rank 1, along u and v: tr((C1 C2)^(1/2)) = |u . v|. It is symmetric and never below zero."""
    draw = np.random.default_rng(seed)
    u, v = draw.normal(size=(2, 6))
    zero = np.zeros(6)
    first, second = np.outer(u, u), np.outer(v, v)
    found = frechet_distance(zero, first, zero, second)
    assert found == pytest.approx(u @ u + v @ v - 2 * abs(u @ v), rel=1e-5, abs=1e-5)
    assert found == pytest.approx(frechet_distance(zero, second, zero, first), rel=1e-5, abs=1e-5)
    assert found >= 0


@given(seeds)
def test_pairwise_distance_is_one_minus_the_cosine_of_means(seed: int) -> None:
    draw = np.random.default_rng(seed)
    text, image = draw.normal(size=(7, 5)) + 1, draw.normal(size=(9, 5)) - 0.5
    means = text.mean(axis=0), image.mean(axis=0)
    expected = 1 - means[0] @ means[1] / (np.linalg.norm(means[0]) * np.linalg.norm(means[1]))
    assert pairwise_distance(text, image) == pytest.approx(expected)
    assert pairwise_distance(image * 3, text * 0.1) == pytest.approx(expected)
    assert pairwise_distance(text, text[::-1]) == pytest.approx(0, abs=1e-12)
    assert pairwise_distance(text, -text) == pytest.approx(2)


def test_pairwise_distance_sums_halves_in_full_precision() -> None:
    """In float16 a mean over 70,000 tokens of 2 would overflow."""
    assert pairwise_distance(np.full((70_000, 2), 2, np.float16), np.full((3, 2), 1, np.float16)) < 1e-15


@pytest.mark.parametrize(
    ("text", "image", "says"),
    [
        (np.zeros((2, 3)), np.ones((2, 3)), "must not be zero"),
        (np.ones((2, 3)), np.ones((2, 4)), "same width"),
        (np.ones((0, 3)), np.ones((2, 3)), "must have a token"),
        (np.ones(3), np.ones((2, 3)), r"shape \(n, d\)"),
        (np.full((1, 3), np.nan), np.ones((2, 3)), "must be finite"),
    ],
)
def test_states_that_have_no_distance_are_named(text: np.ndarray, image: np.ndarray, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        pairwise_distance(text, image)


# -- the modality integration rate -----------------------------------------------------------------------------------


def reference_rate(samples: list[TokenStates], layer: int) -> float:
    """The formula written out over all tokens at once, with scipy's square root."""
    text = np.concatenate([one.text[layer] for one in samples])
    image = np.concatenate([one.image[layer] for one in samples])
    scale = 1 / np.linalg.norm(text, axis=1).mean()
    sides = []
    for tokens in (text * scale, image * scale):
        norms = np.linalg.norm(tokens, axis=1)
        kept = tokens[np.abs(norms - np.median(norms)) <= 3 * norms.std(ddof=1)]
        sides.append((kept.mean(axis=0), np.cov(kept.T)))
    (m, c), (n, d) = sides
    return float(((m - n) ** 2).sum() + np.trace(c + d - 2 * np.real(sqrtm(c @ d))))


def test_the_rate_is_the_formula_written_out() -> None:
    draw = np.random.default_rng(3)
    samples = [sample(draw, shift=0.5) for _ in range(6)]
    samples[0].text[1, 0] = 1e4  # outliers, one in each modality
    samples[4].image[2, 1] = -1e4
    found = modality_integration_rate(samples)
    expected = [reference_rate(samples, layer) for layer in range(3)]
    assert found.per_layer == pytest.approx(expected, rel=1e-8)
    assert found.mean == pytest.approx(np.mean(expected))
    assert found.log10_sum == pytest.approx(np.log10(np.sum(expected)))
    assert found.outliers[0] >= 1
    assert found.outliers[1] >= 1
    assert modality_integration_rate(samples, outliers="keep").mean > 10 * found.mean


@pytest.mark.parametrize("distance", [0.5, 100.0, 1e9])
@pytest.mark.parametrize(("tokens", "outliers"), [(8, 0), (10, 1)])
def test_an_outlier_is_more_than_three_deviations_from_the_median(tokens: int, outliers: int, distance: float) -> None:
    """n - 1 equal norms and one `t` larger: the deviation with n - 1 is t / sqrt(n), so t is more than three of it for
    n > 9, whatever t. With n instead, a token of 8 would go; with the mean for the median, that of 10 would stay."""
    states = np.zeros((1, tokens, 2))
    states[0, :, 0] = 1
    states[0, -1, 0] += distance
    even = np.zeros((1, 20, 2))
    even[0, :, 1] = 1
    assert modality_integration_rate([TokenStates(states, even)]).outliers == (outliers, 0)
    assert modality_integration_rate([TokenStates(even, states)]).outliers == (0, outliers)


def test_the_rate_of_known_gaussians_is_their_distance() -> None:
    """Text N(0, I), image N(m, 4 I) in 3 dimensions: (|m|^2 + 3) / E|t|^2, with E|t| = 2 sqrt(2 / pi)."""
    draw = np.random.default_rng(5)
    shift = np.array([1.0, -2.0, 0.5])
    states = TokenStates(draw.normal(size=(1, 200_000, 3)), draw.normal(size=(1, 200_000, 3)) * 2 + shift)
    expected = (shift @ shift + 3) / (8 / np.pi)
    assert modality_integration_rate([states], outliers="keep").mean == pytest.approx(expected, rel=0.02)


@given(seeds, st.floats(1e-3, 1e3))
def test_the_rate_does_not_depend_on_scale_grouping_or_order(seed: int, scale: float) -> None:
    draw = np.random.default_rng(seed)
    samples = [sample(draw) for _ in range(3)]
    found = modality_integration_rate(samples).per_layer
    scaled = [TokenStates(one.text * scale, one.image * scale) for one in samples]
    assert modality_integration_rate(scaled).per_layer == pytest.approx(found, rel=1e-6)
    assert modality_integration_rate(samples[::-1], layers_at_once=1).per_layer == pytest.approx(found, rel=1e-9)
    joined = TokenStates(
        np.concatenate([one.text for one in samples], axis=1), np.concatenate([one.image for one in samples], axis=1)
    )
    assert modality_integration_rate(lambda: iter([joined]), layers_at_once=2).per_layer == pytest.approx(
        found, rel=1e-9
    )


def test_an_iterator_is_refused_before_it_is_used_up() -> None:
    def samples() -> Iterator[TokenStates]:
        yield sample(np.random.default_rng(0))

    with pytest.raises(RecipeError, match="read more than once"):
        modality_integration_rate(samples())  # type: ignore[arg-type]
    assert modality_integration_rate(samples).mean > 0


def test_samples_that_do_not_fit_are_named() -> None:
    draw = np.random.default_rng(0)
    with pytest.raises(RecipeError, match="same layers and width"):
        modality_integration_rate([sample(draw), sample(draw, width=5)])
    with pytest.raises(RecipeError, match="at least 2 image tokens"):
        modality_integration_rate([TokenStates(np.ones((1, 3, 2)), np.ones((1, 1, 2)))])
    with pytest.raises(RecipeError, match="must have shape"):
        TokenStates(np.ones((1, 3, 2)), np.ones((2, 3, 2)))
    with pytest.raises(RecipeError, match="found none"):
        modality_integration_rate([])


# -- token masks -----------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([0, 1, 2, 9, 9, 9]), min_size=1, max_size=40), st.integers(0, 5))
def test_masks_are_disjoint_and_leave_out_padding_and_special_tokens(ids: list[int], padding: int) -> None:
    alive = [1] * len(ids) + [0] * padding
    masks = token_masks(ids + [9] * padding, image_token_id=9, special_ids={0}, attention_mask=alive)
    assert not (masks.text & masks.image).any()
    assert masks.image.tolist() == [one == 9 for one in ids] + [False] * padding
    assert masks.text.tolist() == [one in (1, 2) for one in ids] + [False] * padding


def test_one_of_several_images_can_be_chosen() -> None:
    ids = [5, 9, 9, 5, 9, 9, 9, 5, 9]
    chosen = [token_masks(ids, image_token_id=9, image=at).image.nonzero()[0].tolist() for at in (0, 1, -1)]
    assert chosen == [[1, 2], [4, 5, 6], [8]]
    with pytest.raises(RecipeError, match="one of the 3 images"):
        token_masks(ids, image_token_id=9, image=3)


@pytest.mark.parametrize(("tokens", "width"), [(10, 64), (30, 300)])
def test_frechet_distance_of_few_tokens_is_exact(tokens: int, width: int) -> None:
    """tr (C1 C2)^(1/2) is the nuclear norm of A B^T for C1 = A^T A, C2 = B^T B; no root of a small number is taken."""
    draw = np.random.default_rng(0)
    first = draw.normal(size=(tokens, width))
    second = first + draw.normal(size=(tokens, width)) / 100
    one, two = ((states - states.mean(axis=0)) / np.sqrt(tokens - 1) for states in (first, second))
    shift = first.mean(axis=0) - second.mean(axis=0)
    overlap = np.linalg.svd(one @ two.T, compute_uv=False).sum()
    expected = shift @ shift + (one**2).sum() + (two**2).sum() - 2 * overlap
    found = frechet_distance(first.mean(axis=0), np.cov(first.T), second.mean(axis=0), np.cov(second.T))
    assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("second", [3, 9])
def test_samples_that_change_between_readings_have_no_rate(second: int) -> None:
    """With fewer tokens the second time, a rate came out, of other tokens than the norms were of."""
    draw = np.random.default_rng(0)

    def states(tokens: int) -> TokenStates:
        return TokenStates(draw.normal(size=(2, tokens, 4)), draw.normal(size=(2, tokens, 4)))

    readings = iter([[states(5)], [states(second)]])
    with pytest.raises(RecipeError, match="the same tokens each time"):
        modality_integration_rate(lambda: next(readings))
