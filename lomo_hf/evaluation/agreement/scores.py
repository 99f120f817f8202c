"""Scores by row, to a file and back, and into a corpus: what a model finds hard is what a recipe can choose first."""

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, TextIO

from lomo_hf.corpus import Refusal, Source
from lomo_hf.corpus.writing import corpus_turns
from lomo_hf.errors import SourceError, UsageError
from lomo_hf.evaluation.agreement.measures import RowAgreement
from lomo_hf.storage import Folder, named_file

__all__ = [
    "AgreementSummary",
    "ScoredCorpus",
    "read_scores",
    "summarize_agreement",
    "write_agreement",
    "write_scored_corpus",
]

_SCORE: Final = "gap_per_token"


@dataclass(frozen=True)
class AgreementSummary:
    """Agreement of carriers over rows.

    Args:
        rows: How many.
        tokens: Of their answers.
        gap: The mean of log p(a|x) - log p(a|T(x)) over rows, in nats.
        low: The lower end of its 95 % bootstrap interval over rows.
        high: Its upper end.
        gap_per_token: The gap of all rows together, by token.
        divergence: The mean divergence along the answers, in nats; None where a row has none.

    Source:
        LoMo, equations 5 and 6, averaged over rows.

    Example:
        >>> summarize_agreement([RowAgreement("a", 2, -1.0, -3.0), RowAgreement("b", 2, -2.0, -2.0)]).gap
        1.0
    """

    rows: int
    tokens: int
    gap: float
    low: float
    high: float
    gap_per_token: float
    divergence: float | None


def summarize_agreement(rows: Iterable[RowAgreement], *, seed: int = 0) -> AgreementSummary:
    """The mean gap over rows with its interval.

    Args:
        rows: What `carrier_agreement` gave.
        seed: Of the bootstrap.

    Returns:
        The summary.

    Raises:
        SourceError: There is no row.

    Example:
        >>> summarize_agreement([RowAgreement("a", 2, -1.0, -3.0)]).gap_per_token
        1.0
    """
    import numpy as np

    from lomo_hf.evaluation.paired_tests import paired_bootstrap

    held = list(rows)
    if not held:
        raise SourceError("there is no rewritten row, so there is no agreement. Give a config that has pages.")
    gaps = np.array([row.gap for row in held])
    low, high = paired_bootstrap(gaps, seed=seed)
    tokens = sum(row.tokens for row in held)
    divergences = [row.divergence for row in held if row.divergence is not None]
    whole = len(divergences) == len(held)
    return AgreementSummary(
        len(held), tokens, float(gaps.mean()), low, high, float(gaps.sum()) / tokens,
        sum(divergences) / len(held) if whole else None,
    )  # fmt: skip


def write_agreement(rows: Iterable[RowAgreement], path: str | Path) -> int:
    """Write agreements as JSON Lines: id, tokens, text, page, divergence, gap, gap_per_token; streams.

    Args:
        rows: What `carrier_agreement` gives.
        path: The file.

    Returns:
        How many were written.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "scores.jsonl"
        >>> write_agreement([RowAgreement("gsm8k/7", 4, -2.0, -6.0)], file), read_scores(file)
        (1, {'gsm8k/7': 1.0})
    """
    count = 0
    with TextIOWrapper(named_file(path).create(), encoding="utf-8", newline="\n") as stream:
        for row in rows:
            record = {
                "id": row.id,
                "tokens": row.tokens,
                "text": row.text,
                "page": row.page,
                "divergence": row.divergence,
                "gap": row.gap,
                "gap_per_token": row.gap_per_token,
            }
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    return count


def read_scores(path: str | Path, column: str = _SCORE) -> dict[str, float]:
    """Scores by row from JSON Lines.

    Args:
        path: What `write_agreement` wrote, or any file with `id` and the column in each row.
        column: Which number is the score.

    Returns:
        Id -> score.

    Raises:
        SourceError: The file cannot be read, a row has no id or no number, or an id occurs twice.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "scores.jsonl"
        >>> _ = file.write_text('{"id": "a/1", "loss": 2.5}\\n')
        >>> read_scores(file, "loss")
        {'a/1': 2.5}
    """
    path, scores = Path(path), dict[str, float]()
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                row = json.loads(line)
                name, value = (row.get("id"), row.get(column)) if isinstance(row, Mapping) else (None, None)
                if not isinstance(name, str) or isinstance(value, bool) or not isinstance(value, int | float):
                    raise SourceError(
                        f"row {number} of {path.name} must have id and {column}; found {line.strip():.100}."
                    )
                if name in scores:
                    raise SourceError(f"id {name!r} occurs twice in {path.name}. Give one score for each row.")
                scores[name] = float(value)
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}). Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path.name} cannot be read as JSON Lines ({error}). Write it again.") from error
    return scores


