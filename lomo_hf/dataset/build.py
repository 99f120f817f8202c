"""The whole job: a corpus becomes a dataset folder that `load_dataset` reads and that is, byte for byte, the repo.

plan -> shards -> card, pictures, LLaMA-Factory's entry -> manifest, which is written last (`companions`).
"""

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lomo_hf.building import Counts, Engine, LocalEngine, Receipt, find_strays, plan, share_of
from lomo_hf.building.resume import RECEIPTS, save_receipt, unsealed
from lomo_hf.corpus import Source, open_corpus
from lomo_hf.corpus.sampling import DRAW, recorded_source
from lomo_hf.dataset.audit_record import AUDIT, check_audit
from lomo_hf.dataset.card.assets import ASSETS
from lomo_hf.dataset.card.companions import refresh_card, write_companions
from lomo_hf.dataset.manifest import MANIFEST, WORK_FOLDER, Manifest, read_set_aside, set_aside
from lomo_hf.errors import BuildError, IntegrityError, RecipeError
from lomo_hf.recipes.named import DEFAULT_RECIPE, load_recipe
from lomo_hf.recipes.names import check_no_secret
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.selection import measured
from lomo_hf.storage.atomic import write_whole
from lomo_hf.substitution import check_recipe

__all__ = ["BuildReport", "build_dataset", "chosen_recipes"]


@dataclass(frozen=True)
class BuildReport:
    """What a build left behind: the folder, and what was counted for each config, in the order of the recipes.

    `whole` is False after a share of the shards: there is no card and no manifest yet.
    """

    folder: Path
    counts: Mapping[str, Counts]
    whole: bool = True


def build_dataset(
    corpus: str | Path | Source | None = None,
    recipes: Sequence[str | Path | Recipe] = (DEFAULT_RECIPE,),
    out: str | Path = "lomo-ov15",
    *,
    num_proc: int = 1,
    seed: int | None = None,
    limit: int | None = None,
    repo: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    draw: str | None = None,
    engine: Engine | None = None,
    share: tuple[int, int] | None = None,
) -> BuildReport:
    """Build a dataset folder.

    Args:
        corpus: A JSONL, JSON or Parquet file, or a folder of them; a dataset on the Hub, "org/name@revision"; a source
            that is open already, such as a draw; None is the embedded sample corpus.
        recipes: Names, YAML files or recipes; each becomes a config. What they share is rendered once.
        out: The folder. Configs of an earlier build from the same source stay; a build that was stopped goes on.
        num_proc: Worker processes. The bytes do not depend on it.
        seed: Instead of the recipes' own.
        limit: Only the first rows of the corpus.
        repo: The name on the Hub that the card mentions; by default the one it mentioned before.
        progress: Called several times a second with the rows of the corpus that are done, and how many there are.
        draw: The manifest of the draw that the source is, to lay beside the card as `draw.json`.
        engine: Who builds the shards, if not processes of this machine; the bytes do not depend on it.
        share: (index, count): build only every count-th shard, from number `index`, and leave the rest of the work to
            a later call on the same folder.

    Raises:
        LomoError: See `lomo_hf.errors`.
    """
    check_no_secret("repo", repo or "")
    folder = Path(out)
    source = open_corpus(corpus) if corpus is None or isinstance(corpus, str | Path) else corpus
    # Both stand in card and manifest, the config in every row's id too.
    check_no_secret("the corpus's name", f"{source.config} {source.description}")
    check_no_secret("the folder's name", _utf8(folder).resolve().name)
    chosen = measured(chosen_recipes(recipes, seed), source, limit=limit)
    said = _source_record(source, limit)
    earlier = _earlier(folder, said)
    specs = plan(source, chosen, limit=limit)
    _check_no_links(folder, [recipe.name for recipe in chosen])
    # Before anything else: it is by this that a folder is known as ours after a kill at the first row.
    (folder / WORK_FOLDER).mkdir(parents=True, exist_ok=True)
    for receipt in earlier.receipts if earlier else ():
        save_receipt(receipt, folder)
    total = sum(spec.rows for spec in (specs if share is None else share_of(specs, *share)))
    on_rows = None if progress is None else partial(_report, progress, total)
    builder = engine or LocalEngine(num_proc)
    if share is not None:
        return _report_of(folder, chosen, builder(share_of(specs, *share), folder, on_rows) or ())
    receipts = builder(specs, folder, on_rows)
    if receipts is None:
        return BuildReport(folder, {}, whole=False)
    if not any(file.rows for receipt in receipts for file in receipt.files.values()):
        raise BuildError(_none_left(source, receipts))
    for stray in find_strays(specs, folder):
        (folder / stray).unlink()
    if draw is not None:
        write_whole(folder / DRAW, draw.encode())
    # Read once more: another build may have finished a config of its own here in the meantime.
    return _assemble(folder, chosen, receipts, said, _earlier(folder, said), repo)


