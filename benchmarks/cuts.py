"""`python -m benchmarks.cuts [CORPUS]`: how long the span of each position is, as a share of its prompt.

A middle third should be about a third long; a page of a table, or of a long sentence, cannot. Counted are the user
turns of more than three sentences, for shorter prompts are rendered whole.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

from lomo_hf.corpus import open_corpus
from lomo_hf.spans import select_spans
from lomo_hf.spans.localization import MAX_WHOLE_SENTENCES

__all__ = ["LEAST", "MOST", "main", "shares", "table"]

LEAST, MOST = 0.2, 0.5
"""A span between these is about a third of its prompt."""
_POSITIONS = ("middle", "prefix", "suffix", "multi-span")


def shares(prompts: Iterable[str], position: str) -> Iterator[float]:
    """The share of each prompt that its spans hold, of those that are not rendered whole.

    >>> [round(share, 2) for share in shares(["One is a. Two is b. Three is c. Four is d. Five is e."], "middle")]
    [0.21]
    """
    for prompt in prompts:
        located = select_spans(prompt, position)
        if located.sentences > MAX_WHOLE_SENTENCES:
            yield sum(span.end - span.start for span in located.spans) / len(prompt)


def table(prompts: Iterable[str]) -> str:
    """A row for each position: prompts, the median, and how many are shorter than a fifth or longer than a half."""
    lines = [
        "| position | prompts | median | under 0.2 | over 0.5 | outside |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    kept = list(prompts)
    for position in _POSITIONS:
        portions = list(shares(kept, position))
        under, over = sum(share < LEAST for share in portions), sum(share > MOST for share in portions)
        outside = f"{(under + over) / len(portions):.2%}" if portions else "–"
        lines.append(
            f"| {position} | {len(portions)} | {median(portions or [0]):.2f} | {under} | {over} | {outside} |"
        )
    return "\n".join(lines)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cuts", description=__doc__)
    parser.add_argument("corpus", nargs="?", type=Path, help="any corpus that `lomo build` reads; else the sample")
    source = open_corpus(parser.parse_args().corpus)
    rows = source.conversations(0, len(source))
    print(table(turn.text for row in rows for turn in row.turns if turn.role == "user"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
