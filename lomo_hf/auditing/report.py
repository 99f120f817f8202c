"""What an audit tells: one line for each check, with how much was looked at and what is false; and the whole document.

A check never stops an audit. Only what makes an audit impossible (no manifest, another source) is an error.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["AUDIT_FORMAT", "MAX_EXAMPLES", "AuditReport", "CheckOutcome", "Finding", "Ledger"]


MAX_EXAMPLES: Final = 5
_MAX_WHY: Final = 300


@dataclass(frozen=True)
class Finding:
    """Something that is false.

    Attributes:
        config: Where.
        id: Of the row, or the path of the file.
        why: What is false about it, in one sentence.
    """

    config: str
    id: str
    why: str


@dataclass(frozen=True)
class CheckOutcome:
    """What one check found.

    Attributes:
        name: Of the check.
        promise: What is true of every row where it finds nothing.
        checked: How many rows or files were looked at.
        failed: How many of them are not as promised.
        examples: The first few of those.
        skipped: Why nothing was looked at; None where something was to be.

    Example:
        >>> CheckOutcome("geometry", "Sizes are in the limits.", 7, 0, ()).true
        True
    """

    name: str
    promise: str
    checked: int
    failed: int
    examples: tuple[Finding, ...]
    skipped: str | None = None

    @property
    def true(self) -> bool:
        """Whether nothing false was found."""
        return self.failed == 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "name": self.name,
            "promise": self.promise,
            "checked": self.checked,
            "failed": self.failed,
            "skipped": self.skipped,
            "examples": [
                {"config": finding.config, "id": finding.id, "why": finding.why} for finding in self.examples
            ],
        }


@dataclass
class _Line:
    checked: int = 0
    failed: int = 0
    examples: list[Finding] = field(default_factory=list)


class Ledger:
    """Keeps the score of every check while rows go by. Memory does not grow with the rows.

    >>> ledger = Ledger({"geometry": "Sizes are in the limits."})
    >>> ledger.note("geometry", "ratio50", "gsm8k/1", [])
    >>> ledger.note("geometry", "ratio50", "gsm8k/2", ["width must be 32 or more; found 30."])
    >>> [(one.checked, one.failed, one.examples[0].id) for one in ledger.outcomes({})]
    [(2, 1, 'gsm8k/2')]
    """

    def __init__(self, promises: Mapping[str, str]) -> None:
        self._promises = dict(promises)
        self._lines = {name: _Line() for name in promises}

    def note(self, check: str, config: str, id: str, problems: Iterable[str]) -> None:
        """One row (or file) was looked at; `problems` say what is false about it. It counts once."""
        line = self._lines[check]
        line.checked += 1
        sentences = [why for why in problems if why]
        if sentences:
            line.failed += 1
            if len(line.examples) < MAX_EXAMPLES:
                line.examples.append(Finding(config, id, " ".join(sentences)[:_MAX_WHY]))

    def count(self, check: str, rows: int) -> None:
        """So many rows were looked at, and nothing is false of them."""
        self._lines[check].checked += rows

    def outcomes(self, skipped: Mapping[str, str]) -> Sequence[CheckOutcome]:
        """All lines in the order of the promises; those in `skipped` with the reason."""
        return [
            CheckOutcome(name, promise, line.checked, line.failed, tuple(line.examples), skipped.get(name))
            for (name, promise), line in zip(self._promises.items(), self._lines.values(), strict=True)
        ]


AUDIT_FORMAT = 1


@dataclass(frozen=True)
class AuditReport:
    """The outcome of an audit.

    Attributes:
        content: Digest of the shards that were audited (`lomo_hf.dataset.content_digest`).
        source: What the rows were held against, as the manifest names it; None without a source.
        sample: How many rows the costly checks took; None for all.
        outcomes: One for each check.
        statistics: By config.
        notes: What was not false but should be known.
        ocr: Figures of the reader; None where there was none.
    """

    content: str
    source: Mapping[str, Any] | None
    sample: int | None
    outcomes: Sequence[CheckOutcome]
    statistics: Mapping[str, Mapping[str, Any]]
    notes: Sequence[str] = ()
    ocr: Mapping[str, Any] | None = None

    @property
    def true(self) -> bool:
        """Whether nothing false was found."""
        return all(outcome.true for outcome in self.outcomes)

    @property
    def failures(self) -> list[CheckOutcome]:
        """The outcomes of the checks that found something."""
        return [outcome for outcome in self.outcomes if not outcome.true]

    def to_dict(self) -> dict[str, Any]:
        """Plain values; no time, no host, no path of a machine."""
        return {
            "format": AUDIT_FORMAT,
            "made_by": "lomo_hf",
            "true": self.true,
            "content": self.content,
            "source": dict(self.source) if self.source else None,
            "sample": self.sample,
            "checks": [outcome.to_dict() for outcome in self.outcomes],
            "notes": list(self.notes),
            "statistics": {name: dict(figures) for name, figures in self.statistics.items()},
            "ocr": self.ocr,
        }

    def to_json(self) -> str:
        """The document that `audit.json` holds."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
