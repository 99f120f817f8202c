"""The record of a file: path, size and SHA-256. Receipts, manifests, exports and plans of a commit all hold these."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Self, TypeAlias

from lomo_hf.storage.documents import maybe, record, text, whole
from lomo_hf.storage.folder import Folder

__all__ = ["FILE_SHAPE", "FileRecord"]

_Bytes: TypeAlias = bytes  # a field of the record has that name

FILE_SHAPE: Final = record({"path": text, "bytes": whole, "sha256": text}, {"rows": maybe(whole)})
"""What the record of a file must say in a document."""


@dataclass(frozen=True)
class FileRecord:
    """A file as it was written.

    Attributes:
        path: Relative to its folder, with forward slashes; one that ends with a slash is a folder taken as one.
        bytes: Its size.
        sha256: Its digest, in 64 hexadecimal digits.
        rows: Rows of a Parquet file, or lines of a sidecar; None where rows mean nothing.

    >>> FileRecord.of_bytes("a.txt", b"abc").sha256[:8]
    'ba7816bf'
    """

    path: str
    bytes: int
    sha256: str
    rows: int | None = None

    @classmethod
    def of_bytes(cls, path: str, data: _Bytes) -> Self:
        """The record of a file with this content."""
        return cls(path, len(data), sha256(data).hexdigest())

    @classmethod
    def of_file(cls, folder: Folder, path: str) -> Self:
        """The record of a file as it lies on the disk.

        Raises:
            OSError: It cannot be read.
        """
        return cls(path, (folder / path).size(), (folder / path).sha256())

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """What `to_dict` gave, of a document that was checked; what it says besides is passed over."""
        return cls(values["path"], values["bytes"], values["sha256"], values.get("rows"))

    def to_dict(self) -> dict[str, str | int]:
        """Plain values, for JSON; `rows` only where there are any to speak of."""
        values: dict[str, str | int] = {"path": self.path, "bytes": self.bytes, "sha256": self.sha256}
        return values if self.rows is None else {**values, "rows": self.rows}

    def is_true(self, folder: Folder) -> bool:
        """Whether the file lies in the folder, to the byte as recorded; a link is not the file."""
        place = folder / self.path
        try:
            return place.is_file() and place.size() == self.bytes and place.sha256() == self.sha256
        except OSError:
            return False
