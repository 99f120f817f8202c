"""What an audit says in the end: one document, the same bytes for the same folder, and whether all of it is true."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lomo_hf.auditing.ledger import Outcome

__all__ = ["AUDIT_FORMAT", "AuditReport"]

AUDIT_FORMAT = 1


@dataclass(frozen=True)
class AuditReport:
    """The outcome of an audit.

    Attributes:
        content: Digest of the shards that were audited (`lomo_hf.release.content_digest`).
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
    outcomes: Sequence[Outcome]
    statistics: Mapping[str, Mapping[str, Any]]
    notes: Sequence[str] = ()
    ocr: Mapping[str, Any] | None = None

    @property
    def true(self) -> bool:
        """Whether nothing false was found."""
        return all(outcome.true for outcome in self.outcomes)

    @property
    def failures(self) -> list[Outcome]:
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
            "statistics": {name: dict(one) for name, one in self.statistics.items()},
            "ocr": self.ocr,
        }

    def to_json(self) -> str:
        """The document that `audit.json` holds."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
