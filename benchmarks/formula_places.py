r"""`python -m benchmarks.formula_places`: how often a dollar or a backslash of a prompt is read as it was meant.

What it prints, `--write` stores in docs/formulas.md; `--wrong HALF` lists the places that the package gets wrong, as
they stand. The labelled set is that of formula_labels.py.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from scipy.stats import binomtest

from benchmarks.formula_labels import HALVES, LabelledPrompt, overlap, read_labelled
from benchmarks.formula_rules import every_pair, pandoc_rule, this_package
from benchmarks.labelled import LabelledCommand

__all__ = ["BEGIN", "DECIDERS", "END", "Score", "score", "share", "tables"]

BEGIN, END = "<!-- tables: written by `python -m benchmarks.formula_places --write` -->", "<!-- end of tables -->"
DECIDERS: dict[str, Callable[[str], list[tuple[int, int]]]] = {
    "this package": this_package,
    "pandoc's rule alone": pandoc_rule,
    "every pair": every_pair,
}
_EXCERPT = 60


@dataclass(frozen=True)
class Score:
    """What a decider did with some prompts; `right` and `total` count the places of each kind.

    Attributes:
        taken: How many places it takes for a formula, without those where both readings are right.
        exact: How many of them start and end where a formula does.
        started: How many of them start where a formula does.
        formulas: How many formulas there are.
    """

    taken: int
    exact: int
    started: int
    formulas: int
    right: Counter[str]
    total: Counter[str]


def score(prompts: Sequence[LabelledPrompt], decide: Callable[[str], list[tuple[int, int]]]) -> Score:
    """Compare what `decide` finds in each prompt with its labels.

    A formula is right if one is found with its start and its end; a place that opens none is right if no formula is
    found over it. So a pair of dollars that is taken for a formula makes both its places wrong.
    """
    taken = exact = started = 0
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for prompt in prompts:
        spans = [span for span in decide(prompt.text) if not _is_free(prompt, span)]
        starts, ends = {formula.start for formula in prompt.formulas}, set()
        for formula in prompt.formulas:
            ends.add((formula.start, formula.end))
            total[formula.kind] += 1
            right[formula.kind] += (formula.start, formula.end) in spans
        for place in prompt.places:
            total[place.kind] += 1
            right[place.kind] += not any(overlap((place.start, place.end), span) for span in spans)
        taken += len(spans)
        exact += sum(span in ends for span in spans)
        started += sum(span[0] in starts for span in spans)
    return Score(taken, exact, started, sum(len(prompt.formulas) for prompt in prompts), right, total)


def tables(prompts: Sequence[LabelledPrompt]) -> str:
    """The tables of docs/formulas.md."""
    scores = {
        (half, name): score([prompt for prompt in prompts if prompt.half == half], decide)
        for half in HALVES
        for name, decide in DECIDERS.items()
    }
    lines = [_counts(prompts), "", *_whole(scores)]
    formulas = {formula.kind for prompt in prompts for formula in prompt.formulas}
    texts = {place.kind for prompt in prompts for place in prompt.places}
    lines += ["", "Formulas found with their start and their end, by kind:", "", *_by_kind(scores, formulas)]
    lines += ["", "Places that open no formula and are kept as text, by kind:", "", *_by_kind(scores, texts)]
    return "\n".join(lines)


def _is_free(prompt: LabelledPrompt, span: tuple[int, int]) -> bool:
    """Whether a formula that was found lies where both readings are right."""
    return any(start <= span[0] and span[1] <= end for start, end in prompt.either)


def _counts(prompts: Sequence[LabelledPrompt]) -> str:
    formulas = sum(len(prompt.formulas) for prompt in prompts)
    places = sum(len(prompt.places) for prompt in prompts)
    return (
        f"{len(prompts):,} prompts with {formulas + places:,} places: {formulas:,} formulas, {places:,} that are text."
    )


def _whole(scores: dict[tuple[str, str], Score]) -> Iterator[str]:
    yield "| half | decided by | precision | recall | precision, start only | recall, start only | mean of the kinds |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for (half, name), result in scores.items():
        shares = ((result.exact, result.taken), (result.exact, result.formulas))
        starts = ((result.started, result.taken), (result.started, result.formulas))
        kinds = fmean(result.right[kind] / count for kind, count in result.total.items())
        yield (f"| {half} | {name} | " + " | ".join(share(*part) for part in (*shares, *starts)) + f" | {kinds:.1%} |")


def _by_kind(scores: dict[tuple[str, str], Score], kinds: set[str]) -> Iterator[str]:
    names = list(DECIDERS)
    yield f"| kind | tuned: places | {names[0]} | held-out: places | " + " | ".join(names) + " |"
    yield "| --- | ---: | ---: | ---: |" + " ---: |" * len(names)
    tuned = scores[HALVES[0], names[0]]
    for kind in sorted(kinds):
        held = [scores[HALVES[1], name] for name in names]
        others = (f"{result.right[kind] / max(1, result.total[kind]):.1%}" for result in held[1:])
        cells = (
            f"{tuned.total[kind]}",
            share(tuned.right[kind], tuned.total[kind]),
            f"{held[0].total[kind]}",
            share(held[0].right[kind], held[0].total[kind]),
            *others,
        )
        yield f"| {kind} | " + " | ".join(cells) + " |"


def share(count: int, of: int) -> str:
    """A share with Wilson's 95 % interval.

    >>> share(9, 10)
    '90.0% (59.6%–98.2%)'
    """
    if of == 0:
        return "–"
    interval = binomtest(count, of).proportion_ci(method="wilson")
    return f"{count / of:.1%} ({interval.low:.1%}–{interval.high:.1%})"


def _wrong(prompts: Sequence[LabelledPrompt]) -> Iterator[str]:
    for prompt in prompts:
        spans = this_package(prompt.text)
        labelled = {(formula.start, formula.end): formula.kind for formula in prompt.formulas}
        for span in sorted({*spans, *labelled}):
            if (span in labelled) != (span in spans) and not _is_free(prompt, span):
                verdict = f"missed, {labelled[span]}" if span in labelled else "found, but none"
                yield f"{prompt.id}: {verdict}: {_excerpt(prompt.text, *span)}"


def _excerpt(text: str, start: int, end: int) -> str:
    body = (
        text[start:end]
        if end - start <= 2 * _EXCERPT
        else f"{text[start : start + _EXCERPT]}…{text[end - _EXCERPT : end]}"
    )
    return repr(f"{text[max(0, start - _EXCERPT) : start]}⟦{body}⟧{text[end : end + _EXCERPT]}")


if __name__ == "__main__":
    sys.exit(LabelledCommand("formula_places", __doc__ or "", BEGIN, END, read_labelled, tables, _wrong).run())
