"""How much each block of a prompt tells: what the positions that look for information add up.

Sums of blocks only, so the best run takes one pass over the blocks, whatever the prompt.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from lomo_hf.spans.atoms import Atom

__all__ = ["Blocks", "answer_weights", "heaviest_run", "math_weights"]

# A word is a run of letters and digits; where words are written without spaces, each character counts as one.
_WORD = re.compile("[\u3040-\u30ff\u3400-\u9fff]|[^\\W_\u3040-\u30ff\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Blocks:
    """What a position chooses from.

    Attributes:
        prompt: Any text.
        edges: The borders of its blocks, from 0 to its length.
        atoms: Its formulas and code, in order.
        answer: The answer to it.

    Source: the blocks of FormulaAwareChunk, algorithm 1.

    Example:
        >>> Blocks("One. Two.", (0, 5, 9), ()).count
        2
    """

    prompt: str
    edges: Sequence[int]
    atoms: Sequence[Atom]
    answer: str = ""

    @property
    def count(self) -> int:
        """How many blocks there are; a block lies between two neighbouring edges."""
        return len(self.edges) - 1


def math_weights(blocks: Blocks) -> list[float]:
    """For each block, the characters of its formulas.

    Args:
        blocks: Of a prompt.

    Source: ours, for the position "densest-math".

    Example:
        >>> math_weights(Blocks("Let $x$. So.", (0, 8, 12), (Atom("inline", 4, 7, 5, 6),)))
        [3.0, 0.0]
    """
    weights = [0.0] * blocks.count
    for atom in blocks.atoms:
        if atom.is_math:
            weights[bisect_right(blocks.edges, atom.start) - 1] += atom.end - atom.start
    return weights


def answer_weights(blocks: Blocks) -> list[float]:
    """For each block, the words of the answer in it: a word counts 1, shared among the blocks that hold it.

    So a word that stands everywhere, such as "the", moves nothing.

    Args:
        blocks: Of a prompt, with the answer to it.

    Source: ours, for the position "answer-overlap".

    Example:
        >>> answer_weights(Blocks("The cat. The dog. The end.", (0, 9, 18, 26), (), "The dog barks."))
        [0.333..., 1.333..., 0.333...]
    """
    wanted = frozenset(_words(blocks.answer))
    held = [
        wanted.intersection(_words(blocks.prompt[start:end]))
        for start, end in zip(blocks.edges[:-1], blocks.edges[1:], strict=True)
    ]
    spread = Counter(word for words in held for word in words)
    return [sum(1 / spread[word] for word in sorted(words)) for words in held]


def heaviest_run(blocks: Blocks, weights: Sequence[float], middle: tuple[int, int]) -> tuple[int, int]:
    """The run of blocks of about a third of the prompt that weighs most for its length; `middle` if nothing weighs.

    Besides `middle` the candidates are, from each block on, the run that ends at the border closest to a third further
    on. A run shorter than a third is weighed as if it were a third, so a lone short block does not win by being short.
    Of equals, the run closest to the middle is taken. Never all blocks where there are three.

    Args:
        blocks: Of a prompt.
        weights: Of each block.
        middle: The run of the middle third, as indices of its first block and of the block behind it.

    Source: ours.

    Example:
        >>> heaviest_run(Blocks("a. b. c. d.", (0, 3, 6, 9, 11), ()), [0.0, 0.0, 5.0, 0.0], (1, 2))
        (2, 3)
    """
    edges, size = blocks.edges, blocks.edges[-1]
    sums = [0.0, *accumulate(weights)]

    def merit(run: tuple[int, int]) -> tuple[float, float]:
        start, end = edges[run[0]], edges[run[1]]
        # Rounded, since sums of the same weights in another order differ in their last bits.
        weight = round((sums[run[1]] - sums[run[0]]) / max(end - start, size / 3), 9)
        return weight, -abs(start + end - size) if weight else 0.0

    # Of equals, `max` takes the first: where nothing weighs, the middle.
    return max((middle, *(_third(edges, first) for first in range(blocks.count))), key=merit)


def _third(edges: Sequence[int], first: int) -> tuple[int, int]:
    blocks, target = len(edges) - 1, edges[first] + edges[-1] / 3
    last = min(max(bisect_right(edges, target), first + 1), blocks)
    if last - 1 > first and target - edges[last - 1] <= edges[last] - target:
        last -= 1
    if first == 0 and last == blocks and blocks > 1:
        last -= 1
    return first, last


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
