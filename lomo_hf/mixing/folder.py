"""What makes the shards of a mixture a dataset folder: its record, from which card and manifest are written."""

from collections.abc import Sequence
from dataclasses import replace

from lomo_hf.building import Counts, Receipt
from lomo_hf.dataset.card.companions import write_companions
from lomo_hf.dataset.manifest import Manifest, content_digest
from lomo_hf.dataset.mixtures import MIXTURE, HalfRecord, MixtureRecord
from lomo_hf.mixing.inputs import Half
from lomo_hf.mixing.mixture import Mixture
from lomo_hf.storage import Folder
from lomo_hf.storage.records import FileRecord

__all__ = ["write_mixture_companions"]


def write_mixture_companions(
    folder: Folder, mixture: Mixture, shards: Sequence[tuple[FileRecord, Counts]], repo: str
) -> None:
    """Write all but the shards, the manifest last.

    Args:
        folder: Where the shards lie.
        mixture: What they hold.
        shards: The record of each with what was counted in it, in order.
        repo: The name on the Hub that card and trainers' files mention.
    """
    receipts = [
        Receipt(file.sha256[:32], index, {MIXTURE: file}, {}, {MIXTURE: counts})
        for index, (file, counts) in enumerate(shards)
    ]
    source = {
        "config": MIXTURE,
        "description": f"a mixture of {mixture.lomo.source.description} and {mixture.multimodal.source.description}",
        "digest": content_digest(receipts),
        "repo": None,
        "revision": None,
        "rows": sum(file.rows or 0 for file, _ in shards),
    }
    record = MixtureRecord(
        replace(_half(mixture.lomo), recipe=mixture.lomo.recipe),
        _half(mixture.multimodal),
        mixture.counts,
        mixture.rounded_ratio,
        mixture.seed,
        mixture.repeated,
        dict(mixture.refused),
    )
    write_companions(folder, Manifest(source, {}, receipts, (), mixture=record), repo=repo)


def _half(half: Half) -> HalfRecord:
    """A half as the manifest tells it: on the Hub by its revision, here by its name alone, never by a path."""
    source = half.source
    where = f"{source.repo}@{source.revision}" if source.repo else half.place.rstrip("/").rpartition("/")[2]
    return HalfRecord(where, half.configs, len(source), source.digest)
