"""The sliders of the demo: for each parameter of each operation that has a range, its ends in the registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lomo_hf.distortion import OPERATIONS, STRENGTHS
from lomo_hf.distortion.parameters import Range, Whole

__all__ = ["SLIDERS", "STRENGTHS_OFFERED", "Slider", "preset", "sliders_of"]

STRENGTHS_OFFERED: Final = STRENGTHS


@dataclass(frozen=True)
class Slider:
    """A parameter that can be moved.

    Attributes:
        op: The operation.
        parameter: Its parameter.
        allowed: The least and the most that a recipe may say.
        step: 1 for whole numbers.

    >>> sliders_of("gaussian_blur")[0].allowed
    (0.1, 8)
    """

    op: str
    parameter: str
    allowed: tuple[float, float]
    step: float


def _sliders() -> tuple[Slider, ...]:
    sliders = []
    for operation in OPERATIONS.values():
        for name, parameter in operation.parameters.items():
            if isinstance(parameter, Range | Whole):
                low, high = parameter.allowed
                step = 1 if isinstance(parameter, Whole) else 0.01 if high - low <= 20 else 1
                sliders.append(Slider(operation.name, name, (low, high), step))
    return tuple(sliders)


SLIDERS: Final = _sliders()
"""All of them, in the registry's order."""


def sliders_of(op: str) -> tuple[Slider, ...]:
    """The parameters of an operation that can be moved; none for "clean" or an unknown name.

    >>> [slider.parameter for slider in sliders_of("motion_blur")]
    ['length', 'angle']
    """
    return tuple(slider for slider in SLIDERS if slider.op == op)


def preset(op: str, strength: str) -> Mapping[str, tuple[float, float]]:
    """Parameter -> the range that is drawn from at a strength, "mild" or "hard".

    >>> preset("gaussian_blur", "hard")
    {'sigma': (1.2, 2.0)}
    """
    ranges = OPERATIONS[op].ranges[strength] if op in OPERATIONS else {}
    return {name: (float(low), float(high)) for name, (low, high) in ranges.items()}
