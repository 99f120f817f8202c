"""An audit that lies in a dataset folder: whether it is of the shards that lie there. Auditing is done elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Final

from lomo_hf.building import Receipt
from lomo_hf.dataset.layout import AUDIT
from lomo_hf.dataset.manifest import content_digest
from lomo_hf.errors import IntegrityError
from lomo_hf.storage import Folder
from lomo_hf.storage.documents import anything, flag, listed, mapped, maybe, number, one_of, parse, record, text, whole

__all__ = ["AUDIT", "check_audit", "standing_audit"]


_ERRORS: Final = record({"mean": number, "over_5_percent": number})
_READ: Final = mapped(record({"pages": whole, "before": _ERRORS, "after": _ERRORS, "cost": number}))
_SHAPE: Final = record(
    {
        "format": one_of(1),
        "made_by": one_of("lomo_hf"),
        "true": flag,
        "content": text,
        "source": maybe(mapped(anything)),
        "sample": maybe(whole),
        "checks": listed(
            record({"name": text, "promise": text, "checked": whole, "failed": whole, "skipped": maybe(text)})
        ),
        "notes": listed(text),
        "statistics": mapped(
            record(
                {
                    "rows": whole,
                    "rewritten": whole,
                    "rows_with_mathematics": whole,
                    "fallback_share_of_mathematics": number,
                    "spans_by_script": mapped(whole),
                }
            )
        ),
        "ocr": maybe(
            record(
                {
                    "reader": text,
                    "pages": whole,
                    "by_route": _READ,
                    "prose_by_script": _READ,
                    "prose_by_operation": _READ,
                }
            )
        ),
    }
)
"""What the card shows of an audit."""


def check_audit(report: str, receipts: Sequence[Receipt]) -> Mapping[str, object]:
    """The report, if it is one and is of these shards.

    Raises:
        IntegrityError: It is not, or not.
    """
    try:
        audit = parse(report, _SHAPE)
    except IntegrityError as error:
        raise IntegrityError(f"{AUDIT} is not the report of an audit ({error}). Run `lomo audit` again.") from error
    if audit["content"] != content_digest(receipts):
        raise IntegrityError(f"{AUDIT} is of other shards than lie beside it. Run `lomo audit` again.")
    return audit  # type: ignore[no-any-return]


def standing_audit(folder: Folder, receipts: Sequence[Receipt]) -> Mapping[str, object] | None:
    """The audit in a folder, if it is of these shards; an audit of others is removed, since it would tell untruths."""
    place = folder / AUDIT
    try:
        return check_audit(place.read_text(), receipts)
    except FileNotFoundError:
        return None
    except (IntegrityError, UnicodeDecodeError):
        place.unlink(missing_ok=True)
        return None
