"""What stands on a page: every glyph with the letter that its outline shows, and every frame.

A page by Typst is read from its SVG, in a way of its own; one that was set without Typst from its list of glyphs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from xml.etree import ElementTree

from lomo_hf.auditing.alphabet import Alphabet, Box, Reading
from lomo_hf.rendering import Page

__all__ = ["Glyph", "PageGlyphs", "read_page"]

_SVG: Final = "{http://www.w3.org/2000/svg}"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_NUMBERS: Final = re.compile(r"-?[0-9.]+(?:e-?[0-9]+)?")
_FRAME: Final = re.compile(r"M (\S+) (\S+)v (\S+)h (\S+)v -\S+Z ?")

Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph where it stands, lengths in px, y downwards.

    Attributes:
        reading: What its outline shows.
        x, y: Where its pen stands on the baseline.
        box: The left, top, right and bottom of its outline.
        grey: How light it is: 0 is black, 255 is paper.
    """

    reading: Reading
    x: float
    y: float
    box: Box
    grey: float


@dataclass(frozen=True)
class PageGlyphs:
    """Everything that was drawn, in its order: glyphs, and the boxes of frames."""

    glyphs: list[Glyph]
    frames: list[Box]

    @cached_property
    def letters(self) -> str:
        """What all glyphs show, in the order in which they were drawn."""
        return "".join(glyph.reading.letters for glyph in self.glyphs)

    @cached_property
    def extent(self) -> Box:
        """The left, top, right and bottom of all glyphs and frames."""
        boxes = [glyph.box for glyph in self.glyphs] + self.frames
        return (
            min(box[0] for box in boxes), min(box[1] for box in boxes),
            max(box[2] for box in boxes), max(box[3] for box in boxes),
        )  # fmt: skip


def read_page(page: Page, alphabet: Alphabet) -> PageGlyphs:
    """What stands on a page that was just rendered.

    Raises:
        ValueError: The page says nothing of what was drawn on it.
    """
    if page.svg is not None:
        return _of_svg(page.svg, alphabet)
    if page.drawing is None:
        raise ValueError("the page says nothing of what was drawn on it.")
    drawing = page.drawing
    paths = [name if isinstance(name, bytes) else name.path() for name in drawing.outlines]
    known = [alphabet.read(path) for path in paths]
    glyphs = []
    inks = [255] * len(drawing.glyphs) if drawing.inks is None else drawing.inks.tolist()
    for number, x, y, ink in zip(drawing.glyphs.tolist(), drawing.x.tolist(), drawing.y.tolist(), inks, strict=True):
        reading, box = known[number]
        if box:
            glyphs.append(Glyph(reading, x, y, (x + box[0], y - box[3], x + box[2], y - box[1]), 255 - ink))
    return PageGlyphs(glyphs, list(_frames(drawing.rules.tolist())))


def _frames(bars: Sequence[Sequence[float]]) -> Iterator[Box]:
    """The frames among bars: upper and lower bar, then the left and the right one between them."""
    for upper, lower, left, right in zip(bars, bars[1:], bars[2:], bars[3:], strict=False):
        ends = [upper[0], upper[2], upper[3], lower[1]]
        if ends == [lower[0], lower[2], left[1], left[3]] and (left[0], right[2]) == (upper[0], upper[2]):
            half = (upper[3] - upper[1]) / 2
            yield upper[0] + half, upper[1] + half, upper[2] - half, lower[3] - half


def _of_svg(svg: bytes, alphabet: Alphabet) -> PageGlyphs:
    root = ElementTree.fromstring(svg)
    outlines = {symbol.attrib["id"]: symbol[0].attrib["d"].encode() for symbol in root.iter(f"{_SVG}symbol")}
    known = {name: alphabet.read(path) for name, path in outlines.items()}
    glyphs: list[Glyph] = []
    frames: list[Box] = []
    for element, matrix in _placed(root, (1, 0, 0, 1, 0, 0)):
        if element.tag == f"{_SVG}use":
            reading, box = known[element.attrib[_LINK][1:]]
            if box:
                x, y = _moved(matrix, float(element.attrib["x"]), float(element.attrib["y"]))
                at = (*matrix[:4], x, y)
                corners = [_moved(at, box[0], box[1]), _moved(at, box[2], box[3])]
                xs, ys = sorted(corner[0] for corner in corners), sorted(corner[1] for corner in corners)
                grey = _grey(element.attrib["fill"])
                glyphs.append(Glyph(reading, x, y, (xs[0], ys[0], xs[1], ys[1]), grey))
        elif (frame := _FRAME.fullmatch(element.attrib.get("d", ""))) and element.attrib.get("fill") == "none":
            left, top, height, width = map(float, frame.groups())
            (x0, y0), (x1, y1) = _moved(matrix, left, top), _moved(matrix, left + width, top + height)
            frames.append((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))
    return PageGlyphs(glyphs, frames)


def _placed(element: ElementTree.Element, outer: Matrix) -> Iterator[tuple[ElementTree.Element, Matrix]]:
    for child in element:
        if child.tag == f"{_SVG}defs":
            continue
        matrix = _within(outer, _matrix(child.attrib))
        if child.tag == f"{_SVG}g":
            yield from _placed(child, matrix)
        else:
            yield child, matrix


def _matrix(attributes: Mapping[str, str]) -> Matrix:
    transform = attributes.get("transform", "")
    numbers = [float(number) for number in _NUMBERS.findall(transform)]
    if transform.startswith("matrix"):
        a, b, c, d, e, f = numbers
        return (a, b, c, d, e, f)
    if transform.startswith("translate"):
        return (1, 0, 0, 1, numbers[0], numbers[1] if len(numbers) > 1 else 0)
    if transform.startswith("scale"):
        return (numbers[0], 0, 0, numbers[-1], 0, 0)
    return (1, 0, 0, 1, 0, 0)


def _within(outer: Matrix, inner: Matrix) -> Matrix:
    a, b, c, d, e, f = outer
    g, h, i, j, k, m = inner
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f)


def _moved(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _grey(colour: str) -> float:
    if not re.fullmatch("#[0-9a-f]{6}", colour):
        return 255.0  # a gradient, or one that lets through: not known to be seen
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue
