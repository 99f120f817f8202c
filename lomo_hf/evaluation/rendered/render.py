"""A benchmark becomes a pair of configs in one dataset folder: `standard` and `rendered`, over the same ids.

Rows pass through a row group at a time; the same benchmark and versions give the same bytes. One file a split: a
benchmark is small. No distortion is applied: the rendered config asks for the carrier, not for robustness.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from lomo_hf.errors import BuildError, RecipeError, RenderError, SourceError
from lomo_hf.evaluation.rendered.benchmarks import Benchmark
from lomo_hf.evaluation.rendered.definitions import find_benchmark
from lomo_hf.evaluation.rendered.folder import (
    CARD,
    CARRIERS,
    RECORD,
    REFUSED,
    config_file,
    own_text,
    owned,
    publish,
)
from lomo_hf.evaluation.rendered.items import Item, Unusable, items_of
from lomo_hf.evaluation.rendered.pairs import check_options, make_pair, pair_features
from lomo_hf.evaluation.rendered.report import RenderedReport
from lomo_hf.evaluation.rendered.sources import open_benchmark, pinned, source_name, undecoded
from lomo_hf.evaluation.rendered.writing import ConfigWriter
from lomo_hf.recipes.recipe import Caps, RenderStyle, installed_engines
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import PendingFile, write_whole

__all__ = ["render_benchmark"]


def render_benchmark(
    benchmark: Benchmark | str,
    out: str | Path,
    *,
    data: object = None,
    style: RenderStyle | None = None,
    caps: Caps | None = None,
    options: str = "page",
    limit: int | None = None,
    repo: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> RenderedReport:
    """Write the configs `standard` and `rendered` of a benchmark as one dataset folder.

    Args:
        benchmark: A definition, or the name of one of `BENCHMARKS`.
        out: A folder that is absent, empty, or made by this function before from the same benchmark and split.
        data: A `datasets.Dataset` to use in place of loading the benchmark's source, or an iterable of `Item` and
            `Unusable`, as an adapter gives them; an answer of theirs that is no text is stored as JSON.
        style: How pages are set: text of 20 px on lines of 22 px by default, as in the paper.
        caps: The largest page and the longest question.
        options: "page" puts options on the page with the question, as in the paper; "text" keeps them as text.
        limit: Only the first rows.
        repo: The name on the Hub that the card mentions.
        progress: Called after each row with the number of rows so far.

    Returns:
        What was made and what was refused.

    Raises:
        SourceError: The benchmark cannot be loaded, lacks a column, or has an id twice.
        BuildError: The folder is not ours to write into, a part of it is a link, or every row was refused.
        RecipeError: There is no such definition, or the limit is no whole number of 1 or more.
        LomoError: Pages of documents are wanted, and the extra `[pdf]` is not installed.

    Source:
        LoMo, section 4: the entire text question, options included, rendered as one image that replaces the text.

    Example:
        >>> import tempfile
        >>> items = [Item("a", "Is 7 prime?", "yes"), Item("b", " ", "no")]
        >>> report = render_benchmark(Benchmark("demo"), tempfile.mkdtemp(), data=items)
        >>> report.rows, dict(report.refused)
        (1, {'blank': 1})
    """
    chosen = find_benchmark(benchmark) if isinstance(benchmark, str) else benchmark
    settings = _Settings(style or RenderStyle(), caps or Caps(), check_options(options))
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise RecipeError(f"limit must be a whole number of 1 or more; found {limit!r}. Leave it out for all rows.")
    place = Path(out)
    folder = owned(place, chosen)
    own = own_text(folder)  # before a file is replaced: it may be one that cannot be kept
    if data is None:
        chosen = pinned(chosen)
    items, answer = _items_and_answer(chosen, data)
    tally, digest = _Tally(), blake2b(digest_size=16)
    pending = {carrier: PendingFile(folder / config_file(carrier, chosen.split)) for carrier in CARRIERS}
    try:
        writers = {carrier: ConfigWriter(file, pair_features(answer)) for carrier, file in pending.items()}
        for index, item in enumerate(_digested(islice(items, limit), digest)):
            _render(item, settings, writers, tally)
            if progress is not None:
                progress(index + 1)
        if tally.rows == 0:
            first = f" The first, {tally.listed[0]['id']!r}: {tally.listed[0]['detail']}" if tally.listed else ""
            raise BuildError(f"no row of {chosen.source} can be rendered; refused: {dict(tally.refused)}.{first}")
        for carrier, file in pending.items():
            writers[carrier].close()
            file.seal()
        publish(folder, pending)
    finally:
        for file in pending.values():
            file.abandon()
    report = RenderedReport(place, tally.rows, dict(tally.refused), dict(tally.renderers), dict(tally.fallbacks))
    write_whole(folder / REFUSED, _lines(tally.listed).encode("utf-8", "backslashreplace"))
    _write_card(folder, chosen, report, settings, answer, repo or place.name, own)
    _write_record(folder, chosen, report, settings, digest.hexdigest())
    return report


@dataclass(frozen=True)
class _Settings:
    """How questions become pages."""

    style: RenderStyle
    caps: Caps
    options: str


@dataclass
class _Tally:
    """What is counted on the way."""

    rows: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    renderers: Counter[str] = field(default_factory=Counter)
    fallbacks: Counter[str] = field(default_factory=Counter)
    listed: list[dict[str, str]] = field(default_factory=list)

    def refuse(self, name: str, reason: str, detail: str) -> None:
        self.refused[reason] += 1
        self.listed.append({"id": name, "reason": reason, "detail": detail})


def _digested(items: Iterable[Item | Unusable], digest: blake2b) -> Iterator[Item | Unusable]:
    """The items, each added to the digest of the content on its way: ids, words, answers and images."""
    names = ("id", "question", "answer", "options", "category", "metadata", "reason")
    for item in items:
        values = [getattr(item, name, None) for name in names]
        images = [blake2b(data, digest_size=16).hexdigest() for data, _ in getattr(item, "images", ())]
        digest.update(json.dumps([values, images], default=repr).encode() + b"\n")
        yield item


def _render(item: Item | Unusable, settings: _Settings, writers: Mapping[str, ConfigWriter], tally: _Tally) -> None:
    if isinstance(item, Unusable):
        tally.refuse(item.id, item.reason, item.detail)
        return
    try:
        _check_encodable(item)
        pair = make_pair(item, settings.style, settings.caps, options=settings.options)
    except RenderError as error:
        tally.refuse(item.id, error.reason, str(error))
        return
    page = pair.rendered["page"]
    tally.rows += 1
    tally.renderers[page["renderer"]] += 1
    if page["reason"]:
        tally.fallbacks[page["reason"]] += 1
    writers["standard"].add(pair.standard)
    writers["rendered"].add(pair.rendered)


def _check_encodable(item: Item) -> None:
    """Lone surrogates fit no column of text: such a row is refused, not the benchmark."""
    names = [name for _, name in item.images]
    try:
        texts = [item.id, item.options, item.category, item.answer, item.metadata, names]
        json.dumps(texts, ensure_ascii=False, default=repr).encode()
    except UnicodeEncodeError as error:
        raise RenderError(
            "encoding", f"a text holds U+{ord(error.object[error.start]):04X}, which is no character."
        ) from error


def _items_and_answer(benchmark: Benchmark, data: Any) -> tuple[Iterable[Item | Unusable], object]:
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


def _lines(rows: Iterable[Mapping[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write_card(
    folder: Folder,
    benchmark: Benchmark,
    report: RenderedReport,
    settings: _Settings,
    answer: object,
    repo: str,
    own: str,
) -> None:
    from lomo_hf.evaluation.rendered.card import card_text

    digests = {carrier: (folder / config_file(carrier, benchmark.split)).sha256() for carrier in CARRIERS}
    features = pair_features(answer)
    card = card_text(benchmark, report, settings.style, settings.options, features, digests, repo, own)
    write_whole(folder / CARD, card.encode())


def _write_record(
    folder: Folder, benchmark: Benchmark, report: RenderedReport, settings: _Settings, digest: str
) -> None:
    paths = [*(config_file(carrier, benchmark.split) for carrier in CARRIERS), REFUSED, CARD]
    record = {
        "made_by": "lomo_hf",
        "benchmark": {**asdict(benchmark), "source": source_name(benchmark)},
        "content": digest,  # of what was read, refused rows included
        "options": settings.options,
        "rows": report.rows,
        "refused": dict(sorted(report.refused.items())),
        "style": asdict(settings.style),
        "caps": asdict(settings.caps),
        "engines": dict(installed_engines()) | _document_engine(benchmark),
        "files": [
            {"path": path, "bytes": (folder / path).size(), "sha256": (folder / path).sha256()} for path in paths
        ],
    }
    write_whole(folder / RECORD, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())


def _document_engine(benchmark: Benchmark) -> dict[str, str]:
    """What drew the pages of documents decides their pixels too."""
    if benchmark.documents is None:
        return {}
    from importlib.metadata import PackageNotFoundError, version

    try:
        return {"pypdfium2": version("pypdfium2")}
    except PackageNotFoundError:
        return {}
