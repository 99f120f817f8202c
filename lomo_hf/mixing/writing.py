"""A mixture written out as Parquet: for loaders that want one folder of files. Streams; holds a row group."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Final

from lomo_hf.building.shard_writer import ShardWriter, verify_parquet
from lomo_hf.errors import BuildError
from lomo_hf.mixing.mixture import Mixture
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import PendingFile, explain

__all__ = ["write_mixture"]

_SHARD_ROWS: Final = 10_000


def write_mixture(mixture: Mixture, folder: Path, on_row: Callable[[int], None] | None = None) -> list[Path]:
    """Write `train-*.parquet` into a folder, which must be new or empty; the files, in order.

    Raises:
        BuildError: The folder is not empty, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BuildError(f"{folder} must be a new or empty folder. Name another with --write.")
    rows, written, done = mixture.rows(), [], 0
    total = -(-sum(mixture.counts.values()) // _SHARD_ROWS)
    try:
        held = Folder(folder, make=True)
        for index in range(total):
            name = f"train-{index:05d}-of-{total:05d}.parquet"
            pending = PendingFile(held / name)
            try:
                writer, count = ShardWriter(pending, keep_order=True), 0
                for row in islice(rows, _SHARD_ROWS):
                    writer.add(row)
                    count, done = count + 1, done + 1
                    if on_row:
                        on_row(done)
                writer.close()
                pending.seal()
                verify_parquet(pending.temporary, count)
                pending.publish()
                written.append(folder / name)
            finally:
                pending.abandon()
        held.sync()
    except OSError as error:
        raise explain(error, f"the mixture in {folder}") from error
    return written
