"""What is checked of the files: each is as the manifest says, and no config's folder holds one that is not named."""

from array import array
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Final

from lomo_hf.auditing.report import Ledger
from lomo_hf.auditing.shards import Shard, read_ids
from lomo_hf.corpus.splits import TRAIN
from lomo_hf.dataset import Manifest
from lomo_hf.dataset.layout import AUDIT
from lomo_hf.dataset.views import split_of
from lomo_hf.errors import IntegrityError
from lomo_hf.storage.atomic import sha256_of
from lomo_hf.storage.records import FileRecord

__all__ = ["FOLDER_CHECKS", "SeenIds", "check_files"]


FOLDER_CHECKS: Final[Mapping[str, str]] = {
    "files-as-recorded": "every file has the size and the SHA-256 that the manifest says",
    "no-stray-files": "a config's folder holds no shard that the manifest does not name",
}


def check_files(folder: Path, manifest: Manifest, ledger: Ledger) -> None:
    """Hash every file that the manifest names."""
    for record in _records(manifest):
        path = record.path
        problems = _differs(folder, record)
        # An earlier audit is no part of what is audited, or the first and the second would differ.
        if problems or path != AUDIT:
            ledger.note("files-as-recorded", "", path, problems)
    named = {record.path for record in _records(manifest)}
    for config in manifest.configs:
        # A loader takes every shard by its pattern, so a stray one is data.
        splits = {split_of(path) for path in named if path.startswith(f"{config}/") and path.endswith(".parquet")}
        patterns = [f"{name}-*" for name in sorted({TRAIN, "refused", *splits})]
        present = sorted(path.name for pattern in patterns for path in (folder / config).glob(pattern))
        for name in present:
            stray = f"{config}/{name}" not in named
            ledger.note("no-stray-files", config, f"{config}/{name}", ["nothing names this file."] if stray else [])


def _records(manifest: Manifest) -> Iterator[FileRecord]:
    for receipt in manifest.receipts:
        for part in (receipt.files, receipt.sidecars):
            yield from part.values()
    yield from manifest.files


def _differs(folder: Path, record: FileRecord) -> list[str]:
    path = record.path
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path:
        return ["the path leads out of the folder."]
    try:
        size = (folder / path).stat().st_size
        if size != record.bytes:
            return [f"the file must have {record.bytes} bytes; found {size}."]
        return [] if sha256_of(folder / path) == record.sha256 else ["the SHA-256 is not the one recorded."]
    except OSError as error:
        return [f"the file cannot be read ({error.strerror or error})."]


class SeenIds:
    """The ids of a config by their 64-bit digests; only where two agree are the ids themselves read again."""

    def __init__(self) -> None:
        self._digests = array("Q")

    def add(self, id: str) -> None:
        """Note an id."""
        self._digests.append(_digest(id))

    def check(self, folder: Path, shards: list[Shard], ledger: Ledger) -> None:
        """Note in the ledger how many ids were seen, and those that stand a second time."""
        import numpy as np

        values, times = np.unique(np.frombuffer(self._digests, np.uint64), return_counts=True)
        ledger.count("unique-ids", int(times[times == 1].sum()))
        twice = set(values[times > 1].tolist())
        met: set[str] = set()
        for shard in shards if twice else ():
            for id in _ids(folder, shard):
                if _digest(id) in twice:
                    ledger.note("unique-ids", shard.config, id, ["the id stands there before."] if id in met else [])
                    met.add(id)


def _ids(folder: Path, shard: Shard) -> list[str]:
    try:
        return read_ids(folder, shard.file)
    except IntegrityError:
        return []  # the check of the shard tells


def _digest(id: str) -> int:
    return int.from_bytes(blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
