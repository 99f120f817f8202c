"""Token sequences: a row's texts and pages, a task, the answer; and where each token lies, for the rotary angles.

BEGIN QUESTION text ... IMAGE_START image tokens IMAGE_END ... text ANSWER answer END
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap.layout import MERGE, Canvas, Layout, Units, padded
from experiments.carrier_gap.model import Inputs
from experiments.carrier_gap.vocabulary import (
    ANSWER,
    BEGIN,
    END,
    IMAGE,
    IMAGE_END,
    IMAGE_START,
    PADDING,
    QUESTION,
    READ,
    Vocabulary,
)

__all__ = ["Place", "Rows", "TokenRow", "answer_tokens", "is_text", "reading_batch", "token_row"]

_ROUND = 32  # lengths of batches are rounded up to this: few shapes, few compilations and allocations


@dataclass(frozen=True)
class Place:
    """Where the features of a page lie: the first, and the grid of merged patches."""

    offset: int
    rows: int
    columns: int


class TokenRow:
    """One row that grows token by token; lists of equal length."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.pointers: list[int] = []
        self.places: list[tuple[int, int]] = []
        self._here = 0

    def text(self, tokens: Sequence[int]) -> "TokenRow":
        """Add tokens that are no image's."""
        self.ids += tokens
        self.pointers += [-1] * len(tokens)
        self.places += [(at, at) for at in range(self._here, self._here + len(tokens))]
        self._here += len(tokens)
        return self

    def page(self, page: Place) -> "TokenRow":
        """Add a page between its marks. What follows stands behind its longer side."""
        self.text([IMAGE_START])
        count = page.rows * page.columns
        self.ids += [IMAGE] * count
        self.pointers += range(page.offset, page.offset + count)
        self.places += [
            (self._here + row, self._here + column) for row in range(page.rows) for column in range(page.columns)
        ]
        self._here += max(page.rows, page.columns)
        return self.text([IMAGE_END])


def token_row(
    parts: Sequence[str | int],
    answer: str | None,
    pages: Mapping[int, Place],
    vocabulary: Vocabulary,
    task: int = QUESTION,
) -> TokenRow:
    """The tokens of one row; a part is a text, or the number of a page. Without an answer it ends where one begins.

    >>> row = token_row(["Hm ", 7], "3", {7: Place(40, 1, 2)}, Vocabulary((" Hm", " 3")))
    >>> row.ids == [BEGIN, QUESTION, 272, IMAGE_START, IMAGE, IMAGE, IMAGE_END, ANSWER, 273, END]
    True
    >>> row.pointers[4:6], row.places[3:]
    ([40, 41], [(3, 3), (4, 4), (4, 5), (6, 6), (7, 7), (8, 8), (9, 9)])
    """
    row = TokenRow().text([BEGIN, task])
    for part in parts:
        if isinstance(part, int):
            row.page(pages[part])
        elif part.strip():
            row.text(vocabulary.encode(part))
    row.text([ANSWER])
    return row if answer is None else row.text([*vocabulary.encode(answer), END])


class Rows:
    """Many rows on the device, from which batches for every run are taken.

    Attributes:
        lengths: (rows,), of the whole row.
        answers: (rows,), of its answer with the end; 0 where it has none.
    """

    def __init__(self, rows: Sequence[TokenRow], device: torch.device) -> None:
        self.lengths = np.array([len(row.ids) for row in rows])
        self.answers = np.array([len(row.ids) - row.ids.index(ANSWER) - 1 for row in rows])
        longest = int(self.lengths.max())
        places = np.zeros((len(rows), longest, 2), np.int16)
        for at, row in enumerate(rows):
            places[at, : len(row.ids)] = row.places
        self.ids = torch.from_numpy(padded([row.ids for row in rows], PADDING, np.int16)).to(device)
        self.pointers = torch.from_numpy(padded([row.pointers for row in rows], -1, np.int32)).to(device)
        self.places = torch.from_numpy(places).to(device)

    @classmethod
    def joined(cls, sources: Sequence["Rows"]) -> "Rows":
        """The rows of several, one after another."""
        whole = cls.__new__(cls)
        whole.lengths = np.concatenate([source.lengths for source in sources])
        whole.answers = np.concatenate([source.answers for source in sources])
        length, every = int(whole.lengths.max()), slice(None)
        whole.ids = torch.cat([_cut(source.ids, every, length, PADDING) for source in sources])
        whole.pointers = torch.cat([_cut(source.pointers, every, length, -1) for source in sources])
        whole.places = torch.cat([_cut(source.places, every, length, 0) for source in sources])
        return whole

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, index: NDArray[np.int64]) -> Inputs:
        """The rows of an index (runs, rows), as long as the longest of them."""
        return stack_runs([self] * len(index), index)

    def batches(self, size: int) -> list[NDArray[np.int64]]:
        """All rows in batches of about equal length."""
        order = np.argsort(self.lengths, kind="stable")
        return [order[start : start + size] for start in range(0, len(order), size)]


