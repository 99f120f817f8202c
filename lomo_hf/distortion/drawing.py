"""What is done to a page: the record of one distortion, and how one is drawn. No pixels here.

A draw knows nothing of the page: every parameter is a share of it or a length in pixels. So the distortion of a row
depends on its stream alone, never on the span, and stays the same in every position setting.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from lomo_hf.distortion.parameters import DECIMALS, RISING, STRENGTHS, Bounds, Parameter, Value, Whole
from lomo_hf.distortion.registry import GROUPS, OPERATIONS, WEIGHED, Operation
from lomo_hf.errors import RecipeError
from lomo_hf.recipes.recipe import DistortionSettings

__all__ = ["Distortion", "DistortionDrawer", "check_settings", "draw_distortion"]


@dataclass(frozen=True)
class Distortion:
    """One operation with the value of every parameter, as drawn or as applied; all of it can stand in JSON.

    Attributes:
        op: A name of `OPERATIONS`.
        params: Parameter -> value; `drawn_NAME` beside `NAME` keeps what was drawn where the page asked for less.

    Raises:
        RecipeError: There is no such operation or parameter, one is missing, or a value is out of its range.

    Source: paper, section 3, algorithm 1: one operation for a sample.

    Example:
        >>> Distortion.from_json('{"op":"gaussian_blur","params":{"sigma":0.8}}').params["sigma"]
        0.8
    """

    op: str
    params: Mapping[str, Value]

    def __post_init__(self) -> None:
        operation = _operation("distortion.op", self.op)
        params = dict(self.params)
        for name, parameter in operation.parameters.items():
            if name not in params:
                raise RecipeError(f"distortion.params.{name} must be given for {self.op}; found none. Add it.")
            parameter.check(f"distortion.params.{name}", params[name])
        for name in params:
            drawn = name.removeprefix("drawn_") if operation.limit else name
            if drawn not in operation.parameters:
                known = ", ".join(operation.parameters) or "none"
                raise RecipeError(f"distortion.params.{name} is not a parameter of {self.op}; known are: {known}.")
            operation.parameters[drawn].check(f"distortion.params.{name}", params[name])
        object.__setattr__(self, "params", params)

    def to_json(self) -> str:
        """One line, keys sorted; `from_json` gives back an equal distortion, to the last bit of every number."""
        return json.dumps({"op": self.op, "params": self.params}, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A distortion from what `to_json` wrote.

        Raises:
            RecipeError: The text is not JSON, or names no known operation and parameters.
        """
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RecipeError(f"distortion must be JSON; found {text[:80]!r}. Write what to_json gives.") from error
        if not isinstance(record, dict) or set(record) != {"op", "params"} or not isinstance(record["params"], dict):
            raise RecipeError(f"distortion must hold op and params; found {text[:80]!r}. Write what to_json gives.")
        return cls(record["op"], record["params"])


@dataclass(frozen=True)
class DistortionDrawer:
    """Draws distortions by one recipe's settings, which are checked and resolved once.

    Attributes:
        settings: The recipe's.
        weighted: Every name of the mix with a weight: the operations it stands for, in the registry's order.

    >>> draw = DistortionDrawer.of(DistortionSettings(mix={"gaussian_blur": 1}))
    >>> draw(np.random.default_rng(3)).params
    {'sigma': 1.0609}
    """

    settings: DistortionSettings
    weighted: tuple[tuple[tuple[Operation, ...], float], ...]

    @classmethod
    def of(cls, settings: DistortionSettings) -> Self:
        """Resolve what the settings name.

        Raises:
            RecipeError: They name what does not exist.
        """
        check_settings(settings)
        # The registry's order, not the mapping's: two recipes that differ in the order of their keys are the same.
        return cls(settings, tuple((WEIGHED[name], settings.mix[name]) for name in WEIGHED if settings.mix.get(name)))

    def __call__(self, rng: np.random.Generator, place: float | None = None) -> Distortion:
        """One distortion: a name by its weight in the mix, then an operation of that group, then its parameters.

        Args:
            rng: The row's own stream; the numbers drawn from it are the same at every strength.
            place: The row's own place in its corpus, from 0 to 1; only the strength "rising" asks for it.

        Raises:
            RecipeError: The strength is "rising" and there is no place.
        """
        strength, ranges = self.settings.strength, self.settings.ranges
        if strength == RISING and place is None:
            raise RecipeError(f"distortion.strength {RISING!r} needs the row's place; found none. Use `lomo build`.")
        members = self._members(float(rng.random()))
        operation = members[int(rng.random() * len(members))]
        overrides = ranges.get(operation.name, {})
        params = {}
        for name, parameter in operation.parameters.items():
            params[name] = parameter.draw(rng, overrides.get(name, _bounds(parameter, strength, place)))
        return Distortion(operation.name, params)

    def _members(self, share: float) -> tuple[Operation, ...]:
        left = share * sum(weight for _, weight in self.weighted)
        for members, weight in self.weighted:
            if left < weight:
                return members
            left -= weight
        return self.weighted[-1][0]  # a share next to 1 may be rounded past the last weight


