"""Typst's SVG -> what it draws. It is read by the few forms that Typst writes; anything else is not guessed at.

A document without pictures, slanted strokes or turned text is the paper, groups that move what is in them, runs of
glyphs, each a reference to an outline at the end of the file, and rules: level or upright strokes, and frames.
"""

import re
from collections.abc import Iterator

import numpy as np

from lomo_hf.rendering.glyphs.drawing import Drawing

__all__ = ["read_svg"]

_HEAD = re.compile(rb'<svg viewBox="[^"]*" [^>]*><path fill="#ffffff" fill-rule="nonzero" d="[^"]*"/>')
_TOKENS = re.compile(
    rb'<use xlink:href="#(g[0-9A-F]+)" x="([^"]*)" y="([^"]*)" fill="#([0-9a-f]{6})" fill-rule="nonzero"/>'
    rb'|<g transform="matrix\(1 0 0 -1 ([^ ]*) ([^)]*)\)"(/?)>'
    rb'|<g transform="translate\(([^)]*)\)"(/?)>'
    rb"|(<g>|<g/>|</g>)"
    rb'|<path fill="none" stroke="#([0-9a-f]{6})" stroke-width="([^"]*)" stroke-linecap="butt"'
    rb' stroke-linejoin="miter" stroke-miterlimit="4"(?: transform="translate\(([^)]*)\)")? d="([^"]*)"/>'
    rb"|(<)"
)
_OUTLINES = re.compile(rb'<symbol id="(g[0-9A-F]+)" overflow="visible"><path d="([^"]*)"/></symbol>|(<)')
_STROKE = re.compile(
    rb"M ([^ a-zA-Z]+) ([^ a-zA-Z]+)(?:h ([^ a-zA-Z]+)|v ([^ a-zA-Z]+)"
    rb"|v ([^ a-zA-Z]+)h ([^ a-zA-Z]+)v ([^ a-zA-Z]+)Z ?)"
)
_BLACK = b"000000"

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
    outlines = _outlines(svg, end)
    glyphs: list[bytes] = []
    places: list[tuple[float, float]] = []
    inks: list[int] = []
    rules: list[_Box] = []
    rule_inks: list[int] = []
    left = top = 0.0
    outer: list[tuple[float, float]] = []
    for glyph, x, y, fill, run_x, run_y, run_closed, moved, closed, group, stroke, thick, by, path, other in (
        _TOKENS.findall(svg[start:end])
    ):  # fmt: skip
        if glyph:
            glyphs.append(outlines[glyph])
            places.append((left + float(x), top - float(y)))
            inks.append(255 if fill == _BLACK else _ink(fill))
        elif run_x:
            if not run_closed:
                outer.append((left, top))
                left, top = left + float(run_x), top + float(run_y)
        elif moved:
            if not closed:
                outer.append((left, top))
                right, down = _moved(moved)
                left, top = left + right, top + down
        elif group:
            if group == b"</g>":
                left, top = outer.pop()
            elif group == b"<g>":
                outer.append((left, top))
        elif path:
            boxes = list(_bars(path, float(thick), left, top, by))
            rules += boxes
            rule_inks += [_ink(stroke)] * len(boxes)
        elif other:
            raise _UnknownError
    pens = np.asarray(places, np.float64).reshape(-1, 2)
    bars = np.asarray(rules, np.float64).reshape(-1, 4)
    if not (np.isfinite(pens).all() and np.isfinite(bars).all()):
        raise _UnknownError
    return Drawing(glyphs, pens[:, 0], pens[:, 1], np.asarray(inks, np.uint8), bars, np.asarray(rule_inks, np.uint8))


def _outlines(svg: bytes, end: int) -> dict[bytes, bytes]:
    if not svg.startswith(b"<defs>", end):
        return {}
    found = _OUTLINES.findall(svg[end + len(b"<defs>") : svg.rfind(b"</defs>")])
    if any(other for _, _, other in found):
        raise _UnknownError
    return {name: path for name, path, _ in found}


def _moved(arguments: bytes) -> tuple[float, float]:
    numbers = arguments.split()
    return float(numbers[0]), float(numbers[1]) if len(numbers) > 1 else 0.0


def _bars(path: bytes, thick: float, left: float, top: float, by: bytes) -> Iterator[_Box]:
    """The bars of a stroke: one for a line, four for a frame."""
    found = _STROKE.fullmatch(path)
    if found is None:
        raise _UnknownError
    if by:
        right, down = _moved(by)
        left, top = left + right, top + down
    x, y, along, upright, height, width, back = found.groups()
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
    red, green, blue = (int(colour[at : at + 2], 16) for at in (0, 2, 4))
    return 255 - ((4899 * red + 9617 * green + 1868 * blue + 8192) >> 14)
