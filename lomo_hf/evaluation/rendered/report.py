"""What rendering made: the counts of one benchmark, and what became of a suite."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["RenderedReport", "SuiteReport"]


@dataclass(frozen=True)
class RenderedReport:
    """What was made of a benchmark.

    Args:
        folder: Where the configs lie.
        rows: Questions in each config.
        refused: Reason -> rows that are in neither.
        renderers: Route of typesetting -> pages.
        fallbacks: Reason -> pages whose formulas are shown as their source.

    Example:
        >>> RenderedReport(Path("mmmu"), 3, {"blank": 1}, {"text": 3}, {}).rows
        3
    """

    folder: Path
    rows: int
    refused: Mapping[str, int]
    renderers: Mapping[str, int]
    fallbacks: Mapping[str, int]


@dataclass(frozen=True)
class SuiteReport:
    """What became of the definitions of a suite.

    Args:
        rendered: Name of a definition -> what was made of it.
        missing: Name of a definition -> why nothing was made of it, in a sentence.

    Source:
        LoMo, section 4, for the suite `lomo13`.

    Example:
        >>> SuiteReport({}, {"mm-ifeval": "there is no network."}).missing["mm-ifeval"]
        'there is no network.'
    """

    rendered: Mapping[str, RenderedReport] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
