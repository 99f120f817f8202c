"""The original images of a cell as bytes, whatever the cell holds: an image, a list, a path, a data URL or base64.

Nothing is decoded, so an image keeps its bytes; only its header is looked at, since an image that no reader can open
would break the dataset that holds it.
"""

import ast
import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

from lomo_hf.errors import RenderError

__all__ = ["StoredImage", "images_of", "readable"]

StoredImage = tuple[bytes, str | None]
"""Bytes and the name of the file they came from."""

# How base64 of the formats that benchmarks hold begins: PNG, JPEG, GIF, WebP (RIFF), BMP, TIFF.
_BASE64_STARTS: Final = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "Qk", "SUkqA", "TU0AK")
_SHORTEST_BASE64: Final = 64  # as in VLMEvalKit: a shorter text is the index of another row
_MOST_IN_LIST: Final = 1_000


def images_of(value: object, folder: Path, elsewhere: Callable[[str], object] | None = None) -> Iterator[StoredImage]:
    """The images of one cell: none, one, or a list.

    Args:
        value: What the cell holds.
        folder: Where relative paths begin.
        elsewhere: The cell of the row of that id, or None: tables of VLMEvalKit refer to another row's image by its
            index.

    Raises:
        RenderError: `image-missing` where a file is not there, `image-unread` where there is something else.
    """
    if value is None or value == "":
        return
    if isinstance(value, list | tuple):
        for item in value:
            yield from images_of(item, folder, elsewhere)
    elif isinstance(value, Mapping) and value.get("bytes") is not None:
        yield readable(value["bytes"]), _name_of(value.get("path"))
    elif isinstance(value, Mapping) and value.get("path"):
        yield _file(folder / value["path"]), _name_of(value["path"])
    elif isinstance(value, bytes):
        yield readable(value), None
    elif isinstance(value, str):
        yield from _from_text(value, folder, elsewhere)
    else:
        raise _unread(f"an image is given as {str(value)[:60]!r}, which is neither bytes nor a file.")


def _from_text(text: str, folder: Path, elsewhere: Callable[[str], object] | None) -> Iterator[StoredImage]:
    if text.startswith("data:"):
        yield _data_url(text), None
    elif text.startswith(("http://", "https://")):
        raise _unread(f"an image is given as {text[:60]!r}, which is neither bytes nor a file.")
    elif len(text) > _SHORTEST_BASE64 and text.startswith(_BASE64_STARTS):
        yield _base64(text), None
    elif len(text) > _SHORTEST_BASE64 and text.startswith("["):
        yield from images_of(_list_of_texts(text), folder, None)
    elif elsewhere is not None and len(text) <= _SHORTEST_BASE64 and (other := elsewhere(text)) is not None:
        yield from images_of(other, folder, None)
    else:
        yield _file(folder / text), _name_of(text)


def readable(data: bytes) -> bytes:
    """The bytes, if Pillow knows the format that their header names.

    Raises:
        RenderError: `image-unread`.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(data)):
            return data
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        reason = "no image begins so" if isinstance(error, UnidentifiedImageError) else str(error)
        raise _unread(f"an image of {len(data)} bytes cannot be opened ({reason:.200}).") from error


def _list_of_texts(text: str) -> list[str]:
    """A list of base64 texts as VLMEvalKit writes it, "['...', '...']"."""
    try:
        values = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise _unread("a list of images cannot be read.") from error
    if not isinstance(values, list) or len(values) > _MOST_IN_LIST or not all(isinstance(v, str) for v in values):
        raise _unread("a list of images holds something else than texts.")
    return values


def _file(path: Path) -> bytes:
    try:
        return readable(path.read_bytes())
    except RenderError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = error.strerror if isinstance(error, OSError) else error
        raise RenderError("image-missing", f"the image {path.name[:60]!r} cannot be read ({why}).") from error


def _data_url(url: str) -> bytes:
    head, _, body = url.partition(",")
    if not head.endswith(";base64"):
        raise _unread("an image's data URL is not base64.")
    return _base64(body)


def _base64(text: str) -> bytes:
    try:
        return readable(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error) as error:
        raise _unread(f"an image's base64 cannot be decoded ({error}).") from error


def _name_of(path: str | None) -> str | None:
    return None if path is None else path.replace("\\", "/").rpartition("/")[2] or None


def _unread(message: str) -> RenderError:
    return RenderError("image-unread", message)
