"""Rows of a benchmark become items: question, options, answer and original images as bytes, one at a time.

What a `Benchmark` names is read and nothing else.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lomo_hf.errors import RenderError, SourceError
from lomo_hf.evaluation.rendered.benchmarks import Benchmark
from lomo_hf.evaluation.rendered.documents import DocumentPages
from lomo_hf.evaluation.rendered.images import StoredImage, images_of
from lomo_hf.evaluation.rendered.options import option_lines, options_of
from lomo_hf.row import IMAGE_PLACEHOLDER

__all__ = ["Item", "Unusable", "items_of", "plain_question"]

_REFERENCE: Final = re.compile(r"<image ([0-9]{1,3})>")


@dataclass(frozen=True)
class Item:
    """One question of a benchmark.

    Args:
        id: Unique in the benchmark; both configs share it.
        question: Its words, without the placeholders of images at its ends.
        answer: As the source has it, of any type.
        images: The original images as (bytes, name), in the order in which a model is shown them.
        options: The options as texts, where the source has them apart from the question.
        category: What results are told apart by; None where the source does not say.
        lettered: Whether letters are put before the options; False where one text holds them with their letters.
        metadata: Further columns that judges read, as JSON; None where there are none.

    Source:
        LoMo, section 4: the question whole, with its options, beside the original images.

    Example:
        >>> Item("1", "Which is a line?", "A", options=("a line", "a curve")).text
        'Which is a line?\\nA. a line\\nB. a curve'
    """

    id: str
    question: str
    answer: Any
    images: tuple[StoredImage, ...] = ()
    options: tuple[str, ...] = ()
    category: str | None = None
    lettered: bool = True
    metadata: str | None = None

    @property
    def option_text(self) -> str:
        """The options as lines; empty where there are none."""
        return "".join(option_lines(self.options, lettered=self.lettered))

    @property
    def text(self) -> str:
        """The whole text question, options included."""
        return self.question + self.option_text


@dataclass(frozen=True)
class Unusable:
    """A row that is in neither config, and why.

    Args:
        id: As an item's.
        reason: Short and countable.
        detail: A sentence.

    Example:
        >>> Unusable("7", "no-question", "the question is NoneType, not text.").reason
        'no-question'
    """

    id: str
    reason: str
    detail: str


def items_of(data: Any, benchmark: Benchmark) -> Iterator[Item | Unusable]:
    """One result for each row, in order, with unique ids.

    Args:
        data: An iterable of rows: dictionaries with the columns that the definition names.
        benchmark: The definition.

    Yields:
        An item, or why the row is none.

    Raises:
        SourceError: An id occurs twice.

    Example:
        >>> rows = [{"question": "<image>\\nHow many?", "answer": 3, "image": None}]
        >>> next(items_of(rows, Benchmark("rows"))).question
        'How many?'
    """
    images = _image_reader(data, benchmark)
    seen: set[str] = set()
    for index, row in enumerate(data):
        values = [row.get(name) for name in benchmark.id_columns]
        named = bool(values) and values[0] not in (None, "")
        name = "/".join(str(value) for value in values if value not in (None, "")) if named else str(index)
        if name in seen:
            numbered = "" if named else " (rows without one are numbered)"
            raise SourceError(
                f"column {' + '.join(benchmark.id_columns)!r} must be unique; found {name!r} twice{numbered}. "
                "Name another, or none to number rows."
            )
        seen.add(name)
        try:
            yield _item(row, name, benchmark, images)
        except RenderError as error:
            yield Unusable(name, error.reason, str(error))


Reader = Callable[[Mapping[str, Any]], list[StoredImage]]


def _image_reader(data: object, benchmark: Benchmark) -> Reader:
    """How the images of a row are had."""
    if benchmark.documents is not None:
        return DocumentPages(benchmark, benchmark.documents).of
    source = Path(benchmark.source)
    folder = source.parent if source.is_file() else source
    elsewhere = _cells_by_id(data, benchmark)

    def read(row: Mapping[str, object]) -> list[StoredImage]:
        cells = [list(images_of(row.get(column), folder, elsewhere)) for column in benchmark.image_columns]
        if benchmark.has_numbered_images:
            filled = [bool(images) for images in cells]
            if filled != sorted(filled, reverse=True):
                gap = benchmark.image_columns[filled.index(False)]
                raise RenderError("image-missing", f"{gap} is empty and a later image is not; numbers would shift.")
        return [image for images in cells for image in images]

    return read


def _cells_by_id(data: Any, benchmark: Benchmark) -> Callable[[str], object] | None:
    """For tables of VLMEvalKit, in which a cell may name another row whose image it shares."""
    if (
        not benchmark.source.lower().endswith(".tsv")
        or not isinstance(benchmark.id, str)
        or not hasattr(data, "features")
    ):
        return None
    column, places = benchmark.image_columns[0], dict[str, int]()

    def cell(name: str) -> object:
        if not places:
            places.update({str(value): place for place, value in enumerate(data[benchmark.id])})
        return data[places[name]][column] if name in places else None

    return cell


def _item(row: Mapping[str, object], name: str, benchmark: Benchmark, images: Reader) -> Item:
    question = benchmark.fixed_question if benchmark.question is None else row[benchmark.question]
    if not isinstance(question, str):
        raise RenderError("no-question", f"the question is {type(question).__name__}, not text.")
    category = row.get(benchmark.category) if benchmark.category else None
    item = Item(
        name,
        plain_question(question),
        row[benchmark.answer],
        tuple(images(row)),
        options_of(row.get(benchmark.options) if benchmark.options else None, benchmark.options_as),
        None if category in (None, "") else str(category),
        lettered=benchmark.options_as != "text",
        metadata=_metadata(row, benchmark),
    )
    if benchmark.has_numbered_images:
        _check_references(item)
    return item


def _check_references(item: Item) -> None:
    """`<image 2>` in the words is the second image that a model is shown."""
    shown = len(item.images)
    beyond = next((match[0] for match in _REFERENCE.finditer(item.text) if not 1 <= int(match[1]) <= shown), None)
    if beyond is not None:
        raise RenderError("image-missing", f"the words speak of {beyond}, and the row has {shown} images.")


def _metadata(row: Mapping[str, object], benchmark: Benchmark) -> str | None:
    kept = {name: row[name] for name in benchmark.metadata if name in row}
    if not kept:
        return None
    try:
        return json.dumps(kept, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise RenderError("metadata", f"a column that judges read cannot be kept as JSON ({error}).") from error


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else str(value)


def plain_question(question: str) -> str:
    """The question without `<image>` at its ends: the images are shown before it, in both configs.

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
