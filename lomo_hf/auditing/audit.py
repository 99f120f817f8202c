"""The audit of a dataset folder: every row is held against its source and its record, a shard at a time.

Nothing is written here. Memory is bounded by a shard's ids, a sample, and a few bytes a row for figures.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from lomo_hf.auditing.case import Case, Places
from lomo_hf.auditing.content_checks import CONTENT_CHECKS
from lomo_hf.auditing.folder_checks import FOLDER_CHECKS, SeenIds, check_files
from lomo_hf.auditing.matching import MATCHING_CHECKS, matched_rows, unmatched_rows
from lomo_hf.auditing.nesting import NESTING_CHECKS, Fingerprints, check_nesting, fingerprint, nested_pairs
from lomo_hf.auditing.ocr import Reader
from lomo_hf.auditing.page_checks import PAGE_CHECKS, check_pages
from lomo_hf.auditing.report import AuditReport, Ledger
from lomo_hf.auditing.row_checks import OWN_IMAGES_CHECKS, ROW_CHECKS, draws_are_known, problems_of
from lomo_hf.auditing.sampling import Key, outlines, page_kind, reading_kind, spread_sample
from lomo_hf.auditing.shards import Shard, shards_of
from lomo_hf.auditing.statistics import Statistics
from lomo_hf.auditing.study import Study
from lomo_hf.building import Counts
from lomo_hf.corpus import Conversation, Source, splits_of
from lomo_hf.corpus.sampling import reopen_source
from lomo_hf.corpus.splits import TRAIN
from lomo_hf.dataset import Manifest, content_digest, read_set_aside
from lomo_hf.dataset.layout import DRAW
from lomo_hf.dataset.manifest import no_manifest
from lomo_hf.dataset.mixtures import MIXTURE, MixtureRecord, id_before_mixing
from lomo_hf.errors import IntegrityError, LomoError, SourceError, UsageError
from lomo_hf.recipes.recipe import Recipe, installed_engines
from lomo_hf.row import MixedRow

__all__ = ["CHECKS", "OCR_SAMPLE", "audit_dataset"]

OCR_SAMPLE: Final = 300
"""Rows that a reader takes where no sample is asked for: it needs about a second for each."""

_SHARD_CHECKS: Final[Mapping[str, str]] = {
    "shards-readable": "every shard reads whole, with the columns of a row",
    "unique-ids": "no id stands twice in a config",
    "counts-as-recorded": "what the manifest counts is what the rows are",
}
CHECKS: Final[Mapping[str, str]] = {
    **FOLDER_CHECKS,
    **_SHARD_CHECKS,
    **MATCHING_CHECKS,
    **{name: check.promise for name, check in ROW_CHECKS.items()},
    **PAGE_CHECKS,
    **NESTING_CHECKS,
}
"""Name -> promise of every check, in the order of the report."""

# These write files and decide no pixel.
_NO_PIXELS: Final = frozenset(("pyarrow", "datasets"))
_OTHER_ENGINES: Final = "built with other engines than are installed"
_RANKS_WITHIN: Final = 0.01  # of the true rank, as percentiles give it


def audit_dataset(
    folder: str | Path,
    *,
    corpus: str | Path | None = None,
    no_source: bool = False,
    sample: int | None = None,
    reader: Reader | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> AuditReport:
    """Check a dataset folder against its source and against itself.

    Args:
        folder: What `lomo build` made.
        corpus: The corpus that it was built from; None is what the manifest names on the Hub, or the embedded sample.
            A mixture has none: its LoMo rows are checked by the recipe that it records, without a source.
        no_source: Check only what can be checked without the corpus.
        sample: How many rewritten rows have their pages decoded and made again, and read; None for all of them (300
            for the reader). Everything else is checked of all rows anyway.
        reader: Reads pages (`lomo_hf.auditing.open_reader`); None for no figures on legibility.
        progress: Called with the rows that are done and how many there are.

    Returns:
        The outcome of every check, with examples of what is false, and statistics of each config.

    Raises:
        IntegrityError: There is no manifest, or the corpus is not the one that it names.
        UsageError: A corpus is given for a mixture, or the mixture records no recipe.
        SourceError: The corpus cannot be read.

    Example:
        >>> import tempfile
        >>> from lomo_hf.dataset import build_dataset
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = build_dataset(None, ["ratio50"], out, limit=5)
        ...     report = audit_dataset(out)
        >>> report.true, report.statistics["ratio50"]["rows"]
        (True, 5)
    """
    root = Path(folder)
    manifest = read_set_aside(root)
    if manifest is None:
        raise IntegrityError(no_manifest(root, "Build it first."))
    if manifest.mixture:
        _check_mixture(root, manifest.mixture, corpus)
    source = None if no_source or manifest.mixture else _open(root, corpus, manifest)
    return _Audit(root, manifest, source, sample, reader).run(progress or (lambda done, total: None))


def _check_mixture(folder: Path, mixture: MixtureRecord, corpus: str | Path | None) -> None:
    half = mixture.lomo
    if corpus is not None:
        raise UsageError(
            f"{folder.name!r} is a mixture, whose rows have no corpus of their own. Audit it without --corpus, and "
            f"the dataset that it was mixed from ({half.where}) with it."
        )
    if half.recipe is None:
        raise UsageError(
            f"{folder.name!r} is a mixture that records no recipe of its LoMo rows, since {half.where} had no "
            "manifest when it was mixed. Audit the dataset that it was mixed from; `lomo verify` checks the bytes of "
            "this one."
        )


def _open(folder: Path, corpus: str | Path | None, manifest: Manifest) -> Source:
    recorded = manifest.source
    source = reopen_source(recorded, corpus, draw=folder / DRAW)
    if source.digest != recorded["digest"]:
        raise IntegrityError(
            f"the source must have the digest {recorded['digest'][:16]}… ({recorded['description']}) as the manifest "
            f"says; found {source.digest[:16]}… ({source.description}). "
            "Name the right one with --corpus, or give --no-source."
        )
    if len(source) < recorded["rows"]:
        raise SourceError(f"the source must have {recorded['rows']} rows as the manifest says; found {len(source)}.")
    return source


@dataclass
class _Audit:
    """One run: what is audited, and what has been found so far."""

    folder: Path
    manifest: Manifest
    source: Source | None
    sample: int | None
    reader: Reader | None
    ledger: Ledger = field(default_factory=lambda: Ledger(CHECKS))
    off_by_one: int = 0

    def __post_init__(self) -> None:
        self.recipes = _recipes(self.manifest)
        recorded = self.manifest.source
        self.rows: Mapping[str, int] = recorded.get("splits") or {recorded.get("split", TRAIN): recorded["rows"]}
        self.sources = {part.split: part for part in splits_of(self.source)} if self.source else {}
        self.shards = {name: shards_of(self.manifest.receipts, name, self.rows) for name in self.recipes}
        self.statistics = {name: Statistics(recipe.ratio) for name, recipe in self.recipes.items()}
        self.ids = {name: SeenIds() for name in self.recipes}
        self.pairs = nested_pairs(self.recipes)
        self.replay = {name: _same_engines(recipe) for name, recipe in self.recipes.items()}

    def run(self, progress: Callable[[int, int], None]) -> AuditReport:
        check_files(self.folder, self.manifest, self.ledger)
        self._check_totals()
        pages, study = self._page_sample(), self._study()
        total = sum(shard.counts.rows for shards in self.shards.values() for shard in shards)
        done = 0
        for group in self._by_part():
            fingerprints: dict[str, Fingerprints] = {}
            for shard in group:
                fingerprints[shard.config] = self._check_shard(shard, pages, study, done, total, progress)
                done += shard.counts.rows
            check_nesting(self.pairs, fingerprints, self.ledger)
        for name, seen in self.ids.items():
            seen.check(self.folder, self.shards[name], self.ledger)
        return AuditReport(
            content_digest(self.manifest.receipts),
            {key: self.manifest.source[key] for key in ("config", "digest", "rows")} if self.source else None,
            self.sample,
            self.ledger.outcomes(self._skipped()),
            {name: statistics.to_dict() for name, statistics in self.statistics.items()},
            self._notes(),
            study.to_dict() if study else None,
        )

    # -- shards ------------------------------------------------------------------------------------------------------

    def _by_part(self) -> Iterator[list[Shard]]:
        """The shards of all configs that cover the same part of the source, so that nested ratios meet."""
        parts: dict[tuple[str, int], list[Shard]] = {}
        for shards in self.shards.values():
            for shard in shards:
                parts.setdefault((shard.split, shard.index), []).append(shard)
        yield from parts.values()

    def _check_shard(
        self,
        shard: Shard,
        pages: Mapping[Key, object] | None,
        study: Study | None,
        done: int,
        total: int,
        progress: Callable[[int, int], None],
    ) -> Fingerprints:
        recipe, ledger = self.recipes[shard.config], self.ledger
        fingerprints: Fingerprints = {}
        counts = Counts()
        nested = any(shard.config in pair for pair in self.pairs)
        problems: list[str] = []
        try:
            rows = (
                matched_rows(self.folder, shard, self.sources[shard.split], recipe, ledger)
                if shard.split in self.sources
                else unmatched_rows(self.folder, shard, ledger)
            )
            for number, (row, source, places) in enumerate(rows, 1):
                case = self._case(row, recipe, source, places)
                self._check_row(shard.config, case, pages, study)
                counts += _counted(case)
                if nested:
                    fingerprints[case.id] = fingerprint(row)
                progress(done + number, total)
        except IntegrityError as error:
            problems.append(str(error))
        ledger.note("shards-readable", shard.config, shard.file.path, problems)
        self.statistics[shard.config].refused += sum(shard.counts.refused.values())
        if not problems:
            self._check_counts(shard, counts)
        return fingerprints

    def _case(
        self, row: dict[str, object], recipe: Recipe, source: Conversation | None, places: Places | None
    ) -> Case:
        """The row as it was before it was mixed: with its own id, and a place in its corpus that is anywhere."""
        mixture = self.manifest.mixture
        if mixture is None:
            return Case(row, recipe, source, places)
        self.ids[MIXTURE].add(str(row["id"]))
        own_id = id_before_mixing(str(row["id"])) if mixture.repeated else row["id"]
        return Case({**row, "id": own_id}, recipe, None, (0.0, 1.0))

    def _check_row(self, config: str, case: Case, pages: Mapping[Key, object] | None, study: Study | None) -> None:
        ledger, key = self.ledger, (config, case.id)
        if not self.manifest.mixture:
            self.ids[config].add(case.id)
        elif case.has_own_images:
            for name in OWN_IMAGES_CHECKS:
                ledger.note(name, config, case.id, problems_of(OWN_IMAGES_CHECKS[name], case))
            self.statistics[config].rows += 1
            return
        for name, check in ROW_CHECKS.items():
            able = (case.source or not check.needs_source) and (self.replay[config] or not check.needs_engines)
            if able and check.applies(case):
                ledger.note(name, config, case.id, problems_of(check.find, case))
        if case.rewritten and (pages is None or key in pages):
            looked = check_pages(case, replay=self.replay[config])
            self.off_by_one += looked.off_by_one
            for name, problems in looked.problems.items():
                ledger.note(name, config, case.id, problems)
        self.statistics[config].add(case)
        if study and case.rewritten:
            _read(study, config, case)

    def _check_counts(self, shard: Shard, counts: Counts) -> None:
        recorded = shard.counts.to_dict()
        problems = [
            f"{name} must be {recorded[name]}; counted {value}."
            for name, value in counts.to_dict().items()
            if name != "refused" and value != recorded[name]
        ]
        self.ledger.note("counts-as-recorded", shard.config, shard.file.path, problems)

    def _check_totals(self) -> None:
        wanted = self.manifest.source["rows"]
        for config, shards in self.shards.items():
            counted = sum(shard.stop - shard.start for shard in shards)
            problem = f"stored and refused rows must be {wanted}; recorded are {counted}."
            self.ledger.note("counts-as-recorded", config, "", [] if counted == wanted else [problem])

    # -- samples -----------------------------------------------------------------------------------------------------

    def _page_sample(self) -> Mapping[Key, object] | None:
        if self.sample is None:
            return None
        return spread_sample(outlines(self.folder, self.recipes, self.shards), self.sample, page_kind)

    def _study(self) -> Study | None:
        if self.reader is None:
            return None
        # Configs that differ in their ratio alone share their pages: those of the largest ratio are all of them.
        smaller = {name for name, _ in self.pairs}
        chosen = {name: recipe for name, recipe in self.recipes.items() if name not in smaller}
        size = OCR_SAMPLE if self.sample is None else self.sample
        return Study(self.reader, spread_sample(outlines(self.folder, chosen, self.shards), size, reading_kind))

    # -- words -------------------------------------------------------------------------------------------------------

    def _skipped(self) -> dict[str, str]:
        skipped = {}
        if not self.source:
            needing = [name for name, check in ROW_CHECKS.items() if check.needs_source]
            skipped.update(dict.fromkeys([*needing, "refusals-true"], "no source"))
        if not any(self.replay.values()):
            redone = [name for name, check in ROW_CHECKS.items() if check.needs_engines]
            skipped.update(dict.fromkeys([*redone, "distortion-replays", *CONTENT_CHECKS], _OTHER_ENGINES))
        if not self.pairs:
            skipped["nested-ratios"] = "no two configs differ in their ratio alone"
        return skipped

    def _notes(self) -> list[str]:
        notes = []
        if self.manifest.mixture:
            half = self.manifest.mixture.lomo
            notes.append(
                "A mixture: texts are not held against a corpus. The audit of the dataset that its LoMo rows are from "
                f"({half.where}, {', '.join(half.configs)}) does that."
            )
        if self.off_by_one:
            notes.append(f"{self.off_by_one} rotated pages come out one grey level off, as without FMA they do.")
        if any(self.replay.values()):
            notes += [
                f"{name} was {_OTHER_ENGINES}, so its spans are not chosen and its pages not made again."
                for name, same in self.replay.items()
                if not same
            ]
        notes += [
            f"{name} chooses rows by {recipe.selection.by}, which stored rows do not hold: without the source, draws "
            "are taken as they are recorded."
            for name, recipe in self.recipes.items()
            if not draws_are_known(recipe, self.source is not None)
        ]
        return notes + [note for name, recipe in self.recipes.items() for note in self._share_note(name, recipe)]

    def _share_note(self, name: str, recipe: Recipe) -> Iterator[str]:
        """Whether about the share of rows that the recipe asks for was drawn: strategies promise it of the corpus."""
        if self.manifest.mixture:  # resampled: shares are those that were asked for in mixing
            return
        rows, drawn = self.statistics[name].rows, self.statistics[name].drawn
        chance = 4 * (recipe.ratio * (1 - recipe.ratio) * rows) ** 0.5
        if abs(drawn - recipe.ratio * rows) > chance + _RANKS_WITHIN * rows + 1:
            why = "; its percentiles may be of another corpus" if recipe.selection.quantiles else ""
            yield f"{name} draws {drawn:,} of {rows:,} rows, which is not about its ratio of {recipe.ratio:g}{why}."


def _read(study: Study, config: str, case: Case) -> None:
    try:
        study.add(config, case)
    except (LomoError, KeyError, TypeError, ValueError, IndexError):
        return  # a page that cannot be read for such a reason is false already, by another check


def _counted(case: Case) -> Counts:
    try:
        return Counts.of(cast(MixedRow, case.row))
    except (KeyError, TypeError):
        return Counts(rows=1)


def _recipes(manifest: Manifest) -> Mapping[str, Recipe]:
    if manifest.mixture and manifest.mixture.lomo.recipe:
        return {MIXTURE: manifest.mixture.lomo.recipe}
    return manifest.recipes


def _same_engines(recipe: Recipe) -> bool:
    """Whether every package that can change a pixel is the one that the recipe records."""
    installed = installed_engines()
    return all(installed.get(name) == wanted for name, wanted in recipe.engines.items() if name not in _NO_PIXELS)