@dataclass(frozen=True)
class ScoredCorpus:
    """A corpus with a column `score`.

    Args:
        files: One for each config of the corpus, called like it: opened as `open_corpus(file, config=file.stem)` its
            rows have the ids that they had.
        rows: How many rows they have.
        scored: How many of them have a score; chance alone draws the others.
        refused: Reason -> rows of the corpus that are none, and are left out.

    Example:
        >>> ScoredCorpus((Path("scored/gsm8k.jsonl"),), 10, 8, {}).scored
        8
    """

    files: tuple[Path, ...]
    rows: int
    scored: int
    refused: Mapping[str, int]


def write_scored_corpus(source: Source, scores: Mapping[str, float], out: str | Path) -> ScoredCorpus:
    """Write a corpus anew with a column `score`, for recipes that choose rows by it (`by: score`).

    Each config of the corpus becomes a file of its name; a split of the config "default" one of the split's name.
    Opened under that name, its rows have the ids that they had, so that what a recipe makes of a row is what it makes
    of it in the corpus as it was. What was preferred, the tools and the columns that the corpus was opened to keep are
    written too; name these again (`keep`) when the scored corpus is opened.

    Args:
        source: The corpus, from `open_corpus`.
        scores: Id of a row (of the built dataset, as in `gsm8k/7`) -> score.
        out: A folder that is absent or empty.

    Returns:
        What was written.

    Raises:
        UsageError: The folder is not empty, no row has a score, or the corpus keeps a column `score` of its own.
        SourceError: The corpus cannot be read, or the folder not written.

    Source:
        The paper leaves "difficulty-aware or curriculum-style selection" open (its limitations).

    Example:
        >>> import tempfile
        >>> from lomo_hf import open_corpus
        >>> corpus = open_corpus()
        >>> scores = {row.id: float(len(row.turns[0].text)) for row in corpus.conversations(0, 9)}
        >>> scored = write_scored_corpus(corpus, scores, Path(tempfile.mkdtemp()) / "scored")
        >>> again = open_corpus(scored.files[0], config=scored.files[0].stem)
        >>> scored.rows, scored.scored, next(again.conversations(0, 1)).score
        (206, 9, 386.0)
    """
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"out must be an empty folder; {folder.name!r} is not. Name another.")
    if "score" in source.extra:
        raise UsageError("the column 'score' cannot be kept, since it is written anew. Open the corpus without it.")
    rows = scored = 0
    refused: dict[str, int] = {}
    try:
        held = Folder(folder, make=True)
        streams: dict[str, TextIO] = {}
        with ExitStack() as stack:
            for item in source.conversations(0, len(source)):
                if isinstance(item, Refusal):
                    refused[item.reason] = refused.get(item.reason, 0) + 1
                    continue
                config = item.id.partition("/")[0]
                if config not in streams:
                    if Path(config).name != config:
                        raise SourceError(f"config {config!r} is no name of a file, so its rows would lose their ids.")
                    file = (held / f"{config}.jsonl").create()
                    streams[config] = stack.enter_context(TextIOWrapper(file, encoding="utf-8", newline="\n"))
                score = scores.get(item.id)
                rows, scored = rows + 1, scored + (score is not None)
                record: dict[str, object] = {
                    "id": item.origin.id,
                    **corpus_turns(item),
                    **dict(item.kept),
                    **{name: value for name, value in _declared(item.origin).items() if value is not None},
                    "score": score,
                }
                streams[config].write(json.dumps(record, ensure_ascii=False) + "\n")
    except OSError as error:
        raise SourceError(f"{folder} cannot be written ({error.strerror}). Check the path and the space.") from error
    if not scored:
        first = next(iter(scores), None)
        raise UsageError(f"no row of the corpus has a score; scores begin with {first!r}. Take those of this corpus.")
    return ScoredCorpus(tuple(folder / f"{config}.jsonl" for config in streams), rows, scored, refused)


def _declared(origin: Any) -> dict[str, str | None]:
    return {"data_source": origin.data_source, "license": origin.license}
