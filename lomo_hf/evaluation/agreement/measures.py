"""Agreement of carriers from arrays: log-probabilities of an answer under both, and the divergence of predictions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lomo_hf.errors import RecipeError

__all__ = ["RowAgreement", "answer_log_probabilities", "carrier_divergence"]


@dataclass(frozen=True)
class RowAgreement:
    """How one answer fares under both carriers, in nats.

    Args:
        id: Of the row.
        tokens: Of the answer, n.
        text: log p(a|x): the answer's log-probability where the prompt is text.
        page: log p(a|T(x)): where part of it is a page.
        divergence: The sum over the answer's tokens of KL(p(.|x, a_<t) || p(.|T(x), a_<t)); None where it was not
            measured.

    Raises:
        RecipeError: There is no token.

    Source:
        LoMo, equations 4 to 6.

    Example:
        >>> row = RowAgreement("gsm8k/7", 4, text=-2.0, page=-6.0, divergence=3.2)
        >>> row.gap, row.gap_per_token
        (4.0, 1.0)
    """

    id: str
    tokens: int
    text: float
    page: float
    divergence: float | None = None

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise RecipeError(f"tokens must be 1 or more; found {self.tokens} for {self.id!r}.")

    @property
    def gap(self) -> float:
        """log p(a|x) - log p(a|T(x)): what the page costs the answer. 0 where carriers agree."""
        return self.text - self.page

    @property
    def gap_per_token(self) -> float:
        """The gap by token of the answer, so that rows of long and short answers can be ranked together."""
        return self.gap / self.tokens


def answer_log_probabilities(logits: ArrayLike, answer_ids: ArrayLike) -> NDArray[np.float64]:
    """The log-probability of each token of an answer.

    Args:
        logits: What the model predicts each of them from, (n, vocabulary): row t is the prediction of token t, which
            stands at the position before it.
        answer_ids: The tokens, (n,).

    Returns:
        Shape (n,), in nats; their sum is log p(a|x).

    Raises:
        RecipeError: Shapes do not fit, or an id is outside the vocabulary.

    Source:
        LoMo, equations 4 to 6.

    Example:
        >>> answer_log_probabilities([[0.0, 0.0], [np.log(3.0), 0.0]], [1, 0]).round(4).tolist()
        [-0.6931, -0.2877]
    """
    scores, ids = _scores(logits, "logits"), np.asarray(answer_ids)
    if ids.shape != scores.shape[:1] or not np.issubdtype(ids.dtype, np.integer):
        raise RecipeError(
            f"answer_ids must be whole numbers of shape ({len(scores)},); found {ids.dtype} {ids.shape}."
        )
    if len(ids) and not 0 <= ids.min() <= ids.max() < scores.shape[1]:
        raise RecipeError(f"answer_ids must be below the vocabulary of {scores.shape[1]}; found {ids.max()}.")
    chosen: NDArray[np.float64] = _log_softmax(scores)[np.arange(len(ids)), ids]
    return chosen


def carrier_divergence(text_logits: ArrayLike, page_logits: ArrayLike) -> NDArray[np.float64]:
    """KL(p(.|x, a_<t) || p(.|T(x), a_<t)) for each token of an answer.

    Their sum over t, averaged over answers drawn from p(.|x), is the divergence of the two distributions over whole
    answers (the chain rule of KL). On the answer of a dataset, which was not drawn from the model, it is that along
    this answer.

    Args:
        text_logits: Predictions where the prompt is text, (n, vocabulary).
        page_logits: Predictions of the same tokens where part of it is a page, (n, vocabulary).

    Returns:
        Shape (n,), in nats, never below 0.

    Raises:
        RecipeError: Shapes differ.

    Source:
        LoMo, equations 5 and 6.

    Example:
        >>> carrier_divergence([[0.0, 0.0]], [[np.log(3.0), 0.0]]).round(4).tolist()
        [0.1438]
    """
    text, page = _scores(text_logits, "text_logits"), _scores(page_logits, "page_logits")
    if text.shape != page.shape:
        raise RecipeError(f"logits of both carriers must have one shape; found {text.shape} and {page.shape}.")
    first, second = _log_softmax(text), _log_softmax(page)
    shares = np.exp(first)
    # Where a share is 0 the term is 0, also where the other side holds it for impossible.
    ratios = np.subtract(first, second, out=np.zeros_like(first), where=shares > 0)
    divergence: NDArray[np.float64] = np.maximum((shares * ratios).sum(axis=1), 0.0)
    return divergence


def _scores(logits: ArrayLike, name: str) -> NDArray[np.float64]:
    scores = np.asarray(logits, dtype=np.float64)
    if scores.ndim != 2 or scores.shape[1] == 0:
        raise RecipeError(f"{name} must have shape (n, vocabulary); found {scores.shape}.")
    if np.isnan(scores).any() or np.isposinf(scores).any() or not np.isfinite(scores).any(axis=1).all():
        raise RecipeError(f"{name} must be numbers, or minus infinity for what cannot be; found others.")
    return scores


def _log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_softmax: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_softmax
