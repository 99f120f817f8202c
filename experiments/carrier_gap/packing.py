"""Rows and pages of datasets become a small folder: equal pages once, in 16 greys, as lossless WebP."""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from experiments.carrier_gap.glyphs import UNSEEN_FONT, font_file

__all__ = ["PageWriter", "Part", "page_in_unseen_font", "prompt_and_answer", "row_parts"]

Part = str | int
_STEP = 17  # 256 greys to 16


class PageWriter:
    """Pages one after another in one file; `add` gives the number of a page."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.index: list[tuple[int, int]] = []
        self._known: dict[bytes, int] = {}

    def add(self, page: Image.Image) -> int:
        """Store a page if it is new."""
        grey = np.asarray(page.convert("L")).astype(np.int64)
        rounded = ((grey + _STEP // 2) // _STEP * _STEP).astype(np.uint8)
        key = hashlib.sha256(rounded.tobytes() + str(rounded.shape).encode()).digest()
        if key not in self._known:
            stream = io.BytesIO()
            Image.fromarray(rounded).convert("RGB").save(stream, "webp", lossless=True, method=4)
            self._known[key] = len(self.index)
            self.index.append((len(self.data), stream.tell()))
            self.data += stream.getvalue()
        return self._known[key]


def read_page(data: memoryview | bytes, place: Sequence[int]) -> NDArray[np.uint8]:
    """A stored page (height, width)."""
    start, length = place
    return np.asarray(Image.open(io.BytesIO(data[start : start + length])).convert("L"))


def row_parts(row: Mapping[str, Any], pages: PageWriter) -> list[Part]:
    """The first user turn of a row: texts, and numbers of pages, in their order."""
    images = iter(row["images"] or ())
    turn = next(message for message in row["messages"] if message["role"] == "user")
    return [part["text"] if part["type"] == "text" else pages.add(next(images)) for part in turn["content"]]


def prompt_and_answer(row: Mapping[str, Any]) -> tuple[str, str]:
    """The text that a row's first user turn had before rewriting, and the answer to it."""
    turns = list(row["messages"])
    first = next(at for at, message in enumerate(turns) if message["role"] == "user")
    spans = iter((row["lomo"] or {}).get("spans") or ())
    prompt = "".join(part["text"] or next(spans)["text"] for part in turns[first]["content"])
    answer = "".join(part["text"] or "" for part in turns[first + 1]["content"])
    return prompt, answer


def page_in_unseen_font(prompt: str, *, size: int = 20, pitch: int = 22, margin: int = 12) -> Image.Image:
    """A page set by Pillow alone, in a font that neither the base nor any arm has seen."""
    font = ImageFont.truetype(str(font_file(*UNSEEN_FONT)), size)
    whole = font.getlength(prompt)
    lines = _wrapped(prompt.split(" "), font, max(320.0, (2.4 * whole * pitch) ** 0.5))
    width = max(font.getlength(line) for line in lines)
    page = Image.new("L", (int(width) + 2 * margin + 1, pitch * len(lines) + 2 * margin), 255)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((margin, margin + pitch * number + round(0.8 * size)), line, fill=0, font=font, anchor="ls")
    return page


def _wrapped(words: Iterable[str], font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def save_bytes(path: Path, data: bytes | bytearray) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
