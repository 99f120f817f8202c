"""The whole job: a benchmark becomes a dataset folder with two configs, `standard` and `rendered`, over the same ids.

    README.md                                   the card
    standard/<split>-00000-of-00001.parquet     questions as text
    rendered/<split>-00000-of-00001.parquet     the same questions, each as one page
    refused.jsonl                               what is in neither, with the reason
    rendered_eval.json                          definition, style, versions, counts and hashes; written last

Rows pass through a row group at a time; the same benchmark and versions give the same bytes. One file a split: a
benchmark is small. No distortion is applied: the twin asks for the carrier, not for robustness.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Final

from lomo_hf.errors import BuildError, IntegrityError, RecipeError, RenderError, SourceError
from lomo_hf.evaluation.rendered.benchmarks import Benchmark, find_benchmark
from lomo_hf.evaluation.rendered.items import Item, Unusable, items_of, open_benchmark, pinned, undecoded
from lomo_hf.evaluation.rendered.pairs import make_twins, twin_features
from lomo_hf.evaluation.rendered.report import RenderedReport
from lomo_hf.recipes.recipe import Caps, RenderStyle, installed_engines
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import PendingFile, sweep, write_whole
from lomo_hf.storage.documents import maybe, parse, record, text

__all__ = ["CARRIERS", "RECORD", "render_benchmark"]

CARRIERS = ("standard", "rendered")
RECORD = "rendered_eval.json"
REFUSED = "refused.jsonl"
CARD = "README.md"
_TWIN: Final = re.compile(rf"({'|'.join(CARRIERS)})/(\..+\.tmp|[^/]+-00000-of-00001\.parquet)", re.DOTALL)
_RECORDED: Final = record({"benchmark": record({"source": text, "config": maybe(text), "split": text})})
_GROUP_ROWS = 50
_GROUP_BYTES = 64 << 20


def render_benchmark(
    benchmark: Benchmark | str,
    out: str | Path,
    *,
    data: Any = None,
    style: RenderStyle | None = None,
    caps: Caps | None = None,
    limit: int | None = None,
    repo: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> RenderedReport:
    """Write the standard and the rendered twin of a benchmark as one dataset folder.

    Args:
        benchmark: A definition, or the name of one of `BENCHMARKS`.
        out: A folder that is absent, empty, or made by this function before from the same benchmark and split.
        data: A `datasets.Dataset` to use in place of loading the benchmark's source, or an iterable of `Item` and
            `Unusable`, as an adapter gives them; an answer of theirs that is no text is stored as JSON.
        style, caps: How pages are set; the paper's 20 px on 22 px by default.
        limit: Only the first rows.
        repo: The name on the Hub that the card mentions.

    Raises:
        SourceError: The benchmark cannot be loaded, lacks a column, or has an id twice.
        BuildError: The folder is not ours to write into, a part of it is a link, or every row was refused.
        RecipeError: There is no such definition, or the limit is no whole number of 1 or more.

    >>> import tempfile
    >>> items = [Item("a", "Is 7 prime?", "yes"), Item("b", " ", "no")]
    >>> report = render_benchmark(Benchmark("demo"), tempfile.mkdtemp(), data=items)
    >>> report.rows, dict(report.refused)
    (1, {'blank': 1})
    """
    chosen = find_benchmark(benchmark) if isinstance(benchmark, str) else benchmark
    place = Path(out)
    folder = _ours(place, chosen)
    style, caps = style or RenderStyle(), caps or Caps()
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise RecipeError(f"limit must be a whole number of 1 or more; found {limit!r}. Leave it out for all rows.")
    if data is None:
        chosen = pinned(chosen)
    items, answer = _items_and_answer(chosen, data)
    tally, digest = _Tally(), blake2b(digest_size=16)
    pending = {carrier: PendingFile(folder / _path(carrier, chosen.split)) for carrier in CARRIERS}
    try:
        writers = {carrier: _Writer(file, twin_features(answer)) for carrier, file in pending.items()}
        for index, item in enumerate(_digested(islice(items, limit), digest)):
            _one(item, style, caps, writers, tally)
            if progress is not None:
                progress(index + 1)
        if tally.rows == 0:
            first = f" The first, {tally.listed[0]['id']!r}: {tally.listed[0]['detail']}" if tally.listed else ""
            raise BuildError(f"no row of {chosen.source} can be rendered; refused: {dict(tally.refused)}.{first}")
        for carrier, file in pending.items():
            writers[carrier].close()
            file.seal()
        _publish(folder, pending)
    finally:
        for file in pending.values():
            file.abandon()
    report = RenderedReport(place, tally.rows, dict(tally.refused), dict(tally.renderers), dict(tally.fallbacks))
    _write_companions(
        folder, chosen, report, tally.listed, digest.hexdigest(), style, caps, answer, repo or place.name
    )
    return report


class _Tally:
    """What is counted on the way."""

    def __init__(self) -> None:
        self.rows = 0
        self.refused: Counter[str] = Counter()
        self.renderers: Counter[str] = Counter()
        self.fallbacks: Counter[str] = Counter()
        self.listed: list[dict[str, str]] = []

    def refuse(self, name: str, reason: str, detail: str) -> None:
        self.refused[reason] += 1
        self.listed.append({"id": name, "reason": reason, "detail": detail})


def _digested(items: Iterable[Item | Unusable], digest: blake2b) -> Iterator[Item | Unusable]:
    """The items, each added to the digest of the content on its way: ids, words, answers and images."""
    for item in items:
        said = [getattr(item, name, None) for name in ("id", "question", "answer", "options", "category", "reason")]
        pictures = [blake2b(data, digest_size=16).hexdigest() for data, _ in getattr(item, "images", ())]
        digest.update(json.dumps([said, pictures], default=repr).encode() + b"\n")
        yield item


def _one(
    item: Item | Unusable, style: RenderStyle, caps: Caps, writers: Mapping[str, "_Writer"], tally: _Tally
) -> None:
    if isinstance(item, Unusable):
        tally.refuse(item.id, item.reason, item.detail)
        return
    try:
        _check_encodable(item)
        twins = make_twins(item, style, caps)
    except RenderError as error:
        tally.refuse(item.id, error.reason, str(error))
        return
    page = twins.rendered["page"]
    tally.rows += 1
    tally.renderers[page["renderer"]] += 1
    if page["reason"]:
        tally.fallbacks[page["reason"]] += 1
    writers["standard"].add(twins.standard)
    writers["rendered"].add(twins.rendered)


def _check_encodable(item: Item) -> None:
    """Lone surrogates fit no column of text: such a row is refused, not the benchmark."""
    try:
        said = [item.id, item.options, item.category, item.answer, [name for _, name in item.images]]
        json.dumps(said, ensure_ascii=False, default=repr).encode()
    except UnicodeEncodeError as error:
        raise RenderError(
            "encoding", f"a text holds U+{ord(error.object[error.start]):04X}, which is no character."
        ) from error


class _Writer:
    """Rows -> a Parquet file, a row group at a time, as `datasets` would have written them."""

    def __init__(self, pending: PendingFile, features: Any) -> None:
        import pyarrow.parquet as pq

        self._answer = features["answer"]
        self._schema = features.arrow_schema
        self._writer = pq.ParquetWriter(pending, self._schema, write_page_index=True, write_page_checksum=True)
        self._held: list[dict[str, Any]] = []
        self._weight = 0

    def add(self, row: dict[str, Any]) -> None:
        self._held.append({**row, "answer": _as_stored(row["answer"], self._answer)})
        self._weight += sum(len(image["bytes"]) for image in row["images"] or ())
        if len(self._held) >= _GROUP_ROWS or self._weight >= _GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._held:
            try:
                table = pa.Table.from_pylist(self._held, schema=self._schema)
            except (pa.ArrowException, UnicodeEncodeError) as error:
                raise BuildError(f"rows from {self._held[0]['id']!r} on do not fit their columns: {error}") from error
            self._writer.write_table(table, row_group_size=_GROUP_ROWS)
            self._held, self._weight = [], 0


def _as_stored(value: Any, feature: Any) -> Any:
    """A value as Arrow keeps it: where a column's types are mixed, `datasets` stores each value as JSON."""
    from datasets import Json, LargeList, List

    if value is None:
        return None
    if isinstance(feature, Json):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(feature, List | LargeList):
        return [_as_stored(one, feature.feature) for one in value]
    if isinstance(feature, Mapping) and isinstance(value, Mapping):
        return {key: _as_stored(value.get(key), inner) for key, inner in feature.items()}
    return value


