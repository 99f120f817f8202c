r"""`python -m benchmarks.formula_weights`: fit the weights of signs again, on the tuned half, beside the table.

A logistic regression of each sort, pairs of delimiters and commands without them, whose weights are held near what was
expected before any fit (`_EXPECTED`) and may not change their sign. The held-out half is not read. It prints each
weight beside that of `lomo_hf/spans/weights.py`, and precision and recall of five-fold cross-validation over groups of
prompts; both in tenths of a logit.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from benchmarks.formula_labels import LabelledPrompt, read_labelled
from lomo_hf.spans.fences import fences
from lomo_hf.spans.pairing import chosen, pairs_of
from lomo_hf.spans.scanner import bare_commands, read_profile, stretches_of
from lomo_hf.spans.weights import BARE_WEIGHTS, CERTAIN, MARGIN, PAIR_WEIGHTS

__all__ = ["Example", "fitted", "main", "rows_of"]

_UNIT = 10  # the table counts tenths of a logit
_STIFFNESS = 1.0  # how strongly a weight is held to what was expected
_MAX_PER_PROMPT = 4  # the pairs of one prompt weigh together no more than so many
_TEXT_COUNTS = 1.5  # text that is taken for a formula is worse than a formula that stays text
_FOLDS = 5

_EXPECTED_PAIRS = {
    "dollars": -1, "double dollars": 1, "brackets": 3, "letter": 2, "short names": 1, "number": 1, "command": 1,
    "unknown command": 0.3, "escape": 0.7, "script": 1.2, "script first": 3, "relation": 0.8, "equation": 1,
    "operator": 0.3,
    "sign": 1, "call": 0.6, "enclosed": 0.6, "capitals": 0.6, "name": 1, "lone mark": 5, "lone operator": 2.5,
    "three letters": 0,
    "two letters": 0, "names": -0.3, "function word": -2, "word gap": -1.5, "long word": -1, "amount": 0,
    "amount then word": -1.5, "amount with unit": -0.5, "quote": -1.5, "apostrophe": -1.5, "backtick": -2,
    "semicolon": -0.5, "statement": -1.5, "code mark": -1, "odd mark": -0.5, "newline": -0.3, "cell": -1.5,
    "open end": -1, "odd start": -1.5, "sentence": -1.5, "dollar inside": -2, "long": -0.2, "chinese": -1.5,
    "braces open": -1, "brace first": -0.7, "snake case": -0.5, "brackets open": -0.7, "no mathematics": -1.5,
    "regex escape": -1.5, "empty box": -8, "placeholder": -5, "short display": -2.5, "clean before": 1,
    "clean after": 1, "padded": -1, "padded left": -1,
    "padded right": -1.3, "opener closes": -2.5, "closer opens": -1.5, "inside out": -1.5, "digit before": -0.8,
    "letter before": -1.2,
    "mark before": -0.5, "digit after": -3.5, "hyphen": 3, "ending after": 0.7, "letter after": -1,
    "opening after": -1.3, "axis": 1, "quoted": -0.5, "leaves row": -2, "after dollar": -0.7, "before dollar": -0.7,
    "delimiter inside": -5,
    "own lines": 1, "blank line": -0.3, "prose only": -3, "citation": -6, "link": -4, "regex edge": -3,
    "sure": 0.4, "even": 1,
    "padded habit": 0.7, "code": -0.4, "money": -0.5, "SQL": -5, "escaped brackets": -1.5,
}  # fmt: skip
_AT_LEAST = {"brackets": 2.5}  # whoever writes `\\(` means a formula, unless it is a citation or an expression
_EXPECTED_BARE = {
    "bare": 1, "box": -2.5, "styling": -1, "empty argument": -6, "placeholder": -4, "argument": 1.5, "script": 0.5,
    "several": 0.5,
   
    "path": -4, "word before": -1, "operand before": 1.3, "operand after": 1.3, "own line": 0.8, "cue": -1.2,
    "far cue": -0.5, "cue behind": -0.7, "spoken about": -1, "in quotes": -1.5, "operands missing": -1,
    "alone": -1, "string escape": -2.5, "LaTeX": -1, "LaTeX source": -2, "sure": 0.2,
    "neighbour": 0.5, "other formulas": 0.7,
}  # fmt: skip


@dataclass(frozen=True)
class Example:
    """Two delimiters, or a command, with the signs about them and whether they are a formula."""

    prompt: LabelledPrompt
    span: tuple[int, int]
    signs: tuple[str, ...]
    is_formula: bool


def rows_of(prompts: Sequence[LabelledPrompt]) -> tuple[list[Example], list[Example]]:
    """The examples of pairs of delimiters, and those of bare commands."""
    pairs = [example for prompt in prompts for example in _pair_examples(prompt)]
    return pairs, [example for prompt in prompts for example in _bare_examples(prompt)]


def fitted(examples: Sequence[Example], expected: Mapping[str, float]) -> dict[str, float]:
    """The weights in logits, each of the sign that was expected; 0 was expected of what may have either."""
    names = list(expected)
    index = {name: at for at, name in enumerate(names)}
    counts = np.zeros((len(examples), len(names)))
    for row, example in enumerate(examples):
        for sign in example.signs:
            counts[row, index[sign]] += 1
    truth = np.array([example.is_formula for example in examples], dtype=float)
    per_prompt = Counter(example.prompt.id for example in examples)
    mass = np.array([min(1, _MAX_PER_PROMPT / per_prompt[example.prompt.id]) for example in examples])
    mass = np.where(truth == 0, mass * _TEXT_COUNTS, mass)
    centre = np.array([expected[name] for name in names])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        logits = counts @ weights
        cost = mass @ (np.logaddexp(0, logits) - truth * logits) + _STIFFNESS * ((weights - centre) ** 2).sum()
        slope = counts.T @ (mass * (1 / (1 + np.exp(-logits)) - truth)) + 2 * _STIFFNESS * (weights - centre)
        return float(cost), slope

    bounds = [
        (_AT_LEAST.get(name, 0), None) if value > 0 else (None, 0) if value < 0 else (None, None)
        for name, value in zip(names, centre, strict=True)
    ]
    optimum = minimize(loss, centre, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 5_000})
    return dict(zip(names, map(float, optimum.x), strict=True))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.formula_weights", description=__doc__)
    parser.add_argument("--table", action="store_true", help="print the weights as the table of weights.py has them")
    given = parser.parse_args()
    prompts = [prompt for prompt in read_labelled() if prompt.half == "tuned"]
    pairs, bare = rows_of(prompts)
    for title, examples, expected, table, margin in (
        ("pairs of delimiters", pairs, _EXPECTED_PAIRS, PAIR_WEIGHTS, MARGIN),
        ("commands without delimiters", bare, _EXPECTED_BARE, BARE_WEIGHTS, 0),
    ):
        weights = fitted(examples, expected)
        if given.table:
            print("\n".join(f'    "{name}": {round(_UNIT * weight)},' for name, weight in weights.items()), "\n")
            continue
        print(f"\n{title}: {len(examples)} examples, {sum(example.is_formula for example in examples)} formulas\n")
        print(
            "| sign | with formulas | with text | expected | fitted | table |\n"
            "| --- | ---: | ---: | ---: | ---: | ---: |"
        )
        for name, weight in sorted(weights.items(), key=lambda item: -item[1]):
            counts = Counter(example.is_formula for example in examples if name in example.signs)
            print(
                f"| {name} | {counts[True]} | {counts[False]} | {_UNIT * expected[name]:.0f} | {_UNIT * weight:.0f} "
                f"| {table[name]} |"
            )
        right, taken, formulas = _cross_validated(prompts, examples, expected, margin)
        print(f"\n{_FOLDS}-fold: precision {right / taken:.1%}, recall {right / formulas:.1%} of {formulas} formulas")
    return 0


def _pair_examples(prompt: LabelledPrompt) -> Iterator[Example]:
    stretches = stretches_of(prompt.text, tuple(fences(prompt.text)))
    some = [pairs_of(stretch) for stretch in stretches]
    profile = read_profile(prompt.text, stretches, some)
    formulas = {(formula.start, formula.end) for formula in prompt.formulas}
    for pairs in some:
        for pair in pairs:
            span = (pair.start, pair.end)
            if (
                pair.is_certain
                or _is_within(span, prompt.either)
                or (span not in formulas and _is_within(span, formulas))
            ):
                continue
            yield Example(prompt, span, (*pair.signs, *profile.signs_for(pair.signs)), span in formulas)


def _bare_examples(prompt: LabelledPrompt) -> Iterator[Example]:
    """Commands outside of the formulas and the code that are there."""
    stretches = stretches_of(prompt.text, tuple(fences(prompt.text)))
    some = [pairs_of(stretch) for stretch in stretches]
    profile = read_profile(prompt.text, stretches, some)
    formulas = {(formula.start, formula.end) for formula in prompt.formulas}
    for stretch, pairs in zip(stretches, some, strict=True):
        strengths = [
            CERTAIN[pair.kind] if pair.is_certain else 100 * ((pair.start, pair.end) in formulas) for pair in pairs
        ]
        delimited = chosen(stretch, pairs, strengths)
        for atom, signs in bare_commands(stretch, delimited, profile):
            span = (atom.start, atom.end)
            if not _is_within(span, prompt.either):
                yield Example(prompt, span, tuple(signs), span in formulas)


def _is_within(span: tuple[int, int], others: object) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)  # type: ignore[attr-defined]


def _cross_validated(
    prompts: Sequence[LabelledPrompt], examples: Sequence[Example], expected: Mapping[str, float], margin: int
) -> tuple[int, int, int]:
    """Examples that are right, taken for formulas, and formulas; weights that decide have not seen the group."""
    groups = sorted({_group(prompt) for prompt in prompts})
    random.Random(0).shuffle(groups)
    fold = {group: at % _FOLDS for at, group in enumerate(groups)}
    right = all_taken = formulas = 0
    for held in range(_FOLDS):
        weights = fitted([example for example in examples if fold[_group(example.prompt)] != held], expected)
        for example in examples:
            if fold[_group(example.prompt)] == held:
                taken = sum(weights[sign] for sign in example.signs) > margin / _UNIT
                right, all_taken, formulas = (
                    right + (taken and example.is_formula), all_taken + taken, formulas + example.is_formula
                )  # fmt: skip
    return right, all_taken, formulas


def _group(prompt: LabelledPrompt) -> str:
    return prompt.id.rpartition("-")[0] if prompt.id.startswith("own-") else prompt.text[:70]


if __name__ == "__main__":
    sys.exit(main())
