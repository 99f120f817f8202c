"""The card: README.md of the dataset folder, from the templates in `dataset_cards/` and what was recorded.

Metadata go through `DatasetCardData`, never through hand-made YAML. What a user wrote between the markers survives.
Every number in a card is counted or computed from the folder; none is typed.
"""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lomo_hf.building import Counts
from lomo_hf.corpus import open_corpus
from lomo_hf.dataset.card.assets import Assets
from lomo_hf.dataset.card.languages import language_tags
from lomo_hf.dataset.card.mixture import mixture_context, sources_on_hub
from lomo_hf.dataset.card.statistics import Statistics
from lomo_hf.dataset.card.templates import environment
from lomo_hf.dataset.card.vocabulary import license_metadata, size_category
from lomo_hf.dataset.mixtures import MixtureRecord
from lomo_hf.dataset.views import Footprint, configs_yaml, dataset_info_yaml
from lomo_hf.distortion import OPERATIONS, RISING, STRENGTHS, WEIGHED, Operation
from lomo_hf.recipes.named import is_as_named
from lomo_hf.recipes.recipe import Caps, DistortionSettings, Recipe
from lomo_hf.selection import describe_selection
from lomo_hf.spans import POSITION_WORDS

if TYPE_CHECKING:
    from huggingface_hub import DatasetCardData

__all__ = ["OWN_END", "OWN_START", "CardFacts", "card_text", "own_text_of"]

OWN_START = "<!-- own text: what stands between these markers survives a rebuild -->"
OWN_END = "<!-- end of own text -->"

_MAX_SOURCES = 40
_TEMPLATE = "---\n{{ card_data }}\n---\n\n{{ body }}"


@dataclass(frozen=True)
class CardFacts:
    """All that a card is written from. Mappings go by the recipe's name.

    `source` and `engines` are the manifest's; `audit` is what `audit.json` holds, None where there is none; `drawn`
    tells whether `draw.json` lies in the folder. A mixture has its record in place of recipes.
    """

    recipes: Mapping[str, Recipe]
    counts: Mapping[str, Counts]
    footprints: Mapping[str, Footprint]
    statistics: Mapping[str, Statistics]
    source: Mapping[str, Any]
    engines: Mapping[str, str]
    default: str
    repo: str
    assets: Assets = field(default_factory=Assets)
    audit: Mapping[str, object] | None = None
    drawn: bool = False
    own_text: str = ""
    mixture: MixtureRecord | None = None

    @property
    def max_pixels(self) -> int:
        """The most pixels that a page of any config has."""
        made_by = [self.mixture.lomo.recipe] if self.mixture else list(self.recipes.values())
        return max((recipe.caps.max_pixels for recipe in made_by if recipe), default=Caps().max_pixels)

    @property
    def title(self) -> str:
        """The dataset's name, without its owner."""
        return self.repo.rpartition("/")[2]


def card_text(facts: CardFacts) -> str:
    """README.md, front matter and all."""
    from huggingface_hub import DatasetCard

    if facts.mixture:
        body = (
            environment().get_template("mixture.md.jinja").render(mixture_context(facts, facts.mixture), **_own(facts))
        )
    else:
        body = environment().get_template("card.md.jinja").render(_context(facts), **_own(facts))
    card = DatasetCard.from_template(_metadata(facts), template_str=_TEMPLATE, body=_single_blank_lines(body))
    return str(card).rstrip() + "\n"


def own_text_of(readme: str) -> str:
    """What the user wrote between the markers of an earlier card.

    >>> own_text_of(f"card\\n{OWN_START}\\nAsk Ada.\\n{OWN_END}\\n")
    'Ask Ada.'
    """
    _, _, after = readme.partition(OWN_START)
    text, mark, _ = after.rpartition(OWN_END)
    return text.strip("\n") if mark else ""


def _metadata(facts: CardFacts) -> "DatasetCardData":
    from huggingface_hub import DatasetCardData

    statistics = facts.statistics[facts.default]
    declared: dict[str, Any] = {}
    declared |= license_metadata({licence for _, _, licence in statistics.sources})
    return DatasetCardData(
        pretty_name=facts.title,
        language=language_tags(list(statistics.kinds.elements())) or None,
        task_categories=["image-text-to-text"],
        size_categories=[size_category(max(footprint.rows for footprint in facts.footprints.values()))],
        source_datasets=sources_on_hub(facts.source, facts.mixture) or None,
        tags=["lomo", "local-modality-substitution", "rendered-text", "vision-language"],
        configs=configs_yaml(
            {name: list(footprint.splits) for name, footprint in facts.footprints.items()}, facts.default
        ),
        dataset_info=dataset_info_yaml(facts.footprints),
        **declared,
    )


