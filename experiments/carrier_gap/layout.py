"""Where each character of the base's pages stands: words are wrapped into lines and pages are turned. Numpy alone.

A batch of pages is laid out at once. What is drawn on the device (`page_setting.py`) follows from these arrays, and so
does the label of every patch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.carrier_gap.glyphs import Atlas
from experiments.carrier_gap.vocabulary import Vocabulary

__all__ = ["CANVASES", "MERGE", "PATCH", "Canvas", "Layout", "Units", "grid_of", "lay_out", "loose_words", "padded"]

PATCH = 16  # px; the tower sees patches of 16 x 16
MERGE = 2  # patches beside each other that become one token of the decoder: 16 x 32 px
PRODUCT_FACES = 3


@dataclass(frozen=True)
class Canvas:
    """The size of a batch of pages in patches, and how many words are tried."""

    rows: int
    columns: int
    words: int


CANVASES = {"small": Canvas(4, 12, 5), "medium": Canvas(10, 24, 34), "large": Canvas(16, 26, 44)}


@dataclass(frozen=True)
class Units:
    """The words of a text, each with the marks that stick to it: characters and tokens of each.

    Attributes:
        characters: (units, longest) uint8, places in `glyphs.CHARACTERS`; 255 where there is none.
        tokens: (units, most) int16; -1 where there is none.
    """

    characters: NDArray[np.uint8]
    tokens: NDArray[np.int16]

    @classmethod
    def of(cls, words: Sequence[str], vocabulary: Vocabulary) -> "Units":
        """Of words in printable ASCII without spaces."""
        return cls(
            padded([[ord(character) - 32 for character in word] for word in words], 255, np.uint8),
            padded([vocabulary.encode(word) for word in words], -1, np.int16),
        )


@dataclass(frozen=True)
class Layout:
    """A batch of n pages of which k characters at most are set; lengths in px.

    Attributes:
        placed: (n, words) whether a word found room.
        characters: (n, k) uint8, 255 where there is none; in reading order.
        xs, lines: (n, k) int16, the left edge from the margin and the number of the line.
        advances: (n, k) float32.
        begun: (n, k) int16, the first token of the word that begins with this character; -1 where none does.
        face, pitch, margin: (n,) int64.
        extent, turned: (n, 2) float32, width and height before and after the page is turned.
        angle: (n,) float32, radians.
        grid: (n, 2) int64, rows and merged columns of patches that the page takes.
    """

    placed: NDArray[np.bool_]
    characters: NDArray[np.uint8]
    xs: NDArray[np.int16]
    lines: NDArray[np.int16]
    advances: NDArray[np.float32]
    begun: NDArray[np.int16]
    face: NDArray[np.int64]
    pitch: NDArray[np.int64]
    margin: NDArray[np.int64]
    extent: NDArray[np.float32]
    turned: NDArray[np.float32]
    angle: NDArray[np.float32]
    grid: NDArray[np.int64]


def lay_out(
    words: NDArray[np.int64],
    units: Units,
    atlas: Atlas,
    canvas: Canvas,
    rng: np.random.Generator,
    *,
    whole: bool = False,
) -> Layout:
    """Draw faces, widths and angles for a batch of pages, and place its words.

    Args:
        words: (n, words) places in `units`; -1 where there is none.
        whole: Lines are as wide as the canvas lets them be, so that as many words as possible find room.
    """
    count, (high, wide) = len(words), (canvas.rows * PATCH, canvas.columns * PATCH)
    faces = len(atlas.sizes)
    own = rng.random(count) < 0.5  # half of the pages in the product's own font
    face = np.where(own, rng.integers(0, PRODUCT_FACES, count), rng.integers(0, faces, count))
    pitch = np.round(atlas.sizes[face] * 1.1).astype(np.int64) + rng.choice([0, 0, 0, 1, 2], count)
    margin = rng.integers(6, 13, count)
    line_width = wide - 2 * margin - (0 if whole else rng.integers(0, max(1, wide // 4), count))
    most_lines = (high - 2 * margin) // pitch
    if not whole:
        most_lines = np.maximum(1, np.ceil(most_lines * rng.uniform(0.3, 1, count)).astype(np.int64))
    line, word_x, letters = _wrapped(words, units, atlas, face, line_width, most_lines)
    placed = line >= 0
    characters, xs, lines, advances, begun = _in_reading_order(words, placed, line, word_x, letters, units)
    right = np.where(characters != 255, xs + advances, 0).max(axis=1)
    down = np.where(characters != 255, lines, 0).max(axis=1) + 1
    extent = np.stack([right + 2 * margin, down * pitch + 2 * margin], axis=1).astype(np.float32)
    extent = np.minimum(extent, np.float32([wide, high]))
    angle, turned = _turned(extent, canvas, rng)
    return Layout(
        placed,
        characters,
        xs,
        lines,
        advances,
        begun,
        face,
        pitch,
        margin,
        extent,
        turned,
        angle,
        grid_of(turned[:, ::-1]),
    )


def grid_of(sizes: NDArray[np.floating]) -> NDArray[np.int64]:
    """Rows of patches and columns of merged patches that pages of these heights and widths take, (n, 2).

    >>> grid_of(np.array([[134, 344], [16, 33]])).tolist()
    [[9, 11], [1, 2]]
    """
    return np.ceil(np.asarray(sizes) / np.array([PATCH, PATCH * MERGE])).astype(np.int64)


def loose_words(rng: np.random.Generator, count: int, known: Sequence[str]) -> list[str]:
    """Words without sense: known ones, runs of letters, numbers; so that reading is no guessing."""
    letters, words = np.array(list("etaoinshrdlucmfwypvbgkqjxz")), []
    for chance in rng.random(count):
        if chance < 0.5:
            word = known[int(rng.integers(len(known)))]
        elif chance < 0.75:
            word = "".join(rng.choice(letters, int(rng.integers(1, 8))))
            word = word.capitalize() if rng.random() < 0.3 else word
        else:
            word = str(int(rng.integers(0, 10 ** int(rng.integers(1, 4)))))
        words.append(word + (str(rng.choice(list(".,:?!;"))) if rng.random() < 0.2 else ""))
    return words


def padded(
    rows: Sequence[Sequence[int]], value: int, kind: type[np.generic], width: int | None = None
) -> NDArray[Any]:
    """Rows of different lengths as one array.

    >>> padded([[1], [2, 3]], -1, np.int16).tolist()
    [[1, -1], [2, 3]]
    """
    held = np.full((len(rows), width or max(map(len, rows), default=1)), value, kind)
    for place, row in enumerate(rows):
        held[place, : len(row)] = row
    return held


def _wrapped(
    words: NDArray[Any],
    units: Units,
    atlas: Atlas,
    face: NDArray[Any],
    line_width: NDArray[Any],
    most_lines: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The line of each word (-1: no room), its x, and the advance of each of its characters (n, words, longest)."""
    codes = units.characters[np.maximum(words, 0)]
    letters = np.where(codes != 255, atlas.advance[face[:, None, None], np.minimum(codes, 94)], 0).astype(np.float32)
    width, space = letters.sum(axis=2), atlas.advance[face, 0]
    start = np.cumsum(width + space[:, None], axis=1) - width - space[:, None]
    index, known = np.arange(words.shape[1])[None], words >= 0
    line, word_x = np.full(words.shape, -1), np.zeros(words.shape, np.float32)
    first = np.zeros(len(words), np.int64)
    for number in range(int(most_lines.max())):
        offset = np.take_along_axis(start, np.minimum(first, words.shape[1] - 1)[:, None], 1)
        fits = (index >= first[:, None]) & (start + width - offset <= line_width[:, None]) & known
        fits &= (number < most_lines)[:, None]
        line[fits], word_x[fits] = number, (start - offset)[fits]
        first = first + fits.sum(axis=1)
    return line, word_x, letters


