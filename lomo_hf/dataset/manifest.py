"""manifest.json: what was built, from what, by which recipe and versions, and every file with its hash.

Written last, so its presence means that the folder is whole. It holds no time, no host and no path of a machine: the
same recipe, source and versions give the same manifest, byte for byte.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from lomo_hf.building import Receipt
from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.layout import MANIFEST, RENDERED_RECORD, WORK_FOLDER
from lomo_hf.dataset.mixtures import MIXTURE, MixtureRecord, is_mixture
from lomo_hf.errors import IntegrityError, LinkError
from lomo_hf.recipes.recipe import Recipe, installed_engines
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import write_whole
from lomo_hf.storage.records import FileRecord
from lomo_hf.substitution import check_recipe

__all__ = [
    "LINKED", "Manifest", "content_digest", "forget_set_aside", "no_manifest", "read_contents",
    "read_manifest", "read_set_aside", "sealed", "set_aside", "write_manifest",
]  # fmt: skip

LINKED = (
    "The cache of the Hub's client consists of links; for a folder without them, run `hf download --repo-type dataset "
    "ORG/NAME --local-dir FOLDER`."
)
"""The remedy for a folder of links, which the Hub's client keeps as its cache."""

_ASIDE = f"{WORK_FOLDER}/{MANIFEST}"
_DIGEST = re.compile(r"[0-9a-f]{32}")
_FORMAT = 1
_SEAL = "digest"


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` says.

    Attributes:
        source: The corpus, as `recorded_source` names it.
        recipes: Config -> recipe; empty for a mixture.
        receipts: Those of the shards, by build: a build is one call, and may have written several configs.
        files: The other files of the folder, with sizes and digests.
        engines: The versions that the last build ran with.
        mixture: What was mixed, in a folder of `lomo mix --write`; its only config is `mixture`.
    """

    source: Mapping[str, Any]
    recipes: Mapping[str, Recipe]
    receipts: Sequence[Receipt]
    files: Sequence[FileRecord]
    engines: Mapping[str, str] = field(default_factory=lambda: dict(installed_engines()))
    mixture: MixtureRecord | None = None

    @property
    def configs(self) -> list[str]:
        """The names of the configs, in the order in which they were built."""
        return [MIXTURE] if self.mixture else list(self.recipes)

    def to_json(self) -> str:
        """The document, keys in a fixed order."""
        recipes = {name: {"digest": r.digest, "recipe": r.to_dict()} for name, r in self.recipes.items()}
        if self.mixture:
            recipes = {MIXTURE: {"digest": content_digest(self.receipts), "recipe": self.mixture.to_dict()}}
        document = {
            "format": _FORMAT,
            "made_by": "lomo_hf",
            "engines": dict(self.engines),
            "source": dict(self.source),
            "recipes": recipes,
            "shards": [json.loads(receipt.to_json()) for receipt in self.receipts],
            "files": [file.to_dict() for file in self.files],
        }
        return sealed(document)


def no_manifest(folder: Path, remedy: str) -> str:
    """The sentence for a folder without a manifest; a rendered benchmark is told apart, for it has none and is whole.

    >>> no_manifest(Path("out"), "Build it first.")
    "'out' holds no manifest.json, so no build was finished there. Build it first."
    """
    if (folder / RENDERED_RECORD).is_file():
        return (
            f"{folder.name!r} is a rendered benchmark, which lomo render-eval makes whole and without a {MANIFEST}. "
            "`lomo check` and `lomo write-eval` take it; `hf upload` publishes it."
        )
    return f"{folder.name!r} holds no {MANIFEST}, so no build was finished there. {remedy}"


def sealed(document: Mapping[str, Any]) -> str:
    """The text of a manifest: the document with a digest of itself, so that no bit of it can turn unnoticed.

    >>> sealed({"format": 1}) == sealed(json.loads(sealed({"format": 1})))
    True
    """
    content = {key: value for key, value in document.items() if key != _SEAL}
    digest = blake2b(json.dumps(content, ensure_ascii=False).encode(), digest_size=16).hexdigest()
    return json.dumps({**content, _SEAL: digest}, indent=1, ensure_ascii=False) + "\n"


def content_digest(receipts: Sequence[Receipt]) -> str:
    """A digest of all shards and sidecars: two folders that share it hold the same rows.

    Args:
        receipts: Of the shards, in any order.

    Returns:
        32 hexadecimal digits.

    Example:
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


def write_manifest(folder: Path | Folder, manifest: Manifest) -> None:
    """Write `manifest.json` whole or not at all."""
    write_whole(Folder.of(folder) / MANIFEST, manifest.to_json().encode())


def set_aside(folder: Folder) -> None:
    """Take the manifest away while what it tells of is changed; `read_set_aside` finds it until `forget_set_aside`.

    A folder with a manifest is whole. But if it were gone for good as soon as work begins, a kill in the middle of the
    work would take along what only the manifest knows: the receipts of shards that earlier builds left.
    """
    if (folder / MANIFEST).is_file():
        (folder / WORK_FOLDER).make_folder()
        (folder / MANIFEST).replace(folder / _ASIDE)


def forget_set_aside(folder: Folder) -> None:
    """The manifest is written again: nobody needs the one before. Of a build in work everything else stays."""
    (folder / _ASIDE).unlink(missing_ok=True)
    (folder / WORK_FOLDER).remove_if_empty()  # unless a build is in work here


def read_set_aside(folder: Path | Folder) -> Manifest | None:
    """The manifest of a dataset folder, or the one that was set aside when work on the folder began and was stopped.

    For whoever writes a new one.

    Args:
        folder: The folder.

    Returns:
        What it says; None where there is neither.

    Raises:
        IntegrityError: As `read_manifest`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as empty:
        ...     read_set_aside(Path(empty)) is None
        True
    """
    return read_manifest(folder) or _read(folder, _ASIDE)


def read_manifest(folder: Path | Folder) -> Manifest | None:
    """The manifest of a dataset folder.

    Args:
        folder: The folder.

    Returns:
        What it says; None where there is none.

    Raises:
        IntegrityError: The file is not a manifest, to the bit as it was written, or a link.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as empty:
        ...     read_manifest(Path(empty)) is None
        True
    """
    return _read(folder, MANIFEST)


def read_contents(folder: Path | Folder) -> Contents | None:
    """What the manifest of a dataset folder lists, whatever its configs are: for whoever needs no recipe.

    Args:
        folder: The folder.

    Returns:
        Its configs with their shards; None where there is no manifest.

    Raises:
        IntegrityError: The file is not a manifest, to the bit as it was written, or a link.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as empty:
        ...     read_contents(Path(empty)) is None
        True
    """
    with _explained(folder):
        return _contents(folder, MANIFEST)


def _read(folder: Path | Folder, place: str) -> Manifest | None:
    with _explained(folder):
        contents = _contents(folder, place)
        return None if contents is None else _manifest(contents.document)


def _contents(folder: Path | Folder, place: str) -> Contents | None:
    try:
        text = (Folder.of(folder) / place).read_text()
    except FileNotFoundError:
        return None
    contents = Contents.parse(text, repr(folder.name))
    # Or the next manifest would say with a seal of its own what a flipped bit says here.
    if sealed(contents.document) != text:
        raise ValueError("it was changed since it was written")
    return contents


def _manifest(document: Mapping[str, Any]) -> Manifest:
    recorded = {name: entry["recipe"] for name, entry in document["recipes"].items()}
    receipts = [_own(Receipt.from_json(json.dumps(entry))) for entry in document["shards"]]
    files = [FileRecord.from_dict(file) for file in document["files"]]
    mixtures = [name for name, entry in recorded.items() if is_mixture(entry)]
    if mixtures and len(recorded) > 1:
        raise _OtherConfigs(
            f"{mixtures[0]!r} is a mixture and stands beside other configs, as in a repository of several releases"
        )
    if mixtures and mixtures != [MIXTURE]:
        raise ValueError(f"a mixture must be called {MIXTURE!r}; found {mixtures[0]!r}")
    mixture = MixtureRecord.from_dict(recorded[mixtures[0]]) if mixtures else None
    recipes = {} if mixture else {name: _named(name, entry) for name, entry in recorded.items()}
    return Manifest(document["source"], recipes, receipts, files, document["engines"], mixture)


class _OtherConfigs(ValueError):
    """A manifest that is whole, of configs of two kinds."""


@contextmanager
def _explained(folder: Path | Folder) -> Iterator[None]:
    """Errors of reading a manifest, with what to do about them."""
    remedy = "Build into another folder, or delete this one."
    try:
        yield
    except LinkError as error:
        raise IntegrityError(f"{error} {LINKED}") from error
    except IntegrityError as error:
        raise IntegrityError(f"{error} {remedy}") from error
    except _OtherConfigs as error:
        raise IntegrityError(
            f"in {folder.name!r} {error}. Use the folder that each of them was pushed from; to export or browse one, "
            "name it with --config."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise IntegrityError(
            f"{MANIFEST} in {folder.name!r} is not a manifest of this version ({error}). {remedy}"
        ) from error


def _named(name: str, recorded: Mapping[str, object]) -> Recipe:
    recipe = check_recipe(Recipe.from_dict(recorded, recorded=True))
    if recipe.name != name:
        raise ValueError(f"the recipe of {name!r} calls itself {recipe.name!r}")
    return recipe


def _own(receipt: Receipt) -> Receipt:
    """A receipt whose digest is a file's name; `Contents` has looked at everything else."""
    if not _DIGEST.fullmatch(receipt.spec_digest):
        raise ValueError(f"{receipt.spec_digest!r} is no digest")
    return receipt
