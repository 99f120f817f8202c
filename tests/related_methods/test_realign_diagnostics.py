"""Diagnostics of alignment, held against Gaussians of known spectra and sets that were put where they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import ortho_group

from lomo_hf.errors import RecipeError
from lomo_hf.related_methods import (
    cosine_divergence,
    diagnose_alignment,
    fit_realign,
    fixed_frame,
    gap_in_frame,
    mixing_rate,
    spectrum_of,
)

seeds = st.integers(0, 2**32 - 1)


def unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


# -- spectra ---------------------------------------------------------------------------------------------------------


@given(seeds, st.floats(0, 3), st.integers(2, 12))
def test_a_power_law_has_its_own_exponent(seed: int, exponent: float, size: int) -> None:
    turn = ortho_group.rvs(size, random_state=seed)
    values = np.arange(1, size + 1.0) ** -exponent
    spectrum = spectrum_of(turn @ np.diag(values) @ turn.T)
    assert spectrum.rank == size
    assert spectrum.trace == pytest.approx(values.sum())
    assert spectrum.condition_number == pytest.approx(size**exponent)
    assert spectrum.exponent == pytest.approx(exponent, abs=1e-6)
    shares = values / values.sum()
    assert spectrum.effective_rank == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def test_known_spectra() -> None:
    """Alike in k of d directions: rank k, effective rank k, condition 1, exponent 0. In one alone: 1. In none: 0."""
    for rank in (1, 3, 5):
        spectrum = spectrum_of(np.diag([2.0] * rank + [0.0] * (5 - rank)))
        assert (spectrum.rank, spectrum.condition_number, spectrum.exponent) == (
            rank,
            1.0,
            pytest.approx(0, abs=1e-12),
        )
        assert spectrum.effective_rank == pytest.approx(rank)
    assert spectrum_of(np.zeros((4, 4))).rank == 0
    for wrong in (np.ones((2, 3)), np.ones(3), np.full((2, 2), np.nan)):
        with pytest.raises(RecipeError, match="square and finite"):
            spectrum_of(wrong)


def test_a_sample_of_a_gaussian_has_nearly_its_spectrum() -> None:
    values = np.arange(1, 9.0) ** -1.5
    sample = np.random.default_rng(0).normal(size=(200_000, 8)) * np.sqrt(values)
    spectrum = spectrum_of(np.cov(sample.T))
    assert spectrum.exponent == pytest.approx(1.5, abs=0.02)
    assert spectrum.condition_number == pytest.approx(8**1.5, rel=0.03)


# -- the gap ---------------------------------------------------------------------------------------------------------


def pairs_of_known_gap(seed: int, pairs: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Images and texts of length 1 in six dimensions: meaning in the first two, a bias and noise in the others."""
    draw = np.random.default_rng(seed)
    angle = draw.uniform(0, 2 * np.pi, size=pairs)
    meaning = 0.6 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    image_rest = np.tile([0.8, 0.0, 0.0, 0.0], (pairs, 1))
    tilt = draw.normal(size=pairs) * 0.1
    text_rest = 0.8 * np.stack([np.zeros(pairs), np.cos(tilt), np.sin(tilt), np.zeros(pairs)], axis=1)
    return np.hstack([meaning, image_rest]), np.hstack([meaning, text_rest])


def test_bias_and_residual_come_out_as_they_were_put_in() -> None:
    images, texts = pairs_of_known_gap(0)
    gap = gap_in_frame(images, texts, np.eye(2, 6))
    rest = images[:, 2:] - texts[:, 2:]
    assert gap.bias_inside == pytest.approx(0, abs=1e-12)
    assert gap.bias_outside == pytest.approx(np.linalg.norm(rest.mean(axis=0)))
    assert gap.bias_outside == pytest.approx(0.8 * np.sqrt(2), abs=0.01)
    assert gap.residual_inside.rank == 0
    assert gap.residual_outside is not None
    assert gap.residual_outside.trace == pytest.approx(np.trace(np.cov(rest.T)))
    assert gap.residual_outside.trace == pytest.approx(0.64 * 0.01, rel=0.05)
    # Anisotropic: nearly all of it along one direction.
    assert gap.residual_outside.effective_rank < 1.1
    assert gap.residual_outside.condition_number > 50


@given(seeds)
def test_inside_and_outside_add_up_to_the_whole_gap(seed: int) -> None:
    draw = np.random.default_rng(seed)
    images, texts = draw.normal(size=(2, 60, 5)) + draw.normal(size=(2, 1, 5))
    frame = fixed_frame(images, texts, energy=0.6)
    gap, whole = gap_in_frame(images, texts, frame), gap_in_frame(images, texts, np.eye(5))
    assert np.hypot(gap.bias_inside, gap.bias_outside) == pytest.approx(whole.bias_inside)
    assert gap.residual_outside is not None
    assert gap.residual_inside.trace + gap.residual_outside.trace == pytest.approx(whole.residual_inside.trace)
    assert (whole.bias_outside, whole.residual_outside) == (pytest.approx(0, abs=1e-9), None)
    expected = unit(images).mean(axis=0) - unit(texts).mean(axis=0)
    assert whole.bias_inside == pytest.approx(np.linalg.norm(expected))


