"""Which shards need not be built again. A file's presence proves nothing: only a receipt that matches the spec does,
and only as long as every file it lists has the size and the SHA-256 that it says.
"""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from lomo_hf.building.planning import ShardSpec
from lomo_hf.building.receipts import Receipt
from lomo_hf.corpus.splits import TRAIN
from lomo_hf.errors import IntegrityError
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import explain, sweep, write_whole
from lomo_hf.storage.file_names import WORK_FOLDER

__all__ = [
    "RECEIPTS", "find_strays", "matches", "receipt_path", "save_receipt", "sealed", "sweep_unfinished",
    "trusted_receipt", "unsealed",
]  # fmt: skip

RECEIPTS: Final = f"{WORK_FOLDER}/receipts"
"""Where receipts lie below the dataset folder while it is being built."""


def save_receipt(receipt: Receipt, out: Folder) -> None:
    """Note that a shard is finished; the last act of building it."""
    write_whole(out / receipt_path(receipt.spec_digest), sealed(receipt).encode())


def sealed(receipt: Receipt) -> str:
    """A receipt as it is stored: with a digest of itself, or nothing would tell of a flipped bit in its counts."""
    document = receipt.to_json()
    return json.dumps({"seal": sha256(document.encode()).hexdigest(), **json.loads(document)}, indent=1) + "\n"


def unsealed(text: str) -> Receipt:
    """The receipt that `sealed` wrote.

    Raises:
        IntegrityError: The text is not that, to the character.
    """
    receipt = Receipt.from_json(text)
    if text != sealed(receipt):
        raise IntegrityError("a receipt is not what was written; build the shard again.")
    return receipt


def trusted_receipt(spec: ShardSpec, out: Path) -> Receipt | None:
    """The receipt of a shard, if it matches the spec and every byte of its files is still what it says.

    Args:
        spec: A shard of a plan.
        out: The dataset folder.

    Returns:
        The receipt, or None where the shard has to be built.

    >>> from lomo_hf.building import plan
    >>> from lomo_hf.corpus import open_corpus
    >>> from lomo_hf.recipes import Recipe
    >>> trusted_receipt(plan(open_corpus(), [Recipe("mine")])[0], Path("nowhere"))
    """
    try:
        folder = Folder(out)
        receipt = unsealed((folder / receipt_path(spec.digest)).read_text())
    except (OSError, UnicodeDecodeError, IntegrityError):
        return None
    return receipt if matches(receipt, spec) and _is_true(receipt, spec, folder) else None


def receipt_path(digest: str) -> str:
    """Where the receipt of a spec lies in the dataset folder while it is built, with forward slashes."""
    return f"{RECEIPTS}/{digest}.json"


def matches(receipt: Receipt, spec: ShardSpec) -> bool:
    """Whether a receipt is of this shard, names its files and no others, and adds up."""
    shards = {recipe.name: spec.shard_path(recipe) for recipe in spec.recipes}
    sidecars = {recipe.name: spec.sidecar_path(recipe) for recipe in spec.recipes}
    return (
        (receipt.spec_digest, receipt.index) == (spec.digest, spec.index)
        and set(receipt.counts) == set(shards)
        and {name: file.path for name, file in receipt.files.items()} == shards
        and all(sidecars.get(name) == file.path for name, file in receipt.sidecars.items())
        and all(_adds_up(receipt, name, spec.rows) for name in shards)
    )


def find_strays(specs: Sequence[ShardSpec], out: Path) -> list[str]:
    """Shards and sidecars in the recipes' folders that no shard of this plan writes, such as those of another plan.

    A loader that takes `train-*` would read a stray as data.

    Args:
        specs: All shards of the plan.
        out: The dataset folder.

    Returns:
        Paths below `out`, sorted, with forward slashes.

    >>> find_strays([], Path("nowhere"))
    []
    """
    if not out.is_dir():
        return []
    folder = Folder(out)
    pairs = [(spec, recipe) for spec in specs for recipe in spec.recipes]
    mine = {path for spec, recipe in pairs for path in (spec.shard_path(recipe), spec.sidecar_path(recipe))}
    beginnings = tuple(f"{name}-" for name in {TRAIN, "refused", *(spec.split for spec in specs)})
    there = {
        place.inside
        for name in {recipe.name for _, recipe in pairs}
        for place in (folder / name).places()
        if place.name.startswith(beginnings) and not place.is_folder()
    }
    return sorted(there - mine)


def sweep_unfinished(specs: Iterable[ShardSpec], out: Path, *, of_any_machine: bool = False) -> int:
    """Remove temporary files that killed processes left in the folders of a build; returns how many.

    Those of other machines only if `of_any_machine`, as nobody here knows whether their owners are alive.

    Raises:
        BuildError: A folder or file of the build belongs to somebody else.
    """
    names = {recipe.name for spec in specs for recipe in spec.recipes} | {RECEIPTS}
    try:
        folder = Folder(out)
        return sum(sweep((folder / name).places(), of_any_machine=of_any_machine) for name in sorted(names))
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise explain(error, f"a build in {out}") from error


def _adds_up(receipt: Receipt, name: str, rows: int) -> bool:
    counts, sidecar = receipt.counts[name], receipt.sidecars.get(name)
    refused = sum(counts.refused.values())
    listed = sidecar.rows if sidecar else 0
    return (receipt.files[name].rows, listed, counts.rows + refused) == (counts.rows, refused, rows)


def _is_true(receipt: Receipt, spec: ShardSpec, out: Folder) -> bool:
    files = [*receipt.files.values(), *receipt.sidecars.values()]
    unlisted = [spec.sidecar_path(recipe) for recipe in spec.recipes if recipe.name not in receipt.sidecars]
    return all(file.is_true(out) for file in files) and not any((out / path).stat() for path in unlisted)
