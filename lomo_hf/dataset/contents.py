"""What a manifest says a release consists of, read from the document as it is: of this version, or of an older one.

`Manifest` is for building, which must understand every recipe; publishing only carries what others wrote along.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lomo_hf.building import Counts
from lomo_hf.building.receipts import RECEIPT_SHAPE
from lomo_hf.dataset.layout import MANIFEST
from lomo_hf.errors import IntegrityError
from lomo_hf.recipes.names import check_name
from lomo_hf.storage.documents import listed, mapped, maybe, one_of, parse, record, text, whole
from lomo_hf.storage.records import FILE_SHAPE, FileRecord

__all__ = ["Contents"]

_SPLIT: Final = r"[A-Za-z0-9_]{1,40}(?:\.[A-Za-z0-9_]{1,40})*"
_SHARD: Final = re.compile(rf"{_SPLIT}-[0-9]{{5,}}-of-[0-9]{{5,}}\.parquet")
_SIDECAR: Final = re.compile(rf"refused-(?:{_SPLIT}-)?[0-9]{{5,}}-of-[0-9]{{5,}}\.jsonl")
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")


def _config_name(value: object, at: str) -> None:
    text(value, at)
    check_name(at, value)


_SOURCE: Final = record(
    {"config": text, "description": text, "digest": text, "repo": maybe(text), "revision": maybe(text), "rows": whole},
    {"configs": listed(text), "columns": mapped(text), "keep": listed(text), "split": text, "splits": mapped(whole)},
)
_RECIPE: Final = record({}, {"engines": maybe(mapped(text))})
_SHAPE: Final = record(
    {
        "format": one_of(1),
        "made_by": one_of("lomo_hf"),
        "engines": mapped(text),
        "source": _SOURCE,
        "recipes": mapped(record({"digest": text, "recipe": _RECIPE}, {"source": _SOURCE}), key=_config_name),
        "shards": listed(RECEIPT_SHAPE),
        "files": listed(FILE_SHAPE),
    },
    {"digest": text},
)


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
    def parse(cls, document: str | bytes, where: str) -> "Contents":
        """Open the text of a manifest.

        Raises:
            IntegrityError: It is not a manifest of lomo_hf, or says what no manifest can say.
        """
        try:
            parsed = parse(document, _SHAPE)
            names = list(parsed["recipes"])
            _check_shards(parsed, names)
            files, sidecars = (
                {name: {file.path: file for file in _shard_files(parsed, part, name)} for name in names}
                for part in ("files", "sidecars")
            )
            companions = {file.path: file for file in (_record(record) for record in parsed["files"])}
            opened = cls(parsed, files, sidecars, companions)
            _check_listed_once(opened)
            for name in names:
                opened.counts(name)
            return opened
        except (ValueError, IntegrityError) as error:
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
        counts = (receipt["counts"][config] for receipt in self.document["shards"] if config in receipt["counts"])
        return sum((Counts.from_dict(counted) for counted in counts), start=Counts())

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
            file = _record(receipt[part][config])
            folder, _, name = file.path.partition("/")
            if folder != config or not (_SHARD if part == "files" else _SIDECAR).fullmatch(name):
                raise ValueError(f"{file.path!r} lies outside of {config!r}, or is no shard or sidecar of it")
            yield file


def _record(entry: dict[str, Any]) -> FileRecord:
    path = entry["path"]
    steps = path.split("/")
    # What begins with a dot is never published, and so is no part of a release.
    if any(step == "" or step.startswith(".") for step in steps) or ":" in steps[0] or _UNSAFE.search(path):
        raise ValueError(f"{path!r} is not a path inside of the folder")
    return FileRecord.from_dict(entry)


def _check_shards(document: Mapping[str, Any], configs: list[str]) -> None:
    """Every shard is of configs that there are, and every config has a shard."""
    for receipt in document["shards"]:
        strange = {*receipt["files"], *receipt["sidecars"], *receipt["counts"]} - set(configs)
        if strange:
            raise ValueError(f"a shard is of {min(strange)!r}, which is no config")
        if not set(receipt["sidecars"]) <= set(receipt["files"]) == set(receipt["counts"]):
            raise ValueError("a shard must have a file and counts for each of its configs")
    held = {config for receipt in document["shards"] for config in receipt["files"]}
    bare = sorted(set(configs) - held)
    if bare or not configs:
        raise ValueError(f"config {bare[0]!r} has no shard" if bare else "it holds no config")


def _check_listed_once(contents: Contents) -> None:
    count = sum(len(receipt[part]) for receipt in contents.document["shards"] for part in ("files", "sidecars"))
    if len(contents.files) != count + len(contents.document["files"]) or MANIFEST in contents.companions:
        raise ValueError("a file is listed twice")
