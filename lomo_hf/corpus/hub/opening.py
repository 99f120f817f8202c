"""Opening a dataset on the Hub as a source: pin the commit, find the configs, plan their files, note the ids.

Planning reads the card, every file's footer and the id columns, in a few threads; no row's text. Parquet is then read
by ranges. Files of JSON Lines or JSON cannot be, and are downloaded into the Hub's cache at the pinned commit.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from lomo_hf.corpus.columns import ColumnMap
from lomo_hf.corpus.extra_columns import extra_in_order
from lomo_hf.corpus.files.planning import check_some_row_reads, config_name, id_observer, scan_files
from lomo_hf.corpus.files.reading import Reader
from lomo_hf.corpus.hub.card import card_license
from lomo_hf.corpus.hub.configs import HubConfig, choose_splits, find_splits
from lomo_hf.corpus.hub.file import HubFile
from lomo_hf.corpus.hub.listing import Listing, list_repo
from lomo_hf.corpus.hub.parquet import HubParquet
from lomo_hf.corpus.identity import Uniqueness
from lomo_hf.corpus.source import FileSource, JoinedSource
from lomo_hf.corpus.splits import TRAIN, id_prefix
from lomo_hf.errors import SourceError
from lomo_hf.hub.names import HubName, parse_hub_name
from lomo_hf.hub.retry import Retrier

__all__ = ["open_hub"]

# Planning waits for the network, not for the processor.
_THREADS: Final = 8
_PIECE_GROUPS: Final = 64


def open_hub(
    name: str | HubName,
    *,
    configs: Sequence[str] | None = None,
    split: str | None = None,
    splits: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    columns: Mapping[str, str] | ColumnMap | None = None,
    keep: Sequence[str] = (),
    endpoint: str | None = None,
    retrier: Retrier | None = None,
    on_config: Callable[[str, int, int], None] | None = None,
) -> JoinedSource:
    """A dataset on the Hub as a source.

    Args:
        name: "org/name", "org/name@revision", or a preset such as "llava-ov15-text".
        configs: Which configs to read; without it those of the preset, or all that hold text only.
        split: The split to read of every config: "train" by default, or the only one that a config has.
        splits: Instead of one split several, one after the other; none named are all that there are.
        exclude: Configs to leave out.
        columns: Which columns to read where the dialect is not known; `WHOLE_ROWS` reads rows as they are stored, and
            finds the configs that hold media instead of those that do not.
        keep: Columns of the source to store beside each row, as text.
        endpoint: Where the Hub is; None is what huggingface_hub is set to.
        retrier: How often and how long to insist where the Hub is busy, and who hears of it; by default the log.
        on_config: Called with (config, how many are planned, how many there are).

    Returns:
        A source with a part for each config and split. Rows are fetched when they are read.

    Raises:
        UsageError: It has no such config or split.
        SourceError: The repository does not exist or holds no rows that can be read.

    Example:
        With a network: `len(open_hub("llava-ov15-text", configs=["gsm8k"]))`.

        >>> open_hub("no-such-preset")
        Traceback (most recent call last):
        lomo_hf.errors.SourceError: 'no-such-preset' is no dataset on the Hub. Write org/name or org/name@revision.
    """
    hub = parse_hub_name(name) if isinstance(name, str) else name
    if hub is None:
        raise SourceError(f"{name!r} is no dataset on the Hub. Write org/name or org/name@revision.")
    mapped = ColumnMap.of(columns, keep)
    listing = list_repo(hub.repo, hub.revision, endpoint=endpoint, retrier=retrier)
    chosen = choose_splits(
        listing,
        [split] if splits is None else _wanted(listing, splits),
        configs=configs if configs is not None else hub.configs,
        exclude=exclude,
        with_media=mapped.whole,
    )
    parts = []
    for done, part in enumerate(_planned_all(chosen, listing, mapped), 1):
        if not mapped.whole and not _has_known_turns(part):
            check_some_row_reads(part, f"{hub.repo}, config {part.config}")
        if on_config:
            on_config(part.config, done, len(chosen))
        parts.append(part)
    return _joined(listing, parts)


def _wanted(listing: Listing, splits: Sequence[str]) -> list[str | None]:
    """The splits to read, in order; None where there is one and it need not be named."""
    names = tuple(dict.fromkeys(splits)) or find_splits(listing)
    return list(names) if splits or len(names) > 1 else [None]


def _has_known_turns(part: FileSource) -> bool:
    """Whether the columns alone show the dialect of turns; reading rows to see would cost megabytes a config."""
    leaves = {leaf for reader in part.readers if isinstance(reader, HubParquet) for leaf in reader.layout.leaves}
    keys = {leaf.rpartition(".")[2] for leaf in leaves if leaf.startswith(("conversation", "messages"))}
    return not part.columns.pairs and (keys >= {"from", "value"} or keys >= {"role", "content"})


def _joined(listing: Listing, parts: Sequence[FileSource]) -> JoinedSource:
    names = [id_prefix(part.config, part.split) for part in parts]
    if len(set(names)) < len(names):
        raise SourceError(f"configs must have distinct names in ids; found {sorted(names)}. Exclude one.")
    digest = blake2b("".join(part.digest for part in parts).encode(), digest_size=32).hexdigest()
    rows = sum(len(part) for part in parts)
    of = f"{len(parts)} configs" if len(parts) > 1 else f"config {parts[0].config}"
    sizes: dict[str, int] = {}
    for part in parts:
        sizes[part.split] = sizes.get(part.split, 0) + len(part)
    if len(sizes) > 1:
        of = f"splits: {', '.join(f'{split} {size:,}' for split, size in sizes.items())}"
    description = f"{rows:,} rows of {listing.repo} ({of}) at {listing.commit[:12]}"
    name = config_name(listing.repo.rpartition("/")[2])
    return JoinedSource(name, digest, description, tuple(parts), listing.repo, listing.commit)


def _planned_all(configs: Sequence[HubConfig], listing: Listing, columns: ColumnMap) -> Iterator[FileSource]:
    """Every config planned, in order. All footers are asked for at once, then all ids, in pieces of a file each."""
    threads = ThreadPoolExecutor(_THREADS)
    try:
        footers = [
            [threads.submit(HubParquet.plan, file, columns) for file in config.files if _is_parquet(file)]
            for config in configs
        ]
        planned = [[footer.result() for footer in of_config] for of_config in footers]
        ids = [[threads.submit(_ids, *piece, columns) for piece in _pieces(of_config)] for of_config in planned]
        for config, readers, hashes in zip(configs, planned, ids, strict=True):
            if len(readers) == len(config.files):
                pieces = [piece.result() for piece in hashes]
                extra = extra_in_order((name for reader in readers for name in reader.layout.extra), columns.keep)
                yield _source(config, listing, columns, tuple(readers), np.concatenate(pieces), extra)
            else:
                scan = scan_files([_downloaded(file) for file in config.files], columns)
                yield _source(config, listing, columns, scan.readers, scan.ids, scan.extra)
    finally:
        threads.shutdown(cancel_futures=True)


def _is_parquet(file: HubFile) -> bool:
    return file.path.endswith(".parquet")


def _source(
    config: HubConfig,
    listing: Listing,
    columns: ColumnMap,
    readers: tuple[Reader, ...],
    ids: npt.NDArray[np.uint64],
    extra: tuple[str, ...],
) -> FileSource:
    contents = [f"{file.path} {file.oid}" for file in config.files]
    splits = [] if config.split == TRAIN else [f"split {config.split}"]
    deciding = [listing.repo, listing.commit, config.name, repr(columns.pairs), *splits, *contents]
    digest = blake2b("\n".join(deciding).encode(), digest_size=32).hexdigest()
    which = "" if config.split == TRAIN else f", split {config.split}"
    description = f"{len(ids):,} rows of {listing.repo}, config {config.name}{which}"
    name, repo, commit = config_name(config.name), listing.repo, listing.commit
    terms = card_license(listing.card)
    unique = Uniqueness(ids)
    return FileSource(
        name, digest, description, readers, unique, repo, commit, columns, terms, ids, extra, config.split
    )


def _pieces(readers: Sequence[HubParquet]) -> Iterator[tuple[HubParquet, int, int, int]]:
    """(file, first row, row after the last, index of the first row in the config): some row groups each."""
    begin = 0
    for reader in readers:
        ends = np.cumsum(reader.layout.group_rows).tolist()
        borders = [0, *ends[_PIECE_GROUPS - 1 : -1 : _PIECE_GROUPS], reader.rows]
        for first, stop in pairwise(borders):
            yield reader, first, stop, begin + first
        begin += reader.rows


def _ids(reader: HubParquet, first: int, stop: int, begin: int, columns: ColumnMap) -> npt.NDArray[np.uint64]:
    hashes = array("Q")
    observe = id_observer(hashes, columns, begin)
    reader.read_ids(observe, first, stop)
    return np.array(hashes, dtype=np.uint64)


def _downloaded(file: HubFile) -> Path:
    from huggingface_hub import hf_hub_download

    return Path(
        file.retrier.fresh().call(
            f"reading {file.path} of {file.repo}",
            lambda: hf_hub_download(
                file.repo, file.path, repo_type="dataset", revision=file.commit, endpoint=file.endpoint
            ),
        )
    )
