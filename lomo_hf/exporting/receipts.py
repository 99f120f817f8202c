"""What is noted of a finished part, so that an export that was stopped goes on where it was.

As with shards, a file's presence proves nothing: only a receipt does, and only while every file it lists has the
SHA-256 that it says. A folder of images is listed as one file, by the digest of what `sha256sum` says of its files.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final, Self

from lomo_hf.errors import IntegrityError
from lomo_hf.storage import Folder, Place
from lomo_hf.storage.atomic import write_whole
from lomo_hf.storage.documents import listed, parse, record, text, whole

__all__ = [
    "PART_FILE",
    "WORK",
    "PartFile",
    "PartReceipt",
    "is_true",
    "load_receipt",
    "record_file",
    "record_folder",
    "save_receipt",
]

PART_FILE: Final = record({"path": text, "bytes": whole, "sha256": text, "files": whole})
"""What the record of a file must say."""

_SHAPE: Final = record({"export": text, "index": whole, "rows": whole, "images": whole, "files": listed(PART_FILE)})

WORK: Final = ".lomo"
"""Where receipts and pieces lie below the export while it is being made."""


@dataclass(frozen=True)
class PartFile:
    """A file of the export, or a folder of `files` files, whose path ends with a slash; `path` is relative to it."""

    path: str
    bytes: int
    sha256: str
    files: int = 1


@dataclass(frozen=True)
class PartReceipt:
    """That a part is finished: of which export, how many rows and images, and its files."""

    export: str
    index: int
    rows: int
    images: int
    files: tuple[PartFile, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the same for equal receipts."""
        return {**asdict(self), "files": [asdict(file) for file in self.files]}

    @classmethod
    def from_dict(cls, said: Any) -> Self:
        """The receipt that `to_dict` gave.

        Raises:
            IntegrityError: It is not one.

        >>> receipt = PartReceipt("0f", 0, 1, 1, (PartFile("train-00000.tar", 10240, "aa"),))
        >>> PartReceipt.from_dict(receipt.to_dict()) == receipt
        True
        """
        try:
            _SHAPE(said, "")
            return cls(**{**said, "files": tuple(PartFile(**one) for one in said["files"])})
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
    return receipt if (receipt.export, receipt.index) == (export, index) and is_true(receipt.files, out) else None


def is_true(files: Iterable[PartFile], out: Folder) -> bool:
    """Whether all files are there as listed."""
    try:
        return all((record_folder if one.path.endswith("/") else record_file)(out, one.path) == one for one in files)
    except OSError:
        return False


def record_file(out: Folder, path: str) -> PartFile:
    """A file as it lies on the disk."""
    return PartFile(path, (out / path).size(), (out / path).sha256())


def record_folder(out: Folder, path: str) -> PartFile:
    """A folder as it lies on the disk: `sha256` is that of what `sha256sum *` prints in it."""
    digest, size, count = sha256(), 0, 0
    for file in (out / path).hold().places():
        digest.update(f"{file.sha256()}  {file.name}\n".encode())
        size += file.size()
        count += 1
    return PartFile(path, size, digest.hexdigest(), count)


def _path(index: int, out: Folder) -> Place:
    return out / WORK / f"part-{index:05d}.json"
