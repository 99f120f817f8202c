"""How many rows each config gives to a draw: shares, made whole numbers by the largest remainder.

Exact arithmetic throughout, so a quota is the same on every machine. A config that is smaller than its share gives all
it has, and the rest is shared out among the others by the same shares.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from lomo_hf.errors import RecipeError

__all__ = ["QUOTAS", "allot", "shares_of"]

QUOTAS: Final = ("proportional", "equal", "weights")


def shares_of(quota: str, sizes: Mapping[str, int], weights: Mapping[str, float]) -> dict[str, Fraction]:
    """Each config's share of a draw, in any unit.

    Args:
        quota: "proportional" to the sizes, "equal", or "weights".
        sizes: Config -> rows or tokens that are eligible.
        weights: Config -> weight, for "weights" only.

    Returns:
        Config -> share; they need not add up to 1.

    Raises:
        RecipeError: There is no such quota, or weights are missing, unknown, negative or all zero.

    Example:
        >>> {name: int(share) for name, share in shares_of("equal", {"a": 10, "b": 30}, {}).items()}
        {'a': 1, 'b': 1}
    """
    if quota not in QUOTAS:
        raise RecipeError(f"quota must be one of {', '.join(QUOTAS)}; found {quota!r}.")
    if quota == "proportional":
        return {name: Fraction(size) for name, size in sizes.items()}
    if quota == "equal":
        return {name: Fraction(1) for name in sizes}
    unknown, missing = sorted(set(weights) - set(sizes)), sorted(set(sizes) - set(weights))
    if unknown or missing:
        what = f"has no config {unknown[0]!r}" if unknown else f"gives no weight to {missing[0]!r}"
        raise RecipeError(f"weights must name every config; this one {what}. Write 0 to leave a config out.")
    for name, weight in weights.items():
        if not 0 <= weight < float("inf"):
            raise RecipeError(f"weights.{name} must be 0 or more; found {weight!r}.")
    if not sum(weights.values()):
        raise RecipeError("weights must give at least one config more than 0; found only zeros.")
    return {name: Fraction(weights[name]) for name in sizes}


def allot(total: int, sizes: Mapping[str, int], shares: Mapping[str, Fraction]) -> dict[str, int]:
    """Whole numbers that add up to `total`, none above its size, by the largest remainder.

    Args:
        total: What to share out, in rows or tokens.
        sizes: Name -> how much there is.
        shares: Name -> its share, in any unit; `shares_of` gives them.

    Returns:
        Name -> how much of it, in the order of `sizes`.

    Raises:
        RecipeError: There is not as much as `total`.

    Example:
        >>> allot(10, {"a": 100, "b": 50, "c": 2}, {"a": Fraction(1), "b": Fraction(1), "c": Fraction(1)})
        {'a': 4, 'b': 4, 'c': 2}
    """
    available = sum(size for name, size in sizes.items() if shares[name])
    if not 0 <= total <= available:
        raise RecipeError(f"a draw must be of at most {available:,}, which is all there is; found {total:,}.")
    given = dict.fromkeys(sizes, 0)
    left, open_names = total, [name for name in sizes if shares[name] and sizes[name]]
    while open_names:
        whole = sum(shares[name] for name in open_names)
        ideal = {name: left * shares[name] / whole for name in open_names}
        full = [name for name in open_names if ideal[name] >= sizes[name]]
        if not full:
            given.update(_rounded(left, ideal))
            break
        for name in full:
            given[name] = sizes[name]
            left -= sizes[name]
        open_names = [name for name in open_names if name not in full]
    return given


def _rounded(total: int, ideal: Mapping[str, Fraction]) -> dict[str, int]:
    floors = {name: int(share) for name, share in ideal.items()}
    by_remainder = sorted(ideal, key=lambda name: (floors[name] - ideal[name], name))
    for name in by_remainder[: total - sum(floors.values())]:
        floors[name] += 1
    return floors
