"""Does the Hub give back what was built? Asked of a revision, by what it lists, what it serves, and what loads.

`load_dataset` is asked for every config and view that the card declares: which files it would read, with which
columns, and how many rows; their footers must say the same.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.layout import MANIFEST
from lomo_hf.dataset.publishing.merging import data_patterns, split_card
from lomo_hf.dataset.publishing.snapshots import Snapshot
from lomo_hf.dataset.verifying import VerifiedFolder
from lomo_hf.errors import IntegrityError, PublishError
from lomo_hf.hub.client import HubClient, RemoteFile
from lomo_hf.hub.retry import AnswerError
from lomo_hf.storage.records import FileRecord

__all__ = ["ReadBack", "read_back"]


@dataclass(frozen=True)
class ReadBack:
    """What was found at a revision, all of it as recorded.

    Attributes:
        commit: What the revision names.
        files, bytes_read: Files whose size and hash were compared; bytes that were fetched and hashed for it. Of files
            in large file storage that are not fetched, the hash that the Hub lists is compared.
        configs: Rows that each config and view loads.
    """

    commit: str
    files: int
    bytes_read: int
    configs: Mapping[str, int]


def read_back(
    hub: HubClient,
    there: Snapshot,
    local: VerifiedFolder | None = None,
    download_up_to: int = 256 << 20,
    *,
    remedy: str = "Push again.",
) -> ReadBack:
    """Compare a commit with its own manifest, and with a folder's shards.

    Args:
        hub: The repository.
        there: What it holds, from `take_snapshot`.
        local: The folder that was published; None compares the Hub with itself.
        download_up_to: Bytes. Where all files together have at most this many, each is fetched and hashed; otherwise
            only those for which the Hub keeps no SHA-256, which are the small ones.
        remedy: What an error advises.

    Returns:
        What was compared, and how.

    Raises:
        IntegrityError: The Hub lists, serves or loads something else.
        PublishError: The Hub refuses, or its trouble does not pass.

    Example:
        >>> from types import SimpleNamespace
        >>> read_back(SimpleNamespace(repo="org/name"), Snapshot("0" * 40, {}))
        Traceback (most recent call last):
        lomo_hf.errors.IntegrityError: org/name at 00000000 holds no manifest.json, so no release of lomo_hf. ...
    """
    where = f"{hub.repo} at {there.commit[:8]}"
    if there.contents is None:
        raise IntegrityError(f"{where} holds no {MANIFEST}, so no release of lomo_hf. Push it.")
    try:
        return _compared(hub, there, there.contents, local, download_up_to, where)
    except IntegrityError as error:
        raise IntegrityError(f"{error} {remedy}".rstrip()) from error


def _compared(
    hub: HubClient, there: Snapshot, contents: Contents, local: VerifiedFolder | None, download_up_to: int, where: str
) -> ReadBack:
    findings = _unlike_folder(contents, local) if local else []
    findings += _unlike_manifest(contents, there.files)
    if findings:
        raise IntegrityError(f"{where} is not what was built: {'; '.join(findings[:5])}.")
    records = contents.files
    all_of_it = sum(record.bytes for record in records.values()) <= download_up_to
    wanted = [record for path, record in records.items() if all_of_it or there.files[path].sha256 is None]
    bytes_read = sum(_fetch(hub, there.commit, record, where) for record in wanted)
    configs = _load_all(hub, there.commit, contents, split_card(there.card, hub.repo)[0], where)
    return ReadBack(there.commit, len(records), bytes_read, configs)


def _unlike_folder(contents: Contents, local: VerifiedFolder) -> list[str]:
    problems = []
    for name in local.contents.configs:
        if contents.files_of(name) != local.contents.files_of(name):
            problems.append(f"config {name} has other files than {local.folder.name!r}")
    return problems


def _unlike_manifest(contents: Contents, files: Mapping[str, RemoteFile]) -> list[str]:
    problems = []
    for path, record in contents.files.items():
        listed = files.get(path)
        if listed is None:
            problems.append(f"{path} is missing")
        elif listed.size != record.bytes or (listed.sha256 and listed.sha256 != record.sha256):
            problems.append(f"{path} has other content than the manifest says")
    shards = {path for name in contents.configs for path in contents.shards[name]}
    for path in files:
        if path.split("/")[0] in contents.configs and path.endswith(".parquet") and path not in shards:
            problems.append(f"{path} is not in the manifest")
    return problems


def _fetch(hub: HubClient, commit: str, record: FileRecord, where: str) -> int:
    if hub.digest(record.path, commit) != (record.bytes, record.sha256):
        raise IntegrityError(f"{where} serves other bytes of {record.path} than the manifest says.")
    return record.bytes


def _load_all(hub: HubClient, commit: str, contents: Contents, front: Mapping[str, Any], where: str) -> dict[str, int]:
    """Rows by config and view, of those that read shards of ours."""
    loaded = {}
    for view in front.get("configs") or []:
        name = str(view["config_name"])
        owner = _owner(view, contents.configs)
        if owner is None:
            continue
        with tempfile.TemporaryDirectory(prefix="lomo-read-back-") as cache:
            declared, rows = _load_patiently(hub, name, commit, cache, where)
        wanted = contents.rows(owner)
        if (declared, rows) != (wanted, wanted):
            raise IntegrityError(f"{where} loads {rows} rows of {name} and declares {declared}; {wanted} were built.")
        loaded[name] = rows
    missing = sorted(set(contents.configs) - set(loaded))
    if missing:
        raise IntegrityError(f"{where} declares no config {missing[0]!r} in its card.")
    return loaded


def _owner(view: Mapping[str, object], configs: Sequence[str]) -> str | None:
    """The config of ours whose shards a view reads."""
    folders = {pattern.split("/")[0] for pattern in data_patterns({"configs": [view]}, configs)}
    return folders.pop() if len(folders) == 1 else None


def _load_patiently(hub: HubClient, name: str, commit: str, cache: str, where: str) -> tuple[int, int]:
    """What `_load` returns. What cannot be loaded again and again is no release."""
    try:
        return hub.call(f"loading {name} of {hub.repo}", partial(_load, hub, name, commit, cache))
    except PublishError as error:
        if isinstance(error.__context__, AnswerError):
            raise IntegrityError(f"{where} does not load {name!r} ({error.__context__}).") from error
        raise


def _load(hub: HubClient, name: str, commit: str, cache: str) -> tuple[int, int]:
    """Rows that the card declares for a view, and that the files hold which a loader takes for it.

    Footers are read, not rows: the streaming reader of `datasets` insists for minutes on a connection that broke.
    """
    import pyarrow.parquet as pq
    from datasets import DownloadConfig, load_dataset_builder
    from huggingface_hub import HfFileSystem

    builder = load_dataset_builder(
        hub.repo,
        name,
        revision=commit,
        cache_dir=cache,
        download_config=DownloadConfig(cache_dir=cache, disable_tqdm=True),
    )
    wanted = builder.info.features.arrow_schema
    files = HfFileSystem(endpoint=hub.api.endpoint, skip_instance_cache=True)
    rows = 0
    for path in (path for split in builder.info.splits for path in builder.config.data_files[split]):
        with files.open(path, block_size=1 << 16) as stream, pq.ParquetFile(stream) as shard:
            rows += shard.metadata.num_rows
            stored = shard.schema_arrow
        for column in wanted:
            if column.name not in stored.names or stored.field(column.name).type != column.type:
                raise IntegrityError(f"{path} has no column {column.name} as the card declares it for {name}.")
    return sum(int(split.num_examples) for split in builder.info.splits.values()), rows
