"""verl's Parquet: turns whose content is a string with `<image>`, and a list of images that is never null.

train-00000.parquet     {"id", "messages": [{"role", "content": "… <image> …"}], "images": [{"bytes", "path"}],
                        "license"}

verl's `MultiTurnSFTDataset` splits strings at `<image>` and takes the images in that order; it fails on structured
content and on null images. For reinforcement learning see `lomo_hf.related_methods.write_contrastive`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from lomo_hf.exporting.receipts import PartReceipt
from lomo_hf.exporting.rows import StoredRow
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import PendingFile
from lomo_hf.storage.records import FileRecord

__all__ = ["VerlParquet"]

_GROUP_ROWS: Final = 100


class VerlParquet:
    """See the module."""

    shard_bytes = 256 << 20

    def write_part(self, index: int, rows: Iterable[StoredRow], out: Folder) -> Sequence[FileRecord]:
        """One Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        turns = pa.list_(pa.struct({"role": pa.string(), "content": pa.string()}))
        images = pa.list_(pa.struct({"bytes": pa.binary(), "path": pa.string()}))
        schema = pa.schema({"id": pa.string(), "messages": turns, "images": images, "license": pa.string()})
        name = f"train-{index:05d}.parquet"
        pending = PendingFile(out / name)
        try:
            with pq.ParquetWriter(pending, schema) as writer:
                for group in _groups(rows):
                    writer.write_table(pa.Table.from_pylist([_row(row) for row in group], schema=schema))
            pending.seal()
            pending.publish()
            pending.sync_folder()
        finally:
            pending.abandon()
        return [FileRecord.of_file(out, name)]

    def finish(self, config: str, receipts: Sequence[PartReceipt], out: Folder) -> Sequence[FileRecord]:
        """Nothing: verl is told the files."""
        return []


def _row(row: StoredRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "messages": [{"role": turn.role, "content": turn.text} for turn in row.counted_turns()],
        "images": [{"bytes": image, "path": None} for image in row.images],
        "license": row.license,
    }


def _groups(rows: Iterable[StoredRow]) -> Iterable[list[StoredRow]]:
    group: list[StoredRow] = []
    for row in rows:
        group.append(row)
        if len(group) == _GROUP_ROWS:
            yield group
            group = []
    if group:
        yield group
