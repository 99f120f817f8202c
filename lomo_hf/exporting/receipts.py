"""What is noted of a finished part, so that an export that was stopped goes on where it was.

As with shards, a file's presence proves nothing: only a receipt does, and only while every file it lists has the
SHA-256 that it says. A folder of images is listed as one file, by the digest of what `sha256sum` says of its files.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Self

from lomo_hf.errors import IntegrityError
from lomo_hf.storage import Folder, Place
from lomo_hf.storage.atomic import write_whole
from lomo_hf.storage.documents import listed, parse, record, text, whole
from lomo_hf.storage.file_names import WORK_FOLDER
from lomo_hf.storage.records import FILE_SHAPE, FileRecord

__all__ = [
    "PartReceipt",
    "are_true",
    "load_receipt",
    "record_folder",
    "save_receipt",
]

_SHAPE: Final = record({"export": text, "index": whole, "rows": whole, "images": whole, "files": listed(FILE_SHAPE)})


@dataclass(frozen=True)
class PartReceipt:
    """That a part is finished: of which export, how many rows and images, and its files."""

    export: str
    index: int
    rows: int
    images: int
    files: tuple[FileRecord, ...]

    def to_dict(self) -> dict[str, object]:
        """Plain values; the same for equal receipts."""
        files = [file.to_dict() for file in self.files]
        return {"export": self.export, "index": self.index, "rows": self.rows, "images": self.images, "files": files}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The receipt that `to_dict` gave.

        Raises:
            IntegrityError: It is not one.

        >>> receipt = PartReceipt("0f", 0, 1, 1, (FileRecord("train-00000.tar", 10240, "aa"),))
        >>> PartReceipt.from_dict(receipt.to_dict()) == receipt
        True
        """
        try:
            _SHAPE(values, "")
            files = tuple(map(FileRecord.from_dict, values["files"]))
            return cls(values["export"], values["index"], values["rows"], values["images"], files)
        except (ValueError, TypeError) as error:
            raise IntegrityError(f"a receipt of an export cannot be read ({error}); export again.") from error


def save_receipt(receipt: PartReceipt, out: Folder) -> None:
    """Note that a part is finished; the last act of writing it."""
    write_whole(_path(receipt.index, out), json.dumps(receipt.to_dict()).encode())


def load_receipt(export: str, index: int, out: Folder) -> PartReceipt | None:
    """The receipt of a part of this export, if every byte of its files is still what it says."""
    try:
        receipt = PartReceipt.from_dict(parse(_path(index, out).read_bytes(), _SHAPE))
    except (OSError, IntegrityError):
        return None
    return receipt if (receipt.export, receipt.index) == (export, index) and are_true(receipt.files, out) else None


def are_true(files: Iterable[FileRecord], out: Folder) -> bool:
    """Whether all files are there as listed."""
    return all(_is_true_folder(file, out) if file.path.endswith("/") else file.is_true(out) for file in files)


def record_folder(out: Folder, path: str) -> FileRecord:
    """A folder as it lies on the disk: `sha256` is that of what `sha256sum *` prints in it."""
    digest, size = sha256(), 0
    for file in (out / path).hold().places():
        digest.update(f"{file.sha256()}  {file.name}\n".encode())
        size += file.size()
    return FileRecord(path, size, digest.hexdigest())


def _is_true_folder(record: FileRecord, out: Folder) -> bool:
    try:
        return record_folder(out, record.path) == record
    except OSError:
        return False


def _path(index: int, out: Folder) -> Place:
    return out / WORK_FOLDER / f"part-{index:05d}.json"
