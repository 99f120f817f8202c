"""How well a reader reads the pages, before and after distortion: by script, by route and by operation.

Only prose enters the figures by script and by operation: such readers do not know formulas, and code is mostly marks.
Those by operation leave out the script that the reader knows in part only, which would drown what a distortion costs.
The cost of an operation is the mean, over its pages, of the error after less the error before, so that a page that is
hard to read by itself does not count against what was done to it.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any, Final

from lomo_hf.auditing.case import Case
from lomo_hf.auditing.characters import error_rate, is_prose
from lomo_hf.auditing.ocr import KNOWN_SCRIPTS, READABLE_SCRIPTS, Reader
from lomo_hf.auditing.page_checks import clean_pages, decode
from lomo_hf.auditing.statistics import script_of

__all__ = ["Reading", "Study", "group_of"]

_OVER: Final = 0.05
_WORST: Final = 0.10
_MAX_WORST: Final = 50


@dataclass(frozen=True)
class Reading:
    """One page, read twice. `group` is "prose", "code" (anything else set as text), "latex" or "fallback"."""

    config: str
    id: str
    span: int
    group: str
    script: str
    op: str
    before: float
    after: float


def group_of(case: Case) -> tuple[str, str] | None:
    """(group, script) of a rewritten row; None where the reader does not know the script."""
    script = script_of("\n".join(case.span_words))
    if script not in READABLE_SCRIPTS:
        return None
    renderer = str(case.lomo["renderer"])
    if renderer != "text":
        return renderer, script
    prose = all(is_prose(span["text"], atoms) for span, atoms in zip(case.spans, case.span_atoms, strict=True))
    return "prose" if prose else "code", script


class Study:
    """Reads the pages of a sample and keeps the error rates."""

    def __init__(self, reader: Reader, sample: Mapping[tuple[str, str], Hashable]) -> None:
        self.readings: list[Reading] = []
        self._reader = reader
        self._sample = sample

    def add(self, config: str, case: Case) -> None:
        """Read the pages of a row, if it is in the sample.

        Raises:
            LomoError, ValueError: A page does not decode, or cannot be rendered again.
        """
        group = group_of(case) if (config, case.id) in self._sample else None
        if group is None:
            return
        op = case.lomo["distortion"]["op"]
        clean = [] if op == "clean" else clean_pages(case)
        for number, (span, image) in enumerate(zip(case.spans, case.row["images"], strict=True)):
            after = error_rate(self._reader.read(decode(image["bytes"])), span["text"])
            before = error_rate(self._reader.read(clean[number].pixels), span["text"]) if clean else after
            self.readings.append(Reading(config, case.id, number, *group, op, before, after))

    def to_dict(self) -> dict[str, Any]:
        """The figures, for JSON."""
        prose = [reading for reading in self.readings if reading.group == "prose"]
        known = [reading for reading in prose if reading.script in KNOWN_SCRIPTS]
        worst = sorted((reading for reading in prose if reading.after > _WORST), key=_worse)
        return {
            "reader": self._reader.name,
            "measure": "Levenshtein distance over length after NFKC, lower case, white space removed",
            "pages": len(self.readings),
            "by_route": _figures(self.readings, "group"),
            "prose_by_script": _figures(prose, "script"),
            "prose_by_operation": _figures(known, "op"),
            "prose_over_10_percent": [
                {"config": reading.config, "id": reading.id, "span": reading.span, "op": reading.op, **_pair(reading)}
                for reading in worst[:_MAX_WORST]
            ],
        }


def _worse(reading: Reading) -> tuple[float, str, str]:
    return -reading.after, reading.config, reading.id


def _pair(reading: Reading) -> dict[str, float]:
    return {"before": round(reading.before, 4), "after": round(reading.after, 4)}


def _figures(readings: Sequence[Reading], by: str) -> dict[str, object]:
    kinds = sorted({getattr(reading, by) for reading in readings})
    return {kind: _figure([reading for reading in readings if getattr(reading, by) == kind]) for kind in kinds}


def _figure(readings: Sequence[Reading]) -> dict[str, object]:
    before, after = [reading.before for reading in readings], [reading.after for reading in readings]
    return {
        "pages": len(readings),
        "before": _summary(before),
        "after": _summary(after),
        "cost": round(fmean(after) - fmean(before), 4),
    }


def _summary(errors: Sequence[float]) -> dict[str, float]:
    over = sum(error > _OVER for error in errors) / len(errors)
    return {"mean": round(fmean(errors), 4), "median": round(median(errors), 4), "over_5_percent": round(over, 4)}
