"""Losses that hold the answers of two carriers together: the vision alignment loss, and LoMo's equation 6 in full.

Written from Yao et al., arXiv 2510.22836, and Han et al., arXiv 2605.30265. Pure functions on logits over an answer's
tokens; the same answer is given under both carriers, so its tokens are the same on both sides.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["ALIGNMENTS", "Alignment", "aligned", "answered_rightly", "divergence"]

_SIDES = ("text", "page")


@dataclass(frozen=True)
class Alignment:
    """Which divergence is added to the loss of the answers, and how much of it.

    Args:
        weight: w in L = L_answer + w L_alignment.
        first: The side p of KL(p || q): "text" or "page".
        detached: The side that gets no gradient: "text", "page", or None.
        right_only: Rows count only where the greedy answer to the text is right.

    Raises:
        ValueError: A side or the weight is not one.
    """

    weight: float = 1.0
    first: str = "text"
    detached: str | None = None
    right_only: bool = False

    def __post_init__(self) -> None:
        if self.weight < 0:
            raise ValueError(f"weight must be 0 or more; found {self.weight!r}.")
        if self.first not in _SIDES:
            raise ValueError(f'first must be "text" or "page"; found {self.first!r}.')
        if self.detached not in (*_SIDES, None):
            raise ValueError(f'detached must be "text", "page" or None; found {self.detached!r}.')


# Equation 6 has no weight and detaches nothing. The vision alignment loss pulls the page's distribution to that of the
# text, which stays where it is; its weight in the paper is 0.01, beside a loss of reinforcement learning.
ALIGNMENTS = {
    "equation6": Alignment(),
    "alignment": Alignment(first="page", detached="text", right_only=True),
    "alignment0.01": Alignment(0.01, first="page", detached="text", right_only=True),
}


def divergence(first: Tensor, second: Tensor) -> Tensor:
    """KL(p || q) = sum_v p(v) (log p(v) - log q(v)) over the last dimension, p and q the softmax of logits.

    Args:
        first: Logits of p, (..., vocabulary).
        second: Logits of q, of the same shape.

    Returns:
        Shape (...), in nats; 0 where the distributions are equal.
    """
    p, q = first.log_softmax(-1), second.log_softmax(-1)
    return (p.exp() * (p - q)).sum(-1)


def answered_rightly(logits: Tensor, answer: Tensor, counted: Tensor) -> Tensor:
    """Whether each token of an answer is the most likely one after those before it.

    Args:
        logits: (rows, tokens, vocabulary).
        answer: The ids that are right, (rows, tokens).
        counted: Which tokens there are, (rows, tokens), bool.

    Returns:
        (rows,), bool.
    """
    return ((logits.argmax(-1) == answer) | ~counted).all(-1)


def aligned(text: Tensor, page: Tensor, answer: Tensor, counted: Tensor, alignment: Alignment) -> Tensor:
    """The divergence of the carriers over each row's answer, a mean over its tokens, summed over rows.

    Equation 6 of LoMo, for answers a drawn from p(. | x) and T(x) the prompt with its span as a page:

        E[-log p(a | T(x))] = E[-log p(a | x)] + KL(p(. | x) || p(. | T(x)))

    so SFT on x plus this divergence (`first="text"`, nothing detached) is explicitly what SFT on T(x) presses on. The
    vision alignment loss, over the tokens of right answers and with stop-gradient on the text:

        L = L_answer + w KL(p(. | page) || sg p(. | text))

    Args:
        text: Logits after the text prompt, (rows, tokens, vocabulary).
        page: Logits after its rendered twin, of the same shape.
        answer: Ids of the answer, (rows, tokens).
        counted: Which tokens there are, (rows, tokens), bool; at least one in each row.
        alignment: Direction and flags; its weight is not applied here.

    Returns:
        A scalar.
    """
    right = answered_rightly(text, answer, counted) if alignment.right_only else torch.ones_like(counted[:, 0])
    sides = {"text": text, "page": page}
    if alignment.detached:
        sides[alignment.detached] = sides[alignment.detached].detach()
    second = "page" if alignment.first == "text" else "text"
    each = divergence(sides[alignment.first], sides[second]) * counted
    return (each.sum(-1) / counted.sum(-1) * right).sum()