def _in_reading_order(
    words: NDArray[Any],
    placed: NDArray[Any],
    line: NDArray[Any],
    word_x: NDArray[Any],
    letters: NDArray[Any],
    units: Units,
) -> tuple[NDArray[Any], ...]:
    """Characters, xs, lines, advances and begun words of what was placed, without gaps."""
    codes = units.characters[np.maximum(words, 0)]
    used = (codes != 255) & placed[:, :, None]
    row, word, letter = np.nonzero(used)
    place = (np.cumsum(used.reshape(len(words), -1), axis=1) - 1).reshape(used.shape)[row, word, letter]
    x = word_x[:, :, None] + np.cumsum(letters, axis=2) - letters
    shape = (len(words), int(place.max(initial=0)) + 1)
    characters, xs = np.full(shape, 255, np.uint8), np.zeros(shape, np.int16)
    lines, advances = np.zeros(shape, np.int16), np.zeros(shape, np.float32)
    begun = np.full(shape, -1, np.int16)
    characters[row, place] = codes[row, word, letter]
    xs[row, place] = np.round(x[row, word, letter])
    lines[row, place] = line[row, word]
    advances[row, place] = letters[row, word, letter]
    begun[row, place] = np.where(letter == 0, units.tokens[words[row, word], 0], -1)
    return characters, xs, lines, advances, begun


def _turned(extent: NDArray[Any], canvas: Canvas, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """Angles, made smaller until the turned page fits on the canvas, and the turned size."""
    count, limit = len(extent), np.array([canvas.columns * PATCH, canvas.rows * PATCH])
    chance = rng.random(count)
    angle = np.where(chance < 0.5, 0.0, np.where(chance < 0.8, rng.uniform(-5, 5, count), rng.uniform(-25, 25, count)))
    angle, chosen = np.radians(angle), np.zeros(count)
    size = extent.copy()
    for factor in (1.0, 0.5, 0.25, 0.1):
        cos, sin = np.cos(angle * factor), np.abs(np.sin(angle * factor))
        tried = np.stack([extent[:, 0] * cos + extent[:, 1] * sin, extent[:, 0] * sin + extent[:, 1] * cos], axis=1)
        take = (chosen == 0) & (tried <= limit).all(axis=1)
        chosen, size = np.where(take, angle * factor, chosen), np.where(take[:, None], tried, size)
    return chosen.astype(np.float32), size.astype(np.float32)
