"""The data of an SVG path -> straight edges, as Typst's own rasteriser flattens curves (the crate pixglyph).

Curves are cut where they bend more than half a pixel, so an outline of text has few edges, and pages from SVG are those
that Typst would paint, to a grey level or two. Only sums, products, quotients and roots are taken, which are the same
on every processor.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Curves", "curves_of", "edges_of"]

_COMMANDS = re.compile(rb"([A-Za-z])([^A-Za-z]*)")
_ARGUMENTS = {b"m": 2, b"l": 2, b"h": 1, b"v": 1, b"q": 4, b"c": 6, b"z": 0}
_MOST = 20_000  # commands of one outline; a glyph has some hundred

_FLAT = 0.333  # square of the bend, in px, that stays straight
# Bends from which a quadratic curve is cut into so many parts, and a cubic one into so many quadratic ones.
_QUADRATIC = np.arange(1, 31, dtype=np.float64) ** 4 / 3.0
_CUBIC = np.arange(1, 20, dtype=np.float64) ** 6 * (432.0 * 0.333 * 0.333)

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class Curves(NamedTuple):
    """An outline by the degree of its parts: float64 (parts, points, 2), in px, y upwards."""

    lines: Floats
    quadratic: Floats
    cubic: Floats


def curves_of(path: bytes) -> Curves:
    """An outline from the data of its path.

    Raises:
        ValueError: The data are not those of a path of lines, quadratic and cubic curves.

    >>> curves_of(b"M 0 0h 2l -1 4Z").lines.tolist()
    [[[0.0, 0.0], [2.0, 0.0]], [[2.0, 0.0], [1.0, 4.0]], [[1.0, 4.0], [0.0, 0.0]]]
    """
    commands = _COMMANDS.findall(path)
    if len(commands) > _MOST:
        raise ValueError(f"an outline must have at most {_MOST} commands; found {len(commands)}.")
    parts: tuple[list[tuple[float, ...]], ...] = ([], [], [])  # by degree
    here = first = (0.0, 0.0)
    for command, given in commands:
        kind = command.lower()
        points = _points(kind, given.split(), here if command == kind else (0.0, 0.0), here)
        if kind in b"mz" and here != first:
            parts[0].append((*here, *first))
        if kind == b"z":
            here = first
            continue
        if kind != b"m":
            parts[len(points) // 2 - 1].append((*here, *points))
        here = (points[-2], points[-1])
        if kind == b"m":
            first = here
    if here != first:
        parts[0].append((*here, *first))
    lines, quadratic, cubic = (
        np.asarray(part, np.float64).reshape(-1, size, 2) for part, size in zip(parts, (2, 3, 4), strict=True)
    )
    return Curves(lines, quadratic, cubic)


def _points(
    kind: bytes, given: Sequence[bytes], origin: tuple[float, float], here: tuple[float, float]
) -> tuple[float, ...]:
    """The points that a command names, from the page's origin, x and y in turn."""
    if _ARGUMENTS.get(kind) != len(given):
        raise ValueError(f"an outline must have commands of {b' '.join(_ARGUMENTS)!r}; found {kind!r} {given!r}.")
    numbers = [float(one) for one in given]
    if kind == b"h":
        return origin[0] + numbers[0], here[1]
    if kind == b"v":
        return here[0], origin[1] + numbers[0]
    return tuple(number + origin[at % 2] for at, number in enumerate(numbers))


def edges_of(outlines: Sequence[Curves]) -> tuple[Floats, Whole]:
    """The edges of some outlines: float64 (edges, 2, 2), from where to where; and how many each outline has.

    >>> edges, counts = edges_of([curves_of(b"M 0 0q 0 8 8 8v -8Z"), curves_of(b"M 0 0h 1v 1Z")])
    >>> counts.tolist(), edges[0].tolist()
    ([5, 3], [[0.0, 0.0], [0.8888888888888888, 4.444444444444445]])
    """
    counts = np.zeros(len(outlines), np.int64)
    owners: list[Whole] = []
    edges: list[Floats] = []
    lines, owner = _together([one.lines for one in outlines])
    edges.append(lines)
    owners.append(owner)
    quadratic, owner = _together([one.quadratic for one in outlines])
    cubic, cubic_owner = _together([one.cubic for one in outlines])
    if len(cubic):
        more, times = _by_quadratic(cubic)
        quadratic, owner = np.concatenate([quadratic, more]), np.concatenate([owner, np.repeat(cubic_owner, times)])
    if len(quadratic):
        more, times = _by_lines(quadratic)
        edges.append(more)
        owners.append(np.repeat(owner, times))
    every, belongs = np.concatenate(edges), np.concatenate(owners)
    order = np.argsort(belongs, kind="stable")
    counts += np.bincount(belongs, minlength=len(outlines))
    return every[order], counts


def _together(parts: Sequence[Floats]) -> tuple[Floats, Whole]:
    return np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(part) for part in parts])


def _by_quadratic(curves: Floats) -> tuple[Floats, Whole]:
    """Cubic curves by quadratic ones with the same ends and directions, and into how many each was cut."""
    p0, p1, p2, p3 = (curves[:, at] for at in range(4))
    bend = np.square(3 * p2 - p3 - (3 * p1 - p0)).sum(axis=1)
    times = 1 + np.searchsorted(_CUBIC, bend, side="left")
    which, start, end, step = _steps(times)
    p0, p1, p2, p3 = (curves[which, at] for at in range(4))
    d0, d1, d2 = 3 * (p1 - p0), 3 * (p2 - p1), 3 * (p3 - p2)

    def point(t: Floats) -> Floats:
        a, b, c = p0 + t * (p1 - p0), p1 + t * (p2 - p1), p2 + t * (p3 - p2)
        a, b = a + t * (b - a), b + t * (c - b)
        return a + t * (b - a)

    def slope(t: Floats) -> Floats:
        a, b = d0 + t * (d1 - d0), d1 + t * (d2 - d1)
        return a + t * (b - a)

    first, last = point(start), point(end)
    middle = (first + last) / 2 + step / 4 * (slope(start) - slope(end))
    return np.stack([first, middle, last], axis=1), times


def _by_lines(curves: Floats) -> tuple[Floats, Whole]:
    """Quadratic curves by straight edges, and into how many each was cut."""
    p0, p1, p2 = (curves[:, at] for at in range(3))
    bend = np.square(p0 - 2 * p1 + p2).sum(axis=1)
    times = np.where(bend < _FLAT, 1, 1 + np.searchsorted(_QUADRATIC, bend, side="right"))
    which, start, end, _ = _steps(times)
    p0, p1, p2 = (curves[which, at] for at in range(3))

    def point(t: Floats) -> Floats:
        a, b = p0 + t * (p1 - p0), p1 + t * (p2 - p1)
        return a + t * (b - a)

    return np.stack([point(start), point(end)], axis=1), times


def _steps(times: Whole) -> tuple[Whole, Floats, Floats, Floats]:
    """For each part of each curve: which curve, where on it the part starts and ends, and its length; of 0 to 1."""
    which = np.repeat(np.arange(len(times)), times)
    number = np.arange(len(which)) - np.repeat(np.cumsum(times) - times, times)
    count = times[which]
    return which, (number / count)[:, None], ((number + 1) / count)[:, None], (1 / count)[:, None]