def record_audit(folder: str | Path, report: str) -> None:
    """Put an audit's report into a dataset folder as `audit.json`, onto the card and into the manifest.

    Raises:
        IntegrityError: The folder has no manifest, or the report is of other shards.
    """
    place = Path(folder)
    manifest = read_set_aside(place)
    if manifest is None:
        raise IntegrityError(f"{place.name!r} holds no {MANIFEST}, so it is no whole dataset folder. Build it first.")
    check_audit(report, manifest.receipts)
    write_whole(place / AUDIT, report.encode())
    refresh_card(place)


def _report_of(folder: Path, recipes: Sequence[Recipe], receipts: Sequence[Receipt]) -> BuildReport:
    """What a share of the shards came to."""
    counts = {one.name: sum((receipt.counts[one.name] for receipt in receipts), start=Counts()) for one in recipes}
    return BuildReport(folder, counts, whole=False)


def _none_left(source: Source, receipts: Sequence[Receipt]) -> str:
    """Why there is nothing to load, as the first recipe counted it, and where the rows are listed."""
    name = next((name for receipt in receipts for name in receipt.counts), "<config>")
    counts = sum((receipt.counts[name] for receipt in receipts), start=Counts())
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.refused.items()))
    if not reasons:
        return f"no row of {source.description} was read. Leave limit out, or raise it."
    return (
        f"no row of {source.description} became a row of the dataset ({reasons}). "
        f"Look into {name}/refused-*.jsonl in the folder, and mend the corpus."
    )


def _report(progress: Callable[[int, int], None], total: int, rows: int) -> None:
    progress(rows, total)


def chosen_recipes(recipes: Sequence[str | Path | Recipe], seed: int | None) -> list[Recipe]:
    """Recipes by name, file or as they are, with another seed if one is given."""
    chosen = [recipe if isinstance(recipe, Recipe) else load_recipe(recipe) for recipe in recipes]
    if not chosen:
        raise RecipeError("recipes must name at least one; found none. Write `ratio50`.")
    return [check_recipe(recipe if seed is None else replace(recipe, seed=seed)) for recipe in chosen]


def _source_record(source: Source, limit: int | None) -> dict[str, Any]:
    return {**recorded_source(source), "rows": len(source) if limit is None else min(limit, len(source))}


