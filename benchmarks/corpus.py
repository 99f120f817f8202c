"""As many prompts as a trial needs, from a corpus that has fewer: halves of real prompts, put together anew.

A prompt is cut between two lines or sentences near its middle, never within a formula or code, so that what comes out
has the lengths, scripts and formulas of what went in, and no two are alike.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lomo_hf.corpus import Conversation, open_corpus
from lomo_hf.spans import scan

__all__ = ["prompts_of", "recombined", "write_corpus"]

_BORDERS = ("\n", ". ", "? ", "! ", "。", "？")


def prompts_of(corpus: Path | None) -> list[str]:
    """The first user turn of every row of a corpus; None is the embedded sample."""
    source = open_corpus(corpus)
    rows = (row for row in source.conversations(0, len(source)) if isinstance(row, Conversation))
    return [row.turns[row.user_turns[0]].text for row in rows]


def recombined(prompts: Sequence[str], count: int, seed: int = 0) -> Iterator[str]:
    """`count` prompts, each the first half of one and the second half of another."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    halves = [_halves(prompt) for prompt in prompts]
    for _ in range(count):
        first, second = (int(place) for place in rng.integers(0, len(halves), 2))
        yield halves[first][0] + halves[second][1]


def write_corpus(prompts: Iterator[str], path: Path, *, escaped: bool = False) -> None:
    """A JSON Lines corpus with ids of its own, each prompt with the same short answer; `escaped` for what no UTF-8
    holds, such as lone surrogates."""
    with path.open("w", encoding="utf-8") as stream:
        for index, prompt in enumerate(prompts):
            turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": "It is so."}]
            stream.write(json.dumps({"id": f"r{index}", "messages": turns}, ensure_ascii=escaped) + "\n")


def _halves(prompt: str) -> tuple[str, str]:
    """A prompt in two, at the border nearest to its middle; or the whole of it, twice, if it has none."""
    atoms = scan(prompt)
    places = [
        place + len(border)
        for border in _BORDERS
        for place in range(len(prompt))
        if prompt.startswith(border, place)
        if not any(atom.start < place + len(border) < atom.end for atom in atoms)
    ]
    if not places:
        return prompt + "\n", prompt
    middle = min(places, key=lambda place: abs(place - len(prompt) // 2))
    return prompt[:middle], prompt[middle:]
