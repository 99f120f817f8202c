"""Reading a dataset folder as it lies there: which shards a config has, their rows, and the rows that were refused."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lomo_hf.building import Counts, Receipt
from lomo_hf.corpus.splits import TRAIN
from lomo_hf.dataset.views import split_of
from lomo_hf.errors import IntegrityError
from lomo_hf.row_columns import extra_columns_of, row_features
from lomo_hf.storage.records import FileRecord

__all__ = ["Shard", "read_ids", "read_refused", "read_rows", "shards_of"]

_BATCH: Final = 50


@dataclass(frozen=True)
class Shard:
    """One config's part of one shard, and which rows of its split it covers: `start` to `stop - 1` of `total`."""

    config: str
    index: int
    start: int
    stop: int
    file: FileRecord
    sidecar: FileRecord | None
    counts: Counts
    total: int
    split: str = TRAIN

    def place(self, row: int) -> tuple[float, float]:
        """The place in the corpus, from 0 to 1, of the shard's row number `row` of the source: least and most."""
        place = (self.start + row + 0.5) / max(self.total, 1)
        return place, place

    @property
    def places(self) -> tuple[float, float]:
        """The places of its first and its last row, between which every row of it stands."""
        return self.place(0)[0], self.place(self.stop - self.start - 1)[0]


def shards_of(receipts: Sequence[Receipt], config: str, rows: Mapping[str, int]) -> list[Shard]:
    """The shards of a config, split by split; each begins where the one before it in its split ends.

    Args:
        receipts: Those of the folder.
        config: The name of the config.
        rows: How many rows the source has of each split, by its name.
    """
    own = [receipt for receipt in receipts if config in receipt.files]
    by_split: dict[str, list[Receipt]] = {split: [] for split in rows}
    for receipt in own:
        by_split.setdefault(split_of(receipt.files[config].path), []).append(receipt)
    return [shard for split, part in by_split.items() for shard in _of_split(part, config, split, rows.get(split, 0))]


def _of_split(receipts: Sequence[Receipt], config: str, split: str, total: int) -> list[Shard]:
    shards, here = [], 0
    for receipt in sorted(receipts, key=lambda receipt: receipt.index):
        file, sidecar, counts = receipt.files[config], receipt.sidecars.get(config), receipt.counts[config]
        stop = here + counts.rows + sum(counts.refused.values())
        shards.append(Shard(config, receipt.index, here, stop, file, sidecar, counts, total, split))
        here = stop
    return shards


def read_rows(folder: Path, file: FileRecord, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a shard in order, all columns or some; memory: one batch.

    Raises:
        IntegrityError: The file is not such a shard, or a page of it is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(folder / file.path, page_checksum_verification=True) as shard:
            try:
                extra = extra_columns_of(shard.schema_arrow.names)
            except ValueError as error:
                raise IntegrityError(f"{file.path} has other columns than a row has.") from error
            if not shard.schema_arrow.equals(row_features(extra).arrow_schema, check_metadata=False):
                raise IntegrityError(f"{file.path} has other columns than a row has.")
            for batch in shard.iter_batches(batch_size=_BATCH, columns=columns, use_threads=False):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise IntegrityError(f"{file.path} cannot be read ({error}).") from error


def read_ids(folder: Path, file: FileRecord) -> list[str]:
    """The ids of a shard, in order."""
    return [str(row["id"]) for row in read_rows(folder, file, ["id"])]


def read_refused(folder: Path, file: FileRecord | None) -> list[Mapping[str, Any]]:
    """What a sidecar lists: id, reason and detail of each refused row.

    Raises:
        IntegrityError: The sidecar cannot be read.
    """
    if file is None:
        return []
    try:
        lines = (folder / file.path).read_text(encoding="utf-8").split("\n")
        refusals = [json.loads(line) for line in lines if line]
        return [{"id": str(refusal["id"]), "reason": str(refusal["reason"])} for refusal in refusals]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{file.path} cannot be read ({error}).") from error
