"""`python -m benchmarks.ratios --corpus FILE`: what a whole row costs, beside plain Pillow on the same spans.

A row is everything from the line of the corpus to the Parquet file: parsing, the span, typesetting, distortion, PNG,
writing. Pillow draws the span's source, 16 px, on an RGB page, without formulas or distortion, and saves it at its
level 6. Both are measured in turn, a hundred rows at a time, in one process; all times are processor time.

Rows are measured twice: new in a process that has rendered the rows of the corpus that are not measured, and again,
when every word, glyph and formula of theirs is kept. A long build lies between.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks.corpus import prompts_of, write_corpus
from benchmarks.peers import PEERS
from benchmarks.stages import warm_up
from lomo_hf.building import build_shard, plan
from lomo_hf.corpus import open_corpus
from lomo_hf.errors import RenderError
from lomo_hf.recipes.recipe import Caps, Recipe, RenderStyle
from lomo_hf.rendering import render_span
from lomo_hf.spans import select_spans

__all__ = ["Ratio", "by_kind", "measured", "new_and_again"]

_Result = TypeVar("_Result")
_SHARD = 100
_PILLOW = next(peer for peer in PEERS if peer.name == "Pillow, RGB")


@dataclass(frozen=True)
class Ratio:
    """Milliseconds a row, ours and Pillow's."""

    rows: int
    ours: float
    pillow: float


def by_kind(prompts: Sequence[str]) -> Mapping[str, list[str]]:
    """Prompts by how their middle is set; a prompt that cannot be rendered is of no kind."""
    kinds: dict[str, list[str]] = {}
    for prompt in prompts:
        located = select_spans(prompt)
        try:
            page = render_span(located.prompt, located.spans[0], RenderStyle(), Caps())
        except (RenderError, IndexError):
            continue
        kind = "with formulas" if located.spans[0].has_math else "text, by Typst"
        if page.svg is None and page.renderer == "text":
            kind = "plain prose, code, Chinese: without Typst"
        kinds.setdefault(kind, []).append(prompt)
    return kinds


def new_and_again(prompts: Sequence[str], others: Sequence[str], turn: int) -> tuple[Ratio, Ratio]:
    """Both ways, in a process that has rendered other prompts only; and once more."""
    warm_up()
    by_kind(others)
    return measured(prompts, turn), measured(prompts, turn)


def measured(prompts: Sequence[str], turn: int) -> Ratio:
    """Both ways in turn; `turn` says which of them comes first."""
    spans = [_spans_of(prompt) for prompt in prompts]
    ours = pillow = 0.0
    with TemporaryDirectory() as folder:
        corpus = Path(folder, "rows.jsonl")
        write_corpus(iter(prompts), corpus)
        whole = plan(open_corpus(corpus), [Recipe("all", ratio=1.0)])[0]
        for start in range(0, len(prompts), _SHARD):
            stop = min(start + _SHARD, len(prompts))
            for mine in ((True, False), (False, True))[turn % 2]:
                gc.collect()
                began = time.process_time()
                if mine:
                    with TemporaryDirectory() as out:
                        build_shard(replace(whole, index=0, count=1, start=start, stop=stop), Path(out))
                    ours += time.process_time() - began
                else:
                    for texts in spans[start:stop]:
                        for text in texts:
                            _PILLOW.make(text)
                    pillow += time.process_time() - began
    share = 1000 / max(len(prompts), 1)
    return Ratio(len(prompts), ours * share, pillow * share)


def _spans_of(prompt: str) -> list[str]:
    localization = select_spans(prompt)
    return [localization.prompt[span.start : span.end] for span in localization.spans]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ratios", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="default: the embedded sample")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=1_000, help="spread over the corpus")
    given = parser.parse_args()
    prompts = prompts_of(given.corpus)
    step = max(1, len(prompts) // given.rows)
    chosen, others = prompts[::step], [prompt for number, prompt in enumerate(prompts) if number % step]
    kinds = _apart(by_kind, chosen)
    print("| rows, all rewritten | | new, ms | again, ms | Pillow RGB, level 6, ms | new / Pillow | again / Pillow |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind, rows in (("all", chosen), *sorted(kinds.items())):
        rounds = [_apart(new_and_again, rows, others, turn) for turn in range(given.rounds)]
        _say(kind, *(_mean([each[at] for each in rounds]) for at in (0, 1)))
    return 0


def _mean(rounds: Sequence[Ratio]) -> Ratio:
    return Ratio(rounds[0].rows, mean(each.ours for each in rounds), mean(each.pillow for each in rounds))


def _apart(work: Callable[..., _Result], *arguments: object) -> _Result:
    """The result of a function that a process of its own ran."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _say(kind: str, new: Ratio, again: Ratio) -> None:
    ratios = f"{new.ours / new.pillow:.2f} | {again.ours / again.pillow:.2f}"
    pillow = (new.pillow + again.pillow) / 2
    print(f"| {kind} | {new.rows:,} | {new.ours:.2f} | {again.ours:.2f} | {pillow:.2f} | {ratios} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
