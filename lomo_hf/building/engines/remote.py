"""Shards in a folder that is not on this machine's disk: anything that fsspec knows, such as a bucket of the Hub.

A receipt is sent after its files and fetched before them, so what is found by a receipt is whole; and what was fetched
is still believed only if every byte is what the receipt says.
"""

from collections.abc import Sequence
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO, Final

from lomo_hf.building.planning import ShardSpec
from lomo_hf.building.receipts import Receipt
from lomo_hf.building.resume import matches, receipt_path, trusted_receipt, unsealed
from lomo_hf.errors import BuildError, IntegrityError
from lomo_hf.storage import Folder, Place
from lomo_hf.storage.atomic import PendingFile

__all__ = ["fetch_shards", "send_shard"]

_COPY_BYTES: Final = 1 << 20


def send_shard(receipt: Receipt, out: Path, remote: str) -> None:
    """Copy a shard's files and then its receipt.

    Raises:
        BuildError: The remote folder cannot be written.
    """
    files = [file.path for part in (receipt.files, receipt.sidecars) for file in part.values()]
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(remote)
        Folder(out).refuse_links(files)
        for path in (*files, receipt_path(receipt.spec_digest)):
            system.makedirs(f"{root}/{path}".rpartition("/")[0], exist_ok=True)
            system.put_file(str(out / path), f"{root}/{path}")
    except (OSError, ValueError, ImportError) as error:
        raise BuildError(f"{remote} cannot be written ({error}). Check the address and your login.") from error


def fetch_shards(specs: Sequence[ShardSpec], remote: str, out: Path) -> None:
    """Bring those of the shards that are there; what is here already, whole, is left alone.

    Raises:
        BuildError: The remote folder cannot be read.
    """
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(remote)
        folder = Folder(out, make=True)
        for spec in specs:
            note = receipt_path(spec.digest)
            if trusted_receipt(spec, out) or not system.exists(f"{root}/{note}"):
                continue
            try:
                receipt = unsealed(system.cat_file(f"{root}/{note}").decode("utf-8"))
            except (IntegrityError, UnicodeDecodeError):
                continue
            if not matches(receipt, spec):  # it might name files anywhere
                continue
            for path in (*(file.path for part in (receipt.files, receipt.sidecars) for file in part.values()), note):
                with system.open(f"{root}/{path}", "rb") as stream:
                    _receive(stream, folder / path)
    except (OSError, ValueError, ImportError) as error:
        raise BuildError(f"{remote} cannot be read ({error}). Check the address and your login.") from error


def _receive(stream: BinaryIO, place: Place) -> None:
    pending = PendingFile(place)
    try:
        copyfileobj(stream, pending, _COPY_BYTES)
        pending.seal()
        pending.publish()
        pending.sync_folder()
    finally:
        pending.abandon()
