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


def plot_carriers(results: Mapping[str, Sensitivity]) -> "Figure":
    """Two bars for each name (a model, or a category), standard and rendered, and the drop above them.

    The whisker on the rendered bar is the interval of the drop, laid off from the standard accuracy.

    Args:
        results: Name -> carrier sensitivity, in the order of the bars.

    Returns:
        The figure.

    Raises:
        RecipeError: There is no result.

    Source:
        LoMo, figure 1a.

    Example:
        >>> result = Sensitivity("all", 4, 0.75, 0.5, 0.25, 0.0, 0.5, 2, 1, 0, 1, 1.0)
        >>> len(plot_carriers({"a model": result}).axes)
        1
    """
    from matplotlib.figure import Figure

    if not results:
        raise RecipeError("results must hold at least one; it is empty.")
    figure = Figure(figsize=(max(4.5, 1.2 * len(results) + 2), 3.6), layout="constrained")
    axes = figure.add_subplot()
    for at, result in enumerate(results.values()):
        axes.bar(at - 0.2, 100 * result.standard, 0.38, color=_STANDARD, label="standard" if at == 0 else None)
        axes.bar(at + 0.2, 100 * result.rendered, 0.38, color=_RENDERED, label="rendered" if at == 0 else None)
        low, high = 100 * (result.standard - result.high), 100 * (result.standard - result.low)
        axes.vlines(at + 0.2, low, high, color=_INK, linewidth=1.2)
        top = max(100 * result.standard, 100 * result.rendered, high)
        axes.annotate(
            f"{round(-100 * result.drop, 1) + 0.0:+.1f}",
            (at, top),
            (0, 4),
            textcoords="offset points",
            ha="center",
            color=_INK,
        )
    _name(axes, list(results))
    axes.set_ylabel("accuracy (%)")
    axes.margins(y=0.18)
    axes.legend(frameon=False, ncols=2, loc="upper right", bbox_to_anchor=(1, 1.12))
    _quiet(axes)
    return figure


def plot_drop_by_distance(bins: Sequence[DistanceBin]) -> "Figure":
    """The drop in points with its interval, for bins of pairwise distance from near to far.

    Args:
        bins: What `drop_by_distance` returned.

    Returns:
        The figure.

    Raises:
        RecipeError: There is no bin.

    Source:
        LoMo, figure 1b.

    Example:
        >>> result = Sensitivity("bin 1", 4, 0.75, 0.5, 0.25, 0.0, 0.5, 2, 1, 0, 1, 1.0)
        >>> len(plot_drop_by_distance([DistanceBin(0.1, 0.4, result)]).axes)
        1
    """
    from matplotlib.figure import Figure

    if not bins:
        raise RecipeError("bins must hold at least one; it is empty.")
    figure = Figure(figsize=(max(4.5, 1.1 * len(bins) + 1.5), 3.6), layout="constrained")
    axes = figure.add_subplot()
    for at, part in enumerate(bins):
        group = part.sensitivity
        axes.bar(at, 100 * group.drop, 0.7, color=_RENDERED)
        axes.vlines(at, 100 * group.low, 100 * group.high, color=_INK, linewidth=1.2)
    axes.axhline(0, color=_INK, linewidth=0.8)
    labels = [f"{part.least:.3g} to {part.most:.3g}\n(n = {part.sensitivity.questions})" for part in bins]
    axes.set_xticks(range(len(bins)), labels, fontsize=8)
    axes.set_xlabel("pairwise distance between text and rendered image")
    axes.set_ylabel("drop in accuracy (points)")
    _quiet(axes)
    return figure


def save_plot(figure: "Figure", path: str | Path) -> None:
    """Write a plot. The file holds no time, so it can be rebuilt to the byte.

    Args:
        figure: The plot.
        path: Where; the suffix names the format (.png, .svg, .pdf).

    Raises:
        RecipeError: The suffix is another.

    Example:
        >>> import tempfile
        >>> result = Sensitivity("all", 4, 0.75, 0.5, 0.25, 0.0, 0.5, 2, 1, 0, 1, 1.0)
        >>> save_plot(plot_carriers({"a model": result}), Path(tempfile.mkdtemp()) / "drop.svg")
    """
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
