"""How far apart a model holds text and image: pairwise distance (equation 7) and the modality integration rate.

Both take hidden states as arrays, from whatever model; `collect_hidden_states` gets them from `transformers` models.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lomo_hf.errors import RecipeError
from lomo_hf.evaluation.alignment.moments import Moments, as_vectors

__all__ = ["IntegrationRate", "TokenStates", "frechet_distance", "modality_integration_rate", "pairwise_distance"]

OUTLIERS = ("remove", "median", "keep")
_SIGMAS = 3.0


def pairwise_distance(
    text_states: ArrayLike,
    image_states: ArrayLike,
    *,
    text_mask: ArrayLike | None = None,
    image_mask: ArrayLike | None = None,
) -> float:
    """d = 1 - cos(mean of the text tokens, mean of the rendered-image tokens), from 0 to 2.

    Args:
        text_states: Hidden states of the tokens of a text at the output of the first self-attention layer, (n, d).
        image_states: Those of the tokens of its rendered image, (m, d).
        text_mask: Which text tokens count, (n,), bool: the question's own, without the words of a chat template. All
            by default.
        image_mask: Which image tokens count, (m,), bool.

    Returns:
        The distance.

    Raises:
        RecipeError: A side has no tokens or another width, a mask has another shape, or a mean is zero.

    Source:
        LoMo, equation 7.

    Example:
        >>> pairwise_distance([[1.0, 0.0], [3.0, 0.0]], [[0.0, 5.0]])
        1.0
        >>> pairwise_distance([[1.0, 0.0], [0.0, 3.0]], [[0.0, 5.0]], text_mask=[False, True])
        0.0
    """
    text = _counted(as_vectors(text_states, "text_states"), text_mask, "text_mask")
    image = _counted(as_vectors(image_states, "image_states"), image_mask, "image_mask")
    if text.shape[1] != image.shape[1]:
        raise RecipeError(f"text and image states must have the same width; found {text.shape[1]}, {image.shape[1]}.")
    if not len(text) or not len(image):
        raise RecipeError(f"each side must have a token; found {len(text)} of text and {len(image)} of image.")
    first, second = text.mean(axis=0), image.mean(axis=0)
    lengths = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    if lengths == 0:
        raise RecipeError("the mean of each side must not be zero, for it has no direction then.")
    return float(1 - np.clip(first @ second / lengths, -1, 1))


def _counted(states: NDArray[np.float64], mask: ArrayLike | None, name: str) -> NDArray[np.float64]:
    if mask is None:
        return states
    chosen = np.asarray(mask)
    if chosen.shape != states.shape[:1] or chosen.dtype != np.bool_:
        raise RecipeError(
            f"{name} must be booleans of shape ({len(states)},); found {chosen.dtype} of shape {chosen.shape}."
        )
    counted: NDArray[np.float64] = states[chosen]
    return counted


def frechet_distance(
    first_mean: ArrayLike, first_covariance: ArrayLike, second_mean: ArrayLike, second_covariance: ArrayLike
) -> float:
    """The squared Frechet distance of two Gaussians, as in FID:

        |m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1 C2)^(1/2))

    The last trace is the sum of the square roots of the eigenvalues of C1^(1/2) C2 C1^(1/2), which is symmetric, so
    covariances that are singular need no regularisation and no complex part has to be thrown away.

    Args:
        first_mean: m1, (d,).
        first_covariance: C1, (d, d), symmetric.
        second_mean: m2, (d,).
        second_covariance: C2, (d, d), symmetric.

    Returns:
        The squared distance; never below 0.

    Raises:
        RecipeError: Shapes do not fit, or a number is not finite.

    Source:
        Dowson and Landau, Journal of Multivariate Analysis 12 (1982).

    Example:
        >>> frechet_distance([0.0, 0.0], [[1.0, 0.0], [0.0, 4.0]], [3.0, 0.0], [[4.0, 0.0], [0.0, 9.0]])
        11.0
    """
    means = [np.asarray(mean, dtype=np.float64) for mean in (first_mean, second_mean)]
    first, second = (as_vectors(matrix, "a covariance") for matrix in (first_covariance, second_covariance))
    size = means[0].shape[0] if means[0].ndim == 1 else -1
    if means[1].shape != (size,) or first.shape != (size, size) or second.shape != (size, size):
        raise RecipeError("means must have shape (d,) and covariances (d, d), with the same d.")
    values, vectors = np.linalg.eigh(first)
    # In the space that C1 spans: outside it eigenvalues are rounding errors, whose square roots would add up.
    spanned = values > values[-1] * size * np.finfo(np.float64).eps
    root = vectors[:, spanned] * np.sqrt(values[spanned])
    product = root.T @ second @ root
    overlap = np.sqrt(np.clip(np.linalg.eigvalsh((product + product.T) / 2), 0, None)).sum()
    shift = means[0] - means[1]
    return max(0.0, float(shift @ shift + np.trace(first) + np.trace(second) - 2 * overlap))


@dataclass(frozen=True)
class TokenStates:
    """The hidden states of one sample, without the embedding layer.

    Args:
        text: Of text tokens, (layers, n, d).
        image: Of image tokens, (layers, m, d).
        image_attention: The share of the attention of text tokens that falls on image tokens, by layer, (layers,);
            None where attention was not collected.

    Raises:
        RecipeError: Shapes do not fit.

    Source:
        LoMo, section 4, and Huang et al., arXiv 2410.07167.

    Example:
        >>> TokenStates(np.zeros((2, 5, 4)), np.zeros((2, 9, 4))).image.shape
        (2, 9, 4)
    """

    text: NDArray[np.floating]
    image: NDArray[np.floating]
    image_attention: NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        shapes = self.text.shape, self.image.shape
        if self.text.ndim != 3 or self.image.ndim != 3 or (shapes[0][0], shapes[0][2]) != (shapes[1][0], shapes[1][2]):
            raise RecipeError(
                f"text and image must have shape (layers, tokens, d), same layers and d; found {shapes}."
            )
        if self.image_attention is not None and self.image_attention.shape != shapes[0][:1]:
            raise RecipeError(
                f"image_attention must have shape ({shapes[0][0]},), a number a layer; found "
                f"{self.image_attention.shape}."
            )


@dataclass(frozen=True)
class IntegrationRate:
    """The modality integration rate.

    Args:
        per_layer: Frechet distance of each layer (float64).
        mean: Their mean, which the LoMo paper reports ("layer-wise mean").
        log10_sum: log10 of their sum, which Huang et al. define as MIR and their code prints.
        outliers: How many tokens (text, image) were taken for outliers, over all layers.

    Source:
        Huang et al., ICCV 2025, arXiv 2410.07167; LoMo, section 4, reports the mean.

    Example:
        >>> IntegrationRate((0.5, 1.5), 1.0, 0.301, (0, 2)).mean
        1.0
    """

    per_layer: tuple[float, ...]
    mean: float
    log10_sum: float
    outliers: tuple[int, int]


Samples = Sequence[TokenStates] | Callable[[], Iterable[TokenStates]]


def modality_integration_rate(
    samples: Samples, *, outliers: str = "remove", layers_at_once: int | None = None
) -> IntegrationRate:
    """Layer-wise Frechet distance between text and image tokens:

        MIR = log10 sum_k FID(w(a_k V_k), w(a_k T_k))

    V_k, T_k: all image and all text tokens at layer k, over all samples. a_k = 1 / mean norm over T_k: text-centric
    normalisation, which makes the rate independent of the scale of a layer. w: three-sigma removal of tokens whose
    norm is more than 3 standard deviations (n - 1) from the median norm of their modality at that layer.

    Take samples that hold both modalities as users meet them: the standard config of a benchmark with images, or LoMo
    rows. In the rendered config the words of the chat template are the only text, and the rate is theirs.

    Passes: norms first (8 bytes a token and layer are kept, for the median), then covariances. A covariance takes
    8 d^2 bytes for each modality and layer; `layers_at_once` bounds how many are held, at a pass over the samples for
    each group. "median" also holds all tokens of these layers.

    Args:
        samples: A sequence, or a function that starts over each time it is called; an iterator would be used up.
        outliers: "remove", as the paper has it; "median", as the authors' released code has it: the coordinate-wise
            median takes the place of an outlier, and medians of an even number are the lower of the middle two;
            "keep".
        layers_at_once: None holds all layers.

    Returns:
        The distance of each layer, their mean, and log10 of their sum. Everything is float64, where the authors' code
        is float32; its fast mode (five Newton steps for the square root) is another number and not reproduced.

    Raises:
        RecipeError: Samples differ in layers or width, or from one reading to the next; a modality has fewer than two
            tokens, or text has norm zero.

    Source:
        Huang et al., ICCV 2025, arXiv 2410.07167; LoMo, section 4.

    Example:
        >>> draw = np.random.default_rng(0)
        >>> same = TokenStates(draw.normal(size=(2, 400, 3)), draw.normal(size=(2, 400, 3)))
        >>> far = TokenStates(same.text, same.image + 5)
        >>> modality_integration_rate([same]).mean < 0.1 < modality_integration_rate([far]).mean
        True
    """
    if outliers not in OUTLIERS:
        raise RecipeError(f"outliers must be one of {', '.join(OUTLIERS)}; found {outliers!r}.")
    if not callable(samples) and isinstance(samples, Iterator):
        raise RecipeError(
            "samples are read more than once; found an iterator. Give a list, or a function that opens it."
        )
    text, image = _norms(samples)
    layers = text.shape[0]
    scale = text.mean(axis=1)
    if not (scale > 0).all():
        raise RecipeError(f"text tokens at layer {int(np.argmin(scale))} must not all be zero.")
    keep = [_kept(norms, outliers) for norms in (text, image)]
    step = layers if layers_at_once is None else layers_at_once
    if isinstance(step, bool) or not isinstance(step, int) or step < 1:
        raise RecipeError(f"layers_at_once must be a whole number of 1 or more; found {layers_at_once!r}.")
    distances: list[float] = []
    for start in range(0, layers, step):
        group = range(start, min(start + step, layers))
        medians = _medians(samples, group) if outliers == "median" else None
        distances += _distances(samples, group, 1 / scale, keep, medians)
    taken = [int((~mask).sum()) for mask in keep]
    total = float(np.sum(distances))
    log = float(np.log10(total)) if total > 0 else float("-inf")
    return IntegrationRate(tuple(distances), total / layers, log, (taken[0], taken[1]))


def _opened(samples: Samples) -> Iterable[TokenStates]:
    return samples() if callable(samples) else samples


def _norms(samples: Samples) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The norms of all tokens, (layers, tokens), of text and image."""
    text: list[NDArray[np.float64]] = []
    image: list[NDArray[np.float64]] = []
    shape: tuple[int, int] | None = None
    for sample in _opened(samples):
        own = (sample.text.shape[0], sample.text.shape[2])
        shape = shape or own
        if own != shape:
            raise RecipeError(f"samples must have the same layers and width; found {shape} and {own}.")
        for states, norms in ((sample.text, text), (sample.image, image)):
            lengths = np.linalg.norm(states.astype(np.float64), axis=2)
            if not np.isfinite(lengths).all():
                raise RecipeError("hidden states must be finite; found NaN or infinity.")
            norms.append(lengths)
    if shape is None or 0 in shape:
        raise RecipeError("samples must hold at least one sample with a layer; found none.")
    joined = np.concatenate(text, axis=1), np.concatenate(image, axis=1)
    for name, all_norms in zip(("text", "image"), joined, strict=True):
        if all_norms.shape[1] < 2:
            raise RecipeError(f"there must be at least 2 {name} tokens over all samples; found {all_norms.shape[1]}.")
    return joined


