"""An audit that lies in a dataset folder: whether it is of the shards that lie there. Auditing is done elsewhere."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lomo_hf.building import Receipt
from lomo_hf.dataset.manifest import content_digest
from lomo_hf.errors import IntegrityError

__all__ = ["AUDIT", "check_audit", "standing_audit"]

AUDIT = "audit.json"


def check_audit(report: str, receipts: Sequence[Receipt]) -> Mapping[str, Any]:
    """The report, if it is one and is of these shards.

    Raises:
        IntegrityError: It is not, or not.
    """
    try:
        said = json.loads(report)
        if said["made_by"] != "lomo_hf" or said["format"] != 1:
            raise ValueError(f"format {said['format']}")
        content = said["content"]
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{AUDIT} is not the report of an audit ({error}). Run `lomo audit` again.") from error
    if content != content_digest(receipts):
        raise IntegrityError(f"{AUDIT} is of other shards than lie beside it. Run `lomo audit` again.")
    return said  # type: ignore[no-any-return]


def standing_audit(folder: Path, receipts: Sequence[Receipt]) -> Mapping[str, Any] | None:
    """The audit in a folder, if it is of these shards; an audit of others is removed, since it would tell untruths."""
    path = folder / AUDIT
    try:
        return check_audit(path.read_text(encoding="utf-8"), receipts)
    except FileNotFoundError:
        return None
    except (IntegrityError, UnicodeDecodeError):
        path.unlink(missing_ok=True)
        return None
