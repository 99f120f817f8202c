"""Rows of a benchmark become items: question, options, answer and original images as bytes, one at a time.

What a `Benchmark` names is read and nothing else; nothing is decoded, so an original image keeps its bytes.
"""

import base64
import binascii
import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lomo_hf.errors import RenderError, SourceError
from lomo_hf.evaluation.rendered.benchmarks import BENCHMARKS, Benchmark
from lomo_hf.row import IMAGE_PLACEHOLDER

__all__ = ["Item", "Unusable", "items_of", "open_benchmark", "pinned", "plain_question", "undecoded"]

_FILES = {".jsonl": "json", ".json": "json", ".parquet": "parquet", ".csv": "csv", ".tsv": "csv"}
_LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True)
class Item:
    """One question of a benchmark.

    Attributes:
        id: Unique in the benchmark; the twins share it.
        question: What is rendered, without the placeholders of images at its ends.
        answer: As the source has it, of any type.
        images: The original images as (bytes, name), in the order in which a model is shown them.
        options: The options as text, where the source has them apart from the question.
        category: What results are told apart by; None where the source does not say.
    """

    id: str
    question: str
    answer: Any
    images: tuple[tuple[bytes, str | None], ...] = ()
    options: tuple[str, ...] = ()
    category: str | None = None


@dataclass(frozen=True)
class Unusable:
    """A row that is in neither twin, and why: `reason` is short and countable, `detail` a sentence."""

    id: str
    reason: str
    detail: str


def open_benchmark(benchmark: Benchmark) -> Any:
    """The split of a benchmark as a `datasets.Dataset` with undecoded images.

    Raises:
        SourceError: It cannot be loaded, or lacks a column that the definition names.
    """
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError
    from httpx2 import HTTPError

    path = Path(benchmark.source)
    if path.suffix.lower() in _FILES and not path.exists():  # the Hub would be asked for it
        raise SourceError(f"{path} cannot be loaded (there is no such file). Check the path.")
    try:
        if path.is_file():
            kind = _FILES.get(path.suffix.lower())
            if path.stat().st_size == 0:
                raise SourceError(f"{path} is empty. Give a file with a question in each row.")
            if kind is None:
                raise SourceError(f"{path} is in no known format. Give a file that ends in {', '.join(_FILES)}.")
            extra = _as_text(path) if kind == "csv" else {}
            data = load_dataset(kind, data_files={benchmark.split: str(path)}, split=benchmark.split, **extra)
        else:
            data = load_dataset(benchmark.source, benchmark.config, split=benchmark.split, revision=benchmark.revision)
    except (OSError, ValueError, csv.Error, DatasetsError, HTTPError, StopIteration) as error:
        # Each for something missing or broken. `datasets` says only that generating failed; its cause says why.
        first = " ".join(str(error.__cause__ or error).split("\n")[0].split()) or type(error).__name__
        remedy = "Check the file" if path.is_file() else "Check its name, config and split"
        raise SourceError(f"{benchmark.source} cannot be loaded ({first:.300}). {remedy}.") from error
    return undecoded(data, benchmark)


def _as_text(path: Path) -> dict[str, Any]:
    """How to read a table whose cells have no types: as text, so that "None", "NA" and "007" stay what they are."""
    from datasets import Features, Value

    mark = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as stream:
        names = next(csv.reader(stream, delimiter=mark), [])
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SourceError(f"{path} has two columns {twice!r}. Give each a name of its own.")
    return {"sep": mark, "na_filter": False, "features": Features(dict.fromkeys(names, Value("string")))}


def pinned(benchmark: Benchmark) -> Benchmark:
    """The definition with the commit that its source on the Hub is at now; as it is where the Hub cannot be asked.

    Raises:
        SourceError: The source is no file here and can be no dataset on the Hub either.

    >>> import tempfile
    >>> pinned(Benchmark(tempfile.mkdtemp())).revision is None
    True
    """
    if Path(benchmark.source).exists():
        return benchmark
    if not _names_a_dataset(benchmark.source):
        raise SourceError(
            f"{benchmark.source} does not exist. Give a file here, a dataset on the Hub as org/name, or one of "
            f"{', '.join(BENCHMARKS)}."
        )
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError

    try:
        found = HfApi().dataset_info(benchmark.source, revision=benchmark.revision).sha
    except (OSError, HFValidationError, HTTPError):  # loading will say what is wrong, or find the dataset in the cache
        return benchmark
    return replace(benchmark, revision=found)


def _names_a_dataset(source: str) -> bool:
    return source.count("/") == 1 and not source.startswith((".", "/")) and Path(source).suffix.lower() not in _FILES


def undecoded(data: Any, benchmark: Benchmark) -> Any:
    """The dataset with the columns of the definition only, images as bytes and path.

    Raises:
        SourceError: A column is missing.
    """
    from datasets import Image, List

    known = list(data.features)
    missing = [name for name in benchmark.columns if name not in known]
    if missing:
        raise SourceError(f"{benchmark.source} has no column {missing[0]!r}; it has {', '.join(known)}. Name another.")
    wanted = dict.fromkeys((*benchmark.columns, *benchmark.image_columns))
    data = data.select_columns([name for name in wanted if name in known])
    for name in benchmark.image_columns:
        feature = data.features.get(name)
        if isinstance(feature, Image):
            data = data.cast_column(name, Image(decode=False))
        elif isinstance(feature, List) and isinstance(feature.feature, Image):
            data = data.cast_column(name, List(Image(decode=False)))
    return data


