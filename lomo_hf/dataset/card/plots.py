"""Plots for the card: small PNG files, the same bytes for the same numbers and the same matplotlib.

White paper under everything, so that a plot can be read in a dark page as in a light one. Agg draws; no window system,
no global state of matplotlib and no date in the file.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["bars_png", "histograms_png"]

_FONT: Final = "DejaVu Sans"
_FONT_SIZE, _COUNT_SIZE = 9.0, 8.0  # points
_STYLE: Final[dict[str, object]] = {
    "font.family": _FONT, "font.size": _FONT_SIZE, "axes.spines.top": False, "axes.spines.right": False,
    "axes.edgecolor": "#57606a", "axes.labelcolor": "#24292f", "text.color": "#24292f", "xtick.color": "#57606a",
    "ytick.color": "#57606a", "axes.titlesize": 9.5, "axes.titlelocation": "left", "axes.titleweight": "bold",
    "path.simplify": False, "text.hinting": "none",
}  # fmt: skip
_COLOURS: Final = ("#2f6f9f", "#d1793a")
_BINS: Final = 24
_DPI: Final = 110
# Inches. Margins are reckoned, as matplotlib's layout engine draws every plot twice to find them.
_ABOVE, _LEFT, _RIGHT = 0.26, 0.14, 0.12
_AXIS_BELOW, _AXIS_BESIDE = 0.46, 0.2  # that an axis takes with its ticks, and its label alone


def histograms_png(panels: Sequence[tuple[str, str, Mapping[str, Counter[int]]]]) -> bytes:
    """Panels side by side, each a title, the label of its axis and one or two tallies (name -> value -> rows).

    >>> histograms_png([("pages", "px", {"": Counter({1: 2, 5: 3})})])[:4]
    b'\\x89PNG'
    """
    from matplotlib import style
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    with style.context(_STYLE, after_reset=True):
        figure, axes = _panels(len(panels), 3.9, 2.5)
        for axis, (title, label, tallies) in zip(axes, panels, strict=True):
            edges = _edges(tallies.values())
            for (name, tally), colour in zip(tallies.items(), _COLOURS, strict=False):
                values = np.array(sorted(tally), dtype=np.float64)
                heights, _ = np.histogram(values, edges, weights=[tally[int(value)] for value in values])
                axis.stairs(heights, edges, fill=True, alpha=0.55, color=colour, label=name)
                axis.stairs(heights, edges, color=colour, linewidth=1.2)
            axis.set_title(title)
            axis.set_xlabel(label)
            axis.set_ylabel("rows" if axis is axes[0] else "")
            axis.yaxis.set_major_locator(MaxNLocator(5, integer=True))
            axis.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            axis.grid(axis="y", color="#d0d7de", linewidth=0.6)
            axis.set_axisbelow(True)
            if len(tallies) > 1:
                axis.legend(frameon=False)
        beside = [_width([f"{axis.get_ylim()[1]:,.0f}"]) for axis in axes]
        _set_margins(figure, axes, [beside[0] + _AXIS_BESIDE, *beside[1:]], _AXIS_BELOW)
        return _png(figure)


def bars_png(panels: Sequence[tuple[str, Mapping[str, int]]]) -> bytes:
    """Panels side by side, each a title and name -> count, as bars with the count and share at their ends.

    >>> bars_png([("typeset as", {"text": 3, "latex": 1})])[:4]
    b'\\x89PNG'
    """
    from matplotlib import style

    tallest = max(len(counts) for _, counts in panels)
    with style.context(_STYLE, after_reset=True):
        figure, axes = _panels(len(panels), 4.4, 0.6 + 0.24 * max(tallest, 3))
        beside = [_width([_plain(name) for name in counts]) for _, counts in panels]
        size = _set_margins(figure, axes, beside, _RIGHT)
        for axis, (title, counts) in zip(axes, panels, strict=True):
            total, names = sum(counts.values()) or 1, list(counts)
            drawn = axis.barh(range(len(names)), list(counts.values()), height=0.65, color=_COLOURS[0])
            labels = [f"{count:,}  ({count / total:.1%})" for count in counts.values()]
            axis.bar_label(drawn, labels, padding=4, fontsize=_COUNT_SIZE)
            axis.set_yticks(range(len(names)), [_plain(name) for name in names])
            axis.set_ylim(tallest - 0.5, -0.5)
            longest = max(0.2, size - _width(labels, _COUNT_SIZE) - 0.1)  # inches, beside which its count has room
            axis.set_xlim(0, max(counts.values(), default=1) * size / longest)
            axis.set_xticks([])
            axis.spines["bottom"].set_visible(False)
            axis.spines["left"].set_bounds(-0.5, len(names) - 0.5)
            axis.set_title(title)
        return _png(figure)


def _panels(count: int, width: float, height: float) -> "tuple[Figure, list[Axes]]":
    """A figure of as many panels side by side, of so many inches each."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * count, height), dpi=_DPI, facecolor="white")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def _set_margins(figure: "Figure", axes: "Sequence[Axes]", beside: Sequence[float], below: float) -> float:
    """Place axes of equal width, with so many inches of labels at the left of each; how wide each is, in inches."""
    width, height = figure.get_size_inches()
    size = float(max(0.5, (width - sum(beside)) / len(axes) - _LEFT - _RIGHT))
    start = 0.0
    for axis, labels in zip(axes, beside, strict=True):
        start += labels + _LEFT
        axis.set_position((start / width, below / height, size / width, 1 - (below + _ABOVE) / height))
        start += size + _RIGHT
    return size


def _width(texts: Sequence[str], size: float = _FONT_SIZE) -> float:
    """How many inches the longest of some texts takes."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=_FONT, size=size)
    widths = (text_to_path.get_text_width_height_descent(text, font, False)[0] for text in texts)
    return float(max(widths, default=0.0)) / 72


def _edges(tallies: Any) -> Any:
    """Equal bins over whole numbers, up to the highest value but for one in a thousand rows."""
    together: Counter[int] = sum(tallies, start=Counter())
    low, high = min(together, default=0), max(together, default=1)
    width = max(1, -(-(high + 1 - low) // _BINS))
    return np.arange(low, high + 1 + width, width, dtype=np.float64)


def _plain(name: str) -> str:
    """Reasons can hold what a user's file said; matplotlib would read dollars as mathematics."""
    shown = "".join(char if char.isprintable() else "\ufffd" for char in name).replace("$", r"\$")
    return shown if len(shown) <= 40 else shown[:39] + "…"


def _png(figure: "Figure") -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
