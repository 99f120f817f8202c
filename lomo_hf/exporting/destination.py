"""The folder that an export is written to: whether it is ours, whether it is finished, and `export.json`.

`export.json` is written last, so its presence means that the export is whole.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lomo_hf.errors import BuildError, IntegrityError
from lomo_hf.exporting.receipts import WORK, PartFile, PartReceipt, is_true
from lomo_hf.storage.atomic import sweep, write_whole

__all__ = ["EXPORT", "close", "finished", "open_out"]

EXPORT: Final = "export.json"


def finished(out: Path, said: Mapping[str, Any]) -> list[PartReceipt] | None:
    """The receipts of a finished export of the same, if all of it is still true."""
    try:
        found = json.loads((out / EXPORT).read_text(encoding="utf-8"))
        receipts = [PartReceipt.from_dict(one) for one in found["parts"]]
        files = [PartFile(**one) for one in found["files"]]
        same = found["digest"] == said["digest"]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, IntegrityError) as error:
        raise IntegrityError(
            f"{EXPORT} in {out.name!r} cannot be read ({error}). Export to another folder."
        ) from error
    if not same:
        raise BuildError(f"{out.name!r} holds another export. Name another folder with --out, or delete that one.")
    kept = [file for receipt in receipts for file in receipt.files if not file.path.startswith(WORK)]
    return receipts if is_true([*kept, *files], out) else None


def open_out(out: Path, said: Mapping[str, Any]) -> None:
    """Make sure that the folder is ours to write into."""
    mark = out / WORK / "export"
    if mark.is_file() or (out / EXPORT).is_file():
        if mark.is_file() and mark.read_text() != said["digest"]:
            raise BuildError(
                f"{out.name!r} holds another, unfinished export. Name another folder, or delete that one."
            )
    elif out.exists() and (not out.is_dir() or any(path.name != WORK for path in out.iterdir())):
        raise BuildError(f"out must be a new folder or one made by lomo export; {out.name!r} is neither.")
    write_whole(mark, said["digest"].encode())
    (out / EXPORT).unlink(missing_ok=True)
    for place in (out, out / WORK):
        sweep(place)


def close(out: Path, said: Mapping[str, Any], receipts: Sequence[PartReceipt], files: Sequence[PartFile]) -> None:
    """Write `export.json` and remove what only a resumed export needs."""
    record = {
        **said,
        "images": sum(receipt.images for receipt in receipts),
        "parts": [receipt.to_dict() for receipt in receipts],
        "files": [file.__dict__ for file in files],
    }
    write_whole(out / EXPORT, (json.dumps(record, indent=1) + "\n").encode())
    shutil.rmtree(out / WORK, ignore_errors=True)
