"""The paper's figure 1 as plots: accuracy under both carriers by model (1a), the drop by pairwise distance (1b)."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lomo_hf.errors import RecipeError
from lomo_hf.evaluation.sensitivity import DistanceBin, Sensitivity
from lomo_hf.rendering.fonts import font_folders
from lomo_hf.storage import named_file
from lomo_hf.storage.atomic import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_carriers", "plot_drop_by_distance", "save_plot"]

_STANDARD, _RENDERED, _INK = "#4c72b0", "#dd8452", "#333333"


def plot_carriers(found: Mapping[str, Sensitivity]) -> "Figure":
    """Figure 1a: two bars for each name (a model, or a category), standard and rendered, and the drop above them.

    The whisker on the rendered bar is the interval of the drop, laid off from the standard accuracy.

    >>> one = Sensitivity("all", 4, 0.75, 0.5, 0.25, 0.0, 0.5, 2, 1, 0, 1, 1.0)
    >>> len(plot_carriers({"a model": one}).axes)
    1
    """
    from matplotlib.figure import Figure

    if not found:
        raise RecipeError("found must hold at least one result; it is empty.")
    figure = Figure(figsize=(max(4.5, 1.2 * len(found) + 2), 3.6), layout="constrained")
    axes = figure.add_subplot()
    for at, one in enumerate(found.values()):
        axes.bar(at - 0.2, 100 * one.standard, 0.38, color=_STANDARD, label="standard" if at == 0 else None)
        axes.bar(at + 0.2, 100 * one.rendered, 0.38, color=_RENDERED, label="rendered" if at == 0 else None)
        low, high = 100 * (one.standard - one.high), 100 * (one.standard - one.low)
        axes.vlines(at + 0.2, low, high, color=_INK, linewidth=1.2)
        top = max(100 * one.standard, 100 * one.rendered, high)
        axes.annotate(
            f"{round(-100 * one.drop, 1) + 0.0:+.1f}",
            (at, top),
            (0, 4),
            textcoords="offset points",
            ha="center",
            color=_INK,
        )
    _name(axes, list(found))
    axes.set_ylabel("accuracy (%)")
    axes.margins(y=0.18)
    axes.legend(frameon=False, ncols=2, loc="upper right", bbox_to_anchor=(1, 1.12))
    _quiet(axes)
    return figure


def plot_drop_by_distance(bins: Sequence[DistanceBin]) -> "Figure":
    """Figure 1b: the drop in points with its interval, for bins of pairwise distance from near to far.

    >>> one = Sensitivity("bin 1", 4, 0.75, 0.5, 0.25, 0.0, 0.5, 2, 1, 0, 1, 1.0)
    >>> len(plot_drop_by_distance([DistanceBin(0.1, 0.4, one)]).axes)
    1
    """
    from matplotlib.figure import Figure

    if not bins:
        raise RecipeError("bins must hold at least one; it is empty.")
    figure = Figure(figsize=(max(4.5, 1.1 * len(bins) + 1.5), 3.6), layout="constrained")
    axes = figure.add_subplot()
    for at, one in enumerate(bins):
        found = one.sensitivity
        axes.bar(at, 100 * found.drop, 0.7, color=_RENDERED)
        axes.vlines(at, 100 * found.low, 100 * found.high, color=_INK, linewidth=1.2)
    axes.axhline(0, color=_INK, linewidth=0.8)
    labels = [f"{one.least:.3g} to {one.most:.3g}\n(n = {one.sensitivity.questions})" for one in bins]
    axes.set_xticks(range(len(bins)), labels, fontsize=8)
    axes.set_xlabel("pairwise distance between text and rendered image")
    axes.set_ylabel("drop in accuracy (points)")
    _quiet(axes)
    return figure


def save_plot(figure: "Figure", path: str | Path) -> None:
    """Write a plot; the suffix names the format (.png, .svg, .pdf). The file holds no time, so it can be rebuilt."""
    path = Path(path)
    metadata: dict[str, dict[str, str | None]] = {
        ".png": {"Software": None},
        ".svg": {"Date": None},
        ".pdf": {"CreationDate": None},
    }
    if path.suffix not in metadata:
        raise RecipeError(f"a plot must be a {', '.join(metadata)} file; found {path.name!r}.")
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "lomo_hf"}):  # else the ids in an SVG are drawn anew each time
        drawn = BytesIO()
        figure.savefig(drawn, format=path.suffix[1:], dpi=150, metadata=metadata[path.suffix])
    write_whole(named_file(path), drawn.getvalue())


def _name(axes: "Axes", names: Sequence[str]) -> None:
    """Names below the bars, as they are: a dollar is no mathematics, and Chinese is not left to a font without it."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    crowded = len(names) > 4 or sum(map(len, names)) > 14 * len(names)
    turned: dict[str, Any] = {"rotation": 20, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
    known = get_font(findfont(FontProperties())).get_charmap()
    axes.set_xticks(range(len(names)), names, parse_math=False, **turned)
    for label, name in zip(axes.get_xticklabels(), names, strict=True):
        if any(ord(char) not in known for char in name):
            font = next(path for folder in font_folders() for path in folder.glob("NotoSansCJK*.ttc"))
            label.set_fontproperties(FontProperties(fname=str(font), size=label.get_fontsize()))


def _quiet(axes: object) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)  # type: ignore[attr-defined]