def test_the_frame_holds_what_varies_within_the_sets() -> None:
    images, texts = pairs_of_known_gap(1)
    frame = fixed_frame(images, texts)
    assert frame.shape == (2, 6)
    assert np.allclose(np.abs(frame @ np.eye(2, 6).T @ (np.eye(2, 6) @ frame.T)), np.eye(2), atol=1e-3)
    assert np.allclose(frame @ frame.T, np.eye(2))
    assert fixed_frame(images, texts, energy=1.0).shape[0] > 2
    for energy in (0, 1.5):
        with pytest.raises(RecipeError, match="energy must be above 0"):
            fixed_frame(images, texts, energy=energy)


def test_sets_that_do_not_fit_are_named() -> None:
    images, texts = pairs_of_known_gap(2, 20)
    with pytest.raises(RecipeError, match="must be paired; found 20 and 19"):
        gap_in_frame(images, texts[1:], np.eye(2, 6))
    with pytest.raises(RecipeError, match=r"frame must have shape \(r, 6\)"):
        gap_in_frame(images, texts, np.eye(2))
    with pytest.raises(RecipeError, match="must be orthonormal"):
        gap_in_frame(images, texts, 2 * np.eye(2, 6))
    with pytest.raises(RecipeError, match="one width; found 6 and 5"):
        gap_in_frame(images, texts[:, :5], np.eye(2, 6))
    with pytest.raises(RecipeError, match="at least 2 embeddings"):
        mixing_rate(images[:1], texts)
    with pytest.raises(RecipeError, match="neighbours must be from 1 to the 39 others"):
        mixing_rate(images, texts, neighbours=40)


# -- shapes and mixing -----------------------------------------------------------------------------------------------


def test_the_divergence_is_that_of_scipy_over_all_pairs() -> None:
    draw = np.random.default_rng(3)
    images, texts = draw.normal(size=(80, 5)), draw.normal(size=(90, 5)) + 0.7
    histograms = []
    for vectors in (unit(images), unit(texts)):
        cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
        histograms.append(np.histogram(cosines, bins=100, range=(-1, 1))[0])
    expected = jensenshannon(*histograms, base=2) ** 2
    assert cosine_divergence(images, texts) == pytest.approx(expected, abs=1e-9)
    drawn = cosine_divergence(images, texts, pairs=3000)
    assert drawn == cosine_divergence(images, texts, pairs=3000)
    assert drawn == pytest.approx(expected, abs=0.05)


def test_one_shape_diverges_little_wherever_it_lies() -> None:
    """Turned as a whole, a set keeps all its angles; pressed together, it does not."""
    draw = np.random.default_rng(4)
    images = draw.normal(size=(2000, 8)) + 1
    same = images @ ortho_group.rvs(8, random_state=0)
    assert cosine_divergence(images, same) == pytest.approx(0, abs=1e-9)
    assert cosine_divergence(images, draw.normal(size=(2000, 8)) + 1) < 0.01
    assert cosine_divergence(images, draw.normal(size=(2000, 8)) / 10 + 1) > 0.9


def test_mixing_is_none_apart_and_one_together() -> None:
    draw = np.random.default_rng(5)
    images = draw.normal(size=(1500, 6)) + 2
    assert mixing_rate(images, -images) == 0
    assert mixing_rate(images, draw.normal(size=(1500, 6)) + 2) == pytest.approx(1, abs=0.03)
    assert mixing_rate(images, draw.normal(size=(300, 6)) + 2) == pytest.approx(1, abs=0.08)  # of other sizes too
    between = mixing_rate(images, draw.normal(size=(1500, 6)) + np.array([2, 2, 2, 0, 0, 0]))
    assert 0.1 < between < 0.9
    assert mixing_rate(images, images + 1e-9, neighbours=1) > 1  # each has the other for its nearest


def test_realign_takes_the_bias_away_and_mixes_the_sets() -> None:
    """What ReAlign is for: the mean gap closes, the spread is that of the images, and the residual stays."""
    draw = np.random.default_rng(6)
    images = unit(draw.normal(size=(1200, 10)) * np.linspace(1, 0.2, 10) + np.eye(10)[0] * 3)
    texts = unit(draw.normal(size=(1200, 10)) * np.linspace(1, 0.2, 10) / 2 + np.eye(10)[1] * 3)
    frame = fixed_frame(images, texts)
    align = fit_realign([images], lambda: [texts])
    before = diagnose_alignment(images, texts, frame=frame)
    after = diagnose_alignment(images, align(texts), frame=frame)
    assert before.gap is not None
    assert after.gap is not None
    assert (
        np.hypot(after.gap.bias_inside, after.gap.bias_outside)
        < 0.02
        < 1.2
        < np.hypot(before.gap.bias_inside, before.gap.bias_outside)
    )
    assert before.mixing_rate < 0.02
    assert after.mixing_rate > 0.6
    assert after.cosine_divergence < before.cosine_divergence / 5
    assert after.texts.trace == pytest.approx(after.images.trace, rel=0.1)
    assert diagnose_alignment(images, texts[:700], paired=False).gap is None
