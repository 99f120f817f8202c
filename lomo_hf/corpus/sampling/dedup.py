"""Prompts that occur twice: the first row with a prompt keeps its place, the others are not eligible.

Two prompts are the same if their user turns are, white space aside. 64 bits are kept of each: with 7 million rows the
chance that any two different prompts meet is about one in 750,000.
"""

from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from lomo_hf.corpus.conversation import Conversation

__all__ = ["Deduplicator", "prompt_hash"]


def prompt_hash(conversation: Conversation) -> int:
    """64 bits of a conversation's user turns, runs of white space taken for one space.

    >>> from lomo_hf.corpus import to_conversation
    >>> row = to_conversation({"prompt": "2 +  2?", "answer": "4"}, config="a", index=0)
    >>> other = to_conversation({"prompt": " 2 + 2?\\n", "answer": "four"}, config="b", index=0)
    >>> prompt_hash(row) == prompt_hash(other)
    True
    """
    digest = blake2b(digest_size=8)
    for turn in conversation.user_turns:
        digest.update(" ".join(conversation.turns[turn].text.split()).encode())
        digest.update(b"\0")
    return int.from_bytes(digest.digest(), "little")


class Deduplicator:
    """Goes through configs in order and remembers 8 bytes of every prompt.

    >>> seen = Deduplicator()
    >>> seen.first(np.array([5, 6, 5], np.uint64)).tolist(), seen.first(np.array([6, 7], np.uint64)).tolist()
    ([True, True, False], [False, True])
    """

    def __init__(self) -> None:
        self._seen: npt.NDArray[np.uint64] = np.array([], dtype=np.uint64)

    def first(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Which of these occur for the first time, in this call or any before."""
        fresh, indexes = np.unique(hashes, return_index=True)
        new = np.ones(len(fresh), bool)
        if len(self._seen):
            at = np.minimum(np.searchsorted(self._seen, fresh), len(self._seen) - 1)
            new = self._seen[at] != fresh
        mask = np.zeros(len(hashes), bool)
        mask[indexes[new]] = True
        self._seen = np.sort(np.concatenate([self._seen, fresh[new]]))
        return mask
