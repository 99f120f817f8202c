"""What an audit tells of a config beside true and false: shares of routes and scripts, spans, sizes."""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from lomo_hf.auditing.case import Case

__all__ = ["Statistics", "script_of"]


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
    quantiles = np.quantile(np.asarray(values, np.float64), (0, 0.5, 0.9, 1))
    keys = ("least", "median", "nine_in_ten", "most")
    rounded = [round(float(quantile), digits) if digits else round(float(quantile)) for quantile in quantiles]
    return dict(zip(keys, rounded, strict=True))


# First code point of each stretch of letters, in order; "" are stretches that count for nothing.
_STRETCHES: Final = (
    (0x0041, "Latin"), (0x0250, ""), (0x0370, "Greek"), (0x0400, "Cyrillic"), (0x0530, "Armenian"),
    (0x0590, "Hebrew"), (0x0600, "Arabic"), (0x0700, ""), (0x0750, "Arabic"), (0x0780, ""), (0x08A0, "Arabic"),
    (0x0900, "Devanagari"), (0x0980, "Indic, other"), (0x0E00, "Thai"), (0x0E80, "other"), (0x1E00, "Latin"),
    (0x1F00, "Greek"), (0x2000, ""), (0x2E80, "Han"), (0x3000, ""), (0x3005, "Han"), (0x3008, ""), (0x3041, "Kana"),
    (0x3100, "other"), (0x3131, "Hangul"), (0x3190, ""), (0x3400, "Han"), (0xA000, "other"), (0xAC00, "Hangul"),
    (0xD7B0, ""), (0xF900, "Han"), (0xFB00, "Latin"), (0xFB1D, "Hebrew"), (0xFB50, "Arabic"), (0xFE00, ""),
    (0xFE70, "Arabic"), (0xFEFF, ""), (0xFF21, "Latin"), (0xFF66, "Kana"), (0xFFA0, "Hangul"), (0xFFE0, ""),
    (0x10000, "other"), (0x1D400, ""), (0x20000, "Han"), (0x40000, ""),
)  # fmt: skip
_FIRST: Final = [first for first, _ in _STRETCHES]
_ACCENTED: Final = 0.02
_KANA: Final = 8


def script_of(text: str) -> str:
    """The script that most letters of a text are in; "none" where there are no letters.

    Latin with more than one accented letter in fifty is "Latin, accented": a reader may know the one and not the
    other. Text with one kana in eight characters is "Kana", so Japanese.

    >>> [script_of(text) for text in ("2+2=4", "Find x.", "求 x 的值。", "Tiếng Việt", "カタカナと漢字")]
    ['none', 'Latin', 'Han', 'Latin, accented', 'Kana']
    """
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else "none"
    counts: Counter[str] = Counter()
    accented = 0
    for char, times in Counter(text).items():
        if char.isalpha():
            name = _STRETCHES[max(bisect_right(_FIRST, ord(char)) - 1, 0)][1]
            counts[name] += times
            accented += times * (name == "Latin" and not char.isascii())
    counts.pop("", None)
    if not counts:
        return "none"
    if _KANA * counts["Kana"] > counts["Han"] + counts["Kana"] and counts["Kana"]:
        counts["Kana"] += counts.pop("Han", 0)
    # Han says about as much in one character as Latin in three.
    weights = {name: times * (3 if name in ("Han", "Kana") else 1) for name, times in counts.items()}
    script = max(sorted(weights), key=lambda name: weights[name])
    return "Latin, accented" if script == "Latin" and accented > _ACCENTED * counts["Latin"] else script
