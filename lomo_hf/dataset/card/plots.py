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
    from matplotlib.figure import Figure

__all__ = ["bars_png", "histograms_png"]

_STYLE: Final[dict[str, object]] = {
    "font.family": "DejaVu Sans", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
    "axes.edgecolor": "#57606a", "axes.labelcolor": "#24292f", "text.color": "#24292f", "xtick.color": "#57606a",
    "ytick.color": "#57606a", "axes.titlesize": 9.5, "axes.titlelocation": "left", "axes.titleweight": "bold",
    "path.simplify": False, "text.hinting": "none",
}  # fmt: skip
_COLOURS: Final = ("#2f6f9f", "#d1793a")
_BINS: Final = 24
_DPI: Final = 110


def histograms_png(panels: Sequence[tuple[str, str, Mapping[str, Counter[int]]]]) -> bytes:
    """Panels side by side, each a title, the label of its axis and one or two tallies (name -> value -> rows).

    >>> histograms_png([("pages", "px", {"": Counter({1: 2, 5: 3})})])[:4]
    b'\\x89PNG'
    """
    from matplotlib import style
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    with style.context(_STYLE, after_reset=True):
        figure = Figure(figsize=(3.9 * len(panels), 2.5), dpi=_DPI, layout="constrained", facecolor="white")
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
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
            axis.grid(axis="y", color="#d0d7de", linewidth=0.6)
            axis.set_axisbelow(True)
            if len(tallies) > 1:
                axis.legend(frameon=False)
        return _png(figure)


def bars_png(panels: Sequence[tuple[str, Mapping[str, int]]]) -> bytes:
    """Panels side by side, each a title and name -> count, as bars with the count and share at their ends.

    >>> bars_png([("typeset as", {"text": 3, "latex": 1})])[:4]
    b'\\x89PNG'
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    tallest = max(len(counts) for _, counts in panels)
    with style.context(_STYLE, after_reset=True):
        size = (4.4 * len(panels), 0.6 + 0.24 * max(tallest, 3))
        figure = Figure(figsize=size, dpi=_DPI, layout="constrained", facecolor="white")
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for axis, (title, counts) in zip(axes, panels, strict=True):
            total, names = sum(counts.values()) or 1, list(counts)
            drawn = axis.barh(range(len(names)), list(counts.values()), height=0.65, color=_COLOURS[0])
            labels = [f"{count:,}  ({count / total:.1%})" for count in counts.values()]
            axis.bar_label(drawn, labels, padding=4, fontsize=8)
            axis.set_yticks(range(len(names)), [_plain(name) for name in names])
            axis.set_ylim(tallest - 0.5, -0.5)
            axis.set_xlim(0, max(counts.values(), default=1) * 1.45)
            axis.set_xticks([])
            axis.spines["bottom"].set_visible(False)
            axis.spines["left"].set_bounds(-0.5, len(names) - 0.5)
            axis.set_title(title)
        return _png(figure)


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
