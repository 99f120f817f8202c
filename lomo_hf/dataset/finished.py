"""Whether a dataset folder already holds all that a build would write, so that nothing has to be done."""

from collections.abc import Sequence

from lomo_hf.building import Receipt, ShardSpec, find_strays
from lomo_hf.building.resume import matches
from lomo_hf.dataset.card.companions import repo_of
from lomo_hf.dataset.layout import ASSETS, AUDIT, DRAW, WORK_FOLDER
from lomo_hf.dataset.manifest import Manifest
from lomo_hf.recipes.recipe import installed_engines
from lomo_hf.storage import Folder

__all__ = ["finished_receipts"]


def finished_receipts(
    folder: Folder, manifest: Manifest, specs: Sequence[ShardSpec], *, repo: str | None, draw: str | None
) -> list[Receipt] | None:
    """The receipts of a build's shards, if the folder is finished and a build would change nothing in it.

    Args:
        folder: A dataset folder, in which no link was found.
        manifest: What its `manifest.json` says.
        specs: The whole plan of the build.
        repo: The name on the Hub that the card is to mention; None for the one that it mentions.
        draw: The manifest of the draw that is built.

    Returns:
        The receipts in the order of the plan; None where there is something to do: another recipe, corpus, name or
        version, a build that was stopped, or a file that is not as it was recorded, such as an edited card.
    """
    recorded = {receipt.spec_digest: receipt for receipt in manifest.receipts}
    receipts = [recorded[spec.digest] for spec in specs if spec.digest in recorded]
    if (
        len(receipts) < len(specs)
        or not all(matches(receipt, spec) for receipt, spec in zip(receipts, specs, strict=True))
        or any(manifest.recipes.get(recipe.name) != recipe for spec in specs[:1] for recipe in spec.recipes)
        or manifest.engines != installed_engines()
        or (repo is not None and repo != repo_of(folder))
        or (folder / WORK_FOLDER).stat() is not None
        or find_strays(specs, folder.path)
        or _has_remains(folder, manifest)
        or not _are_as_recorded(folder, manifest)
        or (draw is not None and (folder / DRAW).read_text() != draw)
    ):
        return None
    return receipts


def _has_remains(folder: Folder, manifest: Manifest) -> bool:
    """Whether a build would remove a file: one that a killed process left, or a record that is not of this dataset."""
    recorded = {record.path for record in manifest.files}
    unrecorded = [name for name in (AUDIT, DRAW) if name not in recorded and (folder / name).stat() is not None]
    names = [*folder.names(), *(folder / ASSETS).names()]
    return bool(unrecorded) or any(name.startswith(".") and name.endswith(".tmp") for name in names)


def _are_as_recorded(folder: Folder, manifest: Manifest) -> bool:
    parts = (part for receipt in manifest.receipts for part in (receipt.files, receipt.sidecars))
    shards = [file for part in parts for file in part.values()]
    return all(record.is_true(folder) for record in (*manifest.files, *shards))
