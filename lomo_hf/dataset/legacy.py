"""Shards whose metadata only `datasets` 4 and newer reads, rewritten so that older versions read them too.

Shards of `lomo build` need none of this: they say lists in the older form from the start, which all versions read and
which costs nothing. This is for folders that something else wrote, such as `Dataset.to_parquet`.
"""

from dataclasses import replace
from pathlib import Path

from lomo_hf.building import Receipt, ShardFile
from lomo_hf.building.shard_writer import rewrite_parquet
from lomo_hf.dataset.manifest import read_manifest, write_manifest
from lomo_hf.errors import IntegrityError
from lomo_hf.row import with_old_features
from lomo_hf.storage.atomic import PendingFile, sha256_of, sync_folder

__all__ = ["rewrite_features"]


def rewrite_features(folder: Path) -> list[str]:
    """Rewrite what needs it among the Parquet files of a folder; returns their paths below it.

    Rows, their order and row groups stay; a manifest's sizes and digests are brought up to date.

    Raises:
        IntegrityError: There is no Parquet file in the folder.
    """
    import pyarrow.parquet as pq

    paths = sorted(path for path in folder.rglob("*.parquet") if not path.name.startswith("."))
    if not paths:
        raise IntegrityError(f"{folder.name!r} holds no Parquet file. Name a dataset folder.")
    changed = []
    for path in paths:
        schema = pq.read_schema(path)
        if not with_old_features(schema).equals(schema, check_metadata=True):
            _rewrite(path)
            changed.append(path.relative_to(folder).as_posix())
    if changed:
        _bring_up_to_date(folder, set(changed))
    return changed


def _rewrite(path: Path) -> None:
    pending = PendingFile(path)
    try:
        rewrite_parquet(path, pending)
        pending.seal()
        pending.publish()
        sync_folder(path.parent)
    finally:
        pending.abandon()


def _bring_up_to_date(folder: Path, changed: set[str]) -> None:
    manifest = read_manifest(folder)
    if manifest is None:
        return
    receipts = [_with_new_digests(folder, receipt, changed) for receipt in manifest.receipts]
    write_manifest(folder, replace(manifest, receipts=receipts))


def _with_new_digests(folder: Path, receipt: Receipt, changed: set[str]) -> Receipt:
    def renew(file: ShardFile) -> ShardFile:
        if file.path not in changed:
            return file
        path = folder / file.path
        return replace(file, bytes=path.stat().st_size, sha256=sha256_of(path))

    return replace(receipt, files={name: renew(file) for name, file in receipt.files.items()})
