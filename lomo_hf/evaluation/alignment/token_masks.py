"""Which tokens of a sequence are text, which are image, and which are a part of the text: by ids, without a model."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lomo_hf.errors import RecipeError

__all__ = ["TokenMasks", "span_mask", "token_masks"]


@dataclass(frozen=True)
class TokenMasks:
    """Masks over one sequence: no token is in both, padding and special tokens are in neither.

    Args:
        text: Where text tokens stand, (n,), bool.
        image: Where image tokens stand, (n,), bool.

    Source:
        LoMo, equation 7, and Huang et al., arXiv 2410.07167: which tokens are text and which image.

    Example:
        >>> TokenMasks(np.array([True, False]), np.array([False, True])).text.tolist()
        [True, False]
    """

    text: NDArray[np.bool_]
    image: NDArray[np.bool_]


def token_masks(
    input_ids: ArrayLike,
    *,
    image_token_id: int,
    special_ids: Collection[int] = (),
    attention_mask: ArrayLike | None = None,
    image: int | None = None,
    within: ArrayLike | None = None,
) -> TokenMasks:
    """The masks of one sequence in which every image token is a placeholder of its own, as processors write it.

    Args:
        input_ids: Shape (n,).
        image_token_id: The id that stands for one image token (`model.config.image_token_id`).
        special_ids: Ids that are neither text nor image: padding, turn markers, the marks around an image.
        attention_mask: Shape (n,); 0 where a token is padding.
        image: Count only this image, from 0 or, from the end, -1 (the question page of a rendered prompt is the last).
            Images are told apart by the tokens between them; None counts all.
        within: Count only text tokens where this is true, (n,): the question's own, as `span_mask` finds them, without
            the words of a chat template.

    Returns:
        The masks.

    Raises:
        RecipeError: Shapes differ, or there is no such image.

    Source:
        LoMo, equation 7, and Huang et al., arXiv 2410.07167.

    Example:
        >>> masks = token_masks([1, 7, 9, 9, 8, 5, 6, 0], image_token_id=9, special_ids={0, 1, 7, 8})
        >>> masks.image.nonzero()[0].tolist(), masks.text.nonzero()[0].tolist()
        ([2, 3], [5, 6])
    """
    ids = np.asarray(input_ids)
    alive = np.ones(ids.shape, bool) if attention_mask is None else np.asarray(attention_mask).astype(bool)
    if ids.ndim != 1 or alive.shape != ids.shape:
        raise RecipeError(f"input_ids and attention_mask must have shape (n,); found {ids.shape} and {alive.shape}.")
    images = (ids == image_token_id) & alive
    text = alive & ~images & ~np.isin(ids, list(special_ids))
    if within is not None:
        part = np.asarray(within)
        if part.shape != ids.shape or part.dtype != np.bool_:
            raise RecipeError(f"within must be booleans of shape {ids.shape}; found {part.dtype} of {part.shape}.")
        text &= part
    if image is None:
        return TokenMasks(text, images)
    edges = np.flatnonzero(np.diff(images.astype(np.int8), prepend=0, append=0))
    runs = edges.reshape(-1, 2)
    if not -len(runs) <= image < len(runs):
        raise RecipeError(f"image must be one of the {len(runs)} images of the sequence; found {image}.")
    chosen = np.zeros(ids.shape, bool)
    chosen[runs[image][0] : runs[image][1]] = True
    return TokenMasks(text, chosen)


def span_mask(offsets: ArrayLike, start: int, end: int) -> NDArray[np.bool_]:
    """Where the tokens of a part of the text stand, by the characters that each was made of.

    Args:
        offsets: Start and end of each token in the text, (n, 2), as a fast tokenizer gives them
            (`return_offsets_mapping=True`); tokens of no character, as special ones are, have equal ends.
        start: The part's first character: `text.index(question)` in the text that was tokenized.
        end: The character after its last.

    Returns:
        Shape (n,): true for tokens that hold a character of the part.

    Raises:
        RecipeError: The offsets have another shape, or no token holds a character of the part.

    Source:
        LoMo, equation 7, which takes the tokens of the question.

    Example:
        >>> text = "user: Is 7 prime? assistant:"
        >>> offsets = [(0, 4), (4, 5), (5, 8), (8, 10), (10, 17), (17, 27), (27, 28)]
        >>> span_mask(offsets, text.index("Is"), text.index(" assistant")).nonzero()[0].tolist()
        [2, 3, 4]
    """
    pairs = np.asarray(offsets)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise RecipeError(
            f"offsets must have shape (n, 2); found {pairs.shape}. Give one sequence of a fast tokenizer."
        )
    mask: NDArray[np.bool_] = (pairs[:, 0] < end) & (pairs[:, 1] > start) & (pairs[:, 0] < pairs[:, 1])
    if not mask.any():
        raise RecipeError(f"no token holds a character from {start} to {end}. Search the text that was tokenized.")
    return mask
