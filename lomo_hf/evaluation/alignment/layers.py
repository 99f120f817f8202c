"""What becomes of image tokens from layer to layer: how alike they grow, and how much attention text pays them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lomo_hf.errors import RecipeError
from lomo_hf.evaluation.alignment.distances import TokenStates

__all__ = ["LayerProfile", "attention_on_images", "attention_share", "image_homogenisation", "mean_cosine"]


@dataclass(frozen=True)
class LayerProfile:
    """A number for each layer, averaged over samples.

    Args:
        per_layer: The mean over samples, by layer.
        samples: How many samples have it.

    Source:
        What LaVer (arXiv 2512.06281) reports by layer: homogenisation of image tokens, attention on images.

    Example:
        >>> LayerProfile((0.1, 0.4), 20).per_layer[-1]
        0.4
    """

    per_layer: tuple[float, ...]
    samples: int


def mean_cosine(vectors: ArrayLike) -> float:
    """The mean cosine over all pairs of different vectors, from -1 / (n - 1) to 1.

    With u the vectors divided by their length: `(|sum u|^2 - n) / (n (n - 1))`, in one pass over them.

    Args:
        vectors: Shape (n, d), n of 2 or more.

    Returns:
        The mean cosine.

    Raises:
        RecipeError: There are fewer than two vectors, or one is zero or not finite.

    Source:
        The homogenisation of image tokens that LaVer (arXiv 2512.06281) reports.

    Example:
        >>> mean_cosine([[1.0, 0.0], [2.0, 0.0]]), mean_cosine([[1.0, 0.0], [0.0, 3.0]])
        (1.0, 0.0)
    """
    rows = np.asarray(vectors, dtype=np.float64)
    if rows.ndim != 2 or len(rows) < 2:
        raise RecipeError(f"vectors must have shape (n, d) with n of 2 or more; found {rows.shape}.")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise RecipeError("vectors must be finite and not zero, for a zero has no direction.")
    total = (rows / lengths).sum(axis=0)
    count = len(rows)
    return float((total @ total - count) / (count * (count - 1)))


def image_homogenisation(samples: Iterable[TokenStates]) -> LayerProfile:
    """How alike the image tokens of a sample are at each layer: their mean cosine, averaged over samples.

    Where it rises from layer to layer, image tokens lose what tells them apart.

    Args:
        samples: Hidden states; samples of fewer than two image tokens are passed over.

    Returns:
        The mean cosine by layer.

    Raises:
        RecipeError: No sample has two image tokens, or samples differ in their layers.

    Source:
        The homogenisation that LaVer (arXiv 2512.06281) reports. The average over pairs and then samples is ours.

    Example:
        >>> alike = TokenStates(np.ones((1, 2, 3)), np.ones((1, 5, 3)))
        >>> round(image_homogenisation([alike]).per_layer[0], 12)
        1.0
    """
    profiles = [[mean_cosine(layer) for layer in sample.image] for sample in samples if sample.image.shape[1] > 1]
    return _averaged(profiles, "there must be a sample with two image tokens; found none.")


def attention_on_images(samples: Iterable[TokenStates]) -> LayerProfile:
    """The share of the attention of text tokens that falls on image tokens at each layer, averaged over samples.

    Args:
        samples: Hidden states with `image_attention`, as `collect_hidden_states(..., attentions=True)` gives them;
            others are passed over.

    Returns:
        The share by layer, from 0 to 1.

    Raises:
        RecipeError: No sample has it, or samples differ in their layers.

    Source:
        The attention paid to images, as LaVer (arXiv 2512.06281) reports it by layer.

    Example:
        >>> half = TokenStates(np.ones((2, 1, 3)), np.ones((2, 1, 3)), np.array([0.5, 0.25]))
        >>> attention_on_images([half]).per_layer
        (0.5, 0.25)
    """
    profiles = [sample.image_attention.tolist() for sample in samples if sample.image_attention is not None]
    return _averaged(profiles, "no sample holds attention. Collect it: collect_hidden_states(..., attentions=True).")


def attention_share(attention: ArrayLike, queries: ArrayLike, keys: ArrayLike) -> NDArray[np.float64]:
    """The share of attention that some tokens pay to some others, averaged over heads and over the tokens that look.

    Args:
        attention: Weights after the softmax, (layers, heads, n, n): from the token of a row to that of a column.
        queries: Which tokens look, (n,), bool.
        keys: Which tokens are looked at, (n,), bool.

    Returns:
        Shape (layers,), from 0 to 1.

    Raises:
        RecipeError: Shapes do not fit, or no token looks.

    Source:
        The attention paid to images, as LaVer (arXiv 2512.06281) reports it by layer.

    Example:
        >>> attention_share([[[[1.0, 0.0], [0.25, 0.75]]]], [False, True], [True, False]).tolist()
        [0.25]
    """
    weights = np.asarray(attention, dtype=np.float64)
    masks = [np.asarray(mask) for mask in (queries, keys)]
    size = weights.shape[-1] if weights.ndim == 4 else -1
    if weights.ndim != 4 or weights.shape[2] != size or any(mask.shape != (size,) for mask in masks):
        raise RecipeError(
            f"attention must have shape (layers, heads, n, n) and masks (n,); found {weights.shape}, "
            f"{masks[0].shape} and {masks[1].shape}."
        )
    if not masks[0].any():
        raise RecipeError("queries must hold a token; found none.")
    paid = weights[:, :, masks[0].astype(bool)][..., masks[1].astype(bool)].sum(axis=3)
    share: NDArray[np.float64] = paid.mean(axis=(1, 2))
    return share


def _averaged(profiles: list[list[float]], empty: str) -> LayerProfile:
    if not profiles:
        raise RecipeError(empty)
    if len({len(profile) for profile in profiles}) > 1:
        raise RecipeError(f"samples must have the same layers; found {sorted({len(p) for p in profiles})}.")
    means = np.mean(np.asarray(profiles), axis=0)
    return LayerProfile(tuple(means.tolist()), len(profiles))
