"""Is text where images are? The shape of the gap between two sets of embeddings, before and after ReAlign.

Source: the fixed-frame view of Yu et al., arXiv 2602.07026 (ReVision): in a frame that is held fixed, the gap between
an image and its text is a bias, the same for all pairs, and a residual, which differs and is not alike in all
directions. The authors have not released their diagnostics; the definitions below are ours, with the names of the
paper, so their figures cannot be expected to the digit. Embeddings are divided by their length first, as in ReAlign.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lomo_hf.errors import RecipeError
from lomo_hf.randomness import stream
from lomo_hf.related_methods.realign import unit_vectors

__all__ = [
    "AlignmentDiagnostics",
    "GapInFrame",
    "Spectrum",
    "cosine_divergence",
    "diagnose_alignment",
    "fixed_frame",
    "gap_in_frame",
    "mixing_rate",
    "spectrum_of",
]

Vectors = NDArray[np.float64]

_TINY: Final = 1e-12  # of the largest eigenvalue: what is smaller is rounding


@dataclass(frozen=True)
class Spectrum:
    """How a covariance spreads over its directions.

    Args:
        rank: How many directions have variance.
        trace: The variance in all of them.
        condition_number: The largest eigenvalue by the smallest that is not zero; 1 where all are alike.
        effective_rank: exp of the entropy of the eigenvalues' shares: the rank where all are alike, 1 where one is
            all.
        exponent: a in eigenvalue ~ rank^(-a), by least squares of the logarithms; 0 where all are alike.

    Source:
        Yu et al., arXiv 2602.07026; the exact definitions are ours.

    Example:
        >>> Spectrum(2, 2.0, 1.0, 2.0, 0.0).effective_rank
        2.0
    """

    rank: int
    trace: float
    condition_number: float
    effective_rank: float
    exponent: float


@dataclass(frozen=True)
class GapInFrame:
    """The gap of pairs, image less text, split by a frame: inside it what carries meaning, outside it the rest.

    Args:
        bias_inside: The length of the mean gap inside the frame.
        bias_outside: Its length outside.
        residual_inside: What varies from pair to pair inside the frame.
        residual_outside: What varies outside; None where the frame is the whole space.

    Source:
        Yu et al., arXiv 2602.07026: bias and residual in a fixed frame.

    Example:
        >>> GapInFrame(0.1, 0.6, Spectrum(2, 2.0, 1.0, 2.0, 0.0), None).bias_outside
        0.6
    """

    bias_inside: float
    bias_outside: float
    residual_inside: Spectrum
    residual_outside: Spectrum | None


@dataclass(frozen=True)
class AlignmentDiagnostics:
    """How far two sets of embeddings are from being one.

    Args:
        gap: The gap of pairs in the frame; None where images and texts are not paired.
        images: The spectrum of the images.
        texts: The spectrum of the texts.
        cosine_divergence: Between the cosines inside the images and inside the texts, from 0 (alike) to 1.
        mixing_rate: From 0 (apart) to about 1 (mixed).

    Source:
        Yu et al., arXiv 2602.07026; the exact definitions are ours.

    Example:
        >>> spectrum = Spectrum(2, 2.0, 1.0, 2.0, 0.0)
        >>> AlignmentDiagnostics(None, spectrum, spectrum, 0.0, 1.0).mixing_rate
        1.0
    """

    gap: GapInFrame | None
    images: Spectrum
    texts: Spectrum
    cosine_divergence: float
    mixing_rate: float


def diagnose_alignment(
    images: ArrayLike, texts: ArrayLike, *, frame: ArrayLike | None = None, paired: bool = True, neighbours: int = 10
) -> AlignmentDiagnostics:
    """All diagnostics of images against texts, or against texts that were moved.

    To compare before with after, keep the frame: `fixed_frame` of the embeddings as they were.

    Args:
        images: Image embeddings, (n, d).
        texts: Text embeddings, (m, d); with `paired`, the text of image i in row i.
        frame: Orthonormal directions, (r, d); None takes `fixed_frame(images, texts)`.
        paired: Whether rows belong together.
        neighbours: For `mixing_rate`.

    Returns:
        The diagnostics.

    Raises:
        RecipeError: Shapes do not fit, there are too few embeddings, or one has no direction.

    Source:
        Yu et al., arXiv 2602.07026.

    Example:
        >>> draw = np.random.default_rng(0)
        >>> images = draw.normal(size=(200, 8))
        >>> near = diagnose_alignment(images, images + 0.01 * draw.normal(size=(200, 8)))
        >>> far = diagnose_alignment(images, images + 3)
        >>> near.gap.bias_inside < far.gap.bias_inside, near.mixing_rate > far.mixing_rate
        (True, True)
    """
    pictures, words = _both(images, texts)
    directions = fixed_frame(pictures, words) if frame is None else np.asarray(frame, dtype=np.float64)
    return AlignmentDiagnostics(
        gap_in_frame(pictures, words, directions) if paired else None,
        spectrum_of(np.cov(pictures.T)),
        spectrum_of(np.cov(words.T)),
        cosine_divergence(pictures, words),
        mixing_rate(pictures, words, neighbours=neighbours),
    )


def fixed_frame(images: ArrayLike, texts: ArrayLike, *, energy: float = 0.9) -> Vectors:
    """The directions that hold most of what varies within both sets: the frame in which a gap is split.

    It is made once and held fixed, since a frame that moved with the embeddings would hide that they move.

    Args:
        images: Image embeddings, (n, d).
        texts: Text embeddings, (m, d).
        energy: The share of the variance within both sets (the mean of their covariances) that the frame is to hold.

    Returns:
        Orthonormal directions, (r, d), those of most variance first.

    Raises:
        RecipeError: The energy is not above 0 and at most 1, or the embeddings do not fit.

    Source:
        The frozen reference frame of Yu et al., arXiv 2602.07026; the share of 0.9 is ours.

    Example:
        >>> draw = np.random.default_rng(0)
        >>> plane = draw.normal(size=(500, 2)) @ np.eye(2, 6)
        >>> fixed_frame(plane, plane, energy=1.0).shape
        (2, 6)
    """
    if not 0 < energy <= 1:
        raise RecipeError(f"energy must be above 0 and at most 1; found {energy!r}. Write 0.9.")
    pictures, words = _both(images, texts)
    values, vectors = np.linalg.eigh((np.cov(pictures.T) + np.cov(words.T)) / 2)
    values, vectors = np.clip(values[::-1], 0, None), vectors[:, ::-1]
    held = np.cumsum(values) / values.sum()
    count = min(int(np.searchsorted(held, energy - 1e-9)) + 1, int((values > values[0] * _TINY).sum()))
    frame: Vectors = np.ascontiguousarray(vectors[:, :count].T)
    return frame


def gap_in_frame(images: ArrayLike, texts: ArrayLike, frame: ArrayLike) -> GapInFrame:
    """The gap of pairs, image less text, as bias and residual, inside a frame and outside it.

    Args:
        images: Image embeddings, (n, d).
        texts: Their texts' embeddings, (n, d), row by row.
        frame: Orthonormal directions, (r, d), as `fixed_frame` gives them.

    Returns:
        The parts.

    Raises:
        RecipeError: The sets are not paired, or the directions not orthonormal.

    Source:
        The fixed-frame decomposition of Yu et al., arXiv 2602.07026.

    Example:
        >>> images = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.6, 0.8, 0.0]])
        >>> texts = images @ np.diag([0.8, 0.8, 1.0]) + [0.0, 0.0, 0.6]
        >>> gap = gap_in_frame(images, texts, np.eye(2, 3))
        >>> round(gap.bias_outside, 6), round(gap.residual_outside.trace, 6)
        (0.6, 0.0)
    """
    pictures, words = _both(images, texts)
    if len(pictures) != len(words):
        raise RecipeError(f"images and texts must be paired; found {len(pictures)} and {len(words)}.")
    directions = np.asarray(frame, dtype=np.float64)
    width = pictures.shape[1]
    if directions.ndim != 2 or directions.shape[1] != width:
        raise RecipeError(f"frame must have shape (r, {width}); found {directions.shape}.")
    if not np.allclose(directions @ directions.T, np.eye(len(directions)), atol=1e-6):
        raise RecipeError("the directions of a frame must be orthonormal. Take them from fixed_frame.")
    gaps = pictures - words
    inside = gaps @ directions.T
    outside = gaps - inside @ directions
    return GapInFrame(
        float(np.linalg.norm(inside.mean(axis=0))),
        float(np.linalg.norm(outside.mean(axis=0))),
        spectrum_of(np.atleast_2d(np.cov(inside.T))),
        None if len(directions) == width else spectrum_of(np.cov(outside.T)),
    )


def spectrum_of(covariance: ArrayLike) -> Spectrum:
    """How a covariance spreads over its directions.

    Args:
        covariance: Symmetric, (d, d).

    Returns:
        Rank, trace, condition number, effective rank and spectral exponent; all zero of a covariance that is zero.

    Raises:
        RecipeError: It is not square, or not finite.

    Source:
        Roy and Vetterli, EUSIPCO 2007, for the effective rank.

    Example:
        >>> spectrum = spectrum_of(np.diag([1.0, 1 / 4, 1 / 9]))
        >>> spectrum.rank, round(spectrum.condition_number, 6), round(spectrum.exponent, 6)
        (3, 9.0, 2.0)
    """
    matrix = np.asarray(covariance, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise RecipeError(f"a covariance must be square and finite; found shape {matrix.shape}.")
    values = np.linalg.eigvalsh(matrix)[::-1]
    values = (
        values[values > max(values[0] * _TINY * len(values), 0.0)] if len(values) and values[0] > 0 else values[:0]
    )
    if not len(values) or values[0] < 1e-20:  # of embeddings of length 1, that is rounding
        return Spectrum(0, 0.0, 0.0, 0.0, 0.0)
    shares = values / values.sum()
    ranks = np.log(np.arange(1, len(values) + 1))
    exponent = -np.polyfit(ranks, np.log(values), 1)[0] if len(values) > 1 else 0.0
    return Spectrum(
        len(values),
        float(values.sum()),
        float(values[0] / values[-1]),
        float(np.exp(-(shares * np.log(shares)).sum())),
        float(exponent),
    )


def cosine_divergence(
    images: ArrayLike, texts: ArrayLike, *, pairs: int = 100_000, bins: int = 100, seed: int = 0
) -> float:
    """The Jensen-Shannon divergence, in bits, of the cosines between images and of those between texts.

    Two sets of one shape have it near 0, wherever they lie: it looks at angles within each set alone.

    Args:
        images: Image embeddings, (n, d).
        texts: Text embeddings, (m, d).
        pairs: How many pairs of each set are drawn, where it has more.
        bins: Of the histograms over -1 to 1.
        seed: Of the draw.

    Returns:
        From 0 to 1. Of few pairs it is biased upwards.

    Raises:
        RecipeError: There are fewer than two embeddings, or one has no direction.

    Source:
        Lin, IEEE Transactions on Information Theory 37 (1991).

    Example:
        >>> draw = np.random.default_rng(0)
        >>> around, narrow = draw.normal(size=(300, 9)), draw.normal(size=(300, 9)) / 9 + 1
        >>> cosine_divergence(around, around + 0), cosine_divergence(around, narrow) > 0.8
        (0.0, True)
    """
    sets = _both(images, texts)
    first, second = (_histogram(vectors, pairs, bins, seed) for vectors in sets)
    middle = (first + second) / 2
    return float(max(0.0, _entropy(middle) - (_entropy(first) + _entropy(second)) / 2))


def _histogram(vectors: Vectors, pairs: int, bins: int, seed: int) -> Vectors:
    count = len(vectors)
    if count * (count - 1) // 2 <= pairs:
        left, right = np.triu_indices(count, 1)
    else:
        draw = stream(seed, str(count), "cosines")
        left = draw.integers(0, count, size=pairs)
        right = (left + draw.integers(1, count, size=pairs)) % count  # never itself
    cosines = np.clip(np.einsum("nd,nd->n", vectors[left], vectors[right]), -1, 1)
    counts, _ = np.histogram(cosines, bins=bins, range=(-1, 1))
    shares: Vectors = counts / counts.sum()
    return shares


def _entropy(shares: Vectors) -> float:
    held = shares[shares > 0]
    return float(-(held * np.log2(held)).sum())


def mixing_rate(
    images: ArrayLike, texts: ArrayLike, *, neighbours: int = 10, most: int = 5_000, seed: int = 0
) -> float:
    """How mixed the sets lie: the share of an embedding's nearest that are of the other kind, by what chance gives.

    Args:
        images: Image embeddings, (n, d).
        texts: Text embeddings, (m, d).
        neighbours: How many of the nearest are looked at, by cosine.
        most: Of each set so many are drawn, where it has more.
        seed: Of the draw.

    Returns:
        0 where the sets lie apart, about 1 where they are drawn from one distribution.

    Raises:
        RecipeError: There are fewer embeddings than neighbours, or one has no direction.

    Source:
        The mixing that Yu et al., arXiv 2602.07026, look at; dividing by what chance gives is ours.

    Example:
        >>> draw = np.random.default_rng(0)
        >>> sets = draw.normal(size=(2, 400, 5))
        >>> mixing_rate(sets[0] + 9, sets[1] - 9), round(mixing_rate(*sets), 1)
        (0.0, 1.0)
    """
    pictures, words = (_drawn(vectors, most, seed) for vectors in _both(images, texts))
    union = np.concatenate([pictures, words])
    if isinstance(neighbours, bool) or not isinstance(neighbours, int) or not 1 <= neighbours < len(union):
        raise RecipeError(f"neighbours must be from 1 to the {len(union) - 1} others; found {neighbours!r}.")
    is_text = np.arange(len(union)) >= len(pictures)
    expected = np.where(is_text, len(pictures), len(words)) / (len(union) - 1)
    rates = np.empty(len(union))
    for start in range(0, len(union), 1_000):
        rows = np.arange(start, min(start + 1_000, len(union)))
        cosines = union[rows] @ union.T
        cosines[np.arange(len(rows)), rows] = -np.inf  # an embedding is not its own neighbour
        nearest = np.argpartition(-cosines, neighbours - 1, axis=1)[:, :neighbours]
        rates[rows] = (is_text[nearest] != is_text[rows][:, None]).mean(axis=1) / expected[rows]
    return float(rates.mean())


def _drawn(vectors: Vectors, most: int, seed: int) -> Vectors:
    if len(vectors) <= most:
        return vectors
    drawn: Vectors = vectors[stream(seed, str(len(vectors)), "mixing").permutation(len(vectors))[:most]]
    return drawn


def _both(images: ArrayLike, texts: ArrayLike) -> tuple[Vectors, Vectors]:
    pictures, words = unit_vectors(images), unit_vectors(texts)
    if pictures.shape[1] != words.shape[1]:
        raise RecipeError(f"images and texts must have one width; found {pictures.shape[1]} and {words.shape[1]}.")
    if len(pictures) < 2 or len(words) < 2:
        raise RecipeError(f"each side must have at least 2 embeddings; found {len(pictures)} and {len(words)}.")
    return pictures, words
