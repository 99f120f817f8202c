"""What an audit tells of a config beside true and false: shares of routes and scripts, spans, sizes."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from lomo_hf.auditing.case import Case
from lomo_hf.auditing.scripts import script_of

__all__ = ["Statistics"]


class Statistics:
    """Counts over the rows of one config. Memory: 16 bytes a page."""

    def __init__(self, ratio: float) -> None:
        self.ratio = ratio
        self.rows = self.drawn = self.rewritten = self.spans = self.math_spans = 0
        self.refused = 0
        self.renderers: Counter[str] = Counter()
        self.fallbacks: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self.operations: Counter[str] = Counter()
        self.scripts: Counter[str] = Counter()
        self._shares = array("f")
        self._sizes = {name: array("l") for name in ("width", "height", "pixels")}

    def add(self, case: Case) -> None:
        """Count a row; one that is not of the form of a row counts as far as it goes."""
        self.rows += 1
        with suppress(KeyError, TypeError, IndexError, ValueError):
            self._add(case)

    def _add(self, case: Case) -> None:
        lomo = case.lomo
        self.drawn += lomo["draw"] < self.ratio
        if not case.rewritten:
            self.kept.update([lomo["reason"]] if lomo["reason"] else [])
            return
        self.rewritten += 1
        self.renderers[str(lomo["renderer"])] += 1
        self.operations[str(lomo["distortion"]["op"])] += 1
        self.fallbacks.update([lomo["reason"]] if lomo["reason"] else [])
        self._shares.append(sum(span["end"] - span["start"] for span in case.spans) / max(lomo["prompt_chars"], 1))
        for span, atoms, words in zip(case.spans, case.span_atoms, case.span_words, strict=True):
            self.spans += 1
            self.math_spans += any(atom.is_math for atom in atoms)
            self.scripts[script_of(words)] += 1
            for name, size in (("width", span["width"]), ("height", span["height"])):
                self._sizes[name].append(size)
            self._sizes["pixels"].append(span["width"] * span["height"])

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; shares have four digits."""
        fell = self.renderers["fallback"]
        mathematics = fell + self.renderers["latex"]
        return {
            "rows": self.rows,
            "refused": self.refused,
            "ratio": self.ratio,
            "drawn": self.drawn,
            "rewritten": self.rewritten,
            "kept": _sorted(self.kept),
            "renderers": {name: self.renderers[name] for name in ("text", "latex", "fallback")},
            "rows_with_mathematics": mathematics,
            "fallback_share_of_mathematics": _share(fell, mathematics),
            "fallback_reasons": _sorted(self.fallbacks),
            "operations": _sorted(self.operations),
            "spans": self.spans,
            "spans_with_mathematics": self.math_spans,
            "spans_by_script": _sorted(self.scripts),
            "span_share_of_prompt": _quantiles(self._shares, 4),
            "page": {name: _quantiles(sizes, 0) for name, sizes in self._sizes.items()},
        }


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _quantiles(values: Sequence[float], digits: int) -> dict[str, float]:
    import numpy as np

    if not values:
        return {}
    found = np.quantile(np.asarray(values, np.float64), (0, 0.5, 0.9, 1))
    keys = ("least", "median", "nine_in_ten", "most")
    rounded = [round(float(one), digits) if digits else round(float(one)) for one in found]
    return dict(zip(keys, rounded, strict=True))
