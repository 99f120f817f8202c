"""What the card of a mixture says: the strata, the halves, licences as counted, and the pages that are in it."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from lomo_hf.dataset.mixtures import MixtureRecord

if TYPE_CHECKING:
    from lomo_hf.dataset.card.text import CardFacts

__all__ = ["mixture_context", "sources_on_hub"]

_LABELS: Final = {
    "multimodal": "with pictures of their own", "pages": "LoMo, with a page", "text": "LoMo, text only",
}  # fmt: skip


def mixture_context(facts: "CardFacts", mixture: MixtureRecord) -> dict[str, object]:
    """The values of `mixture.md.jinja`."""
    statistics = facts.statistics[facts.default]
    config = {"name": facts.default, "statistics": statistics, "counts": facts.counts[facts.default]}
    total = max(sum(mixture.counts.values()), 1)
    licences: Counter[str | None] = Counter()
    for (_, _, licence), rows in statistics.sources.items():
        licences[licence] += rows
    return {
        "title": facts.title,
        "repo": facts.repo,
        "config": facts.default,
        "strata": [(_LABELS.get(name, name), count, f"{count / total:.1%}") for name, count in mixture.counts.items()],
        "ratio": None if mixture.image_to_text is None else f"{mixture.image_to_text:.2f}",
        "seed": mixture.seed,
        "repeated": mixture.repeated,
        "halves": [{"name": name, **half.to_dict()} for name, half in mixture.halves.items()],
        "recipe": mixture.lomo.recipe,
        "refused": dict(sorted(mixture.refused.items())),
        "licences": sorted(licences.items(), key=lambda pair: (-pair[1], pair[0] or "")),
        "configs": [config],
        "default_config": config,
        "mixture": True,
        "assets": facts.assets,
        "audit": facts.audit,
    }


def sources_on_hub(source: Mapping[str, object], mixture: MixtureRecord | None) -> list[str]:
    """The repositories that the rows come from, for the card's front matter.

    >>> sources_on_hub({"repo": "org/corpus"}, None)
    ['org/corpus']
    """
    if mixture is None:
        return [str(source["repo"])] if source["repo"] else []
    return sorted({half.where.partition("@")[0] for half in mixture.halves.values() if "@" in half.where})
