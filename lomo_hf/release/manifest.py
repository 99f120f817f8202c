"""manifest.json: what was built, from what, by which recipe and versions, and every file with its hash.

Written last, so its presence means that the folder is whole. It holds no time, no host and no path of a machine: the
same recipe, source and versions give the same manifest, byte for byte.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from lomo_hf.building import Receipt
from lomo_hf.building.files import sha256_of, write_whole
from lomo_hf.errors import IntegrityError
from lomo_hf.recipe import Recipe, installed_engines

__all__ = ["MANIFEST", "Manifest", "content_digest", "file_record", "read_manifest", "sealed", "write_manifest"]

MANIFEST = "manifest.json"
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


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a dataset folder; None where there is none.

    Raises:
        IntegrityError: The file is not a manifest.
    """
    path = folder / MANIFEST
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["format"] != _FORMAT:
            raise ValueError(f"format {said['format']}")
        recipes = {name: Recipe.from_dict(one["recipe"], recorded=True) for name, one in said["recipes"].items()}
        receipts = [Receipt.from_json(json.dumps(one)) for one in said["shards"]]
        return Manifest(said["source"], recipes, receipts, said["files"], said["engines"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{path.name} in {folder.name!r} is not a manifest of this version ({error}). "
            "Build into another folder, or delete this one."
        ) from error
