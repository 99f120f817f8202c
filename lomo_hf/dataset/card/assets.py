"""The pictures of a card: rows of the dataset as people look at them, and plots of what was counted.

All are made from what is stored in the shards, are the same bytes whenever they are made, and stand in the manifest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from lomo_hf.building import Counts
from lomo_hf.dataset.card.plots import bars_png, histograms_png
from lomo_hf.dataset.card.statistics import Specimen, Statistics
from lomo_hf.dataset.layout import ASSETS
from lomo_hf.distortion import OPERATIONS
from lomo_hf.row import Row
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import write_whole

__all__ = ["Assets", "PagePicture", "write_assets"]

_ROUTES: Final = {
    "route-text": ("Text", "a span without mathematics"),
    "route-latex": ("Mathematics", "a span with formulas, typeset"),
    "route-fallback": ("Fallback", "a formula that could not be typeset faithfully stands as its source"),
}
_PREVIEW_ROWS: Final = 4


@dataclass(frozen=True)
class PagePicture:
    """A picture of one row: which operations and routes it shows, and what they look like."""

    path: str
    title: str
    looks: str


@dataclass(frozen=True)
class Assets:
    """Paths below the dataset folder of what the card shows; None or empty where there is nothing to show."""

    preview: str | None = None
    statistics: str | None = None
    shares: str | None = None
    refusals: str | None = None
    pages: Sequence[PagePicture] = field(default=())

    @property
    def paths(self) -> list[str]:
        """Every file, in a fixed order."""
        single = (self.preview, self.statistics, self.shares, self.refusals)
        return [path for path in single if path] + [page.path for page in self.pages]


def write_assets(folder: Folder, statistics: Mapping[str, Statistics], default: str, counts: Counts) -> Assets:
    """Draw everything for the card of a folder; `counts` are those of the default config.

    Operations that the default config never drew are shown from the first config that did.
    """
    specimens: dict[str, Specimen] = {}
    for name in sorted(statistics, key=lambda config: config != default):
        specimens = {**statistics[name].specimens, **specimens}
    rows = {name: _row(folder, specimen) for name, specimen in specimens.items()}
    own = statistics[default]
    return Assets(
        preview=_write(folder, "preview", _preview(rows)),
        statistics=_write(folder, "statistics", _histograms(own)),
        shares=_write(folder, "shares", _shares(counts)),
        refusals=_write(folder, "refusals", _refusals(counts)),
        pages=_write_pages(folder, rows),
    )


def _write(folder: Folder, name: str, png: bytes | None) -> str | None:
    if png is None:
        return None
    path = f"{ASSETS}/{name}.png"
    write_whole(folder / path, png)
    return path


def _write_pages(folder: Folder, rows: Mapping[str, Row]) -> list[PagePicture]:
    """A picture for each row; one row may show several things, and is drawn once."""
    shown: dict[str, list[str]] = {}
    for name in (*_ROUTES, *OPERATIONS):
        if name in rows:
            shown.setdefault(rows[name]["id"], []).append(name)
    pictures = []
    for names in shown.values():
        path = _write(folder, names[-1], _sheet([rows[names[-1]]]))
        assert path
        labels = [_ROUTES.get(name) or (name, OPERATIONS[name].looks) for name in names]
        pictures.append(
            PagePicture(path, ", ".join(title for title, _ in labels), "; ".join(looks for _, looks in labels))
        )
    return pictures


def _preview(rows: Mapping[str, Row]) -> bytes | None:
    """A few rows that differ as much as possible: both routes, then distortions. None where there is but one."""
    order = ("route-latex", "rotate_large", "fold", "edge_shadow", "stain", "wave", *rows)
    chosen: dict[str, Row] = {}
    for name in order:
        if name in rows and len(chosen) < _PREVIEW_ROWS:
            chosen.setdefault(rows[name]["id"], rows[name])
    return _sheet(list(chosen.values())) if len(chosen) > 1 else None


def _histograms(statistics: Statistics) -> bytes | None:
    if not statistics.rewritten:
        return None
    return histograms_png(
        [
            ("Rendered share of the prompt", "% of characters", {"": statistics.span_percent}),
            ("Size of pages", "px", {"width": statistics.width, "height": statistics.height}),
            ("Image tokens of a row", "tokens", {"patch 14": statistics.tokens_14, "patch 16": statistics.tokens_16}),
        ]
    )


def _shares(counts: Counts) -> bytes | None:
    if not counts.rewritten:
        return None
    operations = {name: counts.operations[name] for name in OPERATIONS if name in counts.operations}
    return bars_png([("Typeset as", counts.renderers), ("Distorted by", operations)])


def _refusals(counts: Counts) -> bytes | None:
    panels = [("Drawn, but kept as text", counts.kept), ("Refused", counts.refused)]
    drawn = [(title, _largest(tally)) for title, tally in panels if tally]
    return bars_png(drawn) if drawn else None


def _largest(tally: Mapping[str, int], limit: int = 15) -> dict[str, int]:
    ordered = sorted(tally.items(), key=lambda pair: (-pair[1], pair[0]))
    others = sum(count for _, count in ordered[limit:])
    return dict(ordered[:limit]) | ({"all others": others} if others else {})


def _row(folder: Folder, specimen: Specimen) -> Row:
    import pyarrow.parquet as pq

    with (folder / specimen.path).open() as stream, pq.ParquetFile(stream) as shard:
        row: Row = shard.read_row_group(specimen.group, use_threads=False).slice(specimen.index, 1).to_pylist()[0]
    return row


def _sheet(rows: Sequence[Row]) -> bytes:
    from lomo_hf.dataset.card.preview import contact_sheet, save_sheet

    buffer = BytesIO()
    save_sheet(contact_sheet(rows), buffer)
    return buffer.getvalue()
