"""Pictures of the report: the drop of every arm, learning curves, and figures 1a and 1b of the paper."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.carrier_gap import product
from experiments.carrier_gap.methods import METHODS
from experiments.carrier_gap.summary import ArmSummary, Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_all"]

_BAR, _DOT, _INK, _TEXT = "#dd8452", "#8c4a1f", "#333333", "#4c72b0"


def draw_all(summary: Summary, folder: Path, name: str) -> dict[str, str]:
    """Write the pictures of a result file; returns their file names by kind."""
    from lomo_hf.evaluation import save_plot

    folder.mkdir(parents=True, exist_ok=True)
    names = {kind: f"{name}-{kind}.png" for kind in ("drops", "curves", "figure-1a", "figure-1b")}
    recipes = [arm for name, arm in summary.arms.items() if name not in METHODS]
    save_plot(_drops(summary, recipes), folder / names["drops"])
    if len(recipes) < len(summary.arms):
        names["methods"] = f"{name}-methods.png"
        same = summary.beside(METHODS)
        shown = [arm for arm in ("standard", "ratio50", "ratio100", "fulltext50", *METHODS) if arm in same.arms]
        save_plot(_drops(same, [same.arms[arm] for arm in shown]), folder / names["methods"])
    save_plot(_curves(summary, recipes), folder / names["curves"])
    product.figure_carriers({arm.arm: arm.sensitivity for arm in recipes}, folder / names["figure-1a"])
    arm = "standard" if "standard" in summary.arms else next(iter(summary.arms))
    product.figure_distances(summary.bins(arm), folder / names["figure-1b"])
    return names


def _drops(summary: Summary, arms: Sequence[ArmSummary]) -> "Figure":
    """A bar for each arm, its interval over questions, and a dot for every run."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 0.42 * len(arms) + 1.1), layout="constrained")
    axes = figure.add_subplot()
    for at, arm in enumerate(arms):
        axes.barh(at, arm.drop, 0.62, color=_TEXT if arm.arm in ("base", "standard") else _BAR)
        axes.hlines(at, arm.low, arm.high, color=_INK, linewidth=1.4)
        points = [run["drop"] for run in summary.runs if run["arm"] == arm.arm]
        axes.plot(points, [at] * len(points), "o", color=_DOT, markersize=3.2, markerfacecolor="none")
    axes.set_yticks(range(len(arms)), [arm.arm for arm in arms])
    axes.set_ylim(len(arms) - 0.4, -0.6)
    axes.set_xlabel("drop in accuracy when the question is a page (points)")
    _quiet(axes)
    return figure


def _curves(summary: Summary, arms: Sequence[ArmSummary]) -> "Figure":
    """Accuracy as text and as pages over the steps of SFT, the mean over runs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    for place, test in enumerate(("text", "rendered")):
        axes = figure.add_subplot(1, 2, place + 1)
        for arm in (arm_summary.arm for arm_summary in arms):
            points: dict[int, list[float]] = {}
            for run in summary.runs:
                for point in run.get("curve", ()) if run["arm"] == arm else ():
                    points.setdefault(point["step"], []).append(point[test])
            if points:
                steps = sorted(points)
                means = [sum(points[step]) / len(points[step]) for step in steps]
                axes.plot(steps, means, marker=".", linewidth=1.2, label=arm)
        axes.set_title(f"{test}, the first questions of the test", fontsize=9)
        axes.set_xlabel("steps of SFT")
        axes.set_ylabel("accuracy (%)")
        _quiet(axes)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, frameon=False, fontsize=8, loc="outside right center")
    return figure


def _quiet(axes: object) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)  # type: ignore[attr-defined]
