"""All checks of a dataset folder or repository, as `lomo check` asks them."""

from pathlib import Path

from lomo_hf.dataset.checks.card_checks import CARD_CHECKS
from lomo_hf.dataset.checks.findings import Report
from lomo_hf.dataset.checks.inspected import Inspected
from lomo_hf.dataset.checks.viewer_checks import VIEWER_CHECKS
from lomo_hf.dataset.files import DatasetFiles, open_files

__all__ = ["check_dataset"]


def check_dataset(where: str | Path | DatasetFiles) -> Report:
    """Would it load, and what would the Hub's viewer show? Reads; writes and uploads nothing.

    Args:
        where: A dataset folder, `org/name` or `org/name@revision` on the Hub, or files opened otherwise.

    Raises:
        SourceError: There is no such folder or repository.
    """
    files = open_files(where) if isinstance(where, str | Path) else where
    dataset = Inspected(files)
    return Report([(check, list(check.find(dataset))) for check in (*CARD_CHECKS, *VIEWER_CHECKS)])
