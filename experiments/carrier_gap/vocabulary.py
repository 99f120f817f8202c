"""Tokens: the words of the corpus, each with the space before it, and bytes for everything else. Lossless.

A space at the border of a text and a picture carries no meaning, so every part of a prompt is stripped and gets one in
front: a word is then the same token wherever it stands.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

__all__ = ["ANSWER", "BEGIN", "END", "IMAGE", "IMAGE_END", "IMAGE_START", "PADDING", "QUESTION", "READ", "Vocabulary"]

# The first 256 ids are bytes. QUESTION and READ stand where a chat template would: answer, or read aloud.
PADDING, BEGIN, QUESTION, READ, IMAGE, IMAGE_START, IMAGE_END, ANSWER, END = range(256, 265)
_FIRST_PIECE = 272
_PIECE = re.compile(r" ?(?:\\?[A-Za-z]+|[0-9]|[^A-Za-z0-9\s])", re.ASCII)


@dataclass(frozen=True)
class Vocabulary:
    r"""Pieces that have a token of their own, in the order of their ids.

    >>> vocabulary = Vocabulary.of(["What is $x$?", "What is it?"], least=1)
    >>> vocabulary.decode(vocabulary.encode("What is \u00e9?"))
    'What is é?'
    >>> len(vocabulary.encode("What is $x$?"))
    6
    """

    pieces: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str], *, least: int = 3) -> "Vocabulary":
        """All pieces that occur at least `least` times, the most frequent first."""
        counted: Counter[str] = Counter()
        for text in texts:
            counted.update(_PIECE.findall(_spaced(text)))
        kept = [piece for piece, count in counted.items() if count >= least and len(piece) > 1]
        return cls(tuple(sorted(kept, key=lambda piece: (-counted[piece], piece))))

    @property
    def size(self) -> int:
        """The number of ids, rounded up to 64."""
        return -(-(_FIRST_PIECE + len(self.pieces)) // 64) * 64

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {piece: _FIRST_PIECE + place for place, piece in enumerate(self.pieces)}

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, which gets a space in front."""
        ids: list[int] = []
        spaced, here = _spaced(text), 0
        for match in _PIECE.finditer(spaced):
            ids += spaced[here : match.start()].encode()
            here = match.end()
            known = self._ids.get(match[0])
            ids += match[0].encode() if known is None else [known]
        return ids + list(spaced[here:].encode())

    def decode(self, ids: Sequence[int]) -> str:
        """The text of tokens, without the space in front; special tokens are left out."""
        held = bytearray()
        for token in ids:
            if token < 256:
                held.append(token)
            elif _FIRST_PIECE <= token < _FIRST_PIECE + len(self.pieces):
                held += self.pieces[token - _FIRST_PIECE].encode()
        return held.decode("utf-8", "replace").removeprefix(" ")


def _spaced(text: str) -> str:
    return " " + text.strip()
