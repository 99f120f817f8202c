"""What a build will take, judged by a measured sample of its own rows: processor time, bytes to fetch, bytes on disk.

A sample of every config is built on this machine, in this process, and scaled up config by config. Each row stands at
its own place in the corpus, and is measured rewritten and not, each as likely as its rank makes it: so recipes of a
curriculum, or that prefer rows that cost more, are estimated as what they are. The range is two standard errors
of that estimate to either side: how sure the sample makes us, not how busy the machine will be.
Bytes to fetch are not estimated but counted, from the footers and the rows that are wanted.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from lomo_hf.building.planning import ShardSpec
from lomo_hf.building.receipts import Counts
from lomo_hf.building.shard_writer import ShardWriter
from lomo_hf.corpus import Conversation, FileSource, JoinedSource, Refusal, Source, screen, splits_of
from lomo_hf.corpus.hub.parquet import HubParquet
from lomo_hf.corpus.sampling import DrawnSource
from lomo_hf.errors import SourceError
from lomo_hf.randomness import stream
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.selection import Selector, measured
from lomo_hf.storage import named_file
from lomo_hf.storage.atomic import PendingFile
from lomo_hf.substitution import Substituter

__all__ = ["Estimate", "Range", "Sharing", "estimate", "fetched_bytes", "measure_sharing"]


_RUN_ROWS: Final = 5
_LEAST_RUNS: Final = 1
_CHANCES: Final = 200

_Sampled = tuple[Conversation | Refusal, float]  # and the row's place in the corpus, from 0 to 1


@dataclass(frozen=True)
class Range:
    """An estimate, and two standard errors to either side of it."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """What a build takes: `seconds` of one processor, `output` and `download` in bytes, and what it makes.

    `rewritten` are rows with a page and `pages` their pages, those of all configs together. `measured` rows were built
    for it. `download` is counted, not estimated.
    """

    rows: int
    measured: int
    seconds: Range
    output: Range
    pages: Range
    rewritten: Range
    download: int


def estimate(
    source: FileSource | JoinedSource | DrawnSource,
    specs: Sequence[ShardSpec],
    *,
    measure: int = 200,
    progress: Callable[[int], None] | None = None,
) -> Estimate:
    """Build about `measure` rows of a planned source into nowhere, and scale up.

    Raises:
        SourceError: No row of the sample can be read.

    >>> from lomo_hf.building import plan
    >>> from lomo_hf.corpus import open_corpus
    >>> source = open_corpus()
    >>> estimated = estimate(source, plan(source, [Recipe("mine")]), measure=10)
    >>> estimated.rows, estimated.download, estimated.seconds.low <= estimated.seconds.middle
    (206, 0, True)
    """
    parts = splits_of(source)
    if len(parts) > 1:
        return _of_splits(parts, specs, measure, progress)
    recipes, total = specs[0].recipes, sum(spec.rows for spec in specs)
    strata = _strata(source, total)
    chosen = [_chosen(source, begin, stop, total, measure) for begin, stop in strata]
    _warm_up([sampled for of_config in chosen for sampled in of_config], recipes)
    with tempfile.TemporaryDirectory() as folder:
        samples = _built(chosen, recipes, source.extra, Path(folder), progress)
    if not any(len(sample) for sample in samples):
        raise SourceError(f"no row of the sample of {source.description} can be read. Look at it with `lomo preview`.")
    sizes = [stop - begin for begin, stop in strata]
    scaled = [_scaled(sizes, [sample[:, column] for sample in samples]) for column in range(len(_COLUMNS))]
    seconds, output, pages, rewritten = scaled
    measured = sum(len(sample) for sample in samples)
    return Estimate(total, measured, seconds, output, pages, rewritten, fetched_bytes(source, specs))


def _of_splits(
    parts: Sequence[Source], specs: Sequence[ShardSpec], measure: int, progress: Callable[[int], None] | None
) -> Estimate:
    """The sum over splits, each measured by itself; their errors are independent."""
    total = sum(spec.rows for spec in specs)
    estimates = []
    for part in parts:
        own = [spec for spec in specs if spec.split == part.split]
        rows = sum(spec.rows for spec in own)
        assert isinstance(part, FileSource | JoinedSource | DrawnSource)
        if rows:
            share = max(_RUN_ROWS, measure * rows // total)
            estimates.append(estimate(part, own, measure=share, progress=progress))
    return Estimate(
        total,
        sum(of_split.measured for of_split in estimates),
        seconds=_added([of_split.seconds for of_split in estimates]),
        output=_added([of_split.output for of_split in estimates]),
        pages=_added([of_split.pages for of_split in estimates]),
        rewritten=_added([of_split.rewritten for of_split in estimates]),
        download=sum(of_split.download for of_split in estimates),
    )


def _added(ranges: Sequence[Range]) -> Range:
    middle = sum(part.middle for part in ranges)
    low = float(np.sqrt(sum((part.middle - part.low) ** 2 for part in ranges)))
    high = float(np.sqrt(sum((part.high - part.middle) ** 2 for part in ranges)))
    return Range(max(0.0, middle - low), middle, middle + high)


def fetched_bytes(source: FileSource | JoinedSource | DrawnSource, specs: Sequence[ShardSpec]) -> int:
    """Bytes that the workers fetch from the Hub: every row group for each shard that has rows in it; 0 for files here.

    Counted by the compressed size of the wanted columns. Planning itself fetches the footers and the ids besides.
    """
    borders = np.array([spec.stop for spec in specs])
    inner = source.inner if isinstance(source, DrawnSource) else source
    total, passed = 0.0, 0  # bytes, and chosen rows of the configs before
    for position, part in enumerate(inner.parts):
        if isinstance(source, DrawnSource):
            indexes = source.picks[position].indexes()
        else:
            indexes = np.arange(len(part))
        begin = 0
        for reader in part.readers:
            if isinstance(reader, HubParquet):
                wanted, _, _ = reader.layout.bytes
                ends = begin + np.cumsum(reader.layout.group_rows)
                for first, last, rows in zip(*_edges(indexes, begin, ends), reader.layout.group_rows, strict=True):
                    if last > first and passed + first < borders[-1]:
                        final = min(passed + last, int(borders[-1])) - 1
                        shards = np.searchsorted(borders, [passed + first, final], side="right")
                        total += wanted * rows / max(reader.rows, 1) * int(shards[1] - shards[0] + 1)
            begin += reader.rows
        passed += len(indexes)
    return round(total)


def _edges(indexes: npt.NDArray[np.int64], begin: int, ends: npt.NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """For every row group the first chosen row in it and the first after it, by their number among the chosen."""
    starts = np.concatenate([[begin], ends[:-1]])
    return np.searchsorted(indexes, starts).tolist(), np.searchsorted(indexes, ends).tolist()


def _strata(source: FileSource | JoinedSource | DrawnSource, total: int) -> list[tuple[int, int]]:
    """(begin, stop) of each config among the rows that are built."""
    if isinstance(source, DrawnSource):
        counts = list(source.counts)
    else:
        counts = [len(part) for part in source.parts]
    ends = np.minimum(np.cumsum(counts), total).tolist()
    return [(begin, stop) for begin, stop in zip([0, *ends[:-1]], ends, strict=True) if stop > begin]


def _chosen(
    source: FileSource | JoinedSource | DrawnSource, begin: int, stop: int, total: int, measure: int
) -> list[_Sampled]:
    """A config's share of the sample: runs of neighbouring rows, one in each of as many equal parts of the config.

    So every place in the corpus has its share of the sample; where in its part a run lies, the seed chooses.
    """
    blocks = -(-(stop - begin) // _RUN_ROWS)
    runs = min(max(_LEAST_RUNS, round(measure * (stop - begin) / max(total, 1) / _RUN_ROWS)), blocks)
    jitter = stream(0, source.digest, f"estimate {begin}").random(runs)
    sampled: dict[str, _Sampled] = {}
    for block in ((np.arange(runs) + jitter) * blocks / runs).astype(int).tolist():
        at = begin + block * _RUN_ROWS
        for row, item in enumerate(source.conversations(at, min(at + _RUN_ROWS, stop)), at):
            sampled[item.id] = item, (row + 0.5) / total
    return list(sampled.values())


def _warm_up(items: Sequence[_Sampled], recipes: Sequence[Recipe]) -> None:
    """Load fonts and engines, which a build does once for each worker: make every row's page before any is timed."""
    every_row = Substituter([replace(recipe, ratio=1.0) for recipe in recipes])
    for item, corpus_place in items:
        if isinstance(item, Conversation):
            every_row.rows(item, corpus_place)


