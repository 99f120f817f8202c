"""The formats by name. A format writes one part, and the small files that are made once all parts are there.

A new format is one file with a class like `Format` and one line of `FORMATS`.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from lomo_hf.exporting.energon import EnergonInterleaved
from lomo_hf.exporting.llava import LlavaJsonl
from lomo_hf.exporting.receipts import PartReceipt
from lomo_hf.exporting.rows import StoredRow
from lomo_hf.exporting.verl import VerlParquet
from lomo_hf.exporting.webdataset import WebDataset
from lomo_hf.storage import Folder
from lomo_hf.storage.records import FileRecord

__all__ = ["FORMATS", "Format"]


class Format(Protocol):
    """What a format has to offer."""

    shard_bytes: int
    """About how heavy a part is, unless the user says otherwise."""

    def write_part(self, index: int, rows: Iterable[StoredRow], out: Folder) -> Sequence[FileRecord]:
        """Write the files of one part, whole or not at all; runs in a worker."""

    def finish(self, config: str, receipts: Sequence[PartReceipt], out: Folder) -> Sequence[FileRecord]:
        """Write what describes all parts; runs once."""


FORMATS: Mapping[str, Format] = MappingProxyType(
    {"llava-jsonl": LlavaJsonl(), "webdataset": WebDataset(), "energon": EnergonInterleaved(), "verl": VerlParquet()}
)
