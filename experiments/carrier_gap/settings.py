"""Sizes and budgets: the full run on a GPU, a small one on a CPU, and the tiny one that tests every path."""

from dataclasses import dataclass

__all__ = ["ARMS", "SETTINGS", "Counts", "Settings"]

ARMS = (
    "standard", "ratio50", "ratio25", "ratio75", "ratio100", "prefix50", "suffix50", "multispan50", "fulltext50",
    "nodistort50",
)  # fmt: skip


@dataclass(frozen=True)
class Counts:
    """How many rows each use gets."""

    texts: int
    formulas: int
    questions: int
    train: int
    test: int


@dataclass(frozen=True)
class Settings:
    """What a run takes; seconds are by the clock.

    Attributes:
        counts: Rows of the corpus.
        width, depth, tower_width, tower_depth: Of the model.
        page_batches: Pages a step of the base, by canvas.
        text_batch: Solved problems a step of the base.
        half: Rows of each half (text, multimodal) of a step of SFT.
        base_steps: Steps of a base instead of seconds, so that what a test compares does not depend on the machine.
        base_rate, sft_rate: Learning rates of Muon in the base and of AdamW in SFT.
        aloud: Pages to read aloud in the multimodal half; its questions about pages are `counts.questions`.
        state_rows: Rows from which token states are taken for the modality integration rate.
        aloud_rows, aloud_tokens: Pages of each test that a base reads aloud without help, and how far.
        curve: Shares of the steps of SFT at which the learning curve is measured, over `curve_rows` questions.
    """

    counts: Counts
    width: int
    depth: int
    tower_width: int
    tower_depth: int
    page_batches: dict[str, int]
    text_batch: int
    half: int
    base_steps: int | None = None
    base_rate: float = 0.02
    sft_rate: float = 5e-4
    aloud: int = 1_000
    state_rows: int = 64
    aloud_rows: int = 32
    aloud_tokens: int = 90
    curve: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75)
    curve_rows: int = 200


SETTINGS = {
    "full": Settings(
        Counts(texts=160_000, formulas=1_200, questions=3_000, train=3_000, test=600),
        384, 6, 256, 4, {"small": 320, "medium": 96, "large": 56}, 256, 96,
    ),
    "small": Settings(
        Counts(texts=60_000, formulas=400, questions=1_000, train=1_500, test=400),
        128, 4, 128, 2, {"small": 32, "medium": 10, "large": 5}, 40, 16, aloud=300, aloud_rows=8,
        curve_rows=100,
    ),
    "tiny": Settings(
        Counts(texts=400, formulas=12, questions=60, train=60, test=24),
        64, 2, 64, 1, {"small": 8, "medium": 4, "large": 2}, 8, 4, base_steps=120, aloud=20, state_rows=8,
        aloud_rows=2, aloud_tokens=8, curve=(0.5,), curve_rows=8,
    ),
}  # fmt: skip