@dataclass(frozen=True)
class _Outcomes:
    """What can come of a row - which recipes rewrite it - how likely each is, and what does just that.

    Chance is taken out by going through it evenly. So a row is measured once for each outcome and weighed, instead of
    adding the luck of its own draw to the estimate.
    """

    recipes: Sequence[Recipe]
    known: dict[tuple[bool, ...], Substituter] = field(default_factory=dict)

    def of(self, item: Conversation, corpus_place: float) -> Iterator[tuple[float, Substituter]]:
        """(probability, what is done then)."""
        pairs = zip(self.recipes, self._selectors, strict=True)
        draws = [self._draws(item, recipe, selector, corpus_place) for recipe, selector in pairs]
        below = (
            tuple(draw < recipe.ratio for draw, recipe in zip(chance, self.recipes, strict=True))
            for chance in zip(*draws, strict=True)
        )
        for outcome, count in Counter(below).items():
            if outcome not in self.known:
                ratios = zip(self.recipes, outcome, strict=True)
                self.known[outcome] = Substituter([replace(recipe, ratio=float(drawn)) for recipe, drawn in ratios])
            yield count / _CHANCES, self.known[outcome]

    @cached_property
    def _selectors(self) -> list[Selector]:
        return [Selector.of(recipe) for recipe in self.recipes]

    def _draws(self, item: Conversation, recipe: Recipe, selector: Selector, corpus_place: float) -> list[float]:
        screened = screen(item, recipe.placeholders)
        if isinstance(screened, Refusal):
            return [1.0] * _CHANCES
        return selector.draws_by_chance(screened, corpus_place, _chances(recipe.seed))


