"""The whole job: a corpus becomes a dataset folder that `load_dataset` reads and that is, byte for byte, the repo.

plan -> shards -> card, pictures, LLaMA-Factory's entry -> manifest, which is written last (`companions`).
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from lomo_hf.building import Counts, Engine, LocalEngine, Receipt, find_strays, plan, share_of
from lomo_hf.building.planning import rows_by_split
from lomo_hf.building.resume import RECEIPTS, save_receipt, unsealed
from lomo_hf.corpus import Source, open_splits
from lomo_hf.corpus.sampling import recorded_source
from lomo_hf.dataset.audit_record import check_audit
from lomo_hf.dataset.card.companions import refuse_links, write_companions
from lomo_hf.dataset.finished import finished_receipts
from lomo_hf.dataset.layout import AUDIT, DRAW, WORK_FOLDER
from lomo_hf.dataset.manifest import Manifest, no_manifest, read_set_aside, set_aside
from lomo_hf.errors import BuildError, IntegrityError, RecipeError
from lomo_hf.prepared_recipe import check_recipe
from lomo_hf.recipes.named import DEFAULT_RECIPE, load_recipe
from lomo_hf.recipes.names import check_no_secret
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.selection import measured
from lomo_hf.storage import LOCK, Folder, Place, locked, share_at_work, shares_at_work, wait_for_shares
from lomo_hf.storage.atomic import sweep, write_whole

__all__ = ["BuildReport", "build_dataset", "chosen_recipes", "record_audit"]

_RECEIPT: Final = re.compile(r"[0-9a-f]{32}\.json")
_LOGS: Final = f"{WORK_FOLDER}/logs"
_SOURCE: Final = f"{WORK_FOLDER}/source.json"
# The name of the source is in every row's id, by which it is drawn: under another name, rows are others.
_IDENTITY: Final = ("digest", "rows", "config", "repo", "revision")


@dataclass(frozen=True)
class BuildReport:
    """What a build left behind.

    Attributes:
        folder: Where.
        counts: What was counted for each config, in the order of the recipes.
        whole: False after a share of the shards: there is no card and no manifest yet.
        unchanged: True where the folder already held all of it, so that nothing was written.
    """

    folder: Path
    counts: Mapping[str, Counts]
    whole: bool = True
    unchanged: bool = False


def build_dataset(
    corpus: str | Path | Source | None = None,
    recipes: str | Path | Recipe | Sequence[str | Path | Recipe] = (DEFAULT_RECIPE,),
    out: str | Path = "lomo-ov15",
    *,
    num_proc: int = 1,
    seed: int | None = None,
    limit: int | None = None,
    repo: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    on_phase: Callable[[str], None] | None = None,
    draw: str | None = None,
    engine: Engine | None = None,
    share: tuple[int, int] | None = None,
    notify: Callable[[str], None] | None = None,
) -> BuildReport:
    """Build a dataset folder. A build in a folder where another one is at work, or shares of one, waits until that is
    done; shares of one build, on several machines, wait for nobody but while they plan.

    Args:
        corpus: A file, or a folder of files, as `open_splits` reads them: of all splits that there are, the dataset
            has shards; a dataset on the Hub, "org/name@revision"; a source that is open already, such as one split
            (`open_corpus`) or a draw; None is the embedded sample corpus.
        recipes: Names, YAML files or recipes, one or several; each becomes a config. What they share is rendered once.
        out: The folder. Configs of an earlier build from the same source stay; a build that was stopped goes on.
        num_proc: Worker processes. The bytes do not depend on it.
        seed: Instead of the recipes' own.
        limit: Only the first rows of each split of the corpus.
        repo: The name on the Hub that the card mentions; by default the one it mentioned before.
        progress: Called several times a second with the rows of the corpus that are done, and how many there are.
        on_phase: Called with a few words when a phase begins that is not counted in rows: reading the corpus; and
            after the rows counting what is in the shards, drawing plots and pictures, writing the card and manifest.
        draw: The manifest of the draw that the source is, to lay beside the card as `draw.json`.
        engine: Who builds the shards, if not processes of this machine; the bytes do not depend on it.
        share: (index, count): build only every count-th shard, from number `index`, and leave the rest of the work to
            a later call on the same folder.
        notify: Called with a sentence, once, if another build is at work in the folder.

    Returns:
        The folder, and what was counted for each config.

    Raises:
        LomoError: See `lomo_hf.errors`.

    Source: paper, sections 3 and 4, for what a row becomes; the folder's form is ours.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as out:
        ...     report = build_dataset(None, ["ratio25", "ratio50"], out, limit=20)
        >>> {name: counts.rows for name, counts in report.counts.items()}
        {'ratio25': 20, 'ratio50': 20}
    """
    check_no_secret("repo", repo or "")
    begin = on_phase or (lambda phase: None)
    begin("reading the corpus")
    place = Path(out)
    source = open_splits(corpus) if corpus is None or isinstance(corpus, str | Path) else corpus
    # Both stand in card and manifest, the config in every row's id too.
    check_no_secret("the corpus's name", f"{source.config} {source.description}")
    check_no_secret("the folder's name", _utf8(place).resolve().name)
    chosen = measured(chosen_recipes(recipes, seed), source, limit=limit)
    recorded = _source_record(source, limit)
    specs = plan(source, chosen, limit=limit)
    folder = _held(place)
    with ExitStack() as held:
        held.enter_context(locked(folder, notify, busy=partial(_refuse_to_wait, folder, recorded)))
        if shares_at_work(folder):
            _refuse_to_wait(folder, recorded)
        if share is None:
            wait_for_shares(folder, notify)
        earlier = _earlier(folder, recorded)
        refuse_links(folder, {**(earlier.recipes if earlier else {}), **{recipe.name: recipe for recipe in chosen}})
        if share is None and earlier is not None:
            finished = finished_receipts(folder, earlier, specs, repo=repo, draw=draw)
            if finished is not None:
                return replace(_report_of(place, chosen, finished), whole=True, unchanged=True)
        # Before anything else: it is by this that a folder is known as ours after a kill at the first row.
        write_whole(folder / _SOURCE, (json.dumps(recorded, indent=1) + "\n").encode())
        for receipt in earlier.receipts if earlier else ():
            save_receipt(receipt, folder)
        total = sum(spec.rows for spec in (specs if share is None else share_of(specs, *share)))
        on_rows = None if progress is None else partial(_report, progress, total)
        builder = engine or LocalEngine(num_proc)
        if share is not None:
            with share_at_work(folder):
                held.close()
                return _report_of(place, chosen, builder(share_of(specs, *share), folder.path, on_rows) or ())
        receipts = builder(specs, folder.path, on_rows)
        if receipts is None:
            return BuildReport(place, {}, whole=False)
        if not any(file.rows for receipt in receipts for file in receipt.files.values()):
            raise BuildError(_none_left(source, receipts))
        begin("looking for files of other builds")
        for stray in find_strays(specs, folder.path):
            (folder / stray).unlink()
        if draw is not None:
            write_whole(folder / DRAW, draw.encode())
        # Read once more: another build may have finished a config of its own here in the meantime.
        return BuildReport(
            place, _assemble(folder, chosen, receipts, recorded, _earlier(folder, recorded), repo, begin)
        )


def record_audit(folder: str | Path, report: str, *, notify: Callable[[str], None] | None = None) -> None:
    """Put an audit's report into a dataset folder as `audit.json`, onto the card and into the manifest.

    Args:
        folder: The folder that was audited.
        report: The JSON document of an `AuditReport`.
        notify: Called with a sentence if another command is at work in the folder.

    Raises:
        IntegrityError: The folder has no manifest, or the report is of other shards.

    Example:
        >>> import tempfile
        >>> from lomo_hf.auditing import audit_dataset
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = build_dataset(None, ["ratio50"], out, limit=3)
        ...     record_audit(out, audit_dataset(out).to_json())
        ...     Path(out, "audit.json").is_file()
        True
    """
    place = Path(folder)
    if not place.is_dir():
        raise IntegrityError(no_manifest(place, "Build it first."))
    held = Folder(place)
    with locked(held, notify):
        manifest = read_set_aside(held)
        if manifest is None:
            raise IntegrityError(no_manifest(place, "Build it first."))
        check_audit(report, manifest.receipts)
        refuse_links(held, manifest.configs)
        write_whole(held / AUDIT, report.encode())
        write_companions(held, manifest, earlier=manifest)


def _report_of(folder: Path, recipes: Sequence[Recipe], receipts: Sequence[Receipt]) -> BuildReport:
    """What a share of the shards came to."""
    counts = {
        recipe.name: sum((receipt.counts[recipe.name] for receipt in receipts), start=Counts()) for recipe in recipes
    }
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


def chosen_recipes(recipes: str | Path | Recipe | Sequence[str | Path | Recipe], seed: int | None) -> list[Recipe]:
    """Recipes by name, file or as they are, with another seed if one is given."""
    listed = [recipes] if isinstance(recipes, str | Path | Recipe) else recipes
    chosen = [recipe if isinstance(recipe, Recipe) else load_recipe(recipe) for recipe in listed]
    if not chosen:
        raise RecipeError("recipes must name at least one; found none. Write `ratio50`.")
    return [check_recipe(recipe if seed is None else replace(recipe, seed=seed)) for recipe in chosen]


def _source_record(source: Source, limit: int | None) -> dict[str, object]:
    splits = rows_by_split(source, limit)
    return {**recorded_source(source), "rows": sum(splits.values()), **({"splits": splits} if len(splits) > 1 else {})}


def _held(place: Path) -> Folder:
    """The folder of that name, made if it is missing, and held open."""
    if not place.is_dir() and (place.exists() or place.is_symlink()):
        raise BuildError(f"out must be a folder; {place.name!r} is a file or a link to nothing. Name another.")
    return Folder(place, make=True)


def _earlier(folder: Folder, source: Mapping[str, object]) -> Manifest | None:
    """The manifest of an earlier build in the folder, if the folder is ours to write into at all."""
    manifest = read_set_aside(folder)
    if manifest is None:
        if set(folder.names()) - {LOCK} and not (folder / WORK_FOLDER).is_folder():
            raise BuildError(
                f"out must be an empty folder or one made by lomo build; {folder.name!r} is neither. Name another."
            )
        return None
    if _is_other(manifest.source, source):
        raise BuildError(
            f"{folder.name!r} holds a dataset of {manifest.source['rows']} rows from another source or limit, or "
            f"from one of another name ({manifest.source['description']}). Name another folder with --out, or "
            "delete that one."
        )
    return manifest


def _is_other(first: Mapping[str, object], second: Mapping[str, object]) -> bool:
    return any(first.get(key) != second.get(key) for key in _IDENTITY)


def _refuse_to_wait(folder: Folder, source: Mapping[str, object]) -> None:
    """Another build is at work: if it is of another source, this one could only be refused when that is done."""
    try:
        recorded = json.loads((folder / _SOURCE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    if isinstance(recorded, dict) and _is_other(recorded, source):
        raise BuildError(
            f"a dataset of another source or limit ({recorded.get('description')}) is being built in {folder.name!r}. "
            "Name another folder with --out."
        )


def _utf8(folder: Path) -> Path:
    """The folder, if pyarrow and the card can say its name."""
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise BuildError(f"out must be a name in UTF-8; found {str(folder)!a}. Name another folder.") from error
    return folder


def _assemble(
    folder: Folder,
    recipes: Sequence[Recipe],
    receipts: Sequence[Receipt],
    source: Mapping[str, object],
    earlier: Manifest | None,
    repo: str | None,
    begin: Callable[[str], None],
) -> dict[str, Counts]:
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
    write_companions(
        folder, Manifest(source, all_recipes, all_receipts, ()), earlier=earlier, repo=repo, on_phase=begin
    )
    _clear_work(folder, all_recipes)
    return {name: sum((receipt.counts[name] for receipt in receipts), start=Counts()) for name in named}


def _clear_work(folder: Folder, finished: Collection[str]) -> None:
    """Remove what was kept for the builds that are finished, and leave the receipts of those that are not: other
    machines may be at work on another config here, or it was stopped and will go on. What is not of our making stays.
    """
    receipts = [place for place in (folder / RECEIPTS).places() if _RECEIPT.fullmatch(place.name)]
    needed = {place.name for place in receipts if _is_needed(place, folder, finished)}
    for place in receipts:
        if place.name not in needed:
            place.unlink(missing_ok=True)
    if needed:
        return
    for name in (f"{WORK_FOLDER}/{DRAW}", _SOURCE):
        (folder / name).unlink(missing_ok=True)
    (folder / _LOGS).remove_tree()
    for work in (RECEIPTS, WORK_FOLDER):
        sweep((folder / work).places())
        (folder / work).remove_if_empty()


def _is_needed(place: Place, folder: Folder, finished: Collection[str]) -> bool:
    try:
        receipt = unsealed(place.read_text())
        files = [file for part in (receipt.files, receipt.sidecars) for file in part.values()]
        sizes = [(folder / file.path).size() for file in files]
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
        counts = {name: counted for name, counted in receipt.counts.items() if name not in rebuilt}
        if files:
            kept.append(replace(receipt, files=files, sidecars=sidecars, counts=counts))
    return kept


def _remove_stale(folder: Folder, earlier: Manifest | None, receipts: Sequence[Receipt]) -> None:
    """Shards that the earlier manifest names and the new one does not; nothing else is ever removed."""
    stale = set(_paths(earlier.receipts if earlier else ())) - set(_paths(receipts))
    for path in sorted(stale):
        (folder / path).unlink(missing_ok=True)


def _paths(receipts: Sequence[Receipt]) -> Iterator[str]:
    for receipt in receipts:
        yield from (file.path for part in (receipt.files, receipt.sidecars) for file in part.values())
