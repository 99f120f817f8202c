"""The whole job: a corpus becomes a dataset folder that `load_dataset` reads and that is, byte for byte, the repo.

plan -> shards -> card, LLaMA-Factory's entry, picture -> manifest, which is written last.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

from lomo_hf.building import Counts, Engine, LocalEngine, Receipt, find_strays, plan, share_of
from lomo_hf.building.files import write_whole
from lomo_hf.building.resume import save_receipt
from lomo_hf.corpus import Source, open_source
from lomo_hf.errors import BuildError, RecipeError
from lomo_hf.names import check_no_secret
from lomo_hf.recipe import Recipe
from lomo_hf.recipes import DEFAULT_RECIPE, load_recipe
from lomo_hf.release.card import card_text, own_text_of
from lomo_hf.release.manifest import MANIFEST, Manifest, file_record, read_manifest, write_manifest
from lomo_hf.release.views import footprints, llamafactory_entries
from lomo_hf.substitution import check_recipe

__all__ = ["BuildReport", "build_dataset"]

WORK_FOLDER = ".lomo"
CARD = "README.md"
LLAMAFACTORY = "dataset_info.json"
PICTURE = "assets/preview.png"
_PICTURE_SEARCH, _PICTURE_HEIGHT, _PICTURE_CHARS = 500, 420, 900


@dataclass(frozen=True)
class BuildReport:
    """What a build left behind: the folder, and what was counted for each config, in the order of the recipes.

    `whole` is False after a share of the shards: there is no card and no manifest yet.
    """

    folder: Path
    counts: Mapping[str, Counts]
    whole: bool = True


def build_dataset(
    corpus: str | Path | None = None,
    recipes: Sequence[str | Path | Recipe] = (DEFAULT_RECIPE,),
    out: str | Path = "lomo-ov15",
    *,
    num_proc: int = 1,
    seed: int | None = None,
    limit: int | None = None,
    repo: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    engine: Engine | None = None,
    share: tuple[int, int] | None = None,
) -> BuildReport:
    """Build a dataset folder.

    Args:
        corpus: A JSONL, JSON or Parquet file, or a folder of them; None is the embedded sample corpus.
        recipes: Names, YAML files or recipes; each becomes a config. What they share is rendered once.
        out: The folder. Configs of an earlier build from the same source stay; a build that was stopped goes on.
        num_proc: Worker processes. The bytes do not depend on it.
        seed: Instead of the recipes' own.
        limit: Only the first rows of the corpus.
        repo: The name on the Hub that the card mentions.
        progress: Called several times a second with the rows of the corpus that are done, and how many there are.
        engine: Who builds the shards, if not processes of this machine; the bytes do not depend on it.
        share: (index, count): build only every count-th shard, from number `index`, and leave the rest of the work to
            a later call on the same folder.

    Raises:
        LomoError: See `lomo_hf.errors`.
    """
    chosen = _chosen(recipes, seed)
    check_no_secret("repo", repo or "")
    folder = Path(out)
    source = open_source(corpus)
    said = _source_record(source, limit)
    earlier = _earlier(folder, said)
    specs = plan(source, chosen, limit=limit)
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
        raise BuildError(f"no row of {source.description} became a row of the dataset, and no loader reads none.")
    for stray in find_strays(specs, folder):
        (folder / stray).unlink()
    return _assemble(folder, chosen, receipts, said, earlier, repo or f"ORG/{folder.resolve().name}")


def _report_of(folder: Path, recipes: Sequence[Recipe], receipts: Sequence[Receipt]) -> BuildReport:
    """What a share of the shards came to."""
    counts = {one.name: sum((receipt.counts[one.name] for receipt in receipts), start=Counts()) for one in recipes}
    return BuildReport(folder, counts, whole=False)


def _report(progress: Callable[[int, int], None], total: int, rows: int) -> None:
    progress(rows, total)


def _chosen(recipes: Sequence[str | Path | Recipe], seed: int | None) -> list[Recipe]:
    chosen = [recipe if isinstance(recipe, Recipe) else load_recipe(recipe) for recipe in recipes]
    if not chosen:
        raise RecipeError("recipes must name at least one; found none. Write `ratio50`.")
    return [check_recipe(recipe if seed is None else replace(recipe, seed=seed)) for recipe in chosen]


def _source_record(source: Source, limit: int | None) -> dict[str, Any]:
    return {
        "config": source.config,
        "description": source.description,
        "digest": source.digest,
        "repo": source.repo,
        "revision": source.revision,
        "rows": len(source) if limit is None else min(limit, len(source)),
    }


def _earlier(folder: Path, source: Mapping[str, Any]) -> Manifest | None:
    """The manifest of an earlier build in the folder, if the folder is ours to write into at all."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise BuildError(f"out must be a folder; {folder.name!r} is a file. Name another.")
    manifest = read_manifest(folder)
    if manifest is None:
        if any(folder.iterdir()) and not (folder / WORK_FOLDER).is_dir():
            raise BuildError(f"out must be an empty folder or one made by lomo build; {folder.name!r} is neither.")
        return None
    for key in ("digest", "rows"):
        if manifest.source[key] != source[key]:
            raise BuildError(
                f"{folder.name!r} holds a dataset of {manifest.source['rows']} rows from another source or limit "
                f"({manifest.source['description']}). Name another folder with --out, or delete that one."
            )
    return manifest


