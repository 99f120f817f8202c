"""Rows of words and formulas -> a drawing: where each row stands, and everything on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.formulas import Frame
from lomo_hf.rendering.glyphs import Drawing, FontGlyph
from lomo_hf.rendering.markup import DISPLAY_ROOM
from lomo_hf.rendering.prose.faces import Faces, Shape, glyphs_of, lengths_of
from lomo_hf.rendering.scripts import Room
from lomo_hf.rendering.typesetter import line_box

__all__ = ["Rows"]

_NO_RULES, _NO_INKS = np.zeros((0, 4)), np.zeros(0, np.uint8)
_REACH = 0.7  # of the overlap of two rows, that a formula may not reach into the other


@dataclass
class Rows:
    """The words and formulas of a page with their places, and what each row needs above and below, in px."""

    shapes: list[Shape] = field(default_factory=list)
    x: list[float] = field(default_factory=list)  # em from the left
    at: list[int] = field(default_factory=list)  # which row
    frames: list[Frame] = field(default_factory=list)
    frames_x: list[float] = field(default_factory=list)
    frames_at: list[int] = field(default_factory=list)
    above: list[float] = field(default_factory=list)
    below: list[float] = field(default_factory=list)
    has_tall_words: bool = False

    def open(self) -> None:
        self.above.append(0)
        self.below.append(0)

    def place(self, shapes: Sequence[Shape], x: Sequence[float], rooms: Sequence[Room]) -> None:
        self.shapes += shapes
        self.x += x
        self.at += [len(self.above) - 1] * len(shapes)
        if rooms:
            self.above[-1] = max(self.above[-1], max(up for up, _ in rooms))
            self.below[-1] = max(self.below[-1], max(down for _, down in rooms))
            self.has_tall_words = self.has_tall_words or any(map(any, rooms))

    def place_mixed(self, row: Sequence[tuple[Shape | Frame, float]], style: RenderStyle) -> None:
        """Words and formulas; a formula reaches into the rows above and below, and needs room for what is left."""
        words = [(item, x) for item, x in row if isinstance(item, Shape)]
        self.place([shape for shape, _ in words], [x for _, x in words], ())
        if len(words) == len(row):
            return
        above, below, overlap = line_box(style)
        for item, x in row:
            if isinstance(item, Frame):
                self._place_frame(item, x)
                self.above[-1] = max(self.above[-1], item.ascent + _REACH * overlap - above)
                self.below[-1] = max(self.below[-1], item.descent + _REACH * overlap - below)

    def place_display(self, frame: Frame, style: RenderStyle) -> None:
        """A displayed formula on a row of its own, with room above and below it."""
        above, below, overlap = line_box(style)
        self.above.append(frame.ascent + overlap + DISPLAY_ROOM - above)
        self.below.append(frame.descent + overlap + DISPLAY_ROOM - below)
        self._place_frame(frame, 0.0)

    def _place_frame(self, frame: Frame, x: float) -> None:
        self.frames.append(frame)
        self.frames_x.append(x)
        self.frames_at.append(len(self.above) - 1)

    def drawing(self, style: RenderStyle, faces: Faces) -> Drawing:
        """All words and formulas where they stand, in the order in which they are read."""
        pitches = (style.line_height + up + down for up, down in zip(self.above, [0.0, *self.below], strict=False))
        baselines = np.asarray(list(accumulate(pitches)), np.float64)
        words = self._words(baselines, style.text_size, faces)
        return self._with_frames(words, baselines, style.text_size) if self.frames else words

    def _words(self, baselines: NDArray[np.float64], size: int, faces: Faces) -> Drawing:
        numbers, right, up = glyphs_of(self.shapes)
        counts = lengths_of(self.shapes)
        x = np.asarray(self.x, np.float64).repeat(counts) + right
        y = baselines[self.at].repeat(counts) - size * up
        used, glyphs = _distinct(numbers.astype(np.int64))
        return Drawing(faces.glyphs(used.tolist(), size), glyphs, size * x, y, None, _NO_RULES, _NO_INKS)

    def _with_frames(self, words: Drawing, baselines: NDArray[np.float64], size: int) -> Drawing:
        number_of: dict[bytes | FontGlyph, int] = {}
        first = len(words.outlines)
        glyphs = [
            number_of.setdefault(outline, first + len(number_of))
            for frame in self.frames
            for outline in frame.outlines
        ]
        left, down = size * np.asarray(self.frames_x), baselines[self.frames_at]
        counts = [len(frame.x) for frame in self.frames]
        x = np.repeat(left, counts) + np.concatenate([frame.x for frame in self.frames])
        y = np.repeat(down, counts) + np.concatenate([frame.y for frame in self.frames])
        rules = np.concatenate([frame.rules for frame in self.frames])
        rules = rules + np.repeat(
            np.stack([left, down, left, down], axis=1), [len(frame.rules) for frame in self.frames], 0
        )
        order = self._order([*lengths_of(self.shapes), *counts])
        return Drawing(
            [*words.outlines, *number_of],
            np.concatenate([words.glyphs, np.asarray(glyphs, np.int64)])[order],
            np.concatenate([words.x, x])[order], np.concatenate([words.y, y])[order],
            None, rules, np.full(len(rules), 255, np.uint8),
        )  # fmt: skip

    def _order(self, counts: Sequence[int]) -> NDArray[np.int64]:
        """The glyphs of words and then of formulas, of which these are the numbers, as they are read."""
        x, at = np.asarray([*self.x, *self.frames_x]), np.asarray([*self.at, *self.frames_at])
        place = np.empty(len(x), np.int64)
        place[np.lexsort((x, at))] = np.arange(len(x))
        return np.argsort(np.repeat(place, counts), kind="stable")


def _distinct(numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers that occur, rising, and which of them each is; `np.unique` takes longer where they are few."""
    order = numbers.argsort()
    rising = numbers[order]
    is_first = np.empty(len(numbers), np.bool_)
    is_first[:1] = True
    np.not_equal(rising[1:], rising[:-1], out=is_first[1:])
    which = np.empty(len(numbers), np.int64)
    which[order] = is_first.cumsum() - 1
    return rising[is_first], which
