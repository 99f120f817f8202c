"""The folder that an export is written to: whether it is ours, whether it is finished, and `export.json`.

`export.json` is written last, so its presence means that the export is whole.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lomo_hf.errors import BuildError, IntegrityError
from lomo_hf.exporting.receipts import PartReceipt, are_true
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import sweep, write_whole
from lomo_hf.storage.documents import anything, listed, parse, record, text
from lomo_hf.storage.file_names import WORK_FOLDER
from lomo_hf.storage.records import FILE_SHAPE, FileRecord

__all__ = ["EXPORT", "close", "finished", "open_out"]

EXPORT: Final = "export.json"

_SHAPE: Final = record({"digest": text, "parts": listed(anything), "files": listed(FILE_SHAPE)})
_MARK: Final = f"{WORK_FOLDER}/export"
_PART: Final = re.compile(r"part-\d{5,}\.json|rows-\d{5,}\.jsonl|images-\d{5,}")


def finished(where: Path, wanted: Mapping[str, object]) -> list[PartReceipt] | None:
    """The receipts of a finished export of the same, if all of it is still true."""
    if not where.is_dir():
        return None
    out = Folder(where)
    try:
        recorded = parse((out / EXPORT).read_bytes(), _SHAPE)
        receipts = [PartReceipt.from_dict(part) for part in recorded["parts"]]
        files = [FileRecord.from_dict(file) for file in recorded["files"]]
        same = recorded["digest"] == wanted["digest"]
        kept = [file for receipt in receipts for file in receipt.files if not file.path.startswith(WORK_FOLDER)]
        whole = are_true([*kept, *files], out)
    except FileNotFoundError:
        return None
    except (TypeError, IntegrityError) as error:
        raise IntegrityError(
            f"{EXPORT} in {out.name!r} cannot be read ({error}). Export to another folder."
        ) from error
    if not same:
        raise BuildError(f"{out.name!r} holds another export. Name another folder with --out, or delete that one.")
    return receipts if whole else None


def open_out(where: Path, wanted: Mapping[str, Any]) -> Folder:
    """Make sure that the folder is ours to write into, and hold it.

    Raises:
        BuildError: It holds something else; a LinkError if a part of it is a link.
    """
    if where.exists() and not where.is_dir():
        raise BuildError(f"out must be a new folder or one made by lomo export; {where.name!r} is neither.")
    out = Folder(where, make=True)
    mark = out / _MARK
    if mark.is_file() or (out / EXPORT).is_file():
        if mark.is_file() and mark.read_bytes() != wanted["digest"].encode():
            raise BuildError(
                f"{out.name!r} holds another, unfinished export. Name another folder, or delete that one."
            )
    elif any(name != WORK_FOLDER for name in out.names()):
        raise BuildError(f"out must be a new folder or one made by lomo export; {out.name!r} is neither.")
    out.refuse_links(out.names())
    write_whole(mark, wanted["digest"].encode())
    (out / EXPORT).unlink(missing_ok=True)
    for places in (out.places(), (out / WORK_FOLDER).places()):
        sweep(places)
    return out


def close(
    out: Folder, wanted: Mapping[str, object], receipts: Sequence[PartReceipt], files: Sequence[FileRecord]
) -> None:
    """Write `export.json` and remove what only a resumed export needs, and was made for it."""
    record = {
        **wanted,
        "images": sum(receipt.images for receipt in receipts),
        "parts": [receipt.to_dict() for receipt in receipts],
        "files": [file.to_dict() for file in files],
    }
    write_whole(out / EXPORT, (json.dumps(record, indent=1) + "\n").encode())
    (out / _MARK).unlink(missing_ok=True)
    for place in (out / WORK_FOLDER).places():
        if not _PART.fullmatch(place.name):
            continue
        if place.is_folder():
            place.remove_tree()
        else:
            place.unlink(missing_ok=True)
    (out / WORK_FOLDER).remove_if_empty()