def items_of(data: Any, benchmark: Benchmark) -> Iterator[Item | Unusable]:
    """One result for each row, in order, with unique ids.

    Raises:
        SourceError: An id occurs twice.

    >>> rows = [{"question": "<image>\\nHow many?", "answer": 3, "image": None}]
    >>> next(items_of(rows, Benchmark("rows"))).question
    'How many?'
    """
    folder = Path(benchmark.source).parent if Path(benchmark.source).is_file() else Path(benchmark.source)
    seen: set[str] = set()
    for index, row in enumerate(data):
        said = row.get(benchmark.id) if benchmark.id else None
        name = str(index) if said in (None, "") else str(said)
        if name in seen:
            numbered = " (rows without one are numbered)" if said in (None, "") else ""
            raise SourceError(
                f"column {benchmark.id!r} must be unique; found {name!r} twice{numbered}. "
                "Name another, or none to number rows."
            )
        seen.add(name)
        try:
            yield _item(row, name, benchmark, folder)
        except RenderError as error:
            yield Unusable(name, error.reason, str(error))


def _item(row: Mapping[str, Any], name: str, benchmark: Benchmark, folder: Path) -> Item:
    images = [image for column in benchmark.image_columns for image in _images(row.get(column), folder)]
    question = row[benchmark.question]
    if not isinstance(question, str):
        raise RenderError("no-question", f"the question is {type(question).__name__}, not text.")
    category = row.get(benchmark.category) if benchmark.category else None
    return Item(
        name,
        plain_question(question),
        row[benchmark.answer],
        tuple(images),
        _options(row.get(benchmark.options) if benchmark.options else None),
        None if category in (None, "") else str(category),
    )


def plain_question(question: str) -> str:
    """The question without `<image>` at its ends: the images are shown before it, in both twins.

    Raises:
        RenderError: `image-inside`: a placeholder stands inside the text, where a page cannot stand in for it.

    >>> plain_question("<image> <image>What is it?")
    'What is it?'
    """
    # By places: cutting the text once for each of a million placeholders would take hours.
    mark, start, end = IMAGE_PLACEHOLDER, 0, len(question)
    while question.startswith(mark, at := _past_space(question, start, end)):
        start = _past_space(question, at + len(mark), end)
    while question.endswith(mark, start, at := _before_space(question, start, end)):
        end = _before_space(question, start, at - len(mark))
    text = question[start:end]
    if mark in text:
        raise RenderError("image-inside", "the question holds <image> between its words.")
    return text


def _past_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


def _before_space(text: str, start: int, end: int) -> int:
    while start < end and text[end - 1].isspace():
        end -= 1
    return end


def _options(found: Any) -> tuple[str, ...]:
    if found is None:
        return ()
    if isinstance(found, str | Mapping) or not isinstance(found, Iterable):  # keys of a mapping are no options
        what = "one text" if isinstance(found, str) else f"a {type(found).__name__}"
        raise RenderError("options", f"the options are {what}, not a list. Leave the column out.")
    bad = next((type(one).__name__ for one in found if not isinstance(one, str | int | float)), None)
    if bad is not None:
        raise RenderError("options", f"an option is {bad}, not text. Leave the column out.")
    options = tuple(str(one) for one in found)
    if any(IMAGE_PLACEHOLDER in one for one in options):
        raise RenderError("options", "an option holds <image>, for which there is no image.")
    if len(options) > len(_LETTERS):
        raise RenderError("options", f"there are {len(options)} options; at most {len(_LETTERS)} have letters.")
    return options


def _images(value: Any, folder: Path) -> Iterator[tuple[bytes, str | None]]:
    """The images of one cell: none, one, or a list."""
    if value is None or value == "":
        return
    if isinstance(value, list | tuple):
        for one in value:
            yield from _images(one, folder)
    elif isinstance(value, Mapping) and value.get("bytes") is not None:
        yield value["bytes"], _name_of(value.get("path"))
    elif isinstance(value, Mapping) and value.get("path"):
        yield _file(folder / value["path"]), _name_of(value["path"])
    elif isinstance(value, bytes):
        yield value, None
    elif isinstance(value, str) and value.startswith("data:"):
        yield _data_url(value), None
    elif isinstance(value, str) and not value.startswith(("http://", "https://")):
        yield _file(folder / value), _name_of(value)
    else:
        raise RenderError(
            "image-unread", f"an image is given as {str(value)[:60]!r}, which is neither bytes nor a file."
        )


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = error.strerror if isinstance(error, OSError) else error
        raise RenderError("image-missing", f"the image {path.name[:60]!r} cannot be read ({why}).") from error


def _data_url(url: str) -> bytes:
    head, _, body = url.partition(",")
    try:
        if not head.endswith(";base64"):
            raise ValueError("not base64")
        return base64.b64decode(body, validate=True)
    except (ValueError, binascii.Error) as error:
        raise RenderError("image-unread", f"an image's data URL cannot be decoded ({error}).") from error


def _name_of(path: str | None) -> str | None:
    return None if path is None else path.replace("\\", "/").rpartition("/")[2] or None