def _context(facts: CardFacts) -> dict[str, object]:
    configs = [_config(facts, name) for name in facts.recipes]
    statistics = facts.statistics[facts.default]
    embedded = facts.source["digest"] == open_corpus(None).digest
    by_rows = sorted(statistics.sources.items(), key=lambda pair: (-pair[1], [part or "" for part in pair[0]]))
    shown, more = by_rows[:_MAX_SOURCES], by_rows[_MAX_SOURCES:]
    return {
        "title": facts.title,
        "repo": facts.repo,
        "configs": configs,
        "default_config": next(config for config in configs if config["name"] == facts.default),
        "max_pixels": facts.max_pixels,
        "operations": _operations(facts.recipes),
        "styles": _styles(facts.recipes),
        "source": facts.source,
        "rebuild": _rebuild(facts, configs, embedded),
        "sources": [(*key, rows) for key, rows in shown],
        "more_sources": len(more),
        "more_rows": sum(rows for _, rows in more),
        "kinds": Counter(dict(sorted(statistics.kinds.items()))).most_common(),
        "kinds_total": statistics.kinds.total(),
        "engines": facts.engines,
        "embedded": embedded,
        "unnamed": any(not config["named"] for config in configs),
        "assets": facts.assets,
        "audit": facts.audit,
        "drawn": facts.drawn,
        "mixture": False,
    }


def _own(facts: CardFacts) -> dict[str, str]:
    return {"own_start": OWN_START, "own_end": OWN_END, "own_text": facts.own_text.strip("\n")}


def _rebuild(facts: CardFacts, configs: list[dict[str, Any]], embedded: bool) -> str:
    """The command that builds the same again. A draw from the Hub names its corpus, configs and columns itself."""
    source, words = facts.source, ["lomo", "build"]
    on_hub = source["repo"] and source["revision"]
    if on_hub and not facts.drawn:
        words += ["--corpus", f"hf://datasets/{source['repo']}@{source['revision']}"]
        words += [word for name in source.get("configs", ()) for word in ("--config", name)]
    elif not on_hub and not embedded:
        words += ["--corpus", "PATH-OF-THE-CORPUS"]
    if not facts.drawn and (columns := source.get("columns")):
        words += ["--columns", ",".join(f"{target}={name}" for target, name in columns.items())]
    words += ["--replay", "draw.json"] if facts.drawn else []
    splits = source.get("splits") or {}
    if not facts.drawn:
        named = splits or ([source["split"]] if "split" in source else [])
        words += [word for name in named for word in ("--split", name)]
    words += ["--limit", str(max(splits.values(), default=source["rows"])), "--repo", facts.repo]
    for config in configs:
        words += ["--recipe", config["name"] if config["named"] else f"{config['name']}.yaml"]
    return shlex.join([*words, "--out", "rebuilt"])


def _config(facts: CardFacts, name: str) -> dict[str, object]:
    recipe, counts, footprint = facts.recipes[name], facts.counts[name], facts.footprints[name]
    total = sum(recipe.distortion.mix.values())
    return {
        "name": name,
        "recipe": recipe,
        "named": is_as_named(recipe),
        "selection": describe_selection(recipe.selection),
        "span": POSITION_WORDS[recipe.position],
        "shards": footprint.shards,
        "mix": ", ".join(f"{op} {weight / total:.0%}" for op, weight in recipe.distortion.mix.items() if weight),
        "counts": counts,
        "rows": footprint.rows,
        "megabytes": footprint.download_bytes / 1e6,
        "share": f"{counts.rewritten / footprint.rows:.1%}" if footprint.rows else "none",
        "statistics": facts.statistics[name],
    }


def _operations(recipes: Mapping[str, Recipe]) -> list[dict[str, Any]]:
    """Every operation that some recipe can draw, with its ranges at that recipe's strength."""
    lines = []
    for recipe in recipes.values():
        drawn = [op for name, weight in recipe.distortion.mix.items() if weight for op in WEIGHED[name]]
        for op in (op for op in OPERATIONS.values() if op in drawn):
            line = {
                "op": op.name,
                "group": op.group,
                "looks": op.looks,
                "strength": recipe.distortion.strength,
                "ranges": _ranges(op, recipe.distortion),
            }
            if line not in lines:
                lines.append(line)
    return lines


def _ranges(op: Operation, settings: DistortionSettings) -> str:
    """Parameters with their ranges; where these rise, the first row's and the last's."""
    ends = STRENGTHS if settings.strength == RISING else (settings.strength,)
    given = settings.ranges.get(op.name, {})
    ranges = []
    for name in {**op.ranges[ends[0]], **given}:
        pairs = dict.fromkeys(given.get(name) or op.ranges[end][name] for end in ends)
        shown = [f"{low:g} to {high:g}" for low, high in pairs]
        ranges.append(f"{name} {shown[0]}" if len(shown) == 1 else f"{name} {shown[0]} at first, {shown[1]} at last")
    return "; ".join(ranges)


def _styles(recipes: Mapping[str, Recipe]) -> list[dict[str, object]]:
    """The styles of pages, each with the configs that have it."""
    users: dict[tuple[object, int], list[str]] = {}
    for name, recipe in recipes.items():
        users.setdefault((recipe.style, recipe.caps.max_pixels), []).append(f"`{name}`")
    return [
        {"names": "all configs" if len(users) == 1 else ", ".join(names), "style": style, "max_pixels": max_pixels}
        for (style, max_pixels), names in users.items()
    ]


def _single_blank_lines(text: str) -> str:
    """Sections that say nothing leave blank lines behind."""
    head, mark, own = text.partition(OWN_START)
    lines: Sequence[str] = head.strip("\n").split("\n")
    kept = [line for before, line in zip(("", *lines), lines, strict=False) if line.strip() or before.strip()]
    return "\n".join(kept) + ("\n\n" if mark else "") + mark + own