def _assemble(
    folder: Path,
    recipes: Sequence[Recipe],
    receipts: Sequence[Receipt],
    source: Mapping[str, Any],
    earlier: Manifest | None,
    repo: str,
) -> BuildReport:
    """Everything but the shards; the manifest goes first of what is removed and comes last of what is written."""
    (folder / MANIFEST).unlink(missing_ok=True)
    named = {recipe.name: recipe for recipe in recipes}
    old = _kept_receipts(earlier, set(named))
    all_recipes = {
        **{name: r for name, r in (earlier.recipes if earlier else {}).items() if name not in named},
        **named,
    }
    all_receipts = [*old, *receipts]
    _remove_stale(folder, earlier, all_receipts)
    counts = {
        name: sum((receipt.counts[name] for receipt in all_receipts if name in receipt.counts), start=Counts())
        for name in all_recipes
    }
    default = DEFAULT_RECIPE if DEFAULT_RECIPE in all_recipes else next(iter(all_recipes))
    files = _write_companions(folder, all_recipes, all_receipts, counts, source, default, repo)
    write_manifest(folder, Manifest(source, all_recipes, all_receipts, files))
    shutil.rmtree(folder / WORK_FOLDER, ignore_errors=True)
    return BuildReport(folder, {name: counts[name] for name in named})


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


def _write_companions(
    folder: Path,
    recipes: Mapping[str, Recipe],
    receipts: Sequence[Receipt],
    counts: Mapping[str, Counts],
    source: Mapping[str, Any],
    default: str,
    repo: str,
) -> list[dict[str, Any]]:
    found = footprints(folder, receipts, list(recipes))
    pictures = _write_picture(folder, default, receipts)
    readme = folder / CARD
    own_text = own_text_of(readme.read_text(encoding="utf-8")) if readme.is_file() else ""
    text = card_text(recipes, counts, found, source, default=default, repo=repo, pictures=pictures, own_text=own_text)
    write_whole(readme, text.encode())
    entries = json.dumps(llamafactory_entries(list(recipes), repo), indent=2) + "\n"
    write_whole(folder / LLAMAFACTORY, entries.encode())
    return [file_record(folder, path) for path in (CARD, LLAMAFACTORY, *pictures)]


def _write_picture(folder: Path, name: str, receipts: Sequence[Receipt]) -> list[str]:
    """The contact sheet that the card shows: of the default config, a row for each operation and route."""
    from lomo_hf.preview import contact_sheet, save_sheet

    paths = [receipt.files[name].path for receipt in receipts if name in receipt.files]
    rows = _varied(stored_rows(folder / path for path in paths))
    if not rows:
        return []
    buffer = BytesIO()
    save_sheet(contact_sheet(rows), buffer)
    (folder / PICTURE).parent.mkdir(exist_ok=True)
    write_whole(folder / PICTURE, buffer.getvalue())
    return [PICTURE]


def _varied(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first short row of each operation and of each route, from the beginning of the config."""
    chosen: dict[str, dict[str, Any]] = {}
    for row in islice(rows, _PICTURE_SEARCH):
        lomo = row["lomo"]
        fresh = {lomo["distortion"]["op"], lomo["renderer"]} - set(chosen)
        if fresh and lomo["height"] <= _PICTURE_HEIGHT and lomo["prompt_chars"] <= _PICTURE_CHARS:
            chosen.update(dict.fromkeys(fresh, row))
    return list({row["id"]: row for row in chosen.values()}.values())


def stored_rows(paths: Iterator[Path]) -> Iterator[dict[str, Any]]:
    """The rewritten rows of shards, as stored."""
    import pyarrow.parquet as pq

    for path in paths:
        with pq.ParquetFile(path) as shard:
            for batch in shard.iter_batches(batch_size=50):
                yield from (row for row in batch.to_pylist() if row["rewritten"])
