"""Drawing a sample: what is asked for (`Sampling`), and the one function that draws it.

Without more, a draw needs the ids that planning noted, and nothing else is read. Deduplication, decontamination and
a budget of tokens need the text: then every row is read once, and rows that would be refused are not eligible, so
that the draw has the size that was asked for.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from lomo_hf.corpus.conversation import Conversation, Refusal
from lomo_hf.corpus.sampling.decontamination import NGRAM, EvaluationSet, Overlap, read_evaluation
from lomo_hf.corpus.sampling.dedup import Deduplicator, prompt_hash
from lomo_hf.corpus.sampling.drawn import DrawnSource, drawn_source
from lomo_hf.corpus.sampling.picks import Picks, rank_rows, smallest, within_budget
from lomo_hf.corpus.sampling.quota import QUOTAS, allot, shares_of
from lomo_hf.corpus.source import FileSource, JoinedSource
from lomo_hf.errors import RecipeError, SourceError

__all__ = ["Draw", "DrawnConfig", "Sampling", "draw", "estimated_tokens"]

_EXAMPLES: Final = 50
_REPORT_EVERY: Final = 1_000


@dataclass(frozen=True)
class Sampling:
    """What to draw.

    Attributes:
        rows: How many rows; None takes all that are eligible.
        tokens: How many tokens instead, by `estimated_tokens`.
        quota: Shares of the configs: "proportional" to their sizes, "equal", or by `weights`.
        weights: A weight for every config, where `quota` is "weights".
        seed: Another seed, another draw.
        dedup: Only the first row with the same prompt is eligible.
        overlap: Files of evaluation prompts; rows that share `ngram` words in a row with one are not eligible.
        ngram: How many words in a row count as an overlap.

    Raises:
        RecipeError: A field says something that cannot be.
    """

    rows: int | None = None
    tokens: int | None = None
    quota: str = "proportional"
    weights: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    dedup: bool = False
    overlap: tuple[Path, ...] = ()
    ngram: int = NGRAM

    def __post_init__(self) -> None:
        for name in ("rows", "tokens"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise RecipeError(
                    f"{name} must be a whole number of 1 or more; found {value!r}. Leave it out for all."
                )
        if self.rows is not None and self.tokens is not None:
            raise RecipeError(f"rows and tokens exclude each other; found {self.rows} and {self.tokens}. Give one.")
        if self.quota not in QUOTAS:
            raise RecipeError(f"quota must be one of {', '.join(QUOTAS)}; found {self.quota!r}.")
        if bool(self.weights) != (self.quota == "weights"):
            raise RecipeError(f"weights and quota 'weights' belong together; found {self.weights} and {self.quota!r}.")
        if not 0 <= self.seed < 2**63:
            raise RecipeError(f"seed must be a whole number from 0 to 2**63 - 1; found {self.seed!r}.")

    @property
    def reads_text(self) -> bool:
        """Whether every row has to be read."""
        return self.dedup or bool(self.overlap) or self.tokens is not None

    @property
    def asks_for_something(self) -> bool:
        """Whether it asks for anything but all rows."""
        return self.rows is not None or self.reads_text


@dataclass(frozen=True)
class DrawnConfig:
    """What was counted for one config.

    Attributes:
        config: Its name.
        rows: All its rows.
        eligible: Those that could be drawn.
        quota: How many rows, or tokens, it was to give.
        drawn: How many rows it gave.
        refused: Reason -> rows that cannot become a row of the dataset; None where no text was read.
        duplicates: Rows left out because an earlier one has the same prompt.
        overlapping: Rows left out because they share words with an evaluation prompt.
        tokens: Of the drawn rows, estimated; None where they were not counted.
    """

    config: str
    rows: int
    eligible: int
    quota: int
    drawn: int
    refused: Mapping[str, int] | None = None
    duplicates: int = 0
    overlapping: int = 0
    tokens: int | None = None


@dataclass(frozen=True)
class Draw:
    """A draw.

    Attributes:
        source: The drawn rows.
        sampling: What was asked for.
        configs: What was counted for each config.
        evaluation: What the rows were held against, where they were.
        examples: Some rows that were left out because they overlap with an evaluation prompt.
    """

    source: DrawnSource
    sampling: Sampling
    configs: tuple[DrawnConfig, ...]
    evaluation: tuple[EvaluationSet, ...] = ()
    examples: tuple[Mapping[str, str], ...] = ()


def draw(
    source: FileSource | JoinedSource, sampling: Sampling, progress: Callable[[int, int], None] | None = None
) -> Draw:
    """Draw rows of a source.

    Args:
        source: A corpus, opened.
        sampling: What to draw.
        progress: Called with (rows read, rows in all) where text has to be read.

    Returns:
        The drawn rows as a source in the corpus's order, and what was counted. With the same seed, a larger draw
        from a config holds the smaller one.

    Raises:
        RecipeError: More is asked for than there is, or a weight names no config.
        SourceError: An evaluation file cannot be read.

    Source: paper, section 4: instances sampled at random. How is ours: every row has a rank by seed and id.

    Example:
        >>> from lomo_hf.corpus import open_corpus
        >>> few, more = (draw(open_corpus(), Sampling(rows=rows)).source for rows in (20, 50))
        >>> ids = [{row.id for row in drawn.conversations(0, 50)} for drawn in (few, more)]
        >>> len(ids[0]), ids[0] < ids[1]
        (20, True)
    """
    evaluation = tuple(read_evaluation(Path(path)) for path in sampling.overlap)
    surveys = _surveys(source, sampling, evaluation, progress)
    costs_tokens = sampling.tokens is not None
    sizes = {s.config: s.tokens if costs_tokens else s.eligible_rows for s in surveys}
    wanted = sampling.tokens if costs_tokens else sampling.rows
    shares = shares_of(sampling.quota, sizes, sampling.weights)
    quotas = allot(sum(sizes.values()) if wanted is None else wanted, sizes, shares)
    picks, configs = [], []
    for part, survey in zip(source.parts, surveys, strict=True):
        quota = quotas[part.config]
        mask = survey.picked(_ranks(part, sampling.seed), quota, costs_tokens)
        picks.append(Picks.of(mask))
        configs.append(survey.counted(quota, mask, costs_tokens))
    examples = tuple(example for survey in surveys for example in survey.examples)[:_EXAMPLES]
    return Draw(drawn_source(source, tuple(picks)), sampling, tuple(configs), evaluation, examples)


def estimated_tokens(conversation: Conversation) -> int:
    """About how many tokens a conversation has: one for every four bytes of UTF-8, and four for each turn.

    An estimate that needs no tokenizer, the same for every model: good for a budget, not for a context window.

    Args:
        conversation: Any.

    Returns:
        Tokens.

    Example:
        >>> from lomo_hf.corpus import to_conversation
        >>> estimated_tokens(to_conversation({"prompt": "2 + 2 = ?", "answer": "4"}, config="demo", index=0))
        10
    """
    return sum(len(turn.text.encode()) // 4 + 4 for turn in conversation.turns)


def _ranks(part: FileSource, seed: int) -> npt.NDArray[np.uint64]:
    if part.id_hashes is None:
        raise SourceError(f"{part.description}: a source that was pickled cannot be drawn from. Open it again.")
    return rank_rows(part.id_hashes, part.uniqueness, part.config, seed)


def _surveys(
    source: FileSource | JoinedSource,
    sampling: Sampling,
    evaluation: tuple[EvaluationSet, ...],
    progress: Callable[[int, int], None] | None,
) -> "list[_Survey]":
    if not sampling.reads_text:
        return [_Survey(part.config, len(part)) for part in source.parts]
    seen = Deduplicator() if sampling.dedup else None
    overlap = Overlap(list(evaluation), sampling.ngram) if evaluation else None
    surveys: list[_Survey] = []
    done, total = 0, len(source)
    for part in source.parts:
        report = None if progress is None else _shifted(progress, done, total)
        surveys.append(_survey(part, seen, overlap, report))
        done += len(part)
    return surveys


def _shifted(progress: Callable[[int, int], None], done: int, total: int) -> Callable[[int], None]:
    return lambda rows: progress(done + rows, total)


@dataclass
class _Survey:
    """What reading a config has shown. Memory: 13 bytes a row while it is read, 5 after that."""

    config: str
    rows: int
    eligible: npt.NDArray[np.bool_] | None = None
    costs: npt.NDArray[np.uint32] | None = None
    refused: Mapping[str, int] | None = None
    duplicates: int = 0
    overlapping: int = 0
    examples: tuple[Mapping[str, str], ...] = ()

    @property
    def eligible_rows(self) -> int:
        return self.rows if self.eligible is None else int(self.eligible.sum())

    @property
    def tokens(self) -> int:
        assert self.costs is not None
        assert self.eligible is not None
        return int(self.costs[self.eligible].sum(dtype=np.uint64))

    def picked(self, ranks: npt.NDArray[np.uint64], quota: int, costs_tokens: bool) -> npt.NDArray[np.bool_]:
        if costs_tokens:
            assert self.costs is not None
            assert self.eligible is not None
            return within_budget(ranks, self.eligible, self.costs, quota)
        return smallest(ranks, self.eligible, quota)

    def counted(self, quota: int, mask: npt.NDArray[np.bool_], costs_tokens: bool) -> DrawnConfig:
        tokens = None if self.costs is None else int(self.costs[mask].sum(dtype=np.uint64))
        drawn = int(mask.sum())
        return DrawnConfig(
            self.config,
            self.rows,
            self.eligible_rows,
            quota,
            drawn,
            refused=self.refused,
            duplicates=self.duplicates,
            overlapping=self.overlapping,
            tokens=tokens,
        )


def _survey(
    part: FileSource, seen: Deduplicator | None, overlap: Overlap | None, report: Callable[[int], None] | None
) -> _Survey:
    count = len(part)
    eligible, costs = np.zeros(count, bool), np.zeros(count, np.uint32)
    hashes = np.zeros(count if seen else 0, np.uint64)
    refused: Counter[str] = Counter()
    overlapping = 0
    examples: list[Mapping[str, str]] = []
    for index, item in enumerate(part.conversations(0, count)):
        if report and index % _REPORT_EVERY == 0:
            report(index)
        if isinstance(item, Refusal):
            refused[item.reason] += 1
            continue
        if overlap and (shared := overlap.find_in(item)):
            overlapping += 1
            if len(examples) < _EXAMPLES:
                examples.append({"id": item.id, "evaluation": shared[0], "shared": shared[1]})
            continue
        eligible[index] = True
        costs[index] = min(estimated_tokens(item), 2**32 - 1)
        if seen:
            hashes[index] = prompt_hash(item)
    duplicates = 0
    if seen:
        candidates = np.flatnonzero(eligible)
        first = seen.first(hashes[candidates])
        eligible[candidates[~first]] = False
        duplicates = int((~first).sum())
    by_reason = dict(sorted(refused.items()))
    return _Survey(part.config, count, eligible, costs, by_reason, duplicates, overlapping, tuple(examples))
