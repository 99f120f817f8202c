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

__all__ = ["EmbeddingMoments", "ReAlign", "fit_realign", "realign_column"]

STEPS = ("anchor", "trace", "centroid")

Vectors = NDArray[np.float64]


@dataclass
class EmbeddingMoments:
    """Count, mean (d,) and summed squared distance from the mean, of embeddings that pass by once.

    >>> moments = EmbeddingMoments()
    >>> moments.add([[3.0, 0.0], [0.0, 2.0]])
    >>> moments.mean.tolist(), moments.trace
    ([0.5, 0.5], 0.5)
    """

    count: int = 0
    mean: Vectors = field(default_factory=lambda: np.zeros(0))
    scatter: float = 0.0

    def add(self, embeddings: ArrayLike) -> None:
        """Take a block of embeddings (n, d); each is divided by its length first."""
        self._add_as_is(_unit(embeddings))

    def merge(self, other: "EmbeddingMoments") -> None:
        """Take what another has seen, as of another worker."""
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
    """The fitted map: means of images and texts (d,), the scale s, and the mean of the projected texts (d,)."""

    image_mean: Vectors
    text_mean: Vectors
    scale: float
    projected_mean: Vectors

    def __call__(self, embeddings: ArrayLike, *, step: str = "centroid", unit: bool = True) -> Vectors:
        """Move text embeddings (n, d); float64.

        Args:
            step: Where to stop: "anchor", "trace" or "centroid".
            unit: Divide by the length at the end of the centroid step, as the authors' code does.

        Raises:
            RecipeError: There is no such step, or an embedding is zero, not finite or of another width.
        """
        if step not in STEPS:
            raise RecipeError(f"step must be one of {', '.join(STEPS)}; found {step!r}.")
        vectors = _unit(embeddings)
        if vectors.shape[1] != self.image_mean.size:
            raise RecipeError(f"embeddings must have {self.image_mean.size} numbers; found {vectors.shape[1]}.")
        if step == "anchor":
            return vectors - self.text_mean + self.image_mean
        traced = self.image_mean + self.scale * (vectors - self.text_mean)
        if step == "trace":
            return traced
        moved = _unit(traced) - self.projected_mean + self.image_mean
        return _unit(moved) if unit else moved


Blocks = Callable[[], Iterable[ArrayLike]]


def fit_realign(images: Iterable[ArrayLike], texts: Blocks) -> ReAlign:
    """Fit ReAlign to blocks of embeddings (n, d); images and texts need not be paired.

    Args:
        images: Blocks of image embeddings; read once.
        texts: A function that starts over the blocks of text embeddings; called twice.

    Raises:
        RecipeError: A side is empty, all texts are alike, or an embedding is zero or not finite.

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
        projected._add_as_is(_unit(pictures.mean + scale * (_unit(block) - words.mean)))
    if projected.count != words.count:
        raise RecipeError(f"texts must give the same blocks twice; found {words.count}, then {projected.count}.")
    return ReAlign(pictures.mean, words.mean, scale, projected.mean)


def realign_column(
    align: ReAlign, column: str = "embedding", out: str | None = None, *, step: str = "centroid", unit: bool = True
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A function for `datasets.map(batched=True)`: the column of embeddings moved, into `out` (by default in place).

    >>> import datasets
    >>> align = fit_realign([[[1.0, 0.0], [0.0, 1.0]]], lambda: [[[1.0, 0.1], [0.2, 1.0]]])
    >>> rows = datasets.Dataset.from_dict({"embedding": [[1.0, 0.1], [0.2, 1.0]]})
    >>> rows.map(realign_column(align, out="moved"), batched=True).column_names
    ['embedding', 'moved']
    """

    def move(batch: Mapping[str, Any]) -> dict[str, Any]:
        return {out or column: align(batch[column], step=step, unit=unit).tolist()}

    return move


def _unit(embeddings: ArrayLike) -> Vectors:
    vectors = np.asarray(embeddings, dtype=np.float64)
    if vectors.ndim != 2:
        raise RecipeError(f"embeddings must have shape (n, d); found {vectors.shape}. Give one a row.")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise RecipeError("embeddings must be finite and not zero, for a zero has no direction. Leave such rows out.")
    unit: Vectors = vectors / lengths
    return unit
