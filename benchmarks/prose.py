"""`python -m benchmarks.prose --corpus FILE`: what setting pages without Typst saves, and how the pages compare.

Rows are built in shards of a hundred, with and without in turn, in one process; all times are processor time.
"""

import argparse
import gc
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus import prompts_of, write_corpus
from benchmarks.stages import warm_up
from lomo_hf.building import build_shard, plan
from lomo_hf.corpus import Source, open_corpus
from lomo_hf.errors import RenderError
from lomo_hf.recipes.recipe import Caps, Recipe, RenderStyle
from lomo_hf.rendering import page as page_module
from lomo_hf.rendering import render_span
from lomo_hf.spans import select_spans

__all__ = ["Agreement", "agreement", "by_typst", "pages_both_ways", "row_costs"]

_SHARD = 100


@contextmanager
def by_typst() -> Iterator[None]:
    """Within it Typst sets every page."""
    with patch.object(page_module, "set_prose", lambda *_: None):
        yield


def pages_both_ways(prompt: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """The pages of a prompt's span, by Typst and from words; None where Typst sets it anyway, or nobody can."""
    chosen, pages = select_spans(prompt), []
    real = page_module.set_prose

    def watched(*given: object) -> object:
        pages.append(real(*given))  # type: ignore[arg-type]
        return pages[-1]

    try:
        with patch.object(page_module, "set_prose", watched):
            ours = render_span(chosen.prompt, chosen.spans[0], RenderStyle(), Caps()).pixels
        if not pages or pages[-1] is None:
            return None
        with by_typst():
            return render_span(chosen.prompt, chosen.spans[0], RenderStyle(), Caps()).pixels, ours
    except RenderError:
        return None


@dataclass(frozen=True)
class Agreement:
    """How two pages of the same lines differ.

    Attributes:
        same_lines: Both have the same size within a pixel, and ink in the same places of each line.
        grey: The mean difference of a pixel, from 0 to 255, in the better of the alignments by a column or a row.
    """

    same_lines: bool
    grey: float


def agreement(theirs: NDArray[np.uint8], ours: NDArray[np.uint8]) -> Agreement:
    """Compare two pages; a column or a row more or less at the sides, of faint ink, is allowed for."""
    if np.abs(np.subtract(theirs.shape, ours.shape)).max() > 1:
        return Agreement(False, 255.0)
    height, width = np.maximum(theirs.shape, ours.shape) + 1
    paper = [((0, height - page.shape[0]), (0, width - page.shape[1])) for page in (theirs, ours)]
    first, second = (
        np.pad(page, sides, constant_values=255).astype(np.int16)
        for page, sides in zip((theirs, ours), paper, strict=True)
    )
    rows = (0,) if theirs.shape[0] == ours.shape[0] else (-1, 0, 1)
    shifts = [(down, right) for down in rows for right in (-1, 0, 1)]
    grey = min(float(np.abs(first - np.roll(second, shift, axis=(0, 1))).mean()) for shift in shifts)
    return Agreement(grey <= 0.25 * float((255 - first).mean()), grey)


def row_costs(source: Source, rounds: int) -> tuple[float, float]:
    """Milliseconds of a rewritten row by Typst, and as it is; shards of both take turns."""
    spec = plan(source, [Recipe("all", ratio=1.0)], limit=len(source))[0]
    spent = [0.0, 0.0]
    for turn in range(rounds):
        for number, start in enumerate(range(0, len(source), _SHARD)):
            shard = replace(spec, index=0, count=1, start=start, stop=min(start + _SHARD, len(source)))
            for typst in ((True, False), (False, True))[(turn + number) % 2]:
                with TemporaryDirectory() as out:
                    gc.collect()
                    began = time.process_time()
                    if typst:
                        with by_typst():
                            build_shard(shard, Path(out))
                    else:
                        build_shard(shard, Path(out))
                    spent[0 if typst else 1] += 1000 * (time.process_time() - began)
    return spent[0] / rounds / len(source), spent[1] / rounds / len(source)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prose", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="default: the embedded sample")
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    prompts = prompts_of(given.corpus)
    pairs = [(prompt, pages_both_ways(prompt)) for prompt in prompts]
    prose = [prompt for prompt, pages in pairs if pages is not None]
    _say_agreement([agreement(*pages) for _, pages in pairs if pages is not None], len(prompts))
    del pairs
    warm_up()
    with TemporaryDirectory() as folder:
        corpus = Path(folder, "prose.jsonl")
        write_corpus(iter(prose), corpus)
        _say_costs("rows set without it", row_costs(open_corpus(corpus), given.rounds))
    _say_costs("all rows", row_costs(open_corpus(given.corpus), given.rounds))
    return 0


def _say_agreement(agreements: Sequence[Agreement], prompts: int) -> None:
    same = [page_agreement.grey for page_agreement in agreements if page_agreement.same_lines]
    print(f"{len(agreements)} of {prompts} pages ({len(agreements) / prompts:.0%}) are set without Typst.")
    print(f"Lines are broken alike on {len(same)} of them; there a pixel differs by {mean(same):.2f} of 255 ", end="")
    print(f"in the mean, and by {max(same):.2f} on the page that differs most.\n")
    print("| | by Typst, ms a row | as it is | times |\n| --- | ---: | ---: | ---: |")


def _say_costs(what: str, costs: tuple[float, float]) -> None:
    print(f"| {what} | {costs[0]:.2f} | {costs[1]:.2f} | {costs[0] / costs[1]:.2f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
