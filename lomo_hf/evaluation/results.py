"""Result files: how each question was answered, as `Outcome`s by id.

Read are JSON Lines, JSON (a list), CSV, TSV and XLSX with an id and a score in each row, and what harnesses leave:

    EvalScope    reviews/<model>/<benchmark>_<subset>.jsonl
    lmms-eval    <date>_samples_<task>.jsonl, written with --log_samples
    VLMEvalKit   <model>_<dataset>.xlsx (.tsv, .json) and its judge's <model>_<dataset>_<judge>_result.xlsx

Where a file holds predictions and no score, or a score that is of no use, `score="match"` marks them here.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Final, TextIO

from lomo_hf.errors import LomoError, SourceError
from lomo_hf.evaluation.harnesses.results import Answered, answered_by
from lomo_hf.evaluation.scoring import match_answer

__all__ = ["MATCH", "Outcome", "Question", "read_distances", "read_questions", "read_results"]

MATCH: Final = "match"


@dataclass(frozen=True)
class Outcome:
    """How one question was answered.

    Args:
        id: Of the question.
        score: From 0 (wrong) to 1 (right).
        category: What results are told apart by.

    Raises:
        SourceError: The score is no number from 0 to 1.

    Example:
        >>> Outcome("q1", 1.0, "geometry").score
        1.0
    """

    id: str
    score: float
    category: str | None = None

    def __post_init__(self) -> None:
        if not isfinite(self.score) or not 0 <= self.score <= 1:
            raise SourceError(
                f"score must be from 0 to 1; found {self.score!r} for {self.id!r}. Divide percent by 100."
            )


@dataclass(frozen=True)
class Question:
    """What a rendered benchmark's folder knows of a question.

    Args:
        id: Its id.
        category: Its category.
        answer: The right answer, as the source has it.
        options: Its options.

    Example:
        >>> Question("q1", None, "B", ("3", "4")).answer
        'B'
    """

    id: str
    category: str | None
    answer: object
    options: tuple[str, ...] = ()


def read_questions(folder: str | Path) -> list[Question]:
    """The questions of a rendered benchmark's folder, in their order.

    Args:
        folder: What `render_benchmark` made.

    Returns:
        The questions.

    Raises:
        SourceError: The folder is none of a rendered benchmark.

    Example:
        >>> import tempfile
        >>> from lomo_hf.evaluation import Benchmark, Item, render_benchmark
        >>> out = tempfile.mkdtemp()
        >>> _ = render_benchmark(Benchmark("demo"), out, data=[Item("a", "Is 7 prime?", "yes")])
        >>> [question.id for question in read_questions(out)]
        ['a']
    """
    from lomo_hf.evaluation.harnesses.stored_rows import open_folder

    rendered = open_folder(folder)
    lettered = rendered.benchmark.options_as != "text"
    return [
        Question(row["id"], row["category"], row["answer"], tuple(row["options"] or ()) if lettered else ())
        for row in rendered.rows_of("standard")
    ]


def read_results(
    path: str | Path,
    *,
    id: str | None = None,
    score: str | None = None,
    category: str | None = "category",
    questions: Sequence[Question] | None = None,
) -> dict[str, Outcome]:
    """The outcomes of a result file by id, in the order of the file.

    Args:
        path: A .jsonl, .json, .csv, .tsv or .xlsx file.
        id: The column of ids; by default the first that is there of id, question_id and index.
        score: The column of scores, or the metric of a harness; by default the first that is there of correct, score,
            acc, accuracy and hit, and of a harness's metrics its main one. "match" marks predictions by
            `match_answer`.
        category: The column by which results are told apart; rows without it have none.
        questions: The benchmark's questions (`read_questions`). Ids that are row numbers, as harnesses number
            questions, become the questions' own; categories, right answers and options come from them.

    Returns:
        Id -> outcome.

    Raises:
        SourceError: The file cannot be read, a row has no id or score, or an id occurs twice or is no question's.
        LomoError: An .xlsx file is given, and the extra `[xlsx]` is not installed.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "results.csv"
        >>> _ = file.write_text("id,correct\\na,1\\nb,false\\n")
        >>> [outcome.score for outcome in read_results(file).values()]
        [1.0, 0.0]
    """
    path = Path(path)
    answered = [_answered(number, row, path, id, score, category) for number, row in enumerate(_rows(path), 1)]
    if not answered:
        raise SourceError(f"{path.name} holds no results.")
    if questions is not None:
        answered = _placed(answered, questions, path)
    outcomes: dict[str, Outcome] = {}
    for number, given in enumerate(answered, 1):
        value = _matched(number, given, path) if score == MATCH else given.score
        if value is None:
            raise _no_score(number, path, given)
        outcome = Outcome(given.id, value, given.category)
        if outcome.id in outcomes:
            raise SourceError(f"id {outcome.id!r} occurs twice in {path.name}. Give one score for each question.")
        outcomes[outcome.id] = outcome
    return outcomes


def read_distances(path: str | Path) -> dict[str, float]:
    """The pairwise distance of each question from a file with `id` and `distance` in each row.

    Args:
        path: A .jsonl, .json, .csv, .tsv or .xlsx file.

    Returns:
        Id -> distance.

    Raises:
        SourceError: The file cannot be read, or a row has no id or no number.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "distances.csv"
        >>> _ = file.write_text("id,distance\\na,0.41\\n")
        >>> read_distances(file)
        {'a': 0.41}
    """
    path = Path(path)
    distances: dict[str, float] = {}
    for number, row in enumerate(_rows(path), 1):
        name, value = (row.get("id"), row.get("distance")) if isinstance(row, Mapping) else (None, None)
        try:
            distances[str(name)] = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            value = None
        if name in (None, "") or value is None:
            raise SourceError(f"row {number} of {path.name} must have id and distance, a number; found {row!s:.100}.")
    return distances


def _placed(answered: Sequence[Answered], questions: Sequence[Question], path: Path) -> list[Answered]:
    """What was answered, with what is known of its question: by id, or by the number that a harness gave it."""
    by_id = {question.id: question for question in questions}
    ids = [given.id for given in answered]
    in_order = ids == [str(number) for number in range(len(questions))]
    numbered = any(given.is_numbered for given in answered) or in_order or not all(name in by_id for name in ids)
    known = {str(number): question for number, question in enumerate(questions)} if numbered else by_id
    strange = next((name for name in ids if name not in known), None)
    if strange is not None:
        raise SourceError(
            f"id {strange!r} of {path.name} is none of the benchmark's {len(questions)} questions, nor the number of "
            "one. Give the folder that was evaluated."
        )
    return [_known(given, known[given.id]) for given in answered]


def _known(answered: Answered, question: Question) -> Answered:
    category = question.category if answered.category is None else answered.category
    return replace(answered, id=question.id, category=category, answer=question.answer, options=question.options)


def _matched(number: int, answered: Answered, path: Path) -> float:
    missing = "prediction" if answered.prediction is None else "answer" if answered.answer is None else None
    if answered.prediction is None or answered.answer is None:
        raise SourceError(
            f"row {number} of {path.name} has no {missing} to match. Give the benchmark's folder (--questions, "
            "questions= in Python), or name the score."
        )
    return float(match_answer(answered.prediction, answered.answer, answered.options))


def _answered(
    number: int, row: object, path: Path, id: str | None, score: str | None, category: str | None
) -> Answered:
    if not isinstance(row, Mapping):
        raise SourceError(f"row {number} of {path.name} is {type(row).__name__}, not an object with id and score.")
    answered = answered_by(row, id=id, score=None if score == MATCH else score, category=category)
    if answered is None:
        raise SourceError(
            f"row {number} of {path.name} has no id; it has {list(row)[:20]}. Name the column: --id-column (id= in "
            "Python)."
        )
    return answered


def _no_score(number: int, path: Path, answered: Answered) -> SourceError:
    metrics = f"its metrics are {', '.join(answered.metrics)}" if answered.metrics else f"it has {answered.columns}"
    return SourceError(
        f"row {number} of {path.name} has no score that is named or plain; {metrics}. Name one: --score-column "
        "(score= in Python), or match."
    )


# -- files -----------------------------------------------------------------------------------------------------------


def _rows(path: Path) -> Iterator[object]:
    suffix = path.suffix.lower()
    try:
        if suffix == ".xlsx":
            yield from _sheet(path)
            return
        with path.open(encoding="utf-8-sig", newline="") as stream:
            if suffix in (".csv", ".tsv"):
                yield from _table(stream, "\t" if suffix == ".tsv" else ",")
            elif suffix == ".json":
                value = json.load(stream)
                yield from value if isinstance(value, list) else [value]
            elif suffix == ".jsonl":
                yield from (json.loads(line) for line in stream if line.strip())
            else:
                remedy = " A pickle can run any code; have VLMEvalKit write tables." if suffix == ".pkl" else ""
                raise SourceError(
                    f"{path.name} is in no known format.{remedy} Give a .jsonl, .json, .csv, .tsv or .xlsx file."
                )
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}). Check the path.") from error
    except (ValueError, RecursionError, csv.Error) as error:
        raise SourceError(f"{path.name} cannot be read as {suffix[1:]} ({error}). Write it again.") from error


def _table(stream: TextIO, mark: str) -> Iterator[dict[str, object]]:
    """Rows of a table; one of VLMEvalKit holds its images, which are longer than `csv` takes unasked."""
    limit = csv.field_size_limit(1 << 30)
    try:
        yield from csv.DictReader(stream, delimiter=mark)
    finally:
        csv.field_size_limit(limit)


def _sheet(path: Path) -> Iterator[dict[str, object]]:
    """The first sheet, its first row the names of columns."""
    try:
        import openpyxl
    except ImportError as error:
        raise LomoError(
            "an .xlsx file needs openpyxl. Install it (pip install 'lomo-hf[xlsx]'), or have VLMEvalKit write tables: "
            "PRED_FORMAT=tsv."
        ) from error
    from zipfile import BadZipFile

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, openpyxl.utils.exceptions.InvalidFileException) as error:
        raise ValueError(error) from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        names = [str(name) for name in next(rows, ())]
        for row in rows:
            yield {name: value for name, value in zip(names, row, strict=False) if value is not None}
    finally:
        book.close()
