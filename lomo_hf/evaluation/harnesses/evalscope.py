"""EvalScope's own dataset files: read as benchmark items, and written from either config.

Formats (EvalScope, custom multimodal datasets): *general_vqa*, JSON Lines with `messages` in OpenAI's parts and
`answer`; *general_vmcq*, JSON Lines with `question`, `options`, `image_1` ... `image_100` and a letter as `answer`.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from lomo_hf.errors import RecipeError, RenderError, SourceError
from lomo_hf.evaluation.rendered.benchmarks import Benchmark
from lomo_hf.evaluation.rendered.items import Item, Unusable, items_of
from lomo_hf.storage import named_file
from lomo_hf.storage.pictures import picture_format

__all__ = ["answer_text", "evalscope_items", "undecoded_images", "write_evalscope"]

_MOST_IMAGES = 100
_MEDIA = {"jpg": "jpeg", "tif": "tiff"}  # names of media types that are not the ending of a file's name
_ONLY = "only one user message of texts and images, or a question whose options are texts, can be rendered."


def evalscope_items(path: str | Path) -> Iterator[Item | Unusable]:
    """The items of a general_vqa or general_vmcq file, for `render_benchmark(..., data=...)`.

    Texts of the user message are joined by line breaks; its images keep their order. `<image 2>` in the words or the
    options of a general_vmcq row is its second image. Rows with a system message or several turns are unusable with
    the reason. Ids are the row's `id`, else its number. Paths of images are relative to the file's folder.

    Args:
        path: The JSON Lines file.

    Yields:
        An item for each row, or why it is none.

    Raises:
        SourceError: A line is not JSON.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "questions.jsonl"
        >>> row = {"messages": [{"role": "user", "content": "Is 7 prime?"}], "answer": "yes"}
        >>> _ = file.write_text(json.dumps(row))
        >>> next(evalscope_items(file)).question
        'Is 7 prime?'
    """
    path = Path(path)
    images = tuple(f"image_{number}" for number in range(1, _MOST_IMAGES + 1))
    columns = Benchmark(str(path), images=images, options="options", id="id", category="category")
    for item in items_of(_plain_rows(path), columns):
        if isinstance(item, Unusable) and item.reason == "no-question":
            yield replace(item, detail=_ONLY)
        else:
            yield item


def _plain_rows(path: Path) -> Iterator[dict[str, object]]:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if not text.strip():
                    continue
                row = json.loads(text)
            except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
                raise SourceError(f"line {number} of {path.name} is not JSON ({error}). Fix or remove it.") from error
            if not isinstance(row, dict):
                raise SourceError(f"line {number} of {path.name} is not an object. Fix or remove it.")
            yield _flat(row)


def _flat(row: dict[str, object]) -> dict[str, Any]:
    row.setdefault("answer", None)
    if "messages" not in row:
        row["options"] = _options(row.get("options"))
        row.setdefault("question", None)
        return row | _numbered(row.get("images"))
    try:
        question, images = _message(row["messages"])
        return row | {"question": question, "options": None} | _numbered(images)
    except (RenderError, AttributeError, KeyError, TypeError):
        return {**row, "question": None}


def _numbered(images: Any) -> dict[str, Any]:
    """A list of images as the columns `image_1`, `image_2` and so on."""
    return {f"image_{number}": image for number, image in enumerate(images, 1)} if isinstance(images, list) else {}


def _options(cell: Any) -> Any:
    """The list of options, also where it is written as JSON; what is no list is left for `items_of` to refuse."""
    if not isinstance(cell, str):
        return cell
    try:
        return json.loads(cell) if cell.startswith("[") else [cell]
    except (ValueError, RecursionError):
        return cell


def _message(messages: Any) -> tuple[str, list[str]]:
    (message,) = messages if len(messages) == 1 else _refuse()
    content = message["content"]
    parts: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    texts = [part["text"] for part in parts if part["type"] == "text"]
    images = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    if message["role"] != "user" or len(texts) + len(images) != len(parts):
        _refuse()
    return "\n".join(texts), images


def _refuse() -> Any:
    raise RenderError("no-question", _ONLY)


def write_evalscope(rows: Iterable[Mapping[str, Any]], path: str | Path, *, instruction: str = "") -> int:
    """Write rows of a config (images undecoded) as a general_vqa file with images inside.

    Rows are those of a folder (`open_folder(...).rows_of("rendered")`), or of `datasets` with `images` cast to
    `List(Image(decode=False))`. The order is kept, so that the `index` of EvalScope's reviews pairs the two runs; `id`
    stays in the row.

    Args:
        rows: The rows.
        path: The file.
        instruction: How to answer, as text after the question, in both configs alike.

    Returns:
        How many rows were written.

    Raises:
        RecipeError: The images are decoded, so that their bytes are lost.

    Example:
        >>> import tempfile
        >>> from lomo_hf.recipes import Caps, RenderStyle
        >>> from lomo_hf.evaluation.rendered.pairs import make_pair
        >>> row = make_pair(Item("1", "Is 7 prime?", "yes"), RenderStyle(), Caps()).rendered
        >>> file = Path(tempfile.mkdtemp()) / "rendered.jsonl"
        >>> write_evalscope([row], file), file.read_text()[:56]
        (1, '{"id": "1", "messages": [{"role": "user", "content": [{"')
    """
    count = 0
    with TextIOWrapper(named_file(path).create(), encoding="utf-8", newline="\n") as stream:
        for row in rows:
            images = iter(undecoded_images(row["images"]))
            parts = [
                {"type": "text", "text": part["text"]}
                if part["type"] == "text"
                else {"type": "image_url", "image_url": {"url": _url(next(images))}}
                for part in row["messages"][0]["content"]
            ]
            if instruction:
                parts.append({"type": "text", "text": instruction})
            record = {
                "id": row["id"],
                "messages": [{"role": "user", "content": parts}],
                "answer": answer_text(row["answer"]),
            }
            stream.write(json.dumps(record, ensure_ascii=True) + "\n")
            count += 1
    return count


def undecoded_images(images: Iterable[Any] | None) -> list[bytes]:
    """The bytes of a row's images.

    Raises:
        RecipeError: They are decoded, and have no bytes any more.
    """
    stored = list(images or ())
    if not all(isinstance(image, Mapping) and isinstance(image.get("bytes"), bytes) for image in stored):
        raise RecipeError(
            "images must be undecoded, so that they keep their bytes. "
            'Give rows of dataset.cast_column("images", List(Image(decode=False))).'
        )
    return [image["bytes"] for image in stored]


def answer_text(answer: object) -> str | None:
    """An answer as a text: itself, or JSON of what is no text."""
    return answer if answer is None or isinstance(answer, str) else json.dumps(answer, ensure_ascii=False, default=str)


def _url(data: bytes) -> str:
    kind = picture_format(data) or "webp"
    return f"data:image/{_MEDIA.get(kind, kind)};base64,{base64.b64encode(data).decode('ascii')}"
