"""verl's Parquet: turns whose content is a string with `<image>`, and a list of images that is never null.

train-00000.parquet     {"id", "messages": [{"role", "content": "… <image> …"}], "images": [{"bytes", "path"}],
                        "license"}

verl's `MultiTurnSFTDataset` splits strings at `<image>` and takes the images in that order; it fails on structured
content and on null images. For reinforcement learning see `lomo_hf.related_methods.write_contrastive`.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from lomo_hf.exporting.receipts import PartReceipt
from lomo_hf.exporting.rows import StoredRow
from lomo_hf.storage import Folder
from lomo_hf.storage.plain_parquet import IMAGE, write_plain_parquet
from lomo_hf.storage.records import FileRecord

__all__ = ["VerlParquet"]

_COLUMNS: Final = {
    "id": "string",
    "messages": [{"role": "string", "content": "string"}],
    "images": [IMAGE],
    "license": "string",
}


class VerlParquet:
    """See the module."""

    shard_bytes = 256 << 20

    def write_part(self, index: int, rows: Iterable[StoredRow], out: Folder) -> Sequence[FileRecord]:
        """One Parquet file."""
        name = f"train-{index:05d}.parquet"
        write_plain_parquet(map(_row, rows), out / name, _COLUMNS)
        return [FileRecord.of_file(out, name)]

    def finish(self, config: str, receipts: Sequence[PartReceipt], out: Folder) -> Sequence[FileRecord]:
        """Nothing: verl is told the files."""
        return []


def _row(row: StoredRow) -> dict[str, object]:
    return {
        "id": row.id,
        "messages": [{"role": turn.role, "content": turn.text} for turn in row.counted_turns()],
        "images": [{"bytes": image, "path": None} for image in row.images],
        "license": row.license,
    }
