"""The card: README.md of the dataset folder, from the templates in `dataset_cards/` and what was recorded.

Metadata go through `DatasetCardData`, never through hand-made YAML. What a user wrote between the markers survives.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lomo_hf.building import Counts
from lomo_hf.choosing import describe_choosing
from lomo_hf.distortion import OPERATIONS
from lomo_hf.errors import BuildError
from lomo_hf.recipe import Recipe, installed_engines
from lomo_hf.release.views import SHAREGPT, Footprint, configs_yaml, dataset_info_yaml

__all__ = ["OWN_END", "OWN_START", "card_text", "templates_folder"]

OWN_START = "<!-- own text: what stands between these markers survives a rebuild -->"
OWN_END = "<!-- end of own text -->"

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def templates_folder() -> Path:
    """Where the Jinja templates lie: inside the installed package, or beside it in a checkout.

    >>> (templates_folder() / "card.md.jinja").is_file()
    True
    """
    package = Path(__file__).parent.parent
    for folder in (package / "dataset_cards", package.parent / "dataset_cards"):
        if (folder / "card.md.jinja").is_file():
            return folder
    raise BuildError("the card's templates are not installed. Reinstall with `pip install --force-reinstall lomo-hf`.")


def card_text(
    recipes: Mapping[str, Recipe],
    counts: Mapping[str, Counts],
    found: Mapping[str, Footprint],
    source: Mapping[str, Any],
    *,
    default: str,
    repo: str,
    pictures: Sequence[str] = (),
    own_text: str = "",
    audit: Mapping[str, Any] | None = None,
) -> str:
    """README.md, front matter and all; `audit` is what `lomo audit` reported of these very shards."""
    from huggingface_hub import DatasetCard, DatasetCardData

    rows = max(footprint.rows for footprint in found.values())
    data = DatasetCardData(
        pretty_name=repo.rpartition("/")[2],
        license="other",
        license_name="see-the-column-source_license",
        task_categories=["image-text-to-text"],
        size_categories=[next((name for limit, name in _SIZES if rows < limit), "1M<n<10M")],
        tags=["lomo", "local-modality-substitution", "rendered-text", "vision-language"],
        configs=configs_yaml(list(recipes), default),
        dataset_info=dataset_info_yaml(found),
    )
    card = DatasetCard.from_template(
        data,
        template_path=str(templates_folder() / "card.md.jinja"),
        title=repo.rpartition("/")[2],
        repo=repo,
        default=default,
        configs=[_config(name, recipe, counts[name], found[name]) for name, recipe in recipes.items()],
        source=source,
        operations=_operations(recipes),
        engines=dict(installed_engines()),
        pictures=list(pictures),
        sharegpt=SHAREGPT,
        own_start=OWN_START,
        own_end=OWN_END,
        own_text=own_text.strip("\n"),
        audit_section=_audit_section(audit),
    )
    return str(card)


def own_text_of(readme: str) -> str:
    """What the user wrote between the markers of an earlier card."""
    _, _, after = readme.partition(OWN_START)
    text, found, _ = after.partition(OWN_END)
    return text.strip("\n") if found else ""


def _audit_section(audit: Mapping[str, Any] | None) -> str:
    import jinja2

    if audit is None:
        return ""
    text = (templates_folder() / "audit.md.jinja").read_text(encoding="utf-8")
    section: str = jinja2.Template(text, undefined=jinja2.StrictUndefined).render(audit=audit)
    return section.strip()


def _config(name: str, recipe: Recipe, counts: Counts, footprint: Footprint) -> dict[str, Any]:
    total = sum(recipe.distortion.mix.values())
    mix = ", ".join(f"{op} {weight / total:.0%}" for op, weight in recipe.distortion.mix.items() if weight)
    return {
        "name": name,
        "recipe": recipe,
        "mix": mix,
        "choosing": describe_choosing(recipe.choosing),
        "counts": counts,
        "rows": footprint.rows,
        "megabytes": footprint.download_bytes / 1e6,
        "share": counts.rewritten / footprint.rows if footprint.rows else 0.0,
    }


def _operations(recipes: Mapping[str, Recipe]) -> list[dict[str, Any]]:
    """Every operation that some recipe can draw, with its ranges at that recipe's strength."""
    said = []
    for recipe in recipes.values():
        for op in OPERATIONS.values():
            if not (recipe.distortion.mix.get(op.group) or recipe.distortion.mix.get(op.name)):
                continue
            ranges = {**op.ranges.get(recipe.distortion.strength, {}), **recipe.distortion.ranges.get(op.name, {})}
            line = {
                "op": op.name,
                "group": op.group,
                "looks": op.looks,
                "strength": recipe.distortion.strength,
                "ranges": ", ".join(f"{key} {low:g} to {high:g}" for key, (low, high) in ranges.items()),
            }
            if line not in said:
                said.append(line)
    return said
