"""Shards whose metadata only `datasets` 4 and newer reads, rewritten so that older versions read them too.

Shards of `lomo build` need none of this: they say lists in the older form from the start, which all versions read and
which costs nothing. This is for folders that something else wrote, such as `Dataset.to_parquet`.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lomo_hf.building import Receipt
from lomo_hf.building.shard_writer import rewrite_parquet
from lomo_hf.dataset.manifest import read_manifest, write_manifest
from lomo_hf.errors import IntegrityError
from lomo_hf.row_columns import with_old_features
from lomo_hf.storage import Folder, Place, locked
from lomo_hf.storage.atomic import PendingFile
from lomo_hf.storage.records import FileRecord

__all__ = ["rewrite_features"]


def rewrite_features(where: str | Path, *, notify: Callable[[str], None] | None = None) -> list[str]:
    """Rewrite what needs it among the Parquet files of a folder.

    Rows, their order and row groups stay; a manifest's sizes and digests are brought up to date.

    Args:
        where: A folder of Parquet files.
        notify: Called with a sentence if another command is at work in the folder.

    Returns:
        The paths below the folder of the files that were rewritten.

    Raises:
        IntegrityError: There is no Parquet file in the folder.
        LinkError: Something in the folder is a link.

    Example:
        >>> import tempfile
        >>> from datasets import Dataset, Features, List, Value
        >>> rows = Dataset.from_dict({"pages": [["one"]]}, features=Features({"pages": List(Value("string"))}))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = rows.to_parquet(Path(folder, "train.parquet"))
        ...     rewrite_features(folder), rewrite_features(folder)
        (['train.parquet'], [])
    """
    folder = Folder(where)
    with locked(folder, notify):
        return _rewritten(folder)


def _rewritten(folder: Folder) -> list[str]:
    import pyarrow.parquet as pq

    shown = [place for place in folder.places() if not place.name.startswith(".")]
    files = [file for place in shown for file in place.walk()]
    shards = [file for file in files if file.name.endswith(".parquet") and not file.name.startswith(".")]
    if not shards:
        raise IntegrityError(f"{folder.name!r} holds no Parquet file. Name a dataset folder.")
    changed = []
    for shard in shards:
        schema = pq.read_schema(shard.path)
        if not with_old_features(schema).equals(schema, check_metadata=True):
            _rewrite(shard)
            changed.append(shard.inside)
    if changed:
        _bring_up_to_date(folder, set(changed))
    return changed


def _rewrite(shard: Place) -> None:
    pending = PendingFile(shard)
    try:
        rewrite_parquet(shard.path, pending)
        pending.seal()
        pending.publish()
        pending.sync_folder()
    finally:
        pending.abandon()


def _bring_up_to_date(folder: Folder, changed: set[str]) -> None:
    manifest = read_manifest(folder)
    if manifest is None:
        return
    receipts = [_with_new_digests(folder, receipt, changed) for receipt in manifest.receipts]
    write_manifest(folder, replace(manifest, receipts=receipts))


def _with_new_digests(folder: Folder, receipt: Receipt, changed: set[str]) -> Receipt:
    def renew(file: FileRecord) -> FileRecord:
        if file.path not in changed:
            return file
        return replace(FileRecord.of_file(folder, file.path), rows=file.rows)

    return replace(receipt, files={name: renew(file) for name, file in receipt.files.items()})
