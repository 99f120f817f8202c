"""What the frozen tower says of every page, once for each base; and the multimodal half of every arm."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap.folder import Folder
from experiments.carrier_gap.layout import CANVASES, MERGE, PATCH, Layout, grid_of, lay_out
from experiments.carrier_gap.model import Tower, merged
from experiments.carrier_gap.page_setting import DeviceAtlas, set_pages, to_input
from experiments.carrier_gap.running import Run
from experiments.carrier_gap.sequences import Place, TokenRow, token_row
from experiments.carrier_gap.vocabulary import END, READ

__all__ = ["Features", "multimodal_rows", "open_pages", "read_pages"]

_PATCHES_AT_ONCE = {"cuda": 60_000, "cpu": 4_000}
_STEP = 2  # shapes of canvases are rounded up to this many patches
_PAGES_AT_ONCE = 100


class Features:
    """Merged patches of pages, one page after another."""

    def __init__(self) -> None:
        self._parts: list[Tensor] = []
        self._total = 0

    def add(self, block: Tensor) -> int:
        """Append (n, inputs); gives the place of the first."""
        self._parts.append(block)
        self._total += len(block)
        return self._total - len(block)

    def joined(self) -> Tensor:
        """All of them, (n, inputs)."""
        if len(self._parts) > 1:
            self._parts = [torch.cat(self._parts)]
        return self._parts[0]


def open_pages(folder: Folder, numbers: Iterable[int]) -> dict[int, NDArray[np.uint8]]:
    """Pixels of stored pages by their numbers."""
    wanted = sorted(set(numbers))
    with ThreadPoolExecutor() as threads:
        return dict(zip(wanted, threads.map(folder.page, wanted), strict=True))


@torch.no_grad()
def read_pages(run: Run, tower: Tower, pages: dict[int, NDArray[np.uint8]], features: Features) -> dict[int, Place]:
    """Show pages to the tower and say where the features of each lie."""
    shapes: dict[tuple[int, int], list[int]] = {}
    grids = {number: tuple(int(side) for side in grid_of(np.array(page.shape))) for number, page in pages.items()}
    for number, (rows, columns) in grids.items():
        shapes.setdefault((-(-rows // _STEP) * _STEP, -(-columns // _STEP) * _STEP), []).append(number)
    places = {}
    for (rows, columns), members in shapes.items():
        size = max(1, _PATCHES_AT_ONCE[run.device.type] // (rows * columns * MERGE))
        for start in range(0, len(members), size):
            part = members[start : start + size]
            sheet = np.full((len(part), 1, rows * PATCH, columns * PATCH * MERGE), 255, np.uint8)
            for at, number in enumerate(part):
                high, wide = pages[number].shape
                sheet[at, 0, :high, :wide] = pages[number]
            with run.half():
                outputs = merged(tower(to_input(torch.from_numpy(sheet).to(run.device).float() / 255)))
            for sheet_features, number in zip(outputs, part, strict=True):
                places[number] = _kept(features, sheet_features, *grids[number])
    return places


@torch.no_grad()
def multimodal_rows(run: Run, tower: Tower, features: Features) -> list[TokenRow]:
    """The multimodal half: questions about facts on a page, and pages to read aloud; equal in all arms.

    As in ordinary corpora the roles are asymmetric: pages hold facts, and what is asked is text.
    """
    rng = np.random.default_rng(7)
    generator = torch.Generator(run.device).manual_seed(7)
    return [*_about_pages(run, tower, features, rng, generator), *_aloud(run, tower, features, rng, generator)]


def _about_pages(
    run: Run, tower: Tower, features: Features, rng: np.random.Generator, generator: torch.Generator
) -> list[TokenRow]:
    rows, questions = [], run.folder.questions()
    longest = max(len(question.words) for question in questions)
    words = np.full((len(questions), longest), -1, np.int64)
    for at, question in enumerate(questions):
        words[at, : len(question.words)] = question.words
    for start in range(0, len(questions), _PAGES_AT_ONCE):
        part = words[start : start + _PAGES_AT_ONCE]
        layout, places = _shown(run, tower, features, part, rng, generator)
        whole = (layout.placed | (part < 0)).all(axis=1)
        for at in np.flatnonzero(whole):
            question = questions[start + at]
            parts: Sequence[str | int] = [0, question.question] if rng.random() < 0.6 else [question.question, 0]
            rows.append(token_row(parts, question.answer, {0: places[at]}, run.folder.vocabulary))
    return rows


def _aloud(
    run: Run, tower: Tower, features: Features, rng: np.random.Generator, generator: torch.Generator
) -> list[TokenRow]:
    rows, stream, canvas = [], run.folder.base_texts.sentences, CANVASES["large"]
    tokens = run.folder.units.tokens
    for start in range(0, run.settings.aloud, _PAGES_AT_ONCE):
        count = min(_PAGES_AT_ONCE, run.settings.aloud - start)
        first = rng.integers(0, max(1, len(stream) - canvas.words), count)
        words = stream[first[:, None] + np.arange(canvas.words)].astype(np.int64)
        layout, places = _shown(run, tower, features, words, rng, generator)
        for at in range(count):
            page_tokens = tokens[words[at][layout.placed[at]]]
            row = token_row([0], None, {0: places[at]}, run.folder.vocabulary, READ)
            rows.append(row.text([*page_tokens[page_tokens >= 0].tolist(), END]))
    return rows


def _shown(
    run: Run,
    tower: Tower,
    features: Features,
    words: NDArray[np.int64],
    rng: np.random.Generator,
    generator: torch.Generator,
) -> tuple[Layout, list[Place]]:
    canvas = CANVASES["large"]
    layout = lay_out(words, run.folder.units, run.folder.atlas, canvas, rng, whole=True)
    pages, _ = set_pages(layout, DeviceAtlas.of(run.folder.atlas, run.device), canvas, generator)
    with run.half():
        outputs = merged(tower(pages))
    return layout, [_kept(features, sheet, *grid) for sheet, grid in zip(outputs, layout.grid.tolist(), strict=True)]


def _kept(features: Features, sheet: Tensor, rows: int, columns: int) -> Place:
    """Keep the features of the page itself, without the paper beyond it."""
    return Place(features.add(sheet[:rows, :columns].flatten(0, 1).bfloat16()), rows, columns)
