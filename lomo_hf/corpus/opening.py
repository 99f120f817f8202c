"""Opening a source: which files it is made of, one pass to plan them, and an early word when no row can be read.

The pass counts rows, notes where they begin, digests the content and hashes the ids. Its memory is 8 bytes a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Final

from lomo_hf.corpus.columns import ColumnMap
from lomo_hf.corpus.files.finding import FoundFiles, find_files, find_splits
from lomo_hf.corpus.files.planning import check_some_row_reads, config_name, scan_files
from lomo_hf.corpus.identity import Uniqueness
from lomo_hf.corpus.source import FileSource, JoinedSource
from lomo_hf.corpus.splits import DEFAULT_CONFIG, TRAIN
from lomo_hf.hub.names import parse_hub_name

__all__ = ["SAMPLE", "open_corpus", "open_splits"]

SAMPLE: Final = Path(__file__).parent / "sample" / "sample.jsonl"
"""The embedded sample corpus: about 200 real prompts, to try everything without any download."""

_SAMPLE_NAME: Final = "sample"


def open_corpus(
    path: Path | str | None = None,
    *,
    config: str | None = None,
    split: str | None = None,
    repo: str | None = None,
    revision: str | None = None,
    columns: Mapping[str, str] | ColumnMap | None = None,
    keep: Sequence[str] = (),
) -> FileSource | JoinedSource:
    """A source of rows: a file, a folder of files, a dataset on the Hub, or the embedded sample corpus.

    Files are JSON Lines (.jsonl, .ndjson), JSON, CSV or TSV, any of them packed (.gz, .bz2, .xz, .zst), Parquet or
    Arrow. A folder is read in the order of its files' names, one split of it; what `Dataset.save_to_disk` wrote is
    read as well. A text such as "org/name" or "org/name@revision" that is no path here, or the name of a preset, is a
    dataset on the Hub; its text-only configs are read (`open_hub` has more options).

    Args:
        path: Where the rows are; None is the embedded sample.
        config: The config to read of a dataset on the Hub; of files, a name for the source, which then begins every
            row's id. Without it the split does, as in `map_dataset`, so that ids do not depend on how a file was
            opened.
        split: The split to read: "train" by default, or the only one that there is.
        repo, revision: Noted in every row's origin.
        columns: Which columns to read where the dialect is not known: `{"prompt": "question_text", "answer": "gold"}`.
        keep: Columns to store beside each row, as text.

    Returns:
        The source, planned; it holds no rows.

    Raises:
        SourceError: There is no such file or split, it cannot be read, or none of the first 100 rows is in a known
            dialect.
        UsageError: A column cannot be read or kept so.

    >>> source = open_corpus()
    >>> source.config, next(source.conversations(0, 1)).user_turns
    ('sample', (0,))
    """
    if isinstance(path, str) and not Path(path).exists() and (name := parse_hub_name(path)):
        from lomo_hf.corpus.hub.opening import open_hub

        named = name if config is None else replace(name, configs=(config,))
        return open_hub(named, split=split, columns=columns, keep=keep)
    opened, mapped = SAMPLE if path is None else Path(path), ColumnMap.of(columns, keep)
    if path is None:
        config = config or _SAMPLE_NAME
    return _opened(opened, find_files(opened, split), config, mapped, repo, revision)


def open_splits(
    path: Path | str | None = None,
    splits: Sequence[str] = (),
    *,
    config: str | None = None,
    columns: Mapping[str, str] | ColumnMap | None = None,
    keep: Sequence[str] = (),
) -> FileSource | JoinedSource:
    """As `open_corpus`, but with every split that there is, or with several: what a whole dataset is built from.

    Args:
        path: As for `open_corpus`.
        splits: The splits to read; all of them by default. A single file is one split.
        config, columns, keep: As for `open_corpus`.

    Returns:
        The source, planned; where there are several splits, one after the other, train first (`splits_of`).

    Raises:
        SourceError, UsageError: As `open_corpus`.

    >>> open_splits().config
    'sample'
    """
    if isinstance(path, str) and not Path(path).exists() and (name := parse_hub_name(path)):
        from lomo_hf.corpus.hub.opening import open_hub

        named = name if config is None else replace(name, configs=(config,))
        return open_hub(named, splits=splits, columns=columns, keep=keep)
    names = tuple(dict.fromkeys(splits)) or (find_splits(Path(path)) if path is not None else (None,))
    if len(names) == 1:
        return open_corpus(path, config=config, split=names[0], columns=columns, keep=keep)
    opened, mapped = Path(path or SAMPLE), ColumnMap.of(columns, keep)
    parts = [_opened(opened, find_files(opened, name), config, mapped) for name in names]
    joined = blake2b("\n".join(f"{part.split} {part.digest}" for part in parts).encode(), digest_size=32)
    shares = ", ".join(f"{part.split} {len(part):,}" for part in parts)
    unread = [name for name in find_splits(opened) if name not in names]
    left = f"; not read: {', '.join(unread)}" if unread else ""
    description = f"{sum(map(len, parts)):,} rows in {opened.name} (splits: {shares}{left})"
    return JoinedSource(parts[0].config, joined.hexdigest(), description, tuple(parts))


def _opened(
    path: Path,
    listing: FoundFiles,
    config: str | None,
    columns: ColumnMap,
    repo: str | None = None,
    revision: str | None = None,
) -> FileSource:
    scan = scan_files(listing.files, columns)
    source = FileSource(
        config_name(config or listing.config or DEFAULT_CONFIG),
        scan.digest,
        _description(path, listing, len(scan.ids)),
        scan.readers,
        Uniqueness(scan.ids),
        repo,
        revision,
        columns,
        id_hashes=scan.ids,
        extra=scan.extra,
        split=listing.split,
    )
    check_some_row_reads(source, str(path))
    return source


def _description(path: Path, listing: FoundFiles, rows: int) -> str:
    says = [f"{len(listing.files)} files"] if path.is_dir() else []
    if listing.others or listing.split != TRAIN:
        says.append(f"split {listing.split}")
    if listing.others:
        says.append(f"not read: {', '.join(listing.others)}")
    return f"{rows:,} rows in {path.name}" + (f" ({'; '.join(says)})" if says else "")
