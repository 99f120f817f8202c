"""Rows of a source as JSON Lines: normalised, in the dialect that every consumer reads. Streams; holds one row."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from io import TextIOWrapper
from pathlib import Path

from lomo_hf.corpus.conversation import Conversation, Refusal, Turn
from lomo_hf.corpus.source import Source
from lomo_hf.errors import SourceError
from lomo_hf.storage import named_file

__all__ = ["Written", "corpus_turns", "write_rows"]


@dataclass(frozen=True)
class Written:
    """How many rows were written, and how many refused, by reason."""

    rows: int
    refused: Mapping[str, int]


def write_rows(source: Source, path: Path) -> Written:
    """Write every row of a source: id, messages, what was preferred, columns that are kept, and where it comes from.

    Args:
        source: The rows.
        path: The file to write, JSON Lines; `open_corpus` reads it again.

    Returns:
        What was counted.

    Raises:
        SourceError: The file cannot be written, or the source not read.

    >>> import tempfile
    >>> from lomo_hf.corpus import open_corpus
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_rows(open_corpus(), Path(folder, "rows.jsonl")).refused
    {}
    """
    refused: Counter[str] = Counter()
    rows = 0
    try:
        with TextIOWrapper(named_file(path).create(), encoding="utf-8", newline="\n") as stream:
            for item in source.conversations(0, len(source)):
                if isinstance(item, Refusal):
                    refused[item.reason] += 1
                    continue
                rows += 1
                origin = {f"source_{key}": value for key, value in asdict(item.origin).items()}
                row = {"id": item.id, **corpus_turns(item), **dict(item.kept), **origin}
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise SourceError(f"{path} cannot be written ({error.strerror}). Check the path and the space.") from error
    return Written(rows, dict(sorted(refused.items())))


def corpus_turns(item: Conversation) -> dict[str, object]:
    """The columns of a row's turns, parted where a completion was judged, as every dialect is read.

    >>> from lomo_hf.corpus import open_corpus
    >>> list(corpus_turns(next(open_corpus().conversations(0, 1))))
    ['messages']
    """
    messages, feedback = _messages(item.turns), item.feedback
    if feedback is None:
        return {"messages": messages}
    prompt, completion = messages[: feedback.completion], messages[feedback.completion :]
    if feedback.label is not None:
        return {"prompt": prompt, "completion": completion, "label": feedback.label}
    return {"prompt": prompt, "chosen": completion, "rejected": _messages(feedback.rejected)}


def _messages(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.text} for turn in turns]
