"""`python -m benchmarks`: what a row costs, as tables in Markdown. All times are processor time unless they say so."""

import argparse
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import costs
from benchmarks.corpus import prompts_of
from benchmarks.peers import PEERS, measured_peer
from benchmarks.stages import measured_rows, warm_up
from lomo_hf.corpus import open_corpus
from lomo_hf.spans import select_spans

_LENGTHS = (100, 1_000, 10_000, 30_000, 100_000)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="default: the embedded sample")
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--scaling-rows", type=int, default=costs.SCALING_ROWS, help="that one and two workers build")
    given = parser.parse_args()
    source, prompts = open_corpus(given.corpus), prompts_of(given.corpus)
    rows = min(given.rows, len(source))
    print(
        f"{rows} rows of {source.description}, every one rewritten; {platform.machine()}, {platform.system()}, ",
        end="",
    )
    print(f"Python {platform.python_version()}.\n")
    warm_up()
    mine = _stages(source, rows)
    if not given.no_peers:
        _peers(mine, prompts[:: max(1, len(prompts) // 200)][:200])
    _others(source, prompts, rows, given.corpus, given.scaling_rows)
    return 0


def _stages(source: object, rows: int) -> float:
    measured = measured_rows(source, rows)  # type: ignore[arg-type]
    _table(("stage", "ms a row"), [(stage, f"{ms:.2f}") for stage, ms in measured.per_row().items()])
    spread = measured.spread()
    print("From prompt to PNG: " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in spread.items()) + ".\n")
    hours = measured.per_row()["all"] * 1e6 / 1000 / 3600
    print(f"A million rows, all rewritten: {hours:.2f} core-hours; at ratio 0.5 about half of that.\n")
    return spread["mean"]


def _peers(mine: float, prompts: Sequence[str]) -> None:
    """Peers get what we put on the page: the spans, as text."""
    texts = [
        localization.prompt[span.start : span.end]
        for localization in map(select_spans, prompts)
        for span in localization.spans
    ]
    lines = [("lomo_hf: span, formulas, distortion, PNG", "yes", f"{mine:.1f}", "1")]
    for peer in PEERS:
        cost = measured_peer(peer, texts)
        figures = (cost, "") if isinstance(cost, str) else (f"{cost:.1f}", f"{cost / mine:.2f}")
        lines.append((f"{peer.name}: {peer.what}", "yes" if peer.distorts else "no", *figures))
    _table(("page made by", "distorted", "ms a page", "times ours"), lines)


def _others(source: object, prompts: Sequence[str], rows: int, corpus: Path | None, scaling_rows: int) -> None:
    lengths = costs.cost_by_length(prompts, _LENGTHS)
    _table(("characters of the prompt", "ms", "µs a character"), [
        (f"{length:,}", f"{ms:.1f}", f"{1000 * ms / length:.1f}") for length, ms in lengths.items()
    ])  # fmt: skip
    alone, together = costs.four_ratios(source, rows)  # type: ignore[arg-type]
    print(f"All four ratios in one pass cost {together / alone:.2f} times ratio100 alone.\n")
    scaling = costs.worker_scaling(prompts, scaling_rows)
    (wall_1, cpu_1), (wall_2, cpu_2) = scaling[1], scaling[2]
    print(
        f"Two workers: {wall_1 / wall_2:.2f} times as fast by the clock, for {cpu_2 / cpu_1:.2f} times the work. ",
        end="",
    )
    print(f"Two processes that share nothing: {costs.scaling_of_the_machine():.2f} times.\n")
    _table(("cold start", "s"), [(name, f"{seconds:.2f}") for name, seconds in costs.cold_starts().items()])
    _table(("memory", "MB"), [(name, f"{mb:.0f}") for name, mb in costs.peak_megabytes(corpus, rows).items()])


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    print("| " + " | ".join(head) + " |")
    print("| --- |" + " ---: |" * (len(head) - 1))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main())
