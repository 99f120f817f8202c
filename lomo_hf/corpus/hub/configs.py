"""Which configs a dataset repository has, which of them hold text only, and which are the same rows twice.

The card decides where it declares `configs` and features; folders and Parquet footers where it does not. A config is
text-only when every column for media is of the type null. Parts of a config that is listed as well
(`svit-part-03-of-10` beside `svit`), and configs made of the very same files, are not counted twice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from lomo_hf.corpus.columns import describe
from lomo_hf.corpus.files.finding import format_of
from lomo_hf.corpus.hub.card import CardConfig, card_splits, read_card
from lomo_hf.corpus.hub.file import HubFile
from lomo_hf.corpus.hub.listing import Listing
from lomo_hf.corpus.hub.parquet import footer_media
from lomo_hf.corpus.splits import TRAIN, in_order, split_in_name
from lomo_hf.errors import SourceError, UsageError
from lomo_hf.recipes.names import nearest

__all__ = ["HubConfig", "choose_configs", "choose_splits", "find_configs", "find_splits", "without_repeats"]

_PART: Final = re.compile(r"(?P<base>.+?)[-_]?part[-_]?(?P<number>\d+)(?:[-_]?of[-_]?(?P<count>\d+))?")


@dataclass(frozen=True)
class HubConfig:
    """A config: its files, and the columns that hold media (None: not known before a footer is read)."""

    name: str
    files: tuple[HubFile, ...]
    media: tuple[str, ...] | None = None
    split: str = TRAIN

    @property
    def bytes(self) -> int:
        """The size of its files."""
        return sum(file.size for file in self.files)

    @property
    def text_only(self) -> bool:
        """Whether no column holds media. May read one Parquet footer."""
        media = self.media
        if media is None:
            first = self.files[0]
            media = footer_media(first) if first.path.endswith(".parquet") else ()
        return not media


def find_configs(listing: Listing, split: str | None = None) -> dict[str, HubConfig]:
    """Every config with files of rows, by name.

    Args:
        listing: What the repository holds.
        split: The split to take of each; by default "train", or the only one that a config has.

    Raises:
        UsageError: No config has this split.
        SourceError: The repository holds no files of rows.
    """
    declared = read_card(listing.card, split or TRAIN)
    configs = _declared(listing, declared.values()) if declared else _by_folder(listing, split or TRAIN)
    if split is not None and configs:
        configs = {name: config for name, config in configs.items() if config.split == split}
        if not configs:
            there = find_splits(listing)
            raise UsageError(
                f"{listing.repo} has no split {split!r}; it has {describe(there, 200)}.{nearest(split, there)}"
            )
    if not configs:
        raise SourceError(
            f"{listing.repo} holds no files of rows that are known (Parquet, JSON Lines or JSON); it holds "
            f"{describe(listing.files, 8)}. Try {listing.repo}@refs/convert/parquet, the Hub's own conversion."
        )
    return configs


def find_splits(listing: Listing) -> tuple[str, ...]:
    """Every split that some config has, train first."""
    declared = card_splits(listing.card)
    return in_order(declared or [split for splits in _folders(listing).values() for split in splits])


def choose_configs(
    available: Mapping[str, HubConfig],
    repo: str,
    *,
    configs: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    with_media: bool = False,
) -> list[HubConfig]:
    """The configs to read: those named, or all that hold text only; less those excluded, none of them twice.

    `with_media` takes all that hold media instead.

    Raises:
        UsageError: A name does not exist.
        SourceError: Nothing is left.
    """
    for name in (*(configs or ()), *exclude):
        if name not in available:
            there = describe(available, 200)
            raise UsageError(f"{repo} has no config {name!r}; it has {there}.{nearest(name, available)}")
    wanted = [available[name] for name in dict.fromkeys(configs or available) if name not in exclude]
    chosen = without_repeats(wanted) if configs is None else wanted
    chosen = chosen if configs is not None else [config for config in chosen if config.text_only != with_media]
    if not chosen:
        kind = "media" if with_media else "text"
        why = f"every one holds {'text only' if with_media else 'images or other media'}, or is excluded"
        why = why if configs is None else "all are excluded"
        raise SourceError(f"{repo} has no config of {kind}: {why}; it has {describe(available, 200)}. Name --config.")
    return chosen


def choose_splits(
    listing: Listing,
    splits: Sequence[str | None],
    *,
    configs: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    with_media: bool = False,
) -> list[HubConfig]:
    """The configs to read of one split, or of several, split by split; a config need not have all of them.

    Args:
        listing: What the repository holds.
        splits: The splits; None is "train", or the only one that a config has.
        configs, exclude, with_media: As for `choose_configs`.

    Raises:
        UsageError: There is no such split, or no such config in any of them.
        SourceError: Nothing is left.
    """
    by_split = [find_configs(listing, split) for split in splits]
    everywhere = {name: config for available in reversed(by_split) for name, config in available.items()}
    chosen = choose_configs(everywhere, listing.repo, configs=configs, exclude=exclude, with_media=with_media)
    return [available[config.name] for available in by_split for config in chosen if config.name in available]


def without_repeats(configs: Sequence[HubConfig]) -> list[HubConfig]:
    """Configs less the parts whose base, or whose same part in another spelling, is there; and less equal files.

    >>> names = ["svit", "svit-part-00-of-10", "new-part-00-of-2", "new-part00-of-2", "new-part-01-of-2"]
    >>> [config.name for config in without_repeats([HubConfig(name, ()) for name in names])]
    ['svit', 'new-part-00-of-2', 'new-part-01-of-2']
    """
    names = {config.name for config in configs}
    seen: set[tuple[object, ...]] = set()
    kept = []
    for config in configs:
        part = _PART.fullmatch(config.name)
        if part and part["base"] in names:
            continue
        marks: list[tuple[object, ...]] = (
            [("files", *sorted(file.oid for file in config.files))] if config.files else []
        )
        if part:
            marks.append(("part", part["base"], int(part["number"]), int(part["count"] or 0)))
        if not seen.intersection(marks):
            kept.append(config)
        seen.update(marks)
    return kept


def _declared(listing: Listing, declared: Iterable[CardConfig]) -> dict[str, HubConfig]:
    from fsspec.utils import glob_translate

    configs = {}
    for entry in declared:
        patterns = [re.compile(glob_translate(pattern)) for pattern in entry.patterns]
        files = [file for path, file in listing.files.items() if any(pattern.match(path) for pattern in patterns)]
        rows = tuple(file for file in files if _is_rows(file.path))
        if rows:
            configs[entry.name] = HubConfig(entry.name, rows, entry.media, entry.split)
    return configs


def _by_folder(listing: Listing, split: str) -> dict[str, HubConfig]:
    configs = {}
    for config, splits in _folders(listing).items():
        name = split if split in splits else next(iter(splits)) if len(splits) == 1 else None
        if name:
            configs[config] = HubConfig(config, tuple(splits[name]), split=name)
    return configs


def _folders(listing: Listing) -> dict[str, dict[str, list[HubFile]]]:
    """`<config>/<split>-*`, `<config>/<split>/*`, and `data/<split>-*` or `<split>-*` for the config "default"."""
    folders: dict[str, dict[str, list[HubFile]]] = {}
    for path, file in listing.files.items():
        if _is_rows(path):
            parts = PurePosixPath(path).parts
            config = "default" if len(parts) == 1 or (len(parts) == 2 and parts[0] == "data") else parts[0]
            split_name = split_in_name(parts[1] if len(parts) == 3 else parts[-1].partition(".")[0])
            folders.setdefault(config, {}).setdefault(split_name or TRAIN, []).append(file)
    return folders


def _is_rows(path: str) -> bool:
    return bool(format_of(Path(path)))
