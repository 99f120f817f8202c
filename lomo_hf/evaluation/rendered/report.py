"""What rendering a benchmark made: counts that its card and its record say."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RenderedReport"]


@dataclass(frozen=True)
class RenderedReport:
    """What was made: the folder, rows in each twin, refused rows by reason, and pages by how they were typeset."""

    folder: Path
    rows: int
    refused: Mapping[str, int]
    renderers: Mapping[str, int]
    fallbacks: Mapping[str, int]
