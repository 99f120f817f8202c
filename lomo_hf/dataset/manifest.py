"""manifest.json: what was built, from what, by which recipe and versions, and every file with its hash.

Written last, so its presence means that the folder is whole. It holds no time, no host and no path of a machine: the
same recipe, source and versions give the same manifest, byte for byte.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from lomo_hf.building import Receipt
from lomo_hf.dataset.contents import Contents
from lomo_hf.errors import IntegrityError
from lomo_hf.recipes.recipe import Recipe, installed_engines
from lomo_hf.storage.atomic import sha256_of, write_whole

__all__ = [
    "MANIFEST", "WORK_FOLDER", "Manifest", "content_digest", "file_record", "forget_set_aside", "read_manifest",
    "read_set_aside", "sealed", "set_aside", "write_manifest",
]  # fmt: skip

MANIFEST = "manifest.json"
WORK_FOLDER = ".lomo"
"""What a build in work keeps for itself below the dataset folder; gone when it is done."""

_ASIDE = f"{WORK_FOLDER}/{MANIFEST}"
_DIGEST = re.compile(r"[0-9a-f]{32}")
_FORMAT = 1
_SEAL = "digest"


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says.

    `receipts` are those of the shards, by build: a build is one call, and may have written several configs. `engines`
    are the versions that the last build ran with.
    """

    source: Mapping[str, Any]
    recipes: Mapping[str, Recipe]
    receipts: Sequence[Receipt]
    files: Sequence[Mapping[str, Any]]
    engines: Mapping[str, str] = field(default_factory=lambda: dict(installed_engines()))

    def to_json(self) -> str:
        """The document, keys in a fixed order."""
        said = {
            "format": _FORMAT,
            "made_by": "lomo_hf",
            "engines": dict(self.engines),
            "source": dict(self.source),
            "recipes": {name: {"digest": r.digest, "recipe": r.to_dict()} for name, r in self.recipes.items()},
            "shards": [json.loads(receipt.to_json()) for receipt in self.receipts],
            "files": [dict(record) for record in self.files],
        }
        return sealed(said)


def sealed(document: Mapping[str, Any]) -> str:
    """The text of a manifest: the document with a digest of itself, so that no bit of it can turn unnoticed.

    >>> sealed({"format": 1}) == sealed(json.loads(sealed({"format": 1})))
    True
    """
    said = {key: value for key, value in document.items() if key != _SEAL}
    digest = blake2b(json.dumps(said, ensure_ascii=False).encode(), digest_size=16).hexdigest()
    return json.dumps({**said, _SEAL: digest}, indent=1, ensure_ascii=False) + "\n"


def content_digest(receipts: Sequence[Receipt]) -> str:
    """32 hexadecimal digits over all shards and sidecars: two folders that share it hold the same rows.

    >>> content_digest([])
    '7ebb3c7c2a87b1a2f8a7ed729ecb040d'
    """
    files = sorted(
        (file.path, file.sha256)
        for receipt in receipts
        for part in (receipt.files, receipt.sidecars)
        for file in part.values()
    )
    return blake2b(json.dumps(files).encode(), digest_size=16).hexdigest()


def file_record(folder: Path, path: str) -> dict[str, Any]:
    """Path, bytes and SHA-256 of one file of the dataset folder."""
    return {"path": path, "bytes": (folder / path).stat().st_size, "sha256": sha256_of(folder / path)}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json` whole or not at all."""
    write_whole(folder / MANIFEST, manifest.to_json().encode())


def set_aside(folder: Path) -> None:
    """Take the manifest away while what it tells of is changed; `read_set_aside` finds it until `forget_set_aside`.

    A folder with a manifest is whole. But if it were gone for good as soon as work begins, a kill in the middle of the
    work would take along what only the manifest knows: the receipts of shards that earlier builds left.
    """
    if (folder / MANIFEST).is_file():
        (folder / _ASIDE).parent.mkdir(exist_ok=True)
        os.replace(folder / MANIFEST, folder / _ASIDE)


def forget_set_aside(folder: Path) -> None:
    """The manifest is written again: nobody needs the one before. Of a build in work everything else stays."""
    (folder / _ASIDE).unlink(missing_ok=True)
    with suppress(OSError):  # a build is in work here, or none was
        (folder / _ASIDE).parent.rmdir()


def read_set_aside(folder: Path) -> Manifest | None:
    """The manifest of a dataset folder, or the one that was set aside when work on the folder began and was stopped.

    For whoever writes a new one. Raises as `read_manifest`.
    """
    return read_manifest(folder) or _read(folder, _ASIDE)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a dataset folder; None where there is none.

    Raises:
        IntegrityError: The file is not a manifest, to the bit as it was written.
    """
    return _read(folder, MANIFEST)


def _read(folder: Path, place: str) -> Manifest | None:
    path = folder / place
    remedy = "Build into another folder, or delete this one."
    try:
        text = path.read_bytes().decode()
        said = Contents.parse(text, repr(folder.name)).document
        if sealed(said) != text:  # or the next manifest would say with a seal of its own what a flipped bit says here
            raise ValueError("it was changed since it was written")
        recipes = {name: Recipe.from_dict(one["recipe"], recorded=True) for name, one in said["recipes"].items()}
        receipts = [_own(Receipt.from_json(json.dumps(one)), recipes) for one in said["shards"]]
        return Manifest(said["source"], recipes, receipts, said["files"], said["engines"])
    except FileNotFoundError:
        return None
    except IntegrityError as error:
        raise IntegrityError(f"{error} {remedy}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{path.name} in {folder.name!r} is not a manifest of this version ({error}). {remedy}"
        ) from error


def _own(receipt: Receipt, recipes: Mapping[str, Recipe]) -> Receipt:
    """A receipt whose names lead nowhere but to the folders of its recipes; `Contents` has looked at their paths."""
    if not _DIGEST.fullmatch(receipt.spec_digest):
        raise ValueError(f"{receipt.spec_digest!r} is no digest")
    strange = {*receipt.files, *receipt.sidecars, *receipt.counts} - set(recipes)
    if strange:
        raise ValueError(f"a shard is of {min(strange)!r}, which is no config")
    return receipt
