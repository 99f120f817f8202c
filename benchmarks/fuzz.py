"""Many hostile prompts through the whole row, each checked: `python -m benchmarks.fuzz --prompts 100000`.

A prompt passes if it becomes a row or a named refusal, in bounded time, and the row keeps what was promised: the text
around the pages and the spans' text are the prompt to the character, the answer is untouched, as many pages as
placeholders, each page within its limits, with ink, of the size that is recorded, and the same bytes when made again.
"""

import argparse
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpus import prompts_of
from benchmarks.hostile import hostile_prompt
from lomo_hf.corpus import Refusal, screen, to_conversation
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.row import IMAGE_PLACEHOLDER
from lomo_hf.spans import POSITIONS
from lomo_hf.substitution import Substituter

__all__ = ["check_prompt", "main"]

_BLOCK = 500
_AGAIN_EVERY = 50
_SECONDS, _SECONDS_PER_CHAR = 1.0, 0.0005
"""Processor time that a row may take: far over the mean of some 10 ms, so that only what explodes shows."""


@dataclass
class Findings:
    """What was seen: counts of outcomes, failures in words, the slowest rows, the most memory of a process in MB."""

    prompts: int = 0
    characters: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: list[tuple[float, str, int, int]] = field(default_factory=list)
    peak_mb: int = 0

    def add(self, other: "Findings") -> None:
        """Take in another block's."""
        self.prompts += other.prompts
        self.characters += other.characters
        self.outcomes.update(other.outcomes)
        self.failures += other.failures
        self.peak_mb = max(self.peak_mb, other.peak_mb)
        self.slowest = sorted([*self.slowest, *other.slowest], reverse=True)[:10]


def check_prompt(prompt: str, index: int, recipes: Sequence[Recipe], *, again: bool = False) -> str:
    """Make the rows of one prompt, check them, and say what came of the first.

    Raises:
        AssertionError: A promise is broken; the message says which.
    """
    row = {"id": str(index), "prompt": prompt, "answer": "The answer $x$."}
    conversation = to_conversation(row, config="fuzz", index=index)
    if isinstance(conversation, Refusal):
        return f"refused {conversation.reason.split(':')[0]}"
    results = Substituter(recipes).rows(conversation)
    for recipe, result in zip(recipes, results, strict=True):
        if isinstance(result, Refusal):
            continue
        screened = screen(conversation, recipe.placeholders)
        assert not isinstance(screened, Refusal), "a refused row was stored"
        _check_row(result, screened.turns[0].text, recipe)
    if again:
        assert Substituter(recipes).rows(conversation) == results, "the same row came out different"
    first = results[0]
    if isinstance(first, Refusal):
        return f"refused {first.reason.split(':')[0]}"
    return first["lomo"]["renderer"] or f"text {str(first['lomo']['reason']).split(':')[0]}"


def _check_row(row: dict[str, Any], prompt: str, recipe: Recipe) -> None:
    value = row["conversations"][0]["value"]
    assert row["conversations"][-1]["value"] == "The answer $x$.", "the answer changed"
    if not row["rewritten"]:
        assert not row["images"], "a row that stayed text holds pages"
        assert value == prompt, "a row that stayed text changed"
        return
    spans, images = row["lomo"]["spans"], row["images"]
    assert len(spans) == len(images) == value.count(IMAGE_PLACEHOLDER), "pages and placeholders differ in number"
    kept = value.split(IMAGE_PLACEHOLDER)
    whole = kept[0] + "".join(span["text"] + text for span, text in zip(spans, kept[1:], strict=True))
    assert whole == prompt, "prefix + span + suffix is not the prompt"
    for span, image in zip(spans, images, strict=True):
        assert prompt[span["start"] : span["end"]] == span["text"], "a span's offsets are wrong"
        _check_page(image["bytes"], span, recipe)


def _check_page(png: bytes, span: dict[str, Any], recipe: Recipe) -> None:
    import cv2

    page = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert page is not None, "a page does not decode"
    assert page.ndim == 2, "a page is not grey"
    assert page.shape == (span["height"], span["width"]), "a page is not of the size recorded"
    assert page.size <= recipe.caps.max_pixels, "a page has too many pixels"
    assert min(page.shape) >= recipe.caps.min_side, "a page is too small"
    assert max(page.shape) <= (recipe.caps.max_aspect + 1) * min(page.shape), "a page is a ribbon"
    assert int(page.min()) < 200, "a page holds no ink"


def _check_block(prompts: Sequence[str], seed: int, start: int, stop: int) -> Findings:
    """Positions take turns, as a recipe for each would show the same prompt five times."""
    recipes = {name: [Recipe("fuzz", ratio=1.0, position=name)] for name in POSITIONS}
    findings = Findings()
    for index in range(start, stop):
        kind, prompt = hostile_prompt(prompts, seed, index)
        position = list(recipes)[index % len(recipes)]
        began = time.process_time()
        try:
            outcome = check_prompt(prompt, index, recipes[position], again=index % _AGAIN_EVERY == 0)
        except BaseException as error:  # a panic of the typesetter is no Exception
            outcome = "failed"
            findings.failures.append(f"{kind} {index} ({position}): {type(error).__name__}: {error}")
        spent = time.process_time() - began
        if spent > _SECONDS + _SECONDS_PER_CHAR * len(prompt):
            findings.failures.append(f"{kind} {index} ({position}): {spent:.1f} s for {len(prompt)} characters")
        findings.prompts += 1
        findings.characters += len(prompt)
        findings.outcomes[outcome] += 1
        findings.slowest = sorted([*findings.slowest, (round(spent, 3), kind, index, len(prompt))], reverse=True)[:10]
    findings.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return findings


def main() -> int:
    """The command; returns 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--prompts", type=int, default=2_000)
    parser.add_argument("--corpus", type=Path, help="real prompts to damage; default: the embedded sample")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--num-proc", type=int, default=1)
    given = parser.parse_args()
    prompts = prompts_of(given.corpus)
    starts = range(0, given.prompts, _BLOCK)
    check = partial(_check_block, prompts, given.seed)
    total = Findings()
    with ProcessPoolExecutor(given.num_proc, get_context("spawn")) as pool:
        for findings in pool.map(check, starts, (min(start + _BLOCK, given.prompts) for start in starts)):
            total.add(findings)
            sys.stderr.write(f"\r{total.prompts:,} prompts, {len(total.failures)} failures")
            sys.stderr.flush()
    print()
    print(json.dumps({**vars(total), "outcomes": dict(total.outcomes.most_common())}, indent=1, ensure_ascii=True))
    return bool(total.failures)


if __name__ == "__main__":
    sys.exit(main())