def stack_runs(sources: Sequence[Rows], index: NDArray[np.int64]) -> Inputs:
    """A batch for each run from rows of its own: `index` (runs, rows)."""
    longest = max(int(source.lengths[own].max()) for source, own in zip(sources, index, strict=True))
    length = -(-longest // _ROUND) * _ROUND
    device = sources[0].ids.device
    held = torch.from_numpy(index).to(device)
    return Inputs(
        torch.stack([_cut(rows.ids, at, length, PADDING) for rows, at in zip(sources, held, strict=True)]).long(),
        torch.stack([_cut(rows.pointers, at, length, -1) for rows, at in zip(sources, held, strict=True)]).long(),
        torch.stack([_cut(rows.places, at, length, 0) for rows, at in zip(sources, held, strict=True)]).long(),
    )


def _cut(values: Tensor, at: Tensor | slice, length: int, padding: int) -> Tensor:
    cut = values[at, :length]
    missing = length - cut.shape[1]
    if missing > 0:
        shape = (cut.shape[0], missing, *cut.shape[2:])
        cut = torch.cat((cut, torch.full(shape, padding, dtype=cut.dtype, device=cut.device)), 1)
    return cut


def answer_tokens(ids: Tensor) -> Tensor:
    """Where the next token is one of an answer, or its end: (..., length - 1)."""
    within = (ids == ANSWER).cumsum(-1) - (ids == END).cumsum(-1)
    return (within[..., :-1] > 0) & (ids[..., 1:] != PADDING)


def is_text(ids: Tensor) -> Tensor:
    """Tokens of the prompt that are words: no special ones, no image, nothing of the answer."""
    special = (ids >= PADDING) & (ids <= END)
    return ~special & ((ids == ANSWER).cumsum(-1) == 0)


def reading_batch(
    layout: Layout, words: NDArray[np.int64], units: Units, canvas: Canvas
) -> tuple[NDArray[np.int64], ...]:
    """Sequences that read pages of one layout aloud: ids, pointers (n, length) and places (n, length, 2).

    Pointers count from the first merged patch of the first page, whole canvases one after another.
    """
    count, across = len(words), canvas.columns // MERGE
    row, column = np.divmod(np.arange(canvas.rows * across), across)
    shown = (row < layout.grid[:, :1]) & (column < layout.grid[:, 1:])
    tokens = np.where(layout.placed[:, :, None], units.tokens[np.maximum(words, 0)], -1).reshape(count, -1)
    sides = [
        (np.tile([BEGIN, READ, IMAGE_START], (count, 1)), None),
        (np.full(shown.shape, IMAGE), shown),
        (np.tile([IMAGE_END, ANSWER], (count, 1)), None),
        (tokens, tokens >= 0),
        (np.full((count, 1), END), None),
    ]
    ids = np.concatenate([side for side, _ in sides], axis=1)
    kept = np.concatenate([np.ones(side.shape, bool) if mask is None else mask for side, mask in sides], axis=1)
    after = np.arange(ids.shape[1]) >= 3 + len(row)
    behind = np.cumsum(kept & after, axis=1) - 1 + 3 + layout.grid.max(axis=1, keepdims=True)
    places = np.stack([behind, behind], axis=2)
    places[:, :3] = np.arange(3)[None, :, None]
    places[:, 3 : 3 + len(row)] = 3 + np.stack([row, column], axis=1)[None]
    pointers = np.full(ids.shape, -1)
    pointers[:, 3 : 3 + len(row)] = np.arange(count)[:, None] * len(row) + np.arange(len(row))
    to = np.cumsum(kept, axis=1) - 1
    length = -(-(int(to.max()) + 1) // _ROUND) * _ROUND
    at, source = np.nonzero(kept)
    arrays = []
    for values, padding in ((ids, PADDING), (pointers, -1), (places, 0)):
        held = np.full((count, length, *values.shape[2:]), padding, np.int64)
        held[at, to[at, source]] = values[at, source]
        arrays.append(held)
    return tuple(arrays)