def _kept(norms: NDArray[np.float64], outliers: str) -> NDArray[np.bool_]:
    if outliers == "keep":
        return np.ones(norms.shape, bool)
    centre = np.median(norms, axis=1) if outliers == "remove" else _lower_median(norms, axis=1)
    deviation = norms.std(axis=1, ddof=1)
    kept: NDArray[np.bool_] = np.abs(norms - centre[:, None]) <= _SIGMAS * deviation[:, None]
    return kept


def _lower_median(values: NDArray[np.floating], axis: int) -> NDArray[np.floating]:
    """Of an even number the lower of the middle two, as `torch.median` takes it."""
    middle = (values.shape[axis] - 1) // 2
    lower: NDArray[np.floating] = np.take(np.partition(values, middle, axis=axis), middle, axis=axis)
    return lower


def _medians(samples: Samples, layers: range) -> list[list[NDArray[np.float64]]]:
    """For text and image, the coordinate-wise median of each layer, (d,)."""
    tokens: list[list[NDArray[np.floating]]] = [[], []]
    for sample in _opened(samples):
        for side, states in enumerate((sample.text, sample.image)):
            tokens[side].append(states[layers.start : layers.stop])
    joined = [np.concatenate(states, axis=1) for states in tokens]
    return [[_lower_median(layer, axis=0).astype(np.float64) for layer in states] for states in joined]


def _distances(
    samples: Samples,
    layers: range,
    factors: NDArray[np.float64],
    keep: Sequence[NDArray[np.bool_]],
    medians: Sequence[Sequence[NDArray[np.float64]]] | None,
) -> list[float]:
    moments = [[Moments() for _ in layers] for _ in range(2)]
    seen = [0, 0]
    for sample in _opened(samples):
        for side, states in enumerate((sample.text, sample.image)):
            tokens = slice(seen[side], seen[side] + states.shape[1])
            seen[side] = tokens.stop
            if tokens.stop > keep[side].shape[1]:
                break
            for at, layer in enumerate(layers):
                kept, vectors = keep[side][layer, tokens], states[layer].astype(np.float64)
                vectors = vectors[kept] if medians is None else np.where(kept[:, None], vectors, medians[side][at])
                moments[side][at].add(vectors * factors[layer])
    if seen != [mask.shape[1] for mask in keep]:
        raise RecipeError(
            f"samples must give the same tokens each time they are read; found {[mask.shape[1] for mask in keep]} "
            f"(text, image), then {seen}. Give a list, or a function that starts over."
        )
    return [
        frechet_distance(text.mean, text.covariance(), image.mean, image.covariance())
        for text, image in zip(*moments, strict=True)
    ]