def _earlier(folder: Path, source: Mapping[str, Any]) -> Manifest | None:
    """The manifest of an earlier build in the folder, if the folder is ours to write into at all."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise BuildError(f"out must be a folder; {folder.name!r} is a file. Name another.")
    manifest = read_set_aside(folder)
    if manifest is None:
        if any(folder.iterdir()) and not (folder / WORK_FOLDER).is_dir():
            raise BuildError(
                f"out must be an empty folder or one made by lomo build; {folder.name!r} is neither. Name another."
            )
        return None
    # The name of the source is in every row's id, by which it is drawn: under another name, rows are others.
    for key in ("digest", "rows", "config", "repo", "revision"):
        if manifest.source.get(key) != source[key]:
            raise BuildError(
                f"{folder.name!r} holds a dataset of {manifest.source['rows']} rows from another source or limit, or "
                f"from one of another name ({manifest.source['description']}). Name another folder with --out, or "
                "delete that one."
            )
    return manifest


def _utf8(folder: Path) -> Path:
    """The folder, if pyarrow and the card can say its name."""
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise BuildError(f"out must be a name in UTF-8; found {str(folder)!a}. Name another folder.") from error
    return folder


def _check_no_links(folder: Path, names: Sequence[str]) -> None:
    """What is reached through a link lies elsewhere, and is no part of the repository that the folder is to be."""
    for name in (*names, ASSETS):
        if (folder / name).is_symlink():
            raise BuildError(
                f"{name} in {folder.name!r} must be a folder of its own; found a link. Remove the link, or make "
                "the whole dataset folder one."
            )


def _assemble(
    folder: Path,
    recipes: Sequence[Recipe],
    receipts: Sequence[Receipt],
    source: Mapping[str, Any],
    earlier: Manifest | None,
    repo: str | None,
) -> BuildReport:
    """Everything but the shards; the manifest goes first of what is removed and comes last of what is written."""
    set_aside(folder)
    named = {recipe.name: recipe for recipe in recipes}
    old = _kept_receipts(earlier, set(named))
    all_recipes = {
        **{name: r for name, r in (earlier.recipes if earlier else {}).items() if name not in named},
        **named,
    }
    all_receipts = [*old, *receipts]
    _remove_stale(folder, earlier, all_receipts)
    write_companions(folder, Manifest(source, all_recipes, all_receipts, ()), earlier=earlier, repo=repo)
    _clear_work(folder, all_recipes)
    counts = {name: sum((receipt.counts[name] for receipt in receipts), start=Counts()) for name in named}
    return BuildReport(folder, counts)


def _clear_work(folder: Path, finished: Collection[str]) -> None:
    """Remove what was kept for the builds that are finished, and leave the receipts of those that are not: other
    machines may be at work on another config here, or it was stopped and will go on.
    """
    unfinished = False
    for path in (folder / RECEIPTS).glob("*.json"):
        if _is_needed(path, folder, finished):
            unfinished = True
        else:
            path.unlink(missing_ok=True)
    if not unfinished:
        shutil.rmtree(folder / WORK_FOLDER, ignore_errors=True)


def _is_needed(path: Path, folder: Path, finished: Collection[str]) -> bool:
    try:
        receipt = unsealed(path.read_text(encoding="utf-8"))
        files = [file for part in (receipt.files, receipt.sidecars) for file in part.values()]
        sizes = [(folder / file.path).stat().st_size for file in files]
    except (OSError, UnicodeDecodeError, IntegrityError):
        return False
    return not set(receipt.files) <= set(finished) and sizes == [file.bytes for file in files]


def _kept_receipts(earlier: Manifest | None, rebuilt: set[str]) -> list[Receipt]:
    """The earlier receipts, each without the configs that were built again."""
    kept = []
    for receipt in earlier.receipts if earlier else ():
        files, sidecars = (
            {k: v for k, v in part.items() if k not in rebuilt} for part in (receipt.files, receipt.sidecars)
        )
        counts = {name: one for name, one in receipt.counts.items() if name not in rebuilt}
        if files:
            kept.append(replace(receipt, files=files, sidecars=sidecars, counts=counts))
    return kept


def _remove_stale(folder: Path, earlier: Manifest | None, receipts: Sequence[Receipt]) -> None:
    """Shards that the earlier manifest names and the new one does not; nothing else is ever removed."""
    stale = set(_paths(earlier.receipts if earlier else ())) - set(_paths(receipts))
    for path in sorted(stale):
        (folder / path).unlink(missing_ok=True)


def _paths(receipts: Sequence[Receipt]) -> Iterator[str]:
    for receipt in receipts:
        yield from (file.path for part in (receipt.files, receipt.sidecars) for file in part.values())
