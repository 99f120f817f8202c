"""What makes the shards of a mixture a dataset folder: card, LLaMA-Factory's entries, trainers' files, manifest."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lomo_hf.building import Counts, Receipt
from lomo_hf.dataset.card.templates import environment
from lomo_hf.dataset.card.text import OWN_END, OWN_START
from lomo_hf.dataset.card.training import training_files
from lomo_hf.dataset.card.vocabulary import license_metadata, size_category
from lomo_hf.dataset.layout import CARD, LLAMAFACTORY, MANIFEST
from lomo_hf.dataset.manifest import content_digest, sealed
from lomo_hf.dataset.views import configs_yaml, dataset_info_yaml, footprints, llamafactory_entries
from lomo_hf.mixing.inputs import Half
from lomo_hf.mixing.mixture import Mixture
from lomo_hf.recipes.recipe import Caps, installed_engines
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import write_whole
from lomo_hf.storage.records import FileRecord

__all__ = ["CONFIG", "write_mixture_companions"]

CONFIG: Final = "mixture"
"""The config of a mixture's folder, and the folder of its shards."""

_LABELS: Final = {
    "multimodal": "with pictures of their own", "pages": "LoMo, with a page", "text": "LoMo, text only",
}  # fmt: skip


def write_mixture_companions(
    folder: Folder, mixture: Mixture, files: Sequence[FileRecord], licences: Counter[str | None], repo: str
) -> None:
    """Write all but the shards, the manifest last.

    Args:
        folder: Where the shards lie.
        mixture: What they hold.
        files: Their records, in order.
        licences: Rows by the licence that they declare.
        repo: The name on the Hub that card and trainers' files mention.
    """
    receipts = [
        Receipt(file.sha256[:32], index, {CONFIG: file}, {}, {CONFIG: Counts(rows=file.rows or 0)})
        for index, file in enumerate(files)
    ]
    training = training_files(repo, CONFIG, max_pixels=Caps().max_pixels)
    texts = {
        CARD: _card(folder, mixture, receipts, licences, repo),
        LLAMAFACTORY: json.dumps(llamafactory_entries({CONFIG: ["train"]}, repo), indent=2) + "\n",
        **training,
    }
    for path, text in texts.items():
        write_whole(folder / path, text.encode())
    source = {
        "config": CONFIG,
        "description": f"a mixture of {mixture.lomo.source.description} and {mixture.multimodal.source.description}",
        "digest": content_digest(receipts),
        "repo": None,
        "revision": None,
        "rows": sum(file.rows or 0 for file in files),
    }
    recipe = {
        "halves": {name: _half(half) for name, half in _halves(mixture)},
        "counts": mixture.counts,
        "image_to_text": mixture.rounded_ratio,
        "seed": mixture.seed,
        "refused": dict(sorted(mixture.refused.items())),
    }
    document = {
        "format": 1,
        "made_by": "lomo_hf",
        "engines": dict(installed_engines()),
        "source": source,
        "recipes": {CONFIG: {"digest": source["digest"], "recipe": recipe}},
        "shards": [json.loads(receipt.to_json()) for receipt in receipts],
        "files": [FileRecord.of_file(folder, path).to_dict() for path in texts],
    }
    write_whole(folder / MANIFEST, sealed(document).encode())


def _card(
    folder: Folder, mixture: Mixture, receipts: Sequence[Receipt], licences: Counter[str | None], repo: str
) -> str:
    from huggingface_hub import DatasetCard, DatasetCardData

    counted = footprints(folder.path, receipts, [CONFIG])
    counts = mixture.counts
    total = max(sum(counts.values()), 1)
    title = repo.rpartition("/")[2]
    body = (
        environment()
        .get_template("mixture.md.jinja")
        .render(
            title=title,
            repo=repo,
            config=CONFIG,
            strata=[(_LABELS[name], count, f"{count / total:.1%}") for name, count in counts.items()],
            ratio=None if mixture.ratio is None else f"{mixture.ratio:.2f}",
            seed=mixture.seed,
            repeated=any(part.again for part in mixture.parts),
            halves=[{"name": name, **_half(half)} for name, half in _halves(mixture)],
            refused=dict(sorted(mixture.refused.items())),
            licences=sorted(licences.items(), key=lambda pair: (-pair[1], pair[0] or "")),
            own_start=OWN_START,
            own_end=OWN_END,
            own_text="",
        )
    )
    declared: dict[str, Any] = {**license_metadata(licences)}
    data = DatasetCardData(
        pretty_name=title,
        task_categories=["image-text-to-text"],
        size_categories=[size_category(counted[CONFIG].rows)],
        tags=["lomo", "local-modality-substitution", "rendered-text", "vision-language"],
        configs=configs_yaml({CONFIG: ["train"]}, CONFIG),
        dataset_info=dataset_info_yaml(counted),
        **declared,
    )
    return (
        str(DatasetCard.from_template(data, template_str="---\n{{ card_data }}\n---\n\n{{ body }}", body=body)) + "\n"
    )


def _halves(mixture: Mixture) -> tuple[tuple[str, Half], ...]:
    return ("LoMo", mixture.lomo), ("multimodal", mixture.multimodal)


def _half(half: Half) -> Mapping[str, Any]:
    """A half as the manifest tells it: on the Hub by its revision, here by its name alone, never by a path."""
    source = half.source
    where = f"{source.repo}@{source.revision}" if source.repo else half.place.rstrip("/").rpartition("/")[2]
    return {"where": where, "configs": list(half.configs), "rows": len(source), "digest": source.digest}
