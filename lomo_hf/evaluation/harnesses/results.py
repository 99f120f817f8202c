"""A row of a result file, whichever harness wrote it: id, score, category, and the prediction where it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Answered", "answered_by"]

_IDS: Final = ("id", "question_id", "index")
_SCORES: Final = ("correct", "score", "acc", "accuracy", "hit")
_PREDICTIONS: Final = ("prediction", "response", "output", "filtered_resps")
_ANSWERS: Final = ("answer", "target", "gt_answer")
_WORDS: Final = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
# What a line of lmms-eval holds beside its metrics.
_LMMS_EVAL: Final = frozenset(
    (
        *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "raw_filtered_resps", "token_counts"),
        *("doc_hash", "prompt_hash", "target_hash", "input", "input_media"),
    )
)
_OURS: Final = "lomo_match"


@dataclass(frozen=True)
class Answered:
    """How a question was answered, as one row of a file says it.

    `score` is None where none is named or plain; `metrics` are then those that a harness gives, `columns` those of
    the row. `prediction` and `answer` are there for whoever marks the answer anew.
    """

    id: str
    score: float | None
    category: str | None
    prediction: str | None = None
    answer: Any = None
    options: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    columns: str = ""
    is_numbered: bool = False
    """Whether the id is the number that a harness gave the question."""


def answered_by(
    row: Mapping[str, object], *, id: str | None, score: str | None, category: str | None
) -> Answered | None:
    """What a row says; None where it names no question."""
    if "sample_score" in row:
        return _evalscope(row, score, category)
    if "doc_id" in row and ("doc_hash" in row or "filtered_resps" in row):
        return _lmms_eval(row, score, category)
    return _plain(row, id, score, category)


def _plain(row: Mapping[str, Any], id: str | None, score: str | None, category: str | None) -> Answered | None:
    # A table of VLMEvalKit numbers its rows by `index`; other ids in it are the benchmark's own, and may be shared.
    of_vlmevalkit = id is None and "index" in row and ("prediction" in row or "hit" in row)
    name = _first(row, (id,) if id else ("index",) if of_vlmevalkit else _IDS)
    if name is None:
        return None
    value = _number(_first(row, (score,) if score else _SCORES))
    kind = row.get(category) if category else None
    return Answered(
        str(name),
        value,
        None if kind in (None, "") else str(kind),
        _text(_first(row, _PREDICTIONS)),
        _first(row, _ANSWERS),
        columns=str(list(row)[:20]),
        is_numbered=of_vlmevalkit,
    )


def _evalscope(row: Mapping[str, Any], score: str | None, category: str | None) -> Answered | None:
    """A line of a review: the metric that is named, else the main one, else `acc`, else the only one."""
    sample = _mapping(row["sample_score"])
    verdict = _mapping(sample.get("score"))
    values = _mapping(verdict.get("value"))
    main = score or verdict.get("main_score_name") or ("acc" if "acc" in values else None)
    value = _number(values.get(main) if main else next(iter(values.values())) if len(values) == 1 else None)
    metadata = _mapping(sample.get("sample_metadata"))
    own = _first(metadata, _IDS[:2])
    name = row.get("index") if own is None else own
    if name is None:
        return None
    kind = metadata.get(category) if category else None
    prediction = verdict.get("extracted_prediction") or verdict.get("prediction")
    return Answered(
        str(name),
        value,
        None if kind in (None, "") else str(kind),
        _text(prediction),
        row.get("target"),
        metrics=tuple(values),
        is_numbered=own is None,
    )


def _lmms_eval(row: Mapping[str, Any], score: str | None, category: str | None) -> Answered:
    """A line of `--log_samples`: the metric that is named, else ours, else the only one that is a number."""
    metrics = {name: value for name, value in row.items() if name not in _LMMS_EVAL}
    numbers = {name: number for name, value in metrics.items() if (number := _metric(value)) is not None}
    chosen = score or (_OURS if _OURS in numbers else next(iter(numbers)) if len(numbers) == 1 else None)
    ours = _mapping(metrics.get(_OURS))
    kind = ours.get("category") if category else None
    name = ours.get("id", row["doc_id"])
    return Answered(
        str(name),
        numbers.get(chosen) if chosen else None,
        None if kind in (None, "") else str(kind),
        _text(row.get("filtered_resps")),
        row.get("target"),
        metrics=tuple(metrics),
        is_numbered="id" not in ours,
    )


def _metric(value: Any) -> float | None:
    """A metric of lmms-eval for one question: a number, or what is averaged later, with its score inside."""
    return _number(value.get("score")) if isinstance(value, Mapping) else _number(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    """A prediction; the first where a harness keeps a list."""
    while isinstance(value, list) and value:
        value = value[0]
    return None if value is None or isinstance(value, list) else str(value)


def _first(row: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _number(value: object) -> float | None:
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
