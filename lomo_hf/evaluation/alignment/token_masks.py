"""Which tokens of a sequence are text and which are image: by ids, without a model."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lomo_hf.errors import RecipeError

__all__ = ["TokenMasks", "token_masks"]


@dataclass(frozen=True)
class TokenMasks:
    """Boolean masks over one sequence, shape (n,): no token is in both, padding and special tokens are in neither."""

    text: NDArray[np.bool_]
    image: NDArray[np.bool_]


def token_masks(
    input_ids: ArrayLike,
    *,
    image_token_id: int,
    special_ids: Collection[int] = (),
    attention_mask: ArrayLike | None = None,
    image: int | None = None,
) -> TokenMasks:
    """The masks of one sequence in which every image token is a placeholder of its own, as processors write it.

    Args:
        input_ids: Shape (n,).
        image_token_id: The id that stands for one image token (`model.config.image_token_id`).
        special_ids: Ids that are neither text nor image: padding, turn markers, the marks around an image.
        attention_mask: Shape (n,); 0 where a token is padding.
        image: Count only this image, from 0 or, from the end, -1 (the question page of a rendered prompt is the last).
            Images are told apart by the tokens between them; None counts all.

    Raises:
        RecipeError: Shapes differ, or there is no such image.

    >>> masks = token_masks([1, 7, 9, 9, 8, 5, 6, 0], image_token_id=9, special_ids={0, 1, 7, 8})
    >>> masks.image.nonzero()[0].tolist(), masks.text.nonzero()[0].tolist()
    ([2, 3], [5, 6])
    """
    ids = np.asarray(input_ids)
    alive = np.ones(ids.shape, bool) if attention_mask is None else np.asarray(attention_mask).astype(bool)
    if ids.ndim != 1 or alive.shape != ids.shape:
        raise RecipeError(f"input_ids and attention_mask must have shape (n,); found {ids.shape} and {alive.shape}.")
    picture = (ids == image_token_id) & alive
    text = alive & ~picture & ~np.isin(ids, list(special_ids))
    if image is None:
        return TokenMasks(text, picture)
    edges = np.flatnonzero(np.diff(picture.astype(np.int8), prepend=0, append=0))
    runs = edges.reshape(-1, 2)
    if not -len(runs) <= image < len(runs):
        raise RecipeError(f"image must be one of the {len(runs)} images of the sequence; found {image}.")
    chosen = np.zeros(ids.shape, bool)
    chosen[runs[image][0] : runs[image][1]] = True
    return TokenMasks(text, chosen)
