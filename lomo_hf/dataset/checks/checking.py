"""All checks of a dataset folder or repository, as `lomo check` asks them."""

from pathlib import Path

from lomo_hf.dataset.checks.card_checks import CARD_CHECKS
from lomo_hf.dataset.checks.findings import Report
from lomo_hf.dataset.checks.inspected import Inspected
from lomo_hf.dataset.checks.length_checks import length_check
from lomo_hf.dataset.checks.viewer_checks import VIEWER_CHECKS
from lomo_hf.dataset.files import DatasetFiles, open_files

__all__ = ["check_dataset"]


def check_dataset(
    where: str | Path | DatasetFiles, *, max_length: int | None = None, processor: str = "qwen3-vl"
) -> Report:
    """Would it load, and what would the Hub's viewer show? Reads; writes and uploads nothing.

    Args:
        where: A dataset folder, `org/name` or `org/name@revision` on the Hub, or files opened otherwise.
        max_length: A trainer's cutoff in tokens; rows that it would cut are named. None does not ask.
        processor: Whose image tokens to count: one of `PROCESSORS`.

    Returns:
        Every check with its findings.

    Raises:
        SourceError: There is no such folder or repository.
        UsageError: There is no such processor, or the length is not 1 or more.

    Example:
        >>> import tempfile
        >>> check_dataset(tempfile.mkdtemp()).loads
        False
    """
    asked = () if max_length is None else (length_check(max_length, processor),)
    files = open_files(where) if isinstance(where, str | Path) else where
    dataset = Inspected(files)
    return Report([(check, list(check.find(dataset))) for check in (*CARD_CHECKS, *VIEWER_CHECKS, *asked)])
