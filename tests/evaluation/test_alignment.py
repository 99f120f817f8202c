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
    attention_on_images,
    attention_share,
    frechet_distance,
    image_homogenisation,
    mean_cosine,
    modality_integration_rate,
    pairwise_distance,
    span_mask,
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
    result = frechet_distance(zero, first, zero, second)
    assert result == pytest.approx(u @ u + v @ v - 2 * abs(u @ v), rel=1e-5, abs=1e-5)
    assert result == pytest.approx(frechet_distance(zero, second, zero, first), rel=1e-5, abs=1e-5)
    assert result >= 0


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


@given(seeds)
def test_only_the_tokens_under_a_mask_count(seed: int) -> None:
    """The words of a chat template are not the question's: left in, they alone can decide the distance."""
    draw = np.random.default_rng(seed)
    question, template, image = draw.normal(size=(4, 5)), draw.normal(size=(30, 5)) + 9, draw.normal(size=(6, 5))
    mask = np.array([False] * 20 + [True] * 4 + [False] * 10)
    states = np.concatenate([template[:20], question, template[20:]])
    distance = pairwise_distance(states, image, text_mask=mask)
    assert distance == pytest.approx(pairwise_distance(question, image))
    other = np.array([True, True, False, False, False, False])
    assert pairwise_distance(question, image, image_mask=other) == pytest.approx(
        pairwise_distance(question, image[:2])
    )
    for wrong in (mask[1:], mask.astype(int), np.zeros((34, 1), bool)):
        with pytest.raises(RecipeError, match="text_mask must be booleans of shape"):
            pairwise_distance(states, image, text_mask=wrong)
    with pytest.raises(RecipeError, match="each side must have a token"):
        pairwise_distance(states, image, text_mask=np.zeros(34, bool))


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
    text = np.concatenate([each.text[layer] for each in samples])
    image = np.concatenate([each.image[layer] for each in samples])
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
    result = modality_integration_rate(samples)
    expected = [reference_rate(samples, layer) for layer in range(3)]
    assert result.per_layer == pytest.approx(expected, rel=1e-8)
    assert result.mean == pytest.approx(np.mean(expected))
    assert result.log10_sum == pytest.approx(np.log10(np.sum(expected)))
    assert result.outliers[0] >= 1
    assert result.outliers[1] >= 1
    assert modality_integration_rate(samples, outliers="keep").mean > 10 * result.mean


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
    result = modality_integration_rate(samples).per_layer
    scaled = [TokenStates(each.text * scale, each.image * scale) for each in samples]
    assert modality_integration_rate(scaled).per_layer == pytest.approx(result, rel=1e-6)
    assert modality_integration_rate(samples[::-1], layers_at_once=1).per_layer == pytest.approx(result, rel=1e-9)
    joined = TokenStates(
        np.concatenate([each.text for each in samples], axis=1),
        np.concatenate([each.image for each in samples], axis=1),
    )
    assert modality_integration_rate(lambda: iter([joined]), layers_at_once=2).per_layer == pytest.approx(
        result, rel=1e-9
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


def released_rate(samples: list[TokenStates], layer: int) -> float:
    """What the authors' released code computes in its accurate mode, written out with torch's own kind of median."""
    text = np.concatenate([sample.text[layer] for sample in samples])
    image = np.concatenate([sample.image[layer] for sample in samples])
    factor = 1 / np.linalg.norm(text, axis=1).mean()

    def lower_median(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.sort(values, axis=0)[(len(values) - 1) // 2])

    sides = []
    for tokens in (image * factor, text * factor):
        norms = np.linalg.norm(tokens, axis=1)
        outliers = np.abs(norms - lower_median(norms)) > 3 * norms.std(ddof=1)
        changed = tokens.copy()
        changed[outliers] = lower_median(tokens)
        sides.append((changed.mean(axis=0), np.cov(changed.T)))
    (m, c), (n, d) = sides
    return float(((m - n) ** 2).sum() + np.trace(c + d - 2 * np.real(sqrtm(c @ d))))


@pytest.mark.parametrize("layers_at_once", [None, 2])
def test_the_rate_of_the_released_code_can_be_had(layers_at_once: int | None) -> None:
    draw = np.random.default_rng(8)
    samples = [sample(draw, shift=0.5) for _ in range(6)]
    samples[0].text[1, 0] = 1e3
    samples[4].image[2, 1] = -1e3
    rate = modality_integration_rate(samples, outliers="median", layers_at_once=layers_at_once)
    assert rate.per_layer == pytest.approx([released_rate(samples, layer) for layer in range(3)], rel=1e-8)
    assert rate.outliers[0] >= 1
    assert rate.per_layer != pytest.approx(modality_integration_rate(samples).per_layer, rel=1e-3)
    with pytest.raises(RecipeError, match="outliers must be one of remove, median, keep"):
        modality_integration_rate(samples, outliers="mean")


# -- token masks -----------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([0, 1, 2, 9, 9, 9]), min_size=1, max_size=40), st.integers(0, 5))
def test_masks_are_disjoint_and_leave_out_padding_and_special_tokens(ids: list[int], padding: int) -> None:
    alive = [1] * len(ids) + [0] * padding
    masks = token_masks(ids + [9] * padding, image_token_id=9, special_ids={0}, attention_mask=alive)
    assert not (masks.text & masks.image).any()
    assert masks.image.tolist() == [each == 9 for each in ids] + [False] * padding
    assert masks.text.tolist() == [each in (1, 2) for each in ids] + [False] * padding


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
    first_centred, second_centred = (
        (states - states.mean(axis=0)) / np.sqrt(tokens - 1) for states in (first, second)
    )
    shift = first.mean(axis=0) - second.mean(axis=0)
    overlap = np.linalg.svd(first_centred @ second_centred.T, compute_uv=False).sum()
    expected = shift @ shift + (first_centred**2).sum() + (second_centred**2).sum() - 2 * overlap
    result = frechet_distance(first.mean(axis=0), np.cov(first.T), second.mean(axis=0), np.cov(second.T))
    assert result == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("second", [3, 9])
def test_samples_that_change_between_readings_have_no_rate(second: int) -> None:
    """With fewer tokens the second time, a rate came out, of other tokens than the norms were of."""
    draw = np.random.default_rng(0)

    def states(tokens: int) -> TokenStates:
        return TokenStates(draw.normal(size=(2, tokens, 4)), draw.normal(size=(2, tokens, 4)))

    readings = iter([[states(5)], [states(second)]])
    with pytest.raises(RecipeError, match="the same tokens each time"):
        modality_integration_rate(lambda: next(readings))


def test_a_part_of_the_text_is_found_by_its_characters() -> None:
    text = "<s>user\nIs 7 prime?<end>"
    pieces = ["<s>", "user", "\n", "Is", " 7", " prime", "?", "<end>"]
    ends = np.cumsum([len(piece) for piece in pieces])
    offsets = [(0, 0) if piece == "<s>" else (end - len(piece), end) for piece, end in zip(pieces, ends, strict=True)]
    start = text.index("Is")
    mask = span_mask(offsets, start, text.index("<end>"))
    assert [piece for piece, each in zip(pieces, mask, strict=True) if each] == ["Is", " 7", " prime", "?"]
    masks = token_masks(range(8), image_token_id=99, special_ids={6}, within=mask)
    assert masks.text.nonzero()[0].tolist() == [3, 4, 5]
    with pytest.raises(RecipeError, match="no token holds a character from 900"):
        span_mask(offsets, 900, 901)
    with pytest.raises(RecipeError, match=r"offsets must have shape \(n, 2\)"):
        span_mask([1, 2], 0, 1)
    with pytest.raises(RecipeError, match=r"within must be booleans of shape \(8,\)"):
        token_masks(range(8), image_token_id=99, within=[1] * 8)


# -- from layer to layer ---------------------------------------------------------------------------------------------


@given(seeds, st.integers(2, 30))
def test_the_mean_cosine_is_that_over_all_pairs(seed: int, count: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, 6)) + 0.3
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = (unit @ unit.T)[np.triu_indices(count, 1)]
    assert mean_cosine(vectors) == pytest.approx(pairs.mean(), abs=1e-12)


def test_known_mean_cosines() -> None:
    """Orthogonal: 0; a simplex of n: -1 / (n - 1); a common part c beside noise of variance 1: c^2 / (c^2 + d)."""
    assert mean_cosine(np.eye(7)) == pytest.approx(0)
    assert mean_cosine(np.eye(7) - 1 / 7) == pytest.approx(-1 / 6)
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(4000, 100))
    vectors[:, 0] += 10
    assert mean_cosine(vectors) == pytest.approx(100 / 200, abs=0.01)
    for wrong in (np.ones((1, 3)), np.zeros((3, 3)), np.full((3, 3), np.nan), np.ones(3)):
        with pytest.raises(RecipeError, match="vectors must"):
            mean_cosine(wrong)


def test_homogenisation_is_averaged_over_samples_by_layer() -> None:
    draw = np.random.default_rng(2)
    samples = [sample(draw) for _ in range(4)]
    lonely = TokenStates(draw.normal(size=(3, 2, 4)), draw.normal(size=(3, 1, 4)))
    profile = image_homogenisation(iter([*samples, lonely]))
    expected = [np.mean([mean_cosine(each.image[layer]) for each in samples]) for layer in range(3)]
    assert profile.per_layer == pytest.approx(expected)
    assert profile.samples == 4
    with pytest.raises(RecipeError, match="two image tokens; found none"):
        image_homogenisation([lonely])
    with pytest.raises(RecipeError, match=r"the same layers; found \[2, 3\]"):
        image_homogenisation([samples[0], sample(draw, layers=2)])


@given(seeds)
def test_shares_of_attention_add_up_to_one(seed: int) -> None:
    draw = np.random.default_rng(seed)
    weights = draw.random((2, 3, 8, 8))
    weights /= weights.sum(axis=3, keepdims=True)
    queries, keys = draw.random(8) < 0.5, draw.random(8) < 0.5
    queries[0] = True
    share = attention_share(weights, queries, keys)
    assert (share + attention_share(weights, queries, ~keys)) == pytest.approx(np.ones(2))
    written = [
        np.mean([weights[layer, head, q][keys].sum() for head in range(3) for q in np.flatnonzero(queries)])
        for layer in range(2)
    ]
    assert share == pytest.approx(written)


def test_even_attention_falls_on_images_by_their_number() -> None:
    even = np.full((2, 1, 10, 10), 0.1)
    keys = np.arange(10) < 3
    assert attention_share(even, np.ones(10, bool), keys).tolist() == pytest.approx([0.3, 0.3])
    states = TokenStates(np.zeros((2, 1, 1)), np.zeros((2, 1, 1)), np.array([0.3, 0.1]))
    bare = TokenStates(np.zeros((2, 1, 1)), np.zeros((2, 1, 1)))
    assert attention_on_images([states, bare]).per_layer == (0.3, 0.1)
    with pytest.raises(RecipeError, match="no sample holds attention"):
        attention_on_images([bare])
    with pytest.raises(RecipeError, match=r"image_attention must have shape \(2,\)"):
        TokenStates(np.zeros((2, 1, 1)), np.zeros((2, 1, 1)), np.zeros(3))
    with pytest.raises(RecipeError, match="attention must have shape"):
        attention_share(even[0], keys, keys)
    with pytest.raises(RecipeError, match="queries must hold a token"):
        attention_share(even, np.zeros(10, bool), keys)
