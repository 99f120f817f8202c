"""Result files: what an evaluation harness said of each question, as `Outcome`s by id.

Read are JSON Lines, JSON (a list), CSV and TSV with an id and a score in each row, and the review files of EvalScope
(`reviews/<model>/<benchmark>_<subset>.jsonl`), whose score lies in `sample_score.score.value` and whose id is the
source's own where the metadata keep it, else the number of the row.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from lomo_hf.errors import SourceError

__all__ = ["Outcome", "read_results"]

_IDS = ("id", "question_id", "index")
_SCORES = ("correct", "score", "acc", "accuracy")
_WORDS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


@dataclass(frozen=True)
class Outcome:
    """How one question was answered: `score` from 0 (wrong) to 1 (right)."""

    id: str
    score: float
    category: str | None = None

    def __post_init__(self) -> None:
        if not isfinite(self.score) or not 0 <= self.score <= 1:
            raise SourceError(
                f"score must be from 0 to 1; found {self.score!r} for {self.id!r}. Divide percent by 100."
            )


def read_results(
    path: str | Path, *, id: str | None = None, score: str | None = None, category: str | None = "category"
) -> dict[str, Outcome]:
    """The outcomes of a result file by id, in the order of the file.

    Args:
        path: A .jsonl, .json, .csv or .tsv file.
        id, score: Names of the columns; by default the first that is there of id, question_id, index and of correct,
            score, acc, accuracy.
        category: The column by which results are told apart; rows without it have none.

    Raises:
        SourceError: The file cannot be read, a row has no id or score, or an id occurs twice.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "results.csv"
    >>> _ = file.write_text("id,correct\\na,1\\nb,false\\n")
    >>> [outcome.score for outcome in read_results(file).values()]
    [1.0, 0.0]
    """
    path = Path(path)
    found: dict[str, Outcome] = {}
    for number, row in enumerate(_rows(path), 1):
        if not isinstance(row, Mapping):
            raise SourceError(f"row {number} of {path.name} is {type(row).__name__}, not an object with id and score.")
        outcome = _reviewed(row, category) if "sample_score" in row else _plain(row, id, score, category)
        if outcome is None:
            raise SourceError(
                f"row {number} of {path.name} has no id or no score; it has {list(row)}. "
                "Name the columns: --id-column, --score-column (id= and score= in Python)."
            )
        if outcome.id in found:
            raise SourceError(f"id {outcome.id!r} occurs twice in {path.name}. Give one score for each question.")
        found[outcome.id] = outcome
    if not found:
        raise SourceError(f"{path.name} holds no results.")
    return found


def _plain(row: Mapping[str, Any], id: str | None, score: str | None, category: str | None) -> Outcome | None:
    name = _first(row, (id,) if id else _IDS)
    value = _number(_first(row, (score,) if score else _SCORES))
    if name is None or value is None:
        return None
    kind = row.get(category) if category else None
    return Outcome(str(name), value, None if kind in (None, "") else str(kind))


def _reviewed(row: Mapping[str, Any], category: str | None) -> Outcome | None:
    """A line of an EvalScope review: the main score, or `acc`, or the only one there is."""
    sample = row["sample_score"]
    said = sample.get("score") if isinstance(sample, Mapping) else None
    values = said.get("value") if isinstance(said, Mapping) else None
    if not isinstance(said, Mapping) or not isinstance(sample, Mapping) or not isinstance(values, Mapping):
        return None
    main = said.get("main_score_name") or ("acc" if "acc" in values else None)
    value = _number(values.get(main) if main else next(iter(values.values())) if len(values) == 1 else None)
    metadata = sample.get("sample_metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    name = _first(metadata, _IDS[:2])
    name = row.get("index") if name is None else name
    kind = metadata.get(category) if category else None
    return None if name is None or value is None else Outcome(str(name), value, None if kind is None else str(kind))


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool | int | float):
        try:
            return float(value)
        except OverflowError:  # a whole number of more than 308 digits
            return float("inf")
    if isinstance(value, str):
        word = value.strip().lower()
        try:
            return _WORDS[word] if word in _WORDS else float(word)
        except ValueError:
            return None
    return None


def _rows(path: Path) -> Iterator[Any]:
    suffix = path.suffix.lower()
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            if suffix in (".csv", ".tsv"):
                yield from csv.DictReader(stream, delimiter="\t" if suffix == ".tsv" else ",")
            elif suffix == ".json":
                said = json.load(stream)
                yield from said if isinstance(said, list) else [said]
            elif suffix == ".jsonl":
                yield from (json.loads(line) for line in stream if line.strip())
            else:
                raise SourceError(f"{path.name} is in no known format. Give a .jsonl, .json, .csv or .tsv file.")
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}). Check the path.") from error
    except (ValueError, RecursionError, csv.Error) as error:
        raise SourceError(f"{path.name} cannot be read as {suffix[1:]} ({error}). Write it again.") from error
