"""Typst's SVG -> what it draws. It is read by the few forms that Typst writes; anything else is not guessed at.

A document without pictures, slanted strokes or turned text is the paper, groups that move what is in them, runs of
glyphs, each a reference to an outline at the end of the file, and rules: level or upright strokes, and frames.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lomo_hf.rendering.glyphs.drawing import Drawing

__all__ = ["read_svg"]

_HEAD = re.compile(rb'<svg viewBox="[^"]*" [^>]*><path fill="#ffffff" fill-rule="nonzero" d="[^"]*"/>')
_TOKENS = re.compile(
    rb'<g transform="matrix\(1 0 0 -1 ([^ ]*) ([^)]*)\)">((?:<use [^>]*/>)*)</g>'
    rb'|<g transform="translate\(([^)]*)\)">'
    rb'|(</g>)|(<g>)|<g/>|<g transform="(?:translate|matrix|scale)\([^)]*\)"/>'
    rb'|<path fill="none" stroke="#([0-9a-f]{6})" stroke-width="([^"]*)" stroke-linecap="butt"'
    rb' stroke-linejoin="miter" stroke-miterlimit="4"(?: transform="translate\(([^)]*)\)")? d="([^"]*)"/>'
    rb"|(<)"
)
# What stands between the quotes of one `use` and another.
_USE = (b"/><use xlink:href=", b" x=", b" y=", b" fill=", b" fill-rule=")
_FIRST, _LAST = b"<use xlink:href=", b"/>"
_OUTLINES = re.compile(rb'<symbol id="(g[0-9A-F]+)" overflow="visible"><path d="([^"]*)"/></symbol>|(<)')
_STROKE = re.compile(
    rb"M ([^ a-zA-Z]+) ([^ a-zA-Z]+)(?:h ([^ a-zA-Z]+)|v ([^ a-zA-Z]+)"
    rb"|v ([^ a-zA-Z]+)h ([^ a-zA-Z]+)v ([^ a-zA-Z]+)Z ?)"
)
_BLACK = b"#000000"

_Box = tuple[float, float, float, float]


class _UnknownError(Exception):
    """The file holds something that is not read."""


def read_svg(svg: bytes) -> Drawing | None:
    """What a page of Typst's draws; None where it draws anything but glyphs and straight rules.

    >>> page = b'<svg viewBox="0 0 9 9" width="9pt"><path fill="#ffffff" fill-rule="nonzero" d="M 0 0v 9h 9v -9Z "/>'
    >>> rule = b'<path fill="none" stroke="#000000" stroke-width="2" stroke-linecap="butt" stroke-linejoin="miter" '
    >>> rule += b'stroke-miterlimit="4" transform="translate(3)" d="M 0 4h 5"/>'
    >>> read_svg(page + rule + b"<defs></defs></svg>").rules.tolist()
    [[3.0, 3.0, 8.0, 5.0]]
    >>> read_svg(page + b"<image/><defs></defs></svg>") is None
    True
    """
    head = _HEAD.match(svg)
    end = svg.rfind(b"<defs")
    if head is None:
        return None
    end = svg.rfind(b"</svg>") if end < 0 else end
    try:
        return _drawing(svg, head.end(), end)
    except (_UnknownError, ValueError, KeyError, IndexError):
        return None


def _drawing(svg: bytes, start: int, end: int) -> Drawing:
    runs: list[bytes] = []
    pens: list[tuple[float, float]] = []  # where each run begins
    rules: list[_Box] = []
    rule_inks: list[int] = []
    left = top = 0.0
    outer: list[tuple[float, float]] = []
    for x, y, uses, moved, closed, opened, stroke, thick, by, path, other in _TOKENS.findall(svg, start, end):
        if uses:
            runs.append(uses)
            pens.append((left + float(x), top + float(y)))
        elif moved:
            outer.append((left, top))
            right, down = _moved(moved)
            left, top = left + right, top + down
        elif closed:
            left, top = outer.pop()
        elif opened:
            outer.append((left, top))
        elif path:
            boxes = list(_bars(path, float(thick), left, top, by))
            rules += boxes
            rule_inks += [_ink(b"#" + stroke)] * len(boxes)
        elif other:
            raise _UnknownError
    outlines = _outlines(svg, end)
    numbers, places, inks = _glyphs(runs, pens, list(outlines))
    bars = np.asarray(rules, np.float64).reshape(-1, 4)
    if not (np.isfinite(places).all() and np.isfinite(bars).all()):
        raise _UnknownError
    dark = np.asarray(rule_inks, np.uint8)
    return Drawing(list(outlines.values()), numbers, places[0], places[1], inks, bars, dark)


def _glyphs(
    runs: Sequence[bytes], pens: Sequence[tuple[float, float]], names: Sequence[bytes]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8] | None]:
    """Of all glyphs: the numbers of their outlines, where they stand (2, glyphs), and their inks."""
    counts = [run.count(_FIRST) for run in runs]
    parts = b"".join(runs).split(b'"')
    if runs:
        _check_uses(parts)
    number_of = {name: number for number, name in enumerate(names)}
    numbers = np.asarray([number_of[name] for name in parts[1::10]], np.int64)
    places = np.repeat(np.asarray(pens, np.float64).reshape(-1, 2), counts, axis=0).T
    places[0] += np.asarray(list(map(float, parts[3::10])), np.float64)
    places[1] -= np.asarray(list(map(float, parts[5::10])), np.float64)
    fills = parts[7::10]
    if fills.count(_BLACK) == len(fills):
        return numbers, places, None
    return numbers, places, np.asarray([_ink(fill) for fill in fills], np.uint8)


def _check_uses(parts: Sequence[bytes]) -> None:
    """Pass if what stands between the quotes of glyphs is what Typst writes there."""
    count = len(parts) // 10
    written = all(parts[2 * at : -1 : 10].count(text) == count for at, text in enumerate(_USE[1:], 1))
    joints = parts[10:-1:10].count(_USE[0]) == count - 1
    ends = len(parts) == 10 * count + 1 and (parts[0], parts[-1]) == (_FIRST, _LAST)
    if not (written and joints and ends and parts[9::10].count(b"nonzero") == count):
        raise _UnknownError


def _outlines(svg: bytes, end: int) -> dict[bytes, bytes]:
    if not svg.startswith(b"<defs>", end):
        return {}
    paths = _OUTLINES.findall(svg[end + len(b"<defs>") : svg.rfind(b"</defs>")])
    if any(other for _, _, other in paths):
        raise _UnknownError
    return {b"#" + name: path for name, path, _ in paths}


def _moved(arguments: bytes) -> tuple[float, float]:
    numbers = arguments.split()
    return float(numbers[0]), float(numbers[1]) if len(numbers) > 1 else 0.0


def _bars(path: bytes, thick: float, left: float, top: float, by: bytes) -> Iterator[_Box]:
    """The bars of a stroke: one for a line, four for a frame."""
    stroke = _STROKE.fullmatch(path)
    if stroke is None:
        raise _UnknownError
    if by:
        right, down = _moved(by)
        left, top = left + right, top + down
    x, y, along, upright, height, width, back = stroke.groups()
    left, top, half = left + float(x), top + float(y), thick / 2
    if along:
        yield _box(left, top - half, left + float(along), top + half)
    elif upright:
        yield _box(left - half, top, left + half, top + float(upright))
    elif float(back) != -float(height):
        raise _UnknownError
    else:
        right, bottom = left + float(width), top + float(height)
        yield _box(left - half, top - half, right + half, top + half)
        yield _box(left - half, bottom - half, right + half, bottom + half)
        yield _box(left - half, top + half, left + half, bottom - half)
        yield _box(right - half, top + half, right + half, bottom - half)


def _box(x0: float, y0: float, x1: float, y1: float) -> _Box:
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _ink(colour: bytes) -> int:
    """255 less the grey of a colour, weighed as a grey picture of it would be."""
    if len(colour) != 7 or colour[:1] != b"#":  # no plain colour
        raise _UnknownError
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 255 - ((4899 * red + 9617 * green + 1868 * blue + 8192) >> 14)