def _chances(seed: int) -> list[tuple[float, float]]:
    """All that chance can give to a row of a seed, evenly; in an order of the seed's own, as seeds are independent."""
    orders = [stream(seed, "", purpose).permutation(_CHANCES) for purpose in ("estimate", "estimate among equals")]
    return [((chance + 0.5) / _CHANCES, (equal + 0.5) / _CHANCES) for chance, equal in zip(*orders, strict=True)]


def _built(
    configs: Sequence[Sequence[_Sampled]],
    recipes: Sequence[Recipe],
    extra: tuple[str, ...],
    folder: Path,
    progress: Callable[[int], None] | None,
) -> list[npt.NDArray[np.float64]]:
    """What to expect of each row of each config, in `_COLUMNS`."""
    empty = _empty_size(folder)  # also loads what writing needs, before any clock runs
    outcomes, pending = _Outcomes(recipes), PendingFile(named_file(folder / "rows.parquet"))
    writer, clock = ShardWriter(pending, extra=extra), _Clock()
    tables = []
    for items in configs:
        table = np.zeros((len(items), len(_COLUMNS)))
        for number, (item, corpus_place) in enumerate(items):
            if isinstance(item, Conversation):
                table[number] = sum(
                    probability * _cost(item, corpus_place, substituter, writer, clock)
                    for probability, substituter in outcomes.of(item, corpus_place)
                )
            if progress:
                progress(1)
        tables.append(table)
    started = time.process_time()
    writer.close()
    clock.writing += time.process_time() - started
    # What a row weighs is taken before it is compressed; the file tells how much of that is left.
    left = (pending.size - empty) / max(writer.weight, 1)
    pending.abandon()
    write_cost = clock.writing / max(clock.rows, 1) * len(recipes)
    return [table * [1, left, 1, 1] + [write_cost, 0, 0, 0] for table in tables]


@dataclass
class _Clock:
    """Time spent writing rows, which comes in bursts, and how many were written."""

    writing: float = 0.0
    rows: int = 0


_COLUMNS: Final = ("seconds", "output", "pages", "rewritten")


