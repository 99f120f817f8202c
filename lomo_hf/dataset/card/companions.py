"""All of a dataset folder but its shards: card, pictures, trainers' files, and the manifest, written last.

Written at the end of a build, and again whenever asked (`lomo card`), from the shards and their receipts alone.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from lomo_hf.building import Counts
from lomo_hf.dataset.audit_record import standing_audit
from lomo_hf.dataset.card.assets import write_assets
from lomo_hf.dataset.card.statistics import config_statistics
from lomo_hf.dataset.card.text import CardFacts, card_text, own_text_of
from lomo_hf.dataset.card.training import TRAINING, training_files
from lomo_hf.dataset.layout import ASSETS, AUDIT, CARD, DRAW, LLAMAFACTORY, MANIFEST, WORK_FOLDER
from lomo_hf.dataset.manifest import (
    Manifest,
    forget_set_aside,
    no_manifest,
    read_set_aside,
    set_aside,
    write_manifest,
)  # fmt: skip
from lomo_hf.dataset.views import footprints, llamafactory_entries
from lomo_hf.errors import IntegrityError
from lomo_hf.recipes.named import DEFAULT_RECIPE
from lomo_hf.storage import Folder, locked
from lomo_hf.storage.atomic import sweep, write_whole
from lomo_hf.storage.documents import mapped, parse, record, text
from lomo_hf.storage.records import FileRecord

__all__ = ["refresh_card", "refuse_links", "repo_of", "write_companions"]

_NAMED: Final = re.compile(r"[\w.-]{1,200}/[\w.-]{1,200}", re.ASCII)
_PICTURE: Final = re.compile(rf"{ASSETS}/[a-z_-]{{1,40}}\.png")


def refresh_card(folder: Path, *, repo: str | None = None, notify: Callable[[str], None] | None = None) -> Manifest:
    """Write the card and its pictures anew, from the shards that are there; what the user added to the card stays.

    Args:
        folder: A dataset folder.
        repo: The name on the Hub that the card mentions; None is the one it mentioned before.
        notify: Called with a sentence if another command is at work in the folder.

    Returns:
        The folder's new manifest.

    Raises:
        IntegrityError: The folder holds no manifest.
        LinkError: Something in the folder is a link.

    Example:
        >>> import tempfile
        >>> from lomo_hf.dataset import build_dataset
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = build_dataset(None, ["ratio50"], out, limit=3)
        ...     _ = refresh_card(Path(out), repo="org/name")
        ...     '"org/name"' in Path(out, "README.md").read_text(encoding="utf-8")
        True
    """
    absent = no_manifest(folder, "Run `lomo build` first.")
    if not folder.is_dir():
        raise IntegrityError(absent)
    held = Folder(folder)
    with locked(held, notify):
        manifest = read_set_aside(held)
        if manifest is None:
            raise IntegrityError(absent)
        refuse_links(held, manifest.configs)
        return write_companions(held, manifest, earlier=manifest, repo=repo)


def refuse_links(folder: Folder, configs: Iterable[str]) -> None:
    """Look through all of a dataset folder that is ours to write or to remove, before there is work to lose.

    Raises:
        LinkError: A part of it is a link.
    """
    folder.refuse_links((MANIFEST, CARD, LLAMAFACTORY, AUDIT, DRAW, ASSETS, TRAINING, WORK_FOLDER, *configs))


def write_companions(
    folder: Folder,
    manifest: Manifest,
    *,
    earlier: Manifest | None = None,
    repo: str | None = None,
    on_phase: Callable[[str], None] | None = None,
) -> Manifest:
    """Write everything that goes with the shards of `manifest`, whose `files` are found out here.

    `repo` is the name on the Hub; by default the one that the folder named before. Pictures that the `earlier`
    manifest names and the new one does not are removed. `on_phase` is called with a few words when a phase begins.
    """
    begin = on_phase or (lambda phase: None)
    named = repo or repo_of(folder) or f"ORG/{folder.name}"
    set_aside(folder)
    for places in (folder.places(), (folder / ASSETS).places(), (folder / TRAINING).places()):
        sweep(places)  # what a killed process left of these files
    facts = _facts(folder, manifest, named, begin)
    begin("writing the card")
    write_whole(folder / CARD, card_text(facts).encode())
    splits = {name: list(footprint.splits) for name, footprint in facts.footprints.items()}
    entries = json.dumps(llamafactory_entries(splits, named), indent=2) + "\n"
    write_whole(folder / LLAMAFACTORY, entries.encode())
    training = training_files(named, facts.default, max_pixels=facts.max_pixels)
    for path, script in training.items():
        write_whole(folder / path, script.encode())
    audit = [AUDIT] if facts.audit is not None else []
    draw = [DRAW] if facts.drawn else []
    paths = [CARD, LLAMAFACTORY, *training, *audit, *draw, *facts.assets.paths]
    for old in earlier.files if earlier else ():
        if _PICTURE.fullmatch(old.path) and old.path not in paths:
            (folder / old.path).unlink(missing_ok=True)
    begin("writing the manifest")
    written = replace(manifest, files=[FileRecord.of_file(folder, path) for path in paths])
    write_manifest(folder, written)
    forget_set_aside(folder)
    return written


def _facts(folder: Folder, manifest: Manifest, repo: str, begin: Callable[[str], None]) -> CardFacts:
    begin("counting what is in the shards")
    names = manifest.configs
    receipts = manifest.receipts
    counts = {
        name: sum((receipt.counts[name] for receipt in receipts if name in receipt.counts), start=Counts())
        for name in names
    }
    statistics = {
        name: config_statistics(
            folder.path, [receipt.files[name].path for receipt in receipts if name in receipt.files]
        )
        for name in names
    }
    default = DEFAULT_RECIPE if DEFAULT_RECIPE in names else names[0]
    begin("drawing plots and pictures")
    readme = folder / CARD
    return CardFacts(
        recipes=manifest.recipes,
        counts=counts,
        footprints=footprints(folder.path, receipts, names),
        statistics=statistics,
        source=manifest.source,
        engines=manifest.engines,
        default=default,
        repo=repo,
        assets=write_assets(folder, statistics, default, counts[default]),
        audit=standing_audit(folder, receipts),
        drawn=(folder / DRAW).is_file(),
        mixture=manifest.mixture,
        # A damaged byte shows as such in what the user wrote, and nowhere else: the rest is written anew.
        own_text=own_text_of(readme.read_text(errors="replace")) if readme.is_file() else "",
    )


def repo_of(folder: Folder) -> str | None:
    """The name on the Hub that an earlier card of the folder gave."""
    try:
        entries = parse((folder / LLAMAFACTORY).read_bytes(), mapped(record({}, {"hf_hub_url": text})))
    except (OSError, IntegrityError):  # written anew in any case
        return None
    named = next((entry["hf_hub_url"] for entry in entries.values() if "hf_hub_url" in entry), None)
    return named if named and _NAMED.fullmatch(named) else None
