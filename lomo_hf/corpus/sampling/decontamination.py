"""Decontamination: prompts that share a run of words with a prompt of an evaluation set are not eligible.

The usual rule: 13 words in a row, case and punctuation aside (a Chinese, Japanese or Korean character counts as a
word). An evaluation prompt of fewer words counts only where a user turn is exactly that prompt. Every overlap is
reported with the words that are shared, so that a person can judge.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lomo_hf.corpus.columns import describe
from lomo_hf.corpus.conversation import Conversation, Refusal
from lomo_hf.corpus.files.finding import find_files
from lomo_hf.corpus.files.planning import scan_files
from lomo_hf.corpus.turns import to_conversation
from lomo_hf.errors import RecipeError, SourceError

__all__ = ["NGRAM", "EvaluationSet", "Overlap", "read_evaluation"]

NGRAM: Final = 13
_WIDE: Final = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD: Final = re.compile(f"[{_WIDE}]|(?:(?![{_WIDE}])[^\\W_])+")
_PROMPT_COLUMNS: Final = ("question", "prompt", "problem", "query", "instruction", "input")
_BASE: Final = np.uint64(0x100000001B3)


@dataclass(frozen=True)
class EvaluationSet:
    """The prompts of an evaluation set. `name` is the file's name, `digest` that of its content."""

    name: str
    digest: str
    prompts: tuple[str, ...]


def read_evaluation(path: Path) -> EvaluationSet:
    """Prompts of a file: one a line in .txt, else the user turns or the question column of every row.

    Raises:
        SourceError: The file cannot be read, or no row of it has a prompt.
    """
    if path.suffix == ".txt" and path.is_file():
        data = path.read_bytes()
        lines = tuple(line for line in data.decode("utf-8", "replace").splitlines() if line.strip())
        return EvaluationSet(path.name, f"{zlib.crc32(data):08x}", lines)
    scan = scan_files(find_files(path, every=True).files)
    prompts: list[str] = []
    first: Mapping[str, object] = {}
    for reader in scan.readers:
        for row in reader.read(0, reader.rows):
            if isinstance(row, Mapping):
                first = first or row
                prompts += _prompts(row)
    if not prompts:
        raise SourceError(
            f"{path.name} holds no prompts; its columns are {describe(first)}. Name one of them "
            f"{', '.join(_PROMPT_COLUMNS)} or messages, or give a .txt file of one prompt a line."
        )
    return EvaluationSet(path.name, scan.digest, tuple(prompts))


class Overlap:
    """Finds what training prompts share with evaluation prompts.

    >>> rule = Overlap([EvaluationSet("quiz", "", ("How many legs do three cats have together?",))], n=5)
    >>> rule.find("Tell me: how many legs do three dogs have?")
    ('quiz', 'how many legs do three')
    >>> rule.find("How many cats?") is None
    True
    """

    def __init__(self, sets: "list[EvaluationSet]", n: int = NGRAM) -> None:
        if n < 3:
            raise RecipeError(f"n-grams must be of 3 words or more; found {n}. The usual number is {NGRAM}.")
        self.n = n
        self._shared: dict[str, str] = {}
        self._whole: dict[str, str] = {}
        hashes: list[npt.NDArray[np.uint64]] = []
        for evaluation in sets:
            for prompt in evaluation.prompts:
                words = _words(prompt)
                if len(words) < n:
                    self._whole.setdefault(" ".join(words), evaluation.name)
                    continue
                hashes.append(self._rolling(words))
                for begin in range(len(words) - n + 1):
                    self._shared.setdefault(" ".join(words[begin : begin + n]), evaluation.name)
        self._whole.pop("", None)
        self._hashes = np.unique(np.concatenate(hashes)) if hashes else np.array([], dtype=np.uint64)

    def find(self, text: str) -> tuple[str, str] | None:
        """(evaluation set, the words that are shared), or None."""
        words = _words(text)
        if len(words) < self.n:
            whole = " ".join(words)
            return (self._whole[whole], whole) if whole in self._whole else None
        if not len(self._hashes):
            return None
        rolled = self._rolling(words)
        at = np.minimum(np.searchsorted(self._hashes, rolled), len(self._hashes) - 1)
        for begin in np.flatnonzero(self._hashes[at] == rolled).tolist():
            run = " ".join(words[begin : begin + self.n])
            if run in self._shared:  # a hash alone would accuse a prompt now and then
                return self._shared[run], run
        return None

    def find_in(self, conversation: Conversation) -> tuple[str, str] | None:
        """As `find`, in any user turn."""
        turns = (conversation.turns[turn].text for turn in conversation.user_turns)
        return next((overlap for overlap in map(self.find, turns) if overlap), None)

    def _rolling(self, words: list[str]) -> npt.NDArray[np.uint64]:
        coded = np.array([zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words], dtype=np.uint64)
        count = len(words) - self.n + 1
        rolled = np.zeros(count, dtype=np.uint64)
        for offset in range(self.n):
            rolled = rolled * _BASE + coded[offset : offset + count]
        return rolled


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _prompts(row: Mapping[str, Any]) -> Iterator[str]:
    read = to_conversation(row, config="evaluation", index=0)
    if not isinstance(read, Refusal):
        yield from (read.turns[turn].text for turn in read.user_turns)
        return
    prompt = next((row[name] for name in _PROMPT_COLUMNS if isinstance(row.get(name), str) and row[name]), None)
    if prompt is not None:
        yield prompt
