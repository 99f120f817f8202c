"""LaVer: masked image modelling inside the decoder, against a teacher that follows it; and what keeps tokens apart.

Written from "Unleashing the Intrinsic Visual Representation Capability of Multimodal Large Language Models", arXiv
2512.06281. Pure functions but for the head. Attention is full among a page's tokens (`model.image_attention`); rotary
places of image tokens are two-dimensional in every arm of this bench.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from experiments.carrier_gap.model import Linear

__all__ = [
    "Masking", "VisualHead", "clipped_gram_loss", "draw_masked", "follow", "gram", "masked_image_loss", "ramp",
    "replaced",
]  # fmt: skip


@dataclass(frozen=True)
class Masking:
    """What LaVer adds to the loss of the answers: L = L_LM + w_MIM L_MIM + w_CGA L_CGA.

    Weights, ratio and temperatures are those of the released configuration. It updates its teacher 50 times in a
    training with momentum 0.95; here the teacher follows every step, with a momentum that goes as far.

    Args:
        ratio: r, the probability of a token to be masked, reached on a cosine from 0 over the training.
        image_weight: w_MIM.
        gram_weight: w_CGA.
        student_temperature, teacher_temperature: Of the two softmaxes.
        momentum: Lambda of the teacher.
        symmetric: As the released code anchors: a student that tells tokens further apart is pulled back too.
    """

    ratio: float = 0.05
    image_weight: float = 1.0
    gram_weight: float = 1.0
    student_temperature: float = 0.1
    teacher_temperature: float = 0.04
    momentum: float = 0.99
    symmetric: bool = False


class VisualHead(nn.Module):
    """Three layers from a hidden state to visual logits, for each of `runs` models: (runs, n, width) -> same."""

    def __init__(self, runs: int, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Linear(runs, width, width, bias=True) for _ in range(3))

    def forward(self, states: Tensor) -> Tensor:
        first, second, third = self.layers
        logits: Tensor = third(F.gelu(second(F.gelu(first(states)))))
        return logits


def ramp(share: float) -> float:
    """How much of the mask ratio holds at a share of the training: (1 - cos(pi share)) / 2.

    >>> ramp(0.0), round(ramp(0.5), 12), ramp(1.0)
    (0.0, 0.5, 1.0)
    """
    return (1 - math.cos(math.pi * share)) / 2


def draw_masked(image: Tensor, ratio: float | Tensor, generator: torch.Generator | None = None) -> Tensor:
    """M: each image token is masked with probability `ratio`.

    Args:
        image: Which tokens are an image's, bool.
        ratio: From 0 to 1; of a shape that broadcasts.

    Returns:
        Bool, of the shape of `image`; False at all other tokens.
    """
    return image & (torch.rand(image.shape, generator=generator, device=image.device) < ratio)


def replaced(embeddings: Tensor, masked: Tensor, vector: Tensor) -> Tensor:
    """v~_i = M_i e + (1 - M_i) v_i.

    Args:
        embeddings: v, (..., width).
        masked: M, (...), bool.
        vector: The learnable e, (width,), or of a shape that broadcasts.
    """
    return torch.where(masked[..., None], vector.to(embeddings.dtype), embeddings)


def masked_image_loss(
    student: Tensor,
    teacher: Tensor,
    masked: Tensor,
    student_temperature: float = 0.1,
    teacher_temperature: float = 0.04,
) -> Tensor:
    """L_MIM = - sum over masked i of softmax(z^_i / tau_teacher) . log softmax(z~_i / tau_student).

    The teacher's logits z^ are those of the whole page, the student's z~ those of the masked one; no gradient reaches
    the teacher.

    Args:
        student, teacher: Visual logits, (rows, tokens, k).
        masked: M, (rows, tokens), bool.

    Returns:
        A scalar, a sum over masked tokens; 0 where none is.
    """
    wanted = (teacher.detach() / teacher_temperature).softmax(-1)
    each = -(wanted * (student / student_temperature).log_softmax(-1)).sum(-1)
    return (each * masked).sum()


def gram(logits: Tensor, image: Tensor) -> Tensor:
    """G(Z) = norm(Z) norm(Z)^T: cosines between the image tokens of each row; 0 where one is none.

    Args:
        logits: Z, (rows, tokens, k).
        image: (rows, tokens), bool.

    Returns:
        (rows, tokens, tokens).
    """
    unit = F.normalize(logits, dim=-1) * image[..., None]
    return unit @ unit.mT


def clipped_gram_loss(student: Tensor, teacher: Tensor, image: Tensor, *, symmetric: bool = False) -> Tensor:
    """L_CGA = || max(0, G(Z~) - G(Z^)) ||_F^2: image tokens of the student are not more alike than the teacher's.

    Clipping ignores a student that tells tokens better apart; `symmetric` leaves clipping out, as the released code.

    Args:
        student, teacher: Z~ and Z^, (rows, tokens, k); no gradient reaches the teacher.
        image: (rows, tokens), bool.

    Returns:
        A scalar, a sum over rows and pairs of tokens.
    """
    more_alike = gram(student, image) - gram(teacher.detach(), image)
    return (more_alike if symmetric else more_alike.clamp(min=0)).square().sum()


@torch.no_grad()
def follow(teacher: Iterable[Tensor], student: Iterable[Tensor], momentum: float) -> None:
    """theta^_t = lambda theta^_(t-1) + (1 - lambda) theta_t, in place."""
    torch._foreach_lerp_(list(teacher), [parameter.detach() for parameter in student], 1 - momentum)
