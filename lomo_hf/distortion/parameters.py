"""The kinds of parameter that an operation may have: how each is drawn, how a range is checked, how a value is.

All draws take uniform numbers in [0, 1) and nothing else from the generator, one for each parameter, so that a
parameter's range or strength never shifts the draws that follow it.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from lomo_hf.errors import RecipeError

__all__ = ["RISING", "STRENGTHS", "Choice", "Parameter", "Range", "Seed", "Value", "Whole"]

STRENGTHS = ("mild", "hard")
RISING = "rising"  # from the first of these at the beginning of the corpus to the last at its end
DECIMALS = 4

Value = float | int | str
Bounds = tuple[float, float]


class Parameter(Protocol):
    """What the registry needs of a parameter."""

    @property
    def presets(self) -> dict[str, Bounds]:
        """Strength -> range; empty where a range makes no sense."""

    def draw(self, rng: np.random.Generator, bounds: Bounds | None) -> Value:
        """One value, from `bounds` where the parameter has a range."""

    def check_bounds(self, where: str, bounds: Bounds) -> None:
        """Raise a `RecipeError` where `bounds` cannot be a range of this parameter."""

    def check(self, where: str, value: object) -> None:
        """Raise a `RecipeError` where `value` cannot be a value of this parameter."""


@dataclass(frozen=True)
class Range:
    """A real number from a range that depends on the strength; `signed` draws a magnitude, then its sign.

    >>> Range((1, 2), (2, 3), (0, 9)).draw(np.random.default_rng(0), (1, 2))
    1.637
    """

    mild: Bounds
    hard: Bounds
    allowed: Bounds
    signed: bool = False

    @property
    def presets(self) -> dict[str, Bounds]:
        return {"mild": self.mild, "hard": self.hard}

    def draw(self, rng: np.random.Generator, bounds: Bounds | None) -> Value:
        low, high = bounds or self.mild
        share = float(rng.random())
        sign = 1.0
        if self.signed:  # one uniform number serves for both: its halves are the signs
            sign, share = (-1.0, 2 * share) if share < 0.5 else (1.0, 2 * share - 1)
        return sign * min(max(round(low + (high - low) * share, DECIMALS), low), high)

    def check_bounds(self, where: str, bounds: Bounds) -> None:
        low, high = bounds
        if not self.allowed[0] <= low <= high <= self.allowed[1]:
            raise RecipeError(
                f"{where} must rise within {self.allowed[0]:g} to {self.allowed[1]:g}; found [{low:g}, {high:g}]. "
                f"Write [{self.mild[0]:g}, {self.mild[1]:g}] for the mild range."
            )

    def check(self, where: str, value: object) -> None:
        number = _number(where, value)
        if not self.allowed[0] <= (abs(number) if self.signed else number) <= self.allowed[1]:
            raise RecipeError(f"{where} must be {self._allowed_words()}; found {value!r}. Draw it anew.")

    def _allowed_words(self) -> str:
        low, high = self.allowed
        return f"from {low:g} to {high:g}" + (" or its negative" if self.signed else "")


@dataclass(frozen=True)
class Whole:
    """A whole number, both ends included.

    >>> {Whole((2, 3), (4, 5), (2, 9)).draw(np.random.default_rng(n), (2, 3)) for n in range(9)}
    {2, 3}
    """

    mild: Bounds
    hard: Bounds
    allowed: Bounds

    @property
    def presets(self) -> dict[str, Bounds]:
        return {"mild": self.mild, "hard": self.hard}

    def draw(self, rng: np.random.Generator, bounds: Bounds | None) -> Value:
        low, high = (int(b) for b in bounds or self.mild)
        return low + int(rng.random() * (high - low + 1))

    def check_bounds(self, where: str, bounds: Bounds) -> None:
        low, high = bounds
        if low != int(low) or high != int(high) or not self.allowed[0] <= low <= high <= self.allowed[1]:
            raise RecipeError(
                f"{where} must be two rising whole numbers within {self.allowed[0]:g} to {self.allowed[1]:g}; "
                f"found [{low:g}, {high:g}]. Write [{self.mild[0]:g}, {self.mild[1]:g}] for the mild range."
            )

    def check(self, where: str, value: object) -> None:
        low, high = self.allowed
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise RecipeError(
                f"{where} must be a whole number from {low:g} to {high:g}; found {value!r}. Draw it anew."
            )


@dataclass(frozen=True)
class Choice:
    """One of a few words, all equally likely; it has no range."""

    values: tuple[str, ...]
    presets: dict[str, Bounds] = field(default_factory=dict)

    def draw(self, rng: np.random.Generator, bounds: Bounds | None) -> Value:
        return self.values[int(rng.random() * len(self.values))]

    def check_bounds(self, where: str, bounds: Bounds) -> None:
        raise RecipeError(f"{where} takes no range, it is one of {', '.join(self.values)}; found one. Remove it.")

    def check(self, where: str, value: object) -> None:
        if value not in self.values:
            raise RecipeError(f"{where} must be one of {', '.join(self.values)}; found {value!r}. Draw it anew.")


@dataclass(frozen=True)
class Seed:
    """The key of a texture: its generator is built from this number alone, where the pixels are made."""

    presets: dict[str, Bounds] = field(default_factory=dict)

    def draw(self, rng: np.random.Generator, bounds: Bounds | None) -> Value:
        return int(rng.random() * 2**31)

    def check_bounds(self, where: str, bounds: Bounds) -> None:
        raise RecipeError(f"{where} takes no range, it is drawn from all seeds; found one. Remove it.")

    def check(self, where: str, value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
            raise RecipeError(f"{where} must be a whole number from 0 to 2147483647; found {value!r}. Draw it anew.")


def _number(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise RecipeError(f"{where} must be a number; found {value!r}. Draw it anew.")
    return float(value)