def _items_and_answer(benchmark: Benchmark, data: Any) -> tuple[Iterable[Item | Unusable], Any]:
    """The items, and the feature of their answers."""
    from datasets import Value

    if data is None:
        data = open_benchmark(benchmark)
    elif not hasattr(data, "features"):
        return _given(data), Value("string")
    else:
        data = undecoded(data, benchmark)
    return items_of(data, benchmark), data.features[benchmark.answer]


def _given(items: Iterable[Item | Unusable]) -> Iterator[Item | Unusable]:
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise SourceError(f"id must be unique; found {item.id!r} twice. Results are paired by it.")
        seen.add(item.id)
        yield _with_text(item)


def _with_text(item: Item | Unusable) -> Item | Unusable:
    """Items of an adapter declare no type of answer: what is no text is kept as JSON."""
    if isinstance(item, Unusable) or item.answer is None or isinstance(item.answer, str):
        return item
    return replace(item, answer=json.dumps(item.answer, ensure_ascii=False, default=str))


def _ours(place: Path, benchmark: Benchmark) -> Folder:
    """The folder, if it is ours to write into: empty, of this benchmark, or left unfinished by a killed process."""
    if not place.is_dir() and (place.exists() or place.is_symlink()):
        raise BuildError(f"out must be a folder; {place.name!r} is a file or a link to nothing. Name another.")
    folder = Folder(place, make=True)
    files = [file.inside for at in folder.places() for file in at.walk()]
    foreign = [path for path in files if path not in (RECORD, REFUSED, CARD) and not _is_twin(path)]
    if foreign or (files and RECORD not in files and not any(map(_is_twin, files))):
        raise BuildError(f"out must be an empty folder or one made by lomo render-eval; {str(place)!r} is neither.")
    held, ours = _recorded(folder), _name(benchmark)
    if held is not None and held != ours:
        raise BuildError(f"{str(place)!r} holds the twins of {held}; found {ours}. Name another folder for these.")
    for carrier in CARRIERS:
        sweep((folder / carrier).places())
    return folder


