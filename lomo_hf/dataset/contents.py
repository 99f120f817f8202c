"""What a manifest says a release consists of, read from the document as it is: of this version, or of an older one.

`Manifest` is for building, which must understand every recipe; publishing only carries what others wrote along.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lomo_hf.building import Counts
from lomo_hf.errors import IntegrityError

__all__ = ["Contents", "FileRecord"]


@dataclass(frozen=True)
class FileRecord:
    """A file of a release: path with forward slashes, bytes, SHA-256; and rows, for a shard."""

    path: str
    bytes: int
    sha256: str
    rows: int | None = None


@dataclass(frozen=True)
class Contents:
    """A manifest, opened.

    Attributes:
        document: What the file says.
        shards: The Parquet files of each config, by path.
        sidecars: The lists of refused rows of each config, by path.
        companions: Card, LLaMA-Factory's entry, pictures; by path.
    """

    document: Mapping[str, Any]
    shards: Mapping[str, Mapping[str, FileRecord]]
    sidecars: Mapping[str, Mapping[str, FileRecord]]
    companions: Mapping[str, FileRecord]

    @classmethod
    def parse(cls, text: str | bytes, where: str) -> "Contents":
        """Open the text of a manifest.

        Raises:
            IntegrityError: It is not a manifest of lomo_hf, or says what no manifest can say.
        """
        try:
            said = json.loads(text)
            if said["made_by"] != "lomo_hf" or said["format"] != 1:
                raise ValueError(f"made by {said['made_by']!r}, format {said['format']!r}")
            names = list(said["recipes"])
            files, sidecars = (
                {name: {one.path: one for one in _shard_files(said, part, name)} for name in names}
                for part in ("files", "sidecars")
            )
            companions = {one.path: one for one in (_record(record) for record in said["files"])}
            opened = cls(said, files, sidecars, companions)
            for name in names:
                opened.counts(name)
            return opened
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, IntegrityError) as error:
            raise IntegrityError(f"manifest.json in {where} is not one that lomo_hf wrote ({error}).") from error

    @property
    def configs(self) -> list[str]:
        """The names of the configs, in the order in which they were built."""
        return list(self.shards)

    @property
    def files(self) -> dict[str, FileRecord]:
        """Everything but the manifest itself, by path."""
        parts = [*self.shards.values(), *self.sidecars.values(), self.companions]
        return {path: record for part in parts for path, record in part.items()}

    def files_of(self, config: str) -> dict[str, FileRecord]:
        """Shards and sidecars of a config; none where there is no such config."""
        return {**self.shards.get(config, {}), **self.sidecars.get(config, {})}

    def rows(self, config: str) -> int:
        """Rows of a config, by its shards."""
        return sum(record.rows or 0 for record in self.shards[config].values())

    def counts(self, config: str) -> Counts:
        """What was counted while a config was built."""
        found = (receipt["counts"][config] for receipt in self.document["shards"] if config in receipt["counts"])
        return sum((Counts.from_dict(one) for one in found), start=Counts())

    def recipe(self, config: str) -> Mapping[str, Any]:
        """The recipe of a config, as plain values."""
        recipe: Mapping[str, Any] = self.document["recipes"][config]["recipe"]
        return recipe

    def source(self, config: str) -> Mapping[str, Any]:
        """Where the rows of a config come from."""
        own: Mapping[str, Any] | None = self.document["recipes"][config].get("source")
        return own or self.document["source"]


def _shard_files(document: Mapping[str, Any], part: str, config: str) -> Iterator[FileRecord]:
    for receipt in document["shards"]:
        if config in receipt[part]:
            record = _record(receipt[part][config])
            if not record.path.startswith(f"{config}/"):
                raise ValueError(f"{record.path!r} lies outside of {config!r}")
            yield record


def _record(said: Mapping[str, Any]) -> FileRecord:
    record = FileRecord(said["path"], said["bytes"], said["sha256"], said.get("rows"))
    steps = record.path.split("/")
    safe = all(step not in ("", ".", "..") for step in steps) and "\\" not in record.path and "\0" not in record.path
    if not safe or ":" in steps[0]:
        raise ValueError(f"{record.path!r} is not a path inside of the folder")
    if type(record.bytes) is not int or not isinstance(record.sha256, str):
        raise ValueError(f"{record.path!r} has no size or digest")
    return record
