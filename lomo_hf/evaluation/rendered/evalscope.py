"""EvalScope's own dataset files: read as benchmark items, and written from either twin.

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

__all__ = ["evalscope_items", "write_evalscope"]

_MOST_IMAGES = 100
_KINDS = {
    b"\x89PNG": "png", b"\xff\xd8": "jpeg", b"GIF8": "gif", b"BM": "bmp", b"II*": "tiff", b"MM\0*": "tiff",
}  # fmt: skip
_ONLY = "only one user message of texts and images, or a question whose options are texts, can be rendered."


def evalscope_items(path: str | Path) -> Iterator[Item | Unusable]:
    """The items of a general_vqa or general_vmcq file, for `render_benchmark(..., data=...)`.

    Texts of the last user message are joined by line breaks; its images keep their order. Rows with a system message
    or earlier turns, and options that are images, are unusable with the reason. Ids are the row's `id`, else its
    number. Paths of images are relative to the file's folder.

    Raises:
        SourceError: A line is not JSON.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "questions.jsonl"
    >>> row = {"messages": [{"role": "user", "content": "Is 7 prime?"}], "answer": "yes"}
    >>> _ = file.write_text(json.dumps(row))
    >>> next(evalscope_items(file)).question
    'Is 7 prime?'
    """
    path = Path(path)
    images = tuple(f"image_{number}" for number in range(1, _MOST_IMAGES + 1))
    columns = Benchmark(str(path), images=("images", *images), options="options", id="id", category="category")
    for item in items_of(_plain_rows(path), columns):
        if isinstance(item, Unusable) and item.reason == "no-question":
            yield replace(item, detail=_ONLY)
        else:
            yield item


def _plain_rows(path: Path) -> Iterator[dict[str, Any]]:
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


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    row.setdefault("answer", None)
    if "messages" not in row:
        row["options"] = options = _options(row.get("options"))
        if isinstance(options, list) and any("<image " in str(option) for option in options):
            row["question"] = None  # counted as no-question: an option that is an image has no text to keep
        row.setdefault("question", None)
        return row
    try:
        return {**row, **_message(row["messages"])}
    except (RenderError, AttributeError, KeyError, TypeError):
        return {**row, "question": None, "images": None}


def _options(said: Any) -> Any:
    """The list of options, also where it is written as JSON; what is no list is left for `items_of` to refuse."""
    if not isinstance(said, str):
        return said
    try:
        return json.loads(said) if said.startswith("[") else [said]
    except (ValueError, RecursionError):
        return said


def _message(messages: Any) -> dict[str, Any]:
    (message,) = messages if len(messages) == 1 else _refuse()
    content = message["content"]
    parts: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    texts = [part["text"] for part in parts if part["type"] == "text"]
    images = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    if message["role"] != "user" or len(texts) + len(images) != len(parts):
        _refuse()
    return {"question": "\n".join(texts), "images": images}


def _refuse() -> Any:
    raise RenderError("no-question", _ONLY)


def write_evalscope(rows: Iterable[Mapping[str, Any]], path: str | Path) -> int:
    """Write rows of a twin (images undecoded) as a general_vqa file with images inside; returns how many.

    Load a config with `datasets`, cast `images` to `List(Image(decode=False))`, and give its rows. The order is kept,
    so that the `index` of EvalScope's reviews pairs the twins; `id` stays in the row.

    >>> import tempfile
    >>> from lomo_hf.recipes import Caps, RenderStyle
    >>> from lomo_hf.evaluation.rendered.pairs import make_twins
    >>> row = make_twins(Item("1", "Is 7 prime?", "yes"), RenderStyle(), Caps()).rendered
    >>> file = Path(tempfile.mkdtemp()) / "rendered.jsonl"
    >>> write_evalscope([row], file), file.read_text()[:56]
    (1, '{"id": "1", "messages": [{"role": "user", "content": [{"')
    """
    count = 0
    with TextIOWrapper(named_file(path).create(), encoding="utf-8", newline="\n") as stream:
        for row in rows:
            images = iter(_undecoded(row["images"] or ()))
            parts = [
                {"type": "text", "text": part["text"]}
                if part["type"] == "text"
                else {"type": "image_url", "image_url": {"url": _url(next(images)["bytes"])}}
                for part in row["messages"][0]["content"]
            ]
            said = {"id": row["id"], "messages": [{"role": "user", "content": parts}], "answer": _text(row["answer"])}
            stream.write(json.dumps(said, ensure_ascii=True) + "\n")
            count += 1
    return count


def _undecoded(images: Iterable[Any]) -> list[Mapping[str, Any]]:
    found = list(images)
    if not all(isinstance(image, Mapping) and isinstance(image.get("bytes"), bytes) for image in found):
        raise RecipeError(
            "images must be undecoded, so that they keep their bytes. "
            'Give rows of dataset.cast_column("images", List(Image(decode=False))).'
        )
    return found


def _text(answer: Any) -> str | None:
    return answer if answer is None or isinstance(answer, str) else json.dumps(answer, ensure_ascii=False, default=str)


def _url(data: bytes) -> str:
    kind = next((name for start, name in _KINDS.items() if data.startswith(start)), "webp")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
