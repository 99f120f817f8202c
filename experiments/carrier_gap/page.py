"""The report: docs/proof.md and its pictures, made of the result files and nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from experiments.carrier_gap.methods import METHODS
from experiments.carrier_gap.methods_page import methods_part, number
from experiments.carrier_gap.plots import draw_all
from experiments.carrier_gap.records import RESULTS, load_results
from experiments.carrier_gap.settings import ARMS
from experiments.carrier_gap.summary import ArmSummary, Difference, Summary, summarise

__all__ = ["write_report"]

DOCS = Path(__file__).parents[2] / "docs"
_TESTS = {
    "text": "the question as text",
    "rendered": "the whole question as one clean page (`lomo render-eval`)",
    "distorted": "the whole question as one page, turned, blurred, shaded, stained or waved as in training",
    "middle": "its middle third as a clean page between text",
    "unseen_font": "the whole question set by Pillow in DejaVu Serif, which no base and no arm has seen (prose only)",
    "unseen_distortion": "the whole question with the strengths `hard` of blur, shadow or stain, and wave, "
    "on which nothing was trained",
}
# Averages over the paper's thirteen benchmarks, LLaVA-OneVision-1.5-8B: tables 1 to 4.
_PAPER = {
    "standard": 40.88, "ratio25": 42.90, "ratio50": 43.56, "ratio75": 43.24, "ratio100": 42.68, "prefix50": 42.44,
    "suffix50": 42.33, "multispan50": 42.64, "fulltext50": 42.07, "nodistort50": 43.10,
}  # fmt: skip


def write_report(docs: Path = DOCS, results: Path = RESULTS) -> Path:
    """Write docs/proof.md and its pictures from all result files: the full run first, then smaller ones."""
    names = sorted((path.stem for path in results.glob("*.json")), key=_order)
    sections = []
    for name in names:
        summary = summarise(*load_results(name, results))
        sections.append(_section(name, summary, draw_all(summary, docs / "proof", name)))
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    ).get_template("page.md.jinja")
    path = docs / "proof.md"
    first = names[0] if names else "full"
    path.write_text(template.render(sections=sections, tests=_TESTS, first=first), encoding="utf-8")
    return path


def _order(name: str) -> tuple[bool, bool, str]:
    return name != "full", name == "small", name


def _section(name: str, summary: Summary, pictures: Mapping[str, str]) -> str:
    first = summary.runs[0]
    trained = [arm for arm in summary.arms.values() if arm.arm != "base"]
    recipes = [arm for arm in trained if arm.arm not in METHODS]
    missing = [arm for arm in ARMS if arm not in summary.arms]
    steps = sorted({run["steps"] for run in summary.runs if run["arm"] != "base"})
    size = "the full size" if first["size"] == "full" else f"the reduced size `{first['size']}`"
    rows = f" of {first['half']} + {first['half']} rows each" if "half" in first else ""
    lines = [
        f"## Results at {size}",
        "",
        f"{first['machine']}, torch {first['torch']}, Python {first['python']}; pages by lomo-hf "
        f"{first['versions']['lomo-hf']}. {first['parameters'] / 1e6:.1f} M parameters; bases of "
        f"{_listed(sorted({run['base_steps'] for run in summary.runs}))} steps, SFT of "
        f"{_listed(steps)} steps{rows} from {first['rows']:,} rows; {len(summary.outcomes.ids['text'])} questions.",
        "",
        _verdict(summary, recipes),
        "",
        f"![Drop in accuracy of every arm](proof/{pictures['drops']})",
        "",
        _table(recipes, summary),
        "",
    ]
    lines += [
        f"![Figure 1a: accuracy under both carriers](proof/{pictures['figure-1a']})",
        f"![Figure 1b: drop by pairwise distance](proof/{pictures['figure-1b']})",
        "",
        "*Figure 1a by arm, and figure 1b for `standard`: bins of as many questions each, by their distance, both the "
        f"mean over runs. {_by_distance(summary)}*",
        "",
        f"![Learning curves](proof/{pictures['curves']})",
        "",
        _tests_table(summary, recipes),
        "",
        *_ablations(summary, recipes),
        _families(summary),
        "",
        *methods_part(summary, pictures),
    ]
    if missing:
        lines += [f"**Not run here:** {', '.join(f'`{arm}`' for arm in missing)}.", ""]
    return "\n".join(lines) + "\n"


def _by_distance(summary: Summary) -> str:
    """The ends of figure 1b in words."""
    if "standard" not in summary.arms:
        return ""
    bins = summary.bins("standard")
    near, far = (
        f"{100 * sensitivity.drop:.1f} [{100 * sensitivity.low:.1f}, {100 * sensitivity.high:.1f}]"
        for sensitivity in (bins[0].sensitivity, bins[-1].sensitivity)
    )
    return f"The drop is {near} in the nearest bin and {far} in the farthest; in the paper it rises with distance."


def _verdict(summary: Summary, trained: Sequence[ArmSummary]) -> str:
    """In words what the table says, the fall of text accuracy too; made of the figures."""
    base = summary.arms.get("base")
    sentences = []
    if base is not None:
        errors = [run["reading_errors"]["rendered"] for run in summary.runs if run.get("reading_errors")]
        sentences.append(
            f"Before SFT the base{'s' if base.runs > 1 else ''} answered {base.accuracy['text']:.1f} % of the "
            f"questions as text and {base.accuracy['rendered']:.1f} % of the same questions as pages"
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
            f"Accuracy on plain text is {ratio.accuracy['text']:.1f} % with `ratio50` and "
            f"{standard.accuracy['text']:.1f} % with `standard` ({change:+.1f})."
        )
    best = min(trained, key=lambda arm: arm.drop, default=None)
    if best is not None:
        sentences.append(f"The smallest drop here is that of `{best.arm}`.")
    return " ".join(sentences)


def _table(arms: Sequence[ArmSummary], summary: Summary) -> str:
    shown = [*([summary.arms["base"]] if "base" in summary.arms else []), *arms]
    head = (
        "| arm | runs | text | rendered | drop [95 %] | spread | against standard | agreement | d | MIR | paper |",
        "| --- | ---: | ---: | ---: | --- | ---: | --- | ---: | ---: | ---: | ---: |",
    )
    rows = []
    for arm in shown:
        against = "" if arm.against is None else f"{arm.against[0]:+.1f} [{arm.against[1]:.1f}, {arm.against[2]:.1f}]"
        rows.append(
            f"| `{arm.arm}` | {arm.runs} | {arm.accuracy['text']:.1f} | {arm.accuracy['rendered']:.1f} | "
            f"{arm.drop:.1f} [{arm.low:.1f}, {arm.high:.1f}] | {arm.spread:.1f} | {against} | "
            f"{number(arm.agreement, 2)} | {number(arm.distance, 3)} | {number(arm.mir, 3)} | {_paper(arm.arm)} |"
        )
    note = (
        "\n\n*Percent and points; intervals of 95 %. `paper`: the average over thirteen benchmarks after "
        "LLaVA-OneVision-1.5-8B was trained so (higher is better); another quantity, for direction only. McNemar's p "
        "of every run stands in the result file.*"
    )
    return "\n".join([*head, *rows]) + note


def _paper(arm: str) -> str:
    return f"{_PAPER[arm]:.2f}" if arm in _PAPER else ""


def _tests_table(summary: Summary, trained: Sequence[ArmSummary]) -> str:
    arms = [*([summary.arms["base"]] if "base" in summary.arms else []), *trained]
    tests = [test for test in _TESTS if all(test in arm.accuracy for arm in arms)]
    lines = [f"| arm | {' | '.join(test.replace('_', ' ') for test in tests)} |", f"| --- |{' ---: |' * len(tests)}"]
    for arm in arms:
        lines.append(f"| `{arm.arm}` | {' | '.join(f'{arm.accuracy[test]:.1f}' for test in tests)} |")
    return "\n".join([*lines, "", "*Accuracy by carrier, in percent, mean over runs.*"])


def _ablations(summary: Summary, trained: Sequence[ArmSummary]) -> list[str]:
    """Every recipe's accuracy minus that of `ratio50`, test by test."""
    arms = [arm.arm for arm in trained if arm.arm not in ("standard", "ratio50")]
    if "ratio50" not in summary.arms or not arms:
        return []
    tests = [test for test in _TESTS if test in summary.arms["ratio50"].accuracy]
    lines = [f"| arm | {' | '.join(test.replace('_', ' ') for test in tests)} |", f"| --- |{' --- |' * len(tests)}"]
    for arm in arms:
        differences = (summary.accuracy_difference(arm, "ratio50", test) for test in tests)
        lines.append(f"| `{arm}` | {' | '.join(_difference(difference) for difference in differences)} |")
    note = "*Accuracy minus that of `ratio50` on the same questions, bases and seeds, in points; bold: beyond chance.*"
    return [*lines, "", note, ""]


def _difference(difference: Difference | None) -> str:
    if difference is None:
        return ""
    value, low, high = difference
    return (
        f"**{value:+.1f}** [{low:.1f}, {high:.1f}]" if low > 0 or high < 0 else f"{value:+.1f} [{low:.1f}, {high:.1f}]"
    )


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
