"""S(x): which part of a prompt becomes a page. Knows nothing of pages: it deals in offsets."""

from lomo_hf.spans.atoms import Atom
from lomo_hf.spans.localization import (
    POSITION_WORDS,
    POSITIONS,
    Localization,
    Span,
    check_position,
    locator,
    narrow,
    select_spans,
)
from lomo_hf.spans.scanner import scan

__all__ = [
    "POSITIONS", "POSITION_WORDS", "Atom", "Localization", "Span", "check_position", "locator", "narrow", "scan",
    "select_spans",
]  # fmt: skip
