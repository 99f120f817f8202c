"""The report: docs/proof.md and its pictures, made of the result files and nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.carrier_gap.plots import draw_all
from experiments.carrier_gap.results import RESULTS, load_results
from experiments.carrier_gap.settings import ARMS
from experiments.carrier_gap.summary import ArmSummary, Summary, summarise

__all__ = ["write_report"]

DOCS = Path(__file__).parents[2] / "docs"
_TESTS = {
    "text": "the question as text",
    "rendered": "the whole question as one clean page (`lomo render-eval`)",
    "distorted": "the whole question as one page, turned, blurred, shaded, stained or waved as in training",
    "middle": "its middle third as a clean page between text",
    "unseen_font": "the whole question set by Pillow in DejaVu Serif, a font that no base and no arm has seen (prose only)",
    "unseen_distortion": "the whole question with the strengths `hard` of blur, shadow or stain, and wave, "
    "on which nothing was trained",
}
# Averages over the paper's thirteen benchmarks, LLaVA-OneVision-1.5-8B: tables 1 to 4.
_PAPER = {
    "standard": 40.88, "ratio25": 42.90, "ratio50": 43.56, "ratio75": 43.24, "ratio100": 42.68, "prefix50": 42.44,
    "suffix50": 42.33, "multispan50": 42.64, "fulltext50": 42.07, "nodistort50": 43.10,
}  # fmt: skip

_HEAD = """# Does it work? A model trained on what `lomo build` writes

*Made by `python -m experiments.carrier_gap --stage report` from `experiments/carrier_gap/results/`; not to be edited by
hand.*

The paper's claim is about models: trained on prompts whose middle third became a page, a vision-language model answers
pages better. This page tests the claim on a model that is small enough to be trained from nothing in minutes, on rows that
`lomo build` made and tests that `lomo render-eval` made. All figures are computed by `lomo_hf.evaluation`.

"""

_DESIGN = """## What is trained, and what is asked

- **Corpus.** Templated problems in English with short answers: nine families of prose (stories with numbers, look-ups,
  prices, queues, counting, rules, tables, lists, moves) and four with formulas (equations, assigned letters, functions,
  fractions), whose LaTeX sympy writes and whose answers sympy verifies. Every family has as many rows as any other. A
  quarter has at most three sentences and is rendered whole. One pair of person and thing in eight never stands at the
  centre of a training row; half of the test is about these.
- **Base.** A tower of 16 px patches, a projector and a decoder, from random weights. It learns solved problems as text,
  and to read pages aloud: pages of prose that are set on the fly in six fonts, and pages with formulas from
  `lomo render-eval` (other problems than those of arms and tests). It never answers a question about a page. So before
  SFT it answers text and reads pages, as the paper's models do, and what is left is the gap between the two.
- **Arms.** Each begins from the same base and takes the same number of steps over the same rows in the same order, half
  text rows and half multimodal ones: facts on a page with the question as text (three of the thirteen families), and
  pages to read aloud. Arms differ in the text half alone: plain (`standard`), or as a recipe made it. The tower is
  frozen; projector and decoder are trained; the loss counts answers, as in the paper. Arms of one seed are trained in
  lockstep, their weights stacked, so equal steps and order hold by construction.
- **Tests.** The same questions under several carriers; right is an exact match of the greedy answer.

| test | what the model is shown |
| --- | --- |
{tests}