def draw_distortion(settings: DistortionSettings, rng: np.random.Generator, place: float | None = None) -> Distortion:
    """One distortion: a name by its weight in the mix, then an operation of that group, then its parameters.

    The strength "rising" goes by `place`: mild at 0, hard at 1, between them ranges whose ends lie on straight lines.
    For many rows, `DistortionDrawer.of(settings)` checks the settings once.

    Args:
        settings: Which distortions are drawn, how often and how strongly.
        rng: The row's own stream; the numbers drawn from it are the same at every strength.
        place: The row's own place in its corpus, from 0 to 1.

    Returns:
        The distortion as drawn.

    Raises:
        RecipeError: The settings name what does not exist, or the strength is "rising" and there is no place.

    Source: algorithm 1, "o ~ Categorical" over Clean, Rotate, Blur, Shadow-or-stain and Wave.

    >>> draw_distortion(DistortionSettings(mix={"gaussian_blur": 1}), np.random.default_rng(3)).to_json()
    '{"op":"gaussian_blur","params":{"sigma":1.0609}}'
    """
    return DistortionDrawer.of(settings)(rng, place)


def _bounds(parameter: Parameter, strength: str, place: float | None) -> Bounds | None:
    if strength != RISING or not parameter.presets:
        return parameter.presets.get(strength)
    mild, hard = (parameter.presets[name] for name in STRENGTHS)
    decimals = 0 if isinstance(parameter, Whole) else DECIMALS
    low, high = (
        round(first + (last - first) * (place or 0.0), decimals) for first, last in zip(mild, hard, strict=True)
    )
    return low, high


def check_settings(settings: DistortionSettings) -> None:
    """Pass if every group, operation, parameter, range and strength that `settings` names can be drawn.

    Args:
        settings: A recipe's `distortion`.

    Raises:
        RecipeError: It names the field, what was found and the remedy.

    Example:
        >>> check_settings(DistortionSettings(strength="brutal"))
        Traceback (most recent call last):
        lomo_hf.errors.RecipeError: distortion.strength must be one of mild, hard, rising; found 'brutal'.
    """
    if settings.strength not in (*STRENGTHS, RISING):
        known = ", ".join((*STRENGTHS, RISING))
        raise RecipeError(f"distortion.strength must be one of {known}; found {settings.strength!r}.")
    for name in settings.mix:
        if name not in WEIGHED:
            known = ", ".join(dict.fromkeys([*GROUPS, *WEIGHED]))
            raise RecipeError(f"distortion.mix has no group or operation {name!r}; known are {known}.")
    for op, ranges in settings.ranges.items():
        operation = _operation("distortion.ranges", op)
        for name, bounds in ranges.items():
            if name not in operation.parameters:
                known = ", ".join(operation.parameters) or "none"
                raise RecipeError(f"distortion.ranges.{op} has no parameter {name!r}; known are: {known}.")
            operation.parameters[name].check_bounds(f"distortion.ranges.{op}.{name}", bounds)


def _operation(where: str, name: str) -> Operation:
    if not isinstance(name, str) or name not in OPERATIONS:
        raise RecipeError(f"{where} must name one of {', '.join(OPERATIONS)}; found {name!r}.")
    return OPERATIONS[name]
