"""The data of an SVG path -> straight edges, as Typst's own rasteriser flattens curves (the crate pixglyph).

Curves are cut where they bend more than half a pixel: an outline of text has few edges, and pages from SVG are those
that Typst would paint, to a grey level or two. Only sums, products and quotients are taken, the same on any processor.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Curves", "curves_of", "edges_of"]

_COMMANDS = b"mhvlqcZ"
_NUMBERS = np.array([2, 1, 1, 2, 4, 6, 0])  # that follow each command
_START, _ACROSS, _UP, _LINE_TO, _QUADRATIC_TO, _CUBIC_TO, _CLOSE = range(7)
_FINE = 2.0**20
_KINDS = np.full(256, -1)
_KINDS[list(_COMMANDS)] = range(len(_COMMANDS))
_OPENS = b"M 0 0"
_SPACES = bytes.maketrans(_COMMANDS, b" " * len(_COMMANDS))

_LEVEL = 1e-7  # px; an edge less high covers nothing
_FLAT = 0.333  # square of the bend, in px, that stays straight
# Bends from which a quadratic curve is cut into so many parts, and a cubic one into so many quadratic ones.
_QUADRATIC = np.arange(1, 31, dtype=np.float64) ** 4 / 3.0
_CUBIC = np.arange(1, 20, dtype=np.float64) ** 6 * (432.0 * 0.333 * 0.333)

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class Curves(NamedTuple):
    """Outlines by the degree of their parts: float64 (parts, points, 2), in px, y upwards; and whose each part is."""

    lines: Floats
    quadratic: Floats
    cubic: Floats
    line_owners: Whole
    quadratic_owners: Whole
    cubic_owners: Whole


def curves_of(paths: Sequence[bytes]) -> Curves:
    """The parts of outlines, from the data of their paths as Typst writes them: relative, from `M 0 0`.

    Raises:
        ValueError: The data are not those of closed paths of lines, quadratic and cubic curves.

    >>> curves_of([b"M 0 0m 1 0h 2l -1 4Z "]).lines.tolist()
    [[[1.0, 0.0], [3.0, 0.0]], [[3.0, 0.0], [2.0, 4.0]], [[2.0, 4.0], [1.0, 0.0]]]
    """
    if not all(path.startswith(_OPENS) for path in paths):
        raise ValueError(f"an outline must begin with {_OPENS!r}; found {paths[0][:20]!r}.")
    bodies = [path[len(_OPENS) :] for path in paths]
    letters = [body.translate(None, b"0123456789.- ") for body in bodies]
    kinds = _KINDS[np.frombuffer(b"".join(letters), np.uint8)]
    owners = np.repeat(np.arange(len(paths)), [len(commands) for commands in letters])
    numbers = np.fromstring(b" ".join(bodies).translate(_SPACES), np.float64, sep=" ")
    if (kinds < 0).any() or _NUMBERS[kinds].sum() != len(numbers) or not np.isfinite(numbers).all():
        raise ValueError(f"an outline must have commands of {_COMMANDS!r}, with their numbers.")
    return _curves(kinds, numbers, owners)


def _curves(kinds: Whole, numbers: Floats, owners: Whole) -> Curves:
    # Whole numbers of a millionth of a pixel add up to the same, whatever outlines stand before.
    given = np.rint(np.append(numbers, (0.0, 0.0)) * _FINE).astype(np.int64)
    at = np.cumsum(_NUMBERS[kinds]) - _NUMBERS[kinds]  # where the numbers of each command stand
    last = at + _NUMBERS[kinds]
    steps = np.stack([given[last - 2], given[last - 1]], axis=1)  # by how much each command moves the pen
    steps[kinds == _ACROSS] = np.stack([given[at], np.zeros_like(at)], axis=1)[kinds == _ACROSS]
    steps[kinds == _UP] = np.stack([np.zeros_like(at), given[at]], axis=1)[kinds == _UP]
    starts, closes = np.flatnonzero(kinds == _START), np.flatnonzero(kinds == _CLOSE)
    _check_closed(starts, closes, owners)
    steps[closes] = 0
    moved = np.cumsum(steps, axis=0)
    steps[closes] = moved[starts] - moved[closes]  # closing moves it back to the start
    moved = np.cumsum(steps, axis=0)
    first = np.flatnonzero(np.diff(owners, prepend=-1))  # of each outline that has a command
    ends = moved - np.repeat((moved - steps)[first], np.diff(np.append(first, len(kinds))), axis=0)
    begins = ends - steps

    def parts(which: NDArray[np.bool_], between: int) -> tuple[Floats, Whole]:
        index = np.flatnonzero(which)
        points = [begins[index]]
        for number in range(between):
            here = at[index] + 2 * number
            points.append(begins[index] + np.stack([given[here], given[here + 1]], axis=1))
        return np.stack([*points, ends[index]], axis=1) / _FINE, owners[index]

    straight, line_owners = parts((kinds != _START) & (kinds < _QUADRATIC_TO) | (kinds == _CLOSE), 0)
    quadratic, quadratic_owners = parts(kinds == _QUADRATIC_TO, 1)
    cubic, cubic_owners = parts(kinds == _CUBIC_TO, 2)
    return Curves(straight, quadratic, cubic, line_owners, quadratic_owners, cubic_owners)


def _check_closed(starts: Whole, closes: Whole, owners: Whole) -> None:
    """Pass if each start is closed before the next, in the same outline, and nothing stands between a close and it."""
    edges = np.concatenate([[0], closes[:-1] + 1]) if len(closes) else closes
    whole = len(starts) == len(closes) and bool((starts == edges).all())
    if not whole or len(owners) != (closes[-1] + 1 if len(closes) else 0) or (owners[starts] != owners[closes]).any():
        raise ValueError("an outline must be lines that begin with a start and are closed.")


def edges_of(paths: Sequence[bytes]) -> list[Floats]:
    """The edges of outlines, from the data of their paths: float64 (edges, 5) each, level ones left out.

    Of an edge: how far down its upper and its lower end lie; how far to the right its upper end; by how much it goes
    to the right for each pixel down; and 1 where the outline goes down it, -1 where it goes up.

    Raises:
        ValueError: The data are not those of closed paths of lines, quadratic and cubic curves.

    >>> [edges.tolist() for edges in edges_of([b"M 0 0m 0 -4h 2v 2Z "])]
    [[[2.0, 4.0, 2.0, 0.0, -1.0], [2.0, 4.0, 2.0, -1.0, 1.0]]]
    """
    outlines = curves_of(paths)
    quadratic, owners = outlines.quadratic, outlines.quadratic_owners
    if len(outlines.cubic):
        more, times = _by_quadratic(outlines.cubic)
        quadratic = np.concatenate([quadratic, more])
        owners = np.concatenate([owners, np.repeat(outlines.cubic_owners, times)])
    bent, times = _by_lines(quadratic)
    owners = np.concatenate([outlines.line_owners, np.repeat(owners, times)])
    edges = np.concatenate([outlines.lines, bent])
    steep = np.abs(edges[:, 0, 1] - edges[:, 1, 1]) > _LEVEL
    edges, owners = edges[steep], owners[steep]
    (x0, y0), (x1, y1) = edges[:, 0].T, edges[:, 1].T
    down = y1 < y0
    upper, lower = -np.maximum(y0, y1), -np.minimum(y0, y1)
    begin, end = np.where(down, x0, x1), np.where(down, x1, x0)
    every = np.stack([upper, lower, begin, (end - begin) / (lower - upper), np.where(down, 1.0, -1.0)], axis=1)
    order = np.argsort(owners, kind="stable")
    ends = np.cumsum(np.bincount(owners, minlength=len(paths)))
    return [part.copy() for part in np.split(every[order], ends[:-1])]


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
        return np.asarray(a + t * (b - a), np.float64)

    def slope(t: Floats) -> Floats:
        a, b = d0 + t * (d1 - d0), d1 + t * (d2 - d1)
        return np.asarray(a + t * (b - a), np.float64)

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
        return np.asarray(a + t * (b - a), np.float64)

    return np.stack([point(start), point(end)], axis=1), times


def _steps(times: Whole) -> tuple[Whole, Floats, Floats, Floats]:
    """For each part of each curve: which curve, where on it the part starts and ends, and its length; of 0 to 1."""
    which = np.repeat(np.arange(len(times)), times)
    number = np.arange(len(which)) - np.repeat(np.cumsum(times) - times, times)
    count = times[which]
    return which, (number / count)[:, None], ((number + 1) / count)[:, None], (1 / count)[:, None]