- **Drop**: accuracy as text minus accuracy as rendered pages, in points; its 95 % interval is the paired bootstrap over
  questions (each question's mean over runs), and *spread* the standard deviation of the drop over runs, which differ in
  base and in the seed of the order. *Against standard* is the difference of the two drops on the same questions, bases and
  seeds; below 0 the arm has the smaller gap.
- **Agreement**: the mean of log p(answer | text) - log p(answer | page), the paper's equation 6; 0 is full agreement.
- **d** and **MIR**: pairwise distance (equation 7) and the modality integration rate over middle-third rows.

"""

_NOT = """## What this is not

- It is not the paper's experiment. The model is small, the problems are templates, and text accuracy here says nothing about
  reasoning, only that two carriers can be compared. The paper's figures stand beside ours for direction alone.
- The base's SFT is seconds long where the paper's takes 4 million rows; arms are compared after equal steps, not at
  convergence. The learning curves say what more steps might do.
- Pages of all stages are rounded to 16 greys to keep the experiment small. Long answers, other languages, photographs
  and documents are not tested, and no base or recipe was chosen by its result on these tests.
- Intervals are over the questions of this test and the runs that were made; they say nothing about other corpora.

"""

_AGAIN = """## Run it again

<!-- not run: takes ten minutes on a GPU -->
```bash
pip install -e '.[proof]'
python -m experiments.carrier_gap --minutes 10                 # all stages on one GPU, then this page
python -m experiments.carrier_gap --size small --minutes 60    # what a CPU can do, at a reduced size
python -m experiments.carrier_gap --tiny                       # every path, in a minute, on a CPU
```

Stages run apart, on a machine that has only torch, numpy, pillow and pyarrow, and no network. The folder that `data` makes
(48 MB) holds its own code:

<!-- not run: takes a GPU -->
```bash
python -m experiments.carrier_gap --stage data --data folder
cd folder                                                      # from here on, on the other machine
python -m experiments.carrier_gap --stage base --data . --out base-0.pt --number 0 --minutes 3
python -m experiments.carrier_gap --stage arms --data . --base base-0.pt --arms standard,ratio50 --out out --minutes 5
cd -
python -m experiments.carrier_gap --stage report --data folder --out out --results mine
```

A stage that is stopped keeps what is finished: the same command goes on after it, and the report is made of what there is.
`lomo sensitivity` gives the same figures from the experiment's own files:

<!-- not run: shown with its figures in the table above; tests/experiments runs it -->
```bash
python -m experiments.carrier_gap --stage outcomes --results {name} --out outcomes
lomo sensitivity outcomes/ratio50-0-0-text.jsonl outcomes/ratio50-0-0-rendered.jsonl
```

## Test a build of your own

Before a cluster is spent on a build, the same bench says in ten minutes what it does to a small model:

<!-- not run: takes a GPU -->
```bash
python -m experiments.carrier_gap --dataset org/name --config ratio50 --minutes 10    # a repository, or a folder
```

The arms are then the dataset's rows as text (`standard`) and as they are. The tests stay, and a fifth of the dataset's own
rewritten rows, 300 at most, are held back to ask for the agreement of carriers on them (`own_pages`). Rows of more than
768 tokens are left out and counted. A model of this size learns no general instruction from your rows; what it shows is
whether their pages are readable and teach it to answer pages as text.
"""


def write_report(docs: Path = DOCS, results: Path = RESULTS) -> Path:
    """Write docs/proof.md and its pictures from all result files: the full run first, then smaller ones."""
    names = sorted((path.stem for path in results.glob("*.json")), key=_order)
    tests = "\n".join(f"| `{name}` | {shown} |" for name, shown in _TESTS.items())
    parts = [_HEAD]
    for name in names:
        summary = summarise(*load_results(name, results))
        parts.append(_section(name, summary, draw_all(summary, docs / "proof", name)))
    parts += [_DESIGN.format(tests=tests), _NOT, _AGAIN.format(name=names[0] if names else "full")]
    path = docs / "proof.md"
    path.write_text("".join(parts), encoding="utf-8")
    return path


def _order(name: str) -> tuple[bool, bool, str]:
    return name != "full", name != "small", name


def _section(name: str, summary: Summary, pictures: Mapping[str, str]) -> str:
    first = summary.runs[0]
    size = "the full size" if first["size"] == "full" else f"the reduced size `{first['size']}`"
    trained = [arm for arm in summary.arms.values() if arm.arm != "base"]
    missing = [arm for arm in ARMS if arm not in summary.arms]
    lines = [
        f"## Results at {size}",
        "",
        f"{first['machine']}, torch {first['torch']}, Python {first['python']}; pages by lomo-hf "
        f"{first['versions']['lomo-hf']}. {first['parameters'] / 1e6:.1f} M parameters; bases of "
        f"{_listed(sorted({run['base_steps'] for run in summary.runs}))} steps, SFT of "
        f"{_listed(sorted({run['steps'] for run in summary.runs if run['arm'] != 'base'}))} steps from {first['rows']} rows; "
        f"{len(summary.outcomes.ids['text'])} questions.",
        "",
        _verdict(summary, trained),
        "",
        f"![Drop in accuracy of every arm](proof/{pictures['drops']})",
        "",
        _table(trained, summary),
        "",
        f"![Figure 1a: accuracy under both carriers](proof/{pictures['figure-1a']})",
        f"![Figure 1b: drop by pairwise distance](proof/{pictures['figure-1b']})",
        "",
        "*Figure 1a by arm, and figure 1b for `standard`: bins of equal numbers of questions by their pairwise distance.*",
        "",
        f"![Learning curves](proof/{pictures['curves']})",
        "",
        _tests_table(summary),
        "",
        _families(summary),
        "",
    ]
    if missing:
        lines += [f"**Not run here:** {', '.join(f'`{arm}`' for arm in missing)}.", ""]
    return "\n".join(lines) + "\n"


def _verdict(summary: Summary, trained: Sequence[ArmSummary]) -> str:
    """In words what the table says, the fall of text accuracy too; made of the figures."""
    base = summary.arms.get("base")
    sentences = []
    if base is not None:
        errors = [run["reading_errors"]["rendered"] for run in summary.runs if run.get("reading_errors")]
        sentences.append(
            f"Before SFT the base{'s' if base.runs > 1 else ''} answered {base.accuracy['text']:.1f} % of the questions as "
            f"text and {base.accuracy['rendered']:.1f} % of the same questions as pages"
            + (f", with {100 * sum(errors) / len(errors):.1f} % of the characters read wrong." if errors else ".")
        )
    standard = next((arm for arm in trained if arm.arm == "standard"), None)
    ratio = next((arm for arm in trained if arm.arm == "ratio50"), None)
    if standard and ratio and ratio.against:
        difference, low, high = ratio.against
        word = "smaller" if high < 0 else "larger" if low > 0 else "no different beyond chance"
        sentences.append(
            f"After SFT the drop is {standard.drop:.1f} points for `standard` and {ratio.drop:.1f} for `ratio50`: "
            f"{difference:+.1f} [{low:.1f}, {high:.1f}], {word}."
        )
        change = ratio.accuracy["text"] - standard.accuracy["text"]
        sentences.append(
            f"Accuracy on plain text is {ratio.accuracy['text']:.1f} % with `ratio50` and {standard.accuracy['text']:.1f} % with "
            f"`standard` ({change:+.1f})."
        )
    best = min(trained, key=lambda arm: arm.drop, default=None)
    if best is not None:
        sentences.append(f"The smallest drop here is that of `{best.arm}`.")
    return " ".join(sentences)


def _table(arms: Sequence[ArmSummary], summary: Summary) -> str:
    shown = [*([summary.arms["base"]] if "base" in summary.arms else []), *arms]
    head = (
        "| arm | runs | text | rendered | drop [95 %] | spread | against standard [95 %] | agreement | d | MIR | paper |",
        "| --- | ---: | ---: | ---: | --- | ---: | --- | ---: | ---: | ---: | ---: |",
    )
    rows = []
    for arm in shown:
        against = "" if arm.against is None else f"{arm.against[0]:+.1f} [{arm.against[1]:.1f}, {arm.against[2]:.1f}]"
        rows.append(
            f"| `{arm.arm}` | {arm.runs} | {arm.accuracy['text']:.1f} | {arm.accuracy['rendered']:.1f} | {arm.drop:.1f} "
            f"[{arm.low:.1f}, {arm.high:.1f}] | {arm.spread:.1f} | {against} | {arm.agreement:.2f} | {arm.distance:.3f} | "
            f"{arm.mir:.3f} | {_paper(arm.arm)} |"
        )
    note = (
        "\n\n*Percent and points. `paper`: the average over thirteen benchmarks after LLaVA-OneVision-1.5-8B was trained "
        "so (higher is better); another quantity, for direction only. McNemar's p of every run stands in the result file.*"
    )
    return "\n".join([*head, *rows]) + note


def _paper(arm: str) -> str:
    return f"{_PAPER[arm]:.2f}" if arm in _PAPER else ""


def _tests_table(summary: Summary) -> str:
    tests = [test for test in _TESTS if all(test in arm.accuracy for arm in summary.arms.values())]
    lines = [f"| arm | {' | '.join(test.replace('_', ' ') for test in tests)} |", f"| --- |{' ---: |' * len(tests)}"]
    for arm in summary.arms.values():
        lines.append(f"| `{arm.arm}` | {' | '.join(f'{arm.accuracy[test]:.1f}' for test in tests)} |")
    return "\n".join([*lines, "", "*Accuracy by carrier, in percent, mean over runs.*"])


def _families(summary: Summary) -> str:
    """Accuracy by family of `standard` and `ratio50`, as text and as pages."""
    arms = [arm for arm in ("standard", "ratio50") if arm in summary.arms]
    if not arms:
        return ""
    families = sorted({family for run in summary.runs for family in run["families"]})
    lines = [
        f"| family | {' | '.join(f'`{arm}` text | `{arm}` page' for arm in arms)} |",
        f"| --- |{' ---: |' * (2 * len(arms))}",
    ]
    for family in families:
        cells = []
        for arm in arms:
            own = [run["families"][family] for run in summary.runs if run["arm"] == arm and family in run["families"]]
            cells += [f"{sum(pair[side] for pair in own) / len(own):.1f}" for side in (0, 1)]
        lines.append(f"| {family} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", "*Accuracy by family, in percent, mean over runs.*"])


def _listed(numbers: Sequence[Any]) -> str:
    return " and ".join(f"{number:,}" for number in numbers) or "no"
