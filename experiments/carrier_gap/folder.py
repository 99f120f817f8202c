"""The experiment's folder: all that training and tests need, in four files of at most 60 MB, read without `lomo_hf`.

folder.json     sizes, arms, tests, versions, and where each page lies in pages.bin
rows.json.gz    rows of every arm and test: texts, and numbers of pages
pages.bin       pages that `lomo build` and `lomo render-eval` made
base.npz        tokens of solved problems, words for the base's own pages, the atlas of glyphs
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.carrier_gap.glyphs import Atlas
from experiments.carrier_gap.layout import Units
from experiments.carrier_gap.packing import Part, read_page
from experiments.carrier_gap.vocabulary import Vocabulary

__all__ = ["BaseTexts", "Folder", "Question"]


@dataclass(frozen=True)
class BaseTexts:
    """What the base learns from.

    Attributes:
        tokens, starts: Solved problems one after another, and where each begins (one more at the end).
        sentences, loose: Streams of words, places in `units`: sentences of problems, and words without sense.
    """

    tokens: NDArray[np.int16]
    starts: NDArray[np.int64]
    sentences: NDArray[np.int32]
    loose: NDArray[np.int32]


@dataclass(frozen=True)
class Question:
    """A question about a page of the multimodal half: the page's words (places in `units`), question, answer."""

    words: Sequence[int]
    question: str
    answer: str


class Folder:
    """A folder that `make_folder` made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.info: dict[str, Any] = json.loads((path / "folder.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{path} holds no folder.json. Make it first: --stage data --data {path}"
            ) from None
        self.vocabulary = Vocabulary(tuple(self.info["vocabulary"]))

    @cached_property
    def _rows(self) -> dict[str, Any]:
        with gzip.open(self.path / "rows.json.gz", "rt", encoding="utf-8") as stream:
            held: dict[str, Any] = json.load(stream)
        return held

    @cached_property
    def _pages(self) -> bytes:
        return (self.path / "pages.bin").read_bytes()

    @cached_property
    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        return np.load(self.path / "base.npz")

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms, `standard` first."""
        return tuple(self.info["arms"])

    @property
    def tests(self) -> tuple[str, ...]:
        """Names of the tests, `text` first."""
        return tuple(self.info["tests"])

    @cached_property
    def atlas(self) -> Atlas:
        """Glyphs for the base's own pages."""
        return Atlas(*(self._arrays[name] for name in ("ink", "advance", "sizes")))

    @cached_property
    def units(self) -> Units:
        """Words for the base's own pages."""
        return Units(self._arrays["characters"], self._arrays["unit_tokens"])

    @cached_property
    def base_texts(self) -> BaseTexts:
        """What the base learns from."""
        return BaseTexts(*(self._arrays[name] for name in ("tokens", "starts", "sentences", "loose")))

    @cached_property
    def prompts(self) -> list[str]:
        """Of every training row, as text."""
        return [row["prompt"] for row in self._rows["train"]]

    def train(self, arm: str) -> list[tuple[list[Part], str]]:
        """Prompt and answer of every training row of an arm, all arms in the same order."""
        rewritten = self._rows["arms"].get(arm, {})
        return [(rewritten.get(row["id"], [row["prompt"]]), row["answer"]) for row in self._rows["train"]]

    def test(self, name: str) -> list[tuple[dict[str, Any], list[Part]]]:
        """Rows of a test (id, answer, category, held_out), and what the model is shown of each."""
        shown = self._rows["tests"][name]
        return [(row, shown[row["id"]]) for row in self._rows["test"] if row["id"] in shown]

    def formulas(self) -> list[tuple[int, str]]:
        """Pages with formulas that the base reads aloud, and what they say."""
        return [(number, prompt) for number, prompt in self._rows["formulas"]]

    def questions(self) -> list[Question]:
        """Questions about pages for the multimodal half."""
        return [Question(*held) for held in self._rows["questions"]]

    def page(self, number: int) -> NDArray[np.uint8]:
        """The pixels of a page, (height, width)."""
        return read_page(self._pages, self.info["pages"][number])