def _recorded(folder: Folder) -> str | None:
    """The benchmark whose twins a folder holds; None where its record is missing or no longer readable."""
    try:
        said = parse((folder / RECORD).read_bytes(), _RECORDED)["benchmark"]
    except FileNotFoundError:
        return None
    except IntegrityError as error:
        raise IntegrityError(
            f"{RECORD} in {folder.name!r} is not one that lomo_hf wrote ({error}). Name another folder, or delete it."
        ) from error
    return _named(said["source"], said["config"], said["split"])


def _name(benchmark: Benchmark) -> str:
    return _named(_source(benchmark), benchmark.config, benchmark.split)


def _named(source: str, config: str | None, split: str) -> str:
    return f"{source}{f' ({config})' if config else ''}, split {split}"


def _is_twin(path: str) -> bool:
    return _TWIN.fullmatch(path) is not None


def _publish(folder: Folder, pending: Mapping[str, PendingFile]) -> None:
    """The earlier record goes first and shards of other splits last, so that no half of two builds looks whole."""
    (folder / RECORD).unlink(missing_ok=True)
    for file in pending.values():
        file.publish()
    for carrier, file in pending.items():
        for stale in (folder / carrier).places():
            if stale.name.endswith(".parquet") and stale.path != file.final:
                stale.unlink()
        file.sync_folder()


def _path(carrier: str, split: str) -> str:
    return f"{carrier}/{split}-00000-of-00001.parquet"


def _write_companions(
    folder: Folder,
    benchmark: Benchmark,
    report: RenderedReport,
    listed: list[dict[str, str]],
    digest: str,
    style: RenderStyle,
    caps: Caps,
    answer: Any,
    repo: str,
) -> None:
    from lomo_hf.dataset.card.text import own_text_of
    from lomo_hf.evaluation.rendered.card import card_text

    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in listed)
    write_whole(folder / REFUSED, lines.encode("utf-8", "backslashreplace"))
    features = twin_features(answer)
    own = own_text_of((folder / CARD).read_text()) if (folder / CARD).is_file() else ""
    digests = {carrier: (folder / _path(carrier, benchmark.split)).sha256() for carrier in CARRIERS}
    card = card_text(benchmark, report, style, features, digests, repo, own)
    write_whole(folder / CARD, card.encode())
    paths = [*(_path(carrier, benchmark.split) for carrier in CARRIERS), REFUSED, CARD]
    said = {
        "made_by": "lomo_hf",
        "benchmark": {**asdict(benchmark), "source": _source(benchmark)},
        "content": digest,  # of what was read, refused rows included
        "rows": report.rows,
        "refused": dict(sorted(report.refused.items())),
        "style": asdict(style),
        "caps": asdict(caps),
        "engines": dict(installed_engines()),
        "files": [
            {"path": path, "bytes": (folder / path).size(), "sha256": (folder / path).sha256()} for path in paths
        ],
    }
    write_whole(folder / RECORD, (json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode())


def _source(benchmark: Benchmark) -> str:
    """The source by a name that means something elsewhere: a file's own, not its place on this machine."""
    return Path(benchmark.source).name if Path(benchmark.source).exists() else benchmark.source
