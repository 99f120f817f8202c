"""ReAlign: text embeddings moved into the distribution of image embeddings, by three statistics and no training.

Source: Yu et al., "Modality Gap-Driven Subspace Alignment Training Paradigm for Multimodal Large Language Models"
(ReVision), arXiv 2602.07026. Written anew from the formulae, for the authors' code may not be copied. Everything is
float64 and streams: memory is a few vectors, whatever the number of embeddings. With x for images and y for texts,
each embedding e divided by its length:

    anchor     e' = e_y - mean(e_y) + mean(e_x)
    trace      e' = mean(e_x) + s (e_y - mean(e_y)),   s = sqrt(T_x / T_y),   T = mean |e - mean(e)|^2
    centroid   p = e' / |e'|,   e'' = p - mean(p) + mean(e_x), which is then divided by its length

The trace step contains the anchor step. After the centroid step the mean of e'' is that of the images; the division
by length that follows in the authors' code moves it again a little, so it can be left out here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lomo_hf.errors import RecipeError

__all__ = ["EmbeddingMoments", "ReAlign", "fit_realign", "realign_column", "unit_vectors"]

STEPS = ("anchor", "trace", "centroid")

Vectors = NDArray[np.float64]


@dataclass
class EmbeddingMoments:
    """Count, mean and spread of embeddings that pass by once, each divided by its length.

    Args:
        count: How many have passed.
        mean: Their mean, (d,), float64.
        scatter: Their summed squared distance from it.

    Source:
        Chan, Golub and LeVeque (1979), for merging blocks.

    Example:
        >>> moments = EmbeddingMoments()
        >>> moments.add([[3.0, 0.0], [0.0, 2.0]])
        >>> moments.mean.tolist(), moments.trace
        ([0.5, 0.5], 0.5)
    """

    count: int = 0
    mean: Vectors = field(default_factory=lambda: np.zeros(0))
    scatter: float = 0.0

    def add(self, embeddings: ArrayLike) -> None:
        """Take a block of embeddings; each is divided by its length first.

        Args:
            embeddings: n embeddings, (n, d).

        Raises:
            RecipeError: One is zero or not finite, or the width is another than before.

        Example:
            >>> moments = EmbeddingMoments()
            >>> moments.add([[3.0, 4.0]])
            >>> moments.mean.tolist()
            [0.6, 0.8]
        """
        self._add_as_is(unit_vectors(embeddings))

    def merge(self, other: "EmbeddingMoments") -> None:
        """Take what another has seen, as of another worker.

        Args:
            other: Moments of embeddings of the same width.

        Raises:
            RecipeError: Its embeddings have another width.

        Example:
            >>> first, second = EmbeddingMoments(), EmbeddingMoments()
            >>> first.add([[1.0, 0.0]])
            >>> second.add([[0.0, 1.0]])
            >>> first.merge(second)
            >>> first.count, first.mean.tolist()
            (2, [0.5, 0.5])
        """
        if other.count:
            self._merge(other.count, other.mean, other.scatter)

    @property
    def trace(self) -> float:
        """T: the mean squared distance from the mean, which is the trace of the covariance."""
        return self.scatter / self.count

    def _add_as_is(self, vectors: Vectors) -> None:
        if len(vectors):
            mean = vectors.mean(axis=0)
            self._merge(len(vectors), mean, float(((vectors - mean) ** 2).sum()))

    def _merge(self, count: int, mean: Vectors, scatter: float) -> None:
        if self.count == 0:
            self.count, self.mean, self.scatter = count, mean.copy(), scatter
            return
        if mean.shape != self.mean.shape:
            raise RecipeError(f"embeddings must have {self.mean.size} numbers as before; found {mean.size}.")
        total = self.count + count
        shift = mean - self.mean
        self.scatter += scatter + float(shift @ shift) * (self.count * count / total)
        self.mean = self.mean + shift * (count / total)
        self.count = total


@dataclass(frozen=True)
class ReAlign:
    """The fitted map of text embeddings into the distribution of image embeddings.

    Fit it to embeddings of the domain on which it is used: its statistics are those of what it was fitted to.

    Args:
        image_mean: The mean of the images, (d,).
        text_mean: The mean of the texts, (d,).
        scale: s, the square root of the ratio of their traces.
        projected_mean: The mean of the texts after the trace step and the division by length, (d,).

    Source:
        Yu et al., arXiv 2602.07026, section 4: ReAlign.

    Example:
        >>> align = ReAlign(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 1.0, np.array([0.5, 0.5]))
        >>> align([[0.0, 2.0]], step="anchor").tolist()
        [[1.0, 0.0]]
    """

    image_mean: Vectors
    text_mean: Vectors
    scale: float
    projected_mean: Vectors

    def __call__(self, embeddings: ArrayLike, *, step: str = "centroid", unit: bool = True) -> Vectors:
        """Move text embeddings (n, d); float64.

        Args:
            step: Where to stop: "anchor", "trace" or "centroid".
            unit: Divide by the length at the end of the centroid step, as the authors' code does.

        Returns:
            The moved embeddings, (n, d), float64.

        Raises:
            RecipeError: There is no such step, or an embedding is zero, not finite or of another width.
        """
        if step not in STEPS:
            raise RecipeError(f"step must be one of {', '.join(STEPS)}; found {step!r}.")
        vectors = unit_vectors(embeddings)
        if vectors.shape[1] != self.image_mean.size:
            raise RecipeError(f"embeddings must have {self.image_mean.size} numbers; found {vectors.shape[1]}.")
        if step == "anchor":
            return vectors - self.text_mean + self.image_mean
        traced = self.image_mean + self.scale * (vectors - self.text_mean)
        if step == "trace":
            return traced
        moved = unit_vectors(traced) - self.projected_mean + self.image_mean
        return unit_vectors(moved) if unit else moved


Blocks = Callable[[], Iterable[ArrayLike]]


def fit_realign(images: Iterable[ArrayLike], texts: Blocks) -> ReAlign:
    """Fit ReAlign to blocks of embeddings; images and texts need not be paired.

    Args:
        images: Blocks of image embeddings, (n, d); read once.
        texts: Starts over the blocks of text embeddings, (m, d), each time it is called; called twice.

    Returns:
        The map.

    Raises:
        RecipeError: A side is empty, all texts are alike, or an embedding is zero or not finite.

    Source:
        Yu et al., arXiv 2602.07026, section 4: ReAlign.

    Example:
        >>> draw = np.random.default_rng(0)
        >>> images, texts = draw.normal(size=(50, 4)), draw.normal(size=(60, 4)) + 2
        >>> align = fit_realign([images], lambda: [texts[:30], texts[30:]])
        >>> unit = images / np.linalg.norm(images, axis=1, keepdims=True)
        >>> bool(np.allclose(align(texts, unit=False).mean(axis=0), unit.mean(axis=0)))
        True
    """
    pictures, words, projected = EmbeddingMoments(), EmbeddingMoments(), EmbeddingMoments()
    for block in images:
        pictures.add(block)
    for block in texts():
        words.add(block)
    if not pictures.count or not words.count:
        raise RecipeError(f"there must be embeddings; found {pictures.count} of images and {words.count} of texts.")
    if pictures.mean.shape != words.mean.shape:
        raise RecipeError(f"images and texts must have one width; found {pictures.mean.size} and {words.mean.size}.")
    if words.trace <= 1e-24:
        raise RecipeError("text embeddings must differ from each other; their trace is zero.")
    scale = float(np.sqrt(pictures.trace / words.trace))
    for block in texts():
        projected._add_as_is(unit_vectors(pictures.mean + scale * (unit_vectors(block) - words.mean)))
    if projected.count != words.count:
        raise RecipeError(f"texts must give the same blocks twice; found {words.count}, then {projected.count}.")
    return ReAlign(pictures.mean, words.mean, scale, projected.mean)


def realign_column(
    align: ReAlign, column: str = "embedding", out: str | None = None, *, step: str = "centroid", unit: bool = True
) -> Callable[[Mapping[str, object]], dict[str, object]]:
    """A function for `datasets.map(batched=True)` that moves a column of embeddings.

    Args:
        align: The fitted map.
        column: Where the embeddings are, (d,) each.
        out: Where they go; None puts them in the place of the old ones.
        step: As for `ReAlign`.
        unit: As for `ReAlign`.

    Returns:
        The function.

    Source:
        Yu et al., arXiv 2602.07026, section 4: ReAlign.

    Example:
        >>> import datasets
        >>> align = fit_realign([[[1.0, 0.0], [0.0, 1.0]]], lambda: [[[1.0, 0.1], [0.2, 1.0]]])
        >>> rows = datasets.Dataset.from_dict({"embedding": [[1.0, 0.1], [0.2, 1.0]]})
        >>> rows.map(realign_column(align, out="moved"), batched=True).column_names
        ['embedding', 'moved']
    """

    def move(batch: Mapping[str, Any]) -> dict[str, object]:
        return {out or column: align(batch[column], step=step, unit=unit).tolist()}

    return move


def unit_vectors(embeddings: ArrayLike) -> Vectors:
    """Embeddings (n, d) divided by their length, float64.

    Raises:
        RecipeError: The shape is another, or an embedding is zero or not finite.
    """
    vectors = np.asarray(embeddings, dtype=np.float64)
    if vectors.ndim != 2:
        raise RecipeError(f"embeddings must have shape (n, d); found {vectors.shape}. Give one a row.")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise RecipeError("embeddings must be finite and not zero, for a zero has no direction. Leave such rows out.")
    unit: Vectors = vectors / lengths
    return unit