def _cost(
    item: Conversation, corpus_place: float, substituter: Substituter, writer: ShardWriter, clock: _Clock
) -> npt.NDArray[np.float64]:
    started = time.process_time()
    rows = [row for row in substituter.rows(item, corpus_place) if not isinstance(row, Refusal)]
    done, before = time.process_time(), writer.weight
    for row in rows:
        writer.add(row)
    clock.writing += time.process_time() - done
    clock.rows += len(rows)
    counts = [Counts.of(row) for row in rows]
    pages, rewritten = sum(count.images for count in counts), sum(count.rewritten for count in counts)
    return np.array([done - started, writer.weight - before, pages, rewritten], dtype=np.float64)


def _empty_size(folder: Path) -> int:
    pending = PendingFile(named_file(folder / "empty.parquet"))
    ShardWriter(pending).close()
    pending.abandon()
    return pending.size


def _scaled(sizes: Sequence[int], samples: Sequence[npt.NDArray[np.float64]]) -> Range:
    """The stratified estimate of a total; a config of fewer than two measured rows borrows the spread of all."""
    everything = np.concatenate(list(samples))
    spread = float(everything.var(ddof=1)) if len(everything) > 1 else float(everything.mean()) ** 2
    middle = variance = 0.0
    for size, sample in zip(sizes, samples, strict=True):
        mean = float(sample.mean()) if len(sample) else float(everything.mean())
        own = float(sample.var(ddof=1)) if len(sample) > 1 else spread
        middle += size * mean
        unseen = 1 - min(len(sample) / size, 1)
        variance += size**2 * own / max(len(sample), 1) * unseen
    error = 2 * variance**0.5
    return Range(max(0.0, middle - error), middle, middle + error)


@dataclass(frozen=True)
class Sharing:
    """Counts of the rows that were measured, and estimates for the whole corpus.

    Attributes:
        rows, sampled: Rows of the corpus, and how many of them were measured.
        pages: For each recipe, by name, the pages of its rows.
        typeset, distorted: Pages typeset, and rewrites distorted and encoded, when all are built together.
        seconds: Processor time, on this machine, in one process.
        page_bytes: PNG bytes of all pages of all recipes, as stored.
    """

    rows: int
    sampled: int
    pages: dict[str, int]
    typeset: int
    distorted: int
    seconds: float
    page_bytes: int

    @property
    def apart(self) -> int:
        """Pages of all recipes: so many would be typeset and distorted if each were built by itself."""
        return sum(self.pages.values())


def measure_sharing(
    source: Source, recipes: Sequence[Recipe], *, measure: int = 60, limit: int | None = None
) -> Sharing:
    """Substitute `measure` rows spread evenly over the corpus, and multiply by what they stand for. Writes nothing.

    Raises:
        RecipeError, SourceError: As `plan`.

    >>> from lomo_hf.corpus import open_corpus
    >>> recipes = [Recipe("half"), Recipe("all", ratio=1.0)]
    >>> sharing = measure_sharing(open_corpus(), recipes, measure=10)
    >>> sharing.sampled, sharing.typeset < sharing.apart
    (10, True)
    """
    rows = len(source) if limit is None else min(limit, len(source))
    sampled = min(measure, rows)
    known = measured(recipes, source, limit=limit)
    substituter = Substituter(known)
    pages = dict.fromkeys((recipe.name for recipe in known), 0)
    typeset = distorted = stored = 0
    seconds = 0.0
    for number in range(sampled):
        index = (2 * number + 1) * rows // (2 * sampled)
        read = next(source.conversations(index, index + 1))
        if isinstance(read, Refusal):
            continue
        started = time.process_time()
        results, effort = substituter.rows_and_effort(read, (index + 0.5) / rows)
        seconds += time.process_time() - started
        typeset, distorted = typeset + effort.typeset, distorted + effort.distorted
        for recipe, row in zip(known, results, strict=True):
            images = [] if isinstance(row, Refusal) else row["images"] or []
            pages[recipe.name] += len(images)
            stored += sum(len(image["bytes"]) for image in images)
    scale = rows / sampled if sampled else 0.0
    return Sharing(
        rows,
        sampled,
        {name: round(count * scale) for name, count in pages.items()},
        round(typeset * scale),
        round(distorted * scale),
        seconds * scale,
        round(stored * scale),
    )
