"""A dataset as a loader sees it: what its card declares, which files that means, and what their footers say.

Nothing is judged here; what cannot be read is None or absent, and the checks of this package say so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from lomo_hf.dataset.files import DatasetFiles
from lomo_hf.dataset.layout import CARD
from lomo_hf.storage.yaml_reading import read_yaml

__all__ = ["CARD", "MAX_CARD_BYTES", "DataConfig", "Inspected", "Shard", "matching"]

MAX_CARD_BYTES: Final = 10 << 20

_FRONT = re.compile(r"\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|$)", re.DOTALL)


@dataclass(frozen=True)
class DataConfig:
    """One entry of `configs:`: its splits with their patterns, its columns if it names any, and all it says."""

    name: str
    splits: Mapping[str, Sequence[str]]
    columns: Sequence[str] | None
    declared: Mapping[str, object]


@dataclass(frozen=True)
class Shard:
    """A Parquet file: its footer and the Arrow schema in it."""

    path: str
    metadata: Any
    schema: Any


@dataclass(frozen=True)
class Inspected:
    """A dataset, read as far as it is asked for."""

    files: DatasetFiles

    @cached_property
    def readme(self) -> str | None:
        """The card's text; None where there is none, where it is too large, or not UTF-8."""
        if not 0 < self.files.sizes.get(CARD, 0) <= MAX_CARD_BYTES:
            return None
        with self.files.open(CARD) as stream:
            data = stream.read()
        try:
            return data.decode()
        except UnicodeDecodeError:
            return None

    @cached_property
    def front(self) -> str | None:
        """The YAML between the dashes at the beginning of the card."""
        match = _FRONT.match(self.readme or "")
        return match[1] if match else None

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        """What the front matter says; empty where it is no YAML, or no keys and values."""
        try:
            metadata = read_yaml(self.front or "", unique=False)
        except ValueError:
            return {}
        return metadata if isinstance(metadata, dict) else {}

    @cached_property
    def configs(self) -> Sequence[DataConfig]:
        """The configs that can be made out."""
        entries = self.metadata.get("configs")
        return [_config(entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []

    def paths(self, patterns: Sequence[str]) -> list[str]:
        """The files that patterns of a config mean, in the order in which they are read."""
        paths = [path for pattern in patterns for path in matching(pattern, self.files.sizes)]
        return list(dict.fromkeys(paths))

    def shards(self, config: DataConfig, split: str) -> Iterator[Shard]:
        """The readable Parquet files of a split."""
        for path in self.paths(config.splits[split]):
            shard = self.shard(path)
            if shard:
                yield shard

    def shard(self, path: str) -> Shard | None:
        """A Parquet file's footer; None where it cannot be read as one."""
        if path not in self._shards:
            self._shards[path] = self._read_shard(path)
        return self._shards[path]

    def tables(self, path: str, columns: Sequence[str]) -> Iterator[Any]:
        """The row groups of a Parquet file, a table each, of these columns only."""
        import pyarrow.parquet as pq

        with self.files.open(path) as stream, pq.ParquetFile(stream) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=list(columns), use_threads=False)

    def head(self, shard: Shard, count: int) -> list[dict[str, object]]:
        """The first rows of a shard, with all their columns."""
        rows: list[dict[str, object]] = []
        for table in self.tables(shard.path, shard.schema.names):
            rows += table.slice(0, count - len(rows)).to_pylist()
            if len(rows) >= count:
                break
        return rows

    @cached_property
    def _shards(self) -> dict[str, Shard | None]:
        return {}

    def _read_shard(self, path: str) -> Shard | None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with self.files.open(path) as stream, pq.ParquetFile(stream) as file:
                return Shard(path, file.metadata, file.schema_arrow)
        except (pa.ArrowException, OSError):
            return None


def matching(pattern: str, paths: Mapping[str, int]) -> list[str]:
    """The paths that a pattern of `data_files` means, as `datasets` resolves it: `*` stays within a folder.

    >>> matching("a/train-*", {"a/train-0.parquet": 1, "a/b/train-1.parquet": 1, "train-2": 1})
    ['a/train-0.parquet']
    >>> matching("**/*.parquet", {"a/b/c.parquet": 1})
    ['a/b/c.parquet']
    """
    parts = re.split(r"(\*\*/?|\*|\?)", pattern.removeprefix("./"))
    meaning = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    expression = re.compile("".join(meaning.get(part) or re.escape(part) for part in parts))
    return sorted(path for path in paths if expression.fullmatch(path))


def _config(entry: Mapping[str, object]) -> DataConfig:
    columns = entry.get("columns")
    return DataConfig(
        name=str(entry.get("config_name", "default")),
        splits=_splits(entry.get("data_files")),
        columns=[str(name) for name in columns] if isinstance(columns, list) else None,
        declared=entry,
    )


def _splits(data_files: object) -> dict[str, list[str]]:
    """`data_files` in any of its forms: a pattern, patterns, or splits with patterns."""
    if isinstance(data_files, str):
        return {"train": [data_files]}
    splits: dict[str, list[str]] = {}
    for entry in data_files if isinstance(data_files, list) else ():
        split, path = (
            (str(entry.get("split", "train")), entry.get("path")) if isinstance(entry, dict) else ("train", entry)
        )
        splits.setdefault(split, []).extend(str(part) for part in (path if isinstance(path, list) else [path]) if part)
    return splits
