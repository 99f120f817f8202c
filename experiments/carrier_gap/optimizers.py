"""Muon for the matrices of the base (Jordan et al. 2024), and gradient clipping for each run apart."""

from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["Muon", "clip_each_run", "scheduled"]

_STEPS = ((3.4445, -4.7750, 2.0315),) * 5


class Muon(torch.optim.Optimizer):
    """Momentum whose matrices are made orthogonal by Newton-Schulz steps; matrices of equal shape go together."""

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(list(parameters), {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """One update."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes.setdefault(parameter.shape, []).append(parameter)
            for shape, members in shapes.items():
                grads = torch.stack([member.grad for member in members]).float()
                state = self.state[members[0]]
                held = state.setdefault("held", torch.zeros_like(grads))
                held.lerp_(grads, 1 - group["momentum"])
                update = orthogonal(grads.lerp(held, group["momentum"]))
                rate = group["lr"] * max(1, shape[-2] / shape[-1]) ** 0.5
                torch._foreach_add_(members, list((update * -rate).unbind()))


def orthogonal(matrices: Tensor) -> Tensor:
    """About the nearest matrices (..., rows, columns) whose singular values are all 1."""
    x = matrices.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for a, b, c in _STEPS:
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if tall else x).float()


@torch.no_grad()
def clip_each_run(parameters: Iterable[Tensor], most: float = 1.0) -> None:
    """Scale the gradients of each run, the first dimension, so that their norm is at most `most`."""
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norms = torch.stack([grad.flatten(1).norm(dim=1) for grad in grads]).norm(dim=0)
    scale = (most / (norms + 1e-6)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(scale.view(-1, *[1] * (grad.ndim - 1)))


def scheduled(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate
