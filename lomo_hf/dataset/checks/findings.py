"""What a check finds: one sentence with the remedy, and whether loading breaks on it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lomo_hf.dataset.checks.inspected import Inspected

__all__ = ["Check", "Finding", "Report", "breaks", "warns"]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        severity: "breaks": the dataset, or part of it, does not load. "warns": it loads, but the Hub's page, its
            viewer or a trainer shows less, or wrongly.
        says: What, and the remedy, in a sentence or two.
    """

    severity: Literal["breaks", "warns"]
    says: str


@dataclass(frozen=True)
class Check:
    """One question that is asked of a dataset; `asks` is what is true where it finds nothing."""

    name: str
    asks: str
    find: Callable[[Inspected], Iterator[Finding]]


@dataclass(frozen=True)
class Report:
    """Every check with what it found, in order.

    Attributes:
        results: Each check with its findings.
    """

    results: Sequence[tuple[Check, Sequence[Finding]]]

    @property
    def findings(self) -> list[Finding]:
        """All findings."""
        return [finding for _, findings in self.results for finding in findings]

    @property
    def loads(self) -> bool:
        """Whether nothing was found that breaks loading."""
        return all(finding.severity != "breaks" for finding in self.findings)


def breaks(says: str) -> Finding:
    """A finding on which loading breaks."""
    return Finding("breaks", says)


def warns(says: str) -> Finding:
    """A finding on which loading does not break."""
    return Finding("warns", says)
