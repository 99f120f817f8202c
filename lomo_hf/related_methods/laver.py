"""LaVer: the data that its trainer reads, and the size of image under which masked-image modelling masks nothing.

Source: "LaVer", arXiv 2512.06281, and its fork of LLaMA-Factory (`datasets` 3.5). Of an image of n tokens the trainer
masks int(n * mask_ratio), which is 0 for n < 1 / mask_ratio: at its ratio of 0.05 an image of fewer than 20 tokens
teaches nothing, and below 64 no more than 3 tokens are masked. The ratio rises on a cosine from 0 during its ramp, so
nothing is masked at first whatever the size. Its released image processor resizes every image to one square, where
n is a constant; the floor is for encoders that keep the native resolution, as of Qwen2.5-VL.

The file is Parquet without metadata of a newer `datasets`, which 3.5 refuses to read: `conversations` (from, value)
and `image`, a list of bytes. Rows that stayed text have none.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from lomo_hf.errors import BuildError, RecipeError
from lomo_hf.related_methods.plain_parquet import IMAGE, write_plain_parquet
from lomo_hf.related_methods.stored import image_bytes
from lomo_hf.storage import named_file
from lomo_hf.storage.atomic import write_whole
from lomo_hf.substitution import Row

__all__ = ["LaverReport", "export_laver", "image_tokens", "least_tokens", "masked_tokens"]

_COLUMNS = {"id": "string", "conversations": [{"from": "string", "value": "string"}], "image": [IMAGE]}


def masked_tokens(tokens: int, mask_ratio: float = 0.05) -> int:
    """How many of an image's tokens the trainer masks.

    >>> masked_tokens(19), masked_tokens(20), masked_tokens(64)
    (0, 1, 3)
    """
    return int(tokens * _ratio(mask_ratio))


def least_tokens(mask_ratio: float = 0.05) -> int:
    """The fewest tokens of which one is masked.

    >>> least_tokens(0.05), least_tokens(0.4)
    (20, 3)
    """
    guess = ceil(1 / _ratio(mask_ratio))
    while int(guess * mask_ratio) < 1:  # floats: 1 / ratio may round down
        guess += 1
    while guess > 1 and int((guess - 1) * mask_ratio) >= 1:
        guess -= 1
    return guess


def image_tokens(width: int, height: int, *, patch: int = 14, merge: int = 2, square: int | None = None) -> int:
    """The tokens of an image: by native resolution, or in a fixed square.

    Sides are rounded to multiples of `patch * merge` px as encoders of native resolution do; `merge * merge` patches
    make one token. With `square` px, every image is resized to it and each patch is a token.

    Raises:
        RecipeError: A number is no whole number of 1 or more.

    >>> image_tokens(320, 60), image_tokens(320, 60, square=384)
    (22, 729)
    """
    sides = {"width": width, "height": height, "patch": patch, "merge": merge}
    for name, value in (sides if square is None else {**sides, "square": square}).items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise RecipeError(f"{name} must be a whole number of 1 or more; found {value!r}.")
    if square is not None:
        return (square // patch) ** 2
    step = patch * merge
    return max(1, round(width / step)) * max(1, round(height / step))


@dataclass(frozen=True)
class LaverReport:
    """What was written, and why rows were left out; `fewest_tokens` is of the smallest page written."""

    rows: int
    with_image: int
    left_out: Mapping[str, int]
    fewest_tokens: int | None


def export_laver(
    rows: Iterable[Row],
    out: str | Path,
    *,
    name: str = "lomo",
    min_tokens: int | None = None,
    mask_ratio: float = 0.05,
    square: int | None = None,
) -> LaverReport:
    """Write stored rows (images undecoded) as `<name>.parquet` with an entry in `dataset_info.json`; streams.

    Args:
        out: The `dataset_dir` of LLaMA-Factory; an entry of the same name is replaced, others stay.
        min_tokens: Rows with a page of fewer tokens are left out and counted ("too-few-tokens"); by default
            `least_tokens(mask_ratio)`, the floor below which nothing is masked.
        mask_ratio: The trainer's.
        square: The side in px to which the image processor resizes everything, where it does.

    Raises:
        RecipeError: The floor is so low that pages would pass in which nothing is masked.
        BuildError: The folder's `dataset_info.json` is none.

    >>> import tempfile
    >>> from lomo_hf import Recipe, open_corpus, substitute_row
    >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("all", ratio=1.0))
    >>> export_laver([row], tempfile.mkdtemp()).with_image
    1
    """
    floor = least_tokens(mask_ratio)
    least = floor if min_tokens is None else min_tokens
    if least < floor:
        raise RecipeError(
            f"min_tokens must be {floor} or more at a mask ratio of {mask_ratio:g}, for below it "
            f"nothing is masked; found {min_tokens}."
        )
    folder = Path(out)
    entries = _entries(folder)  # before a row is written, for the file may be one that we cannot add to
    count = _Count()
    kept = _kept(rows, least, square, count)
    written = write_plain_parquet(kept, folder / f"{name}.parquet", _COLUMNS)
    _write_entry(folder, name, entries)
    return LaverReport(written, count.with_image, dict(count.left_out), count.fewest)


class _Count:
    """What is counted while rows pass."""

    def __init__(self) -> None:
        self.with_image = 0
        self.left_out: Counter[str] = Counter()
        self.fewest: int | None = None


def _kept(rows: Iterable[Row], least: int, square: int | None, count: _Count) -> Iterator[dict[str, Any]]:
    for row in rows:
        pages = image_bytes(row)
        tokens = min((image_tokens(*_size(page), square=square) for page in pages), default=None)
        if tokens is not None and tokens < least:
            count.left_out["too-few-tokens"] += 1
            continue
        if tokens is not None:
            count.with_image += 1
            count.fewest = tokens if count.fewest is None else min(count.fewest, tokens)
        images = [{"bytes": page, "path": None} for page in pages]
        yield {"id": row["id"], "conversations": row["conversations"], "image": images or None}


def _entries(folder: Path) -> dict[str, Any]:
    path = folder / "dataset_info.json"
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BuildError(f"{path.name} is not JSON ({error}). Mend it, or name another folder.") from error
    if not isinstance(entries, dict):
        raise BuildError(f"{path.name} is a {type(entries).__name__}, not an object. Mend it, or name another folder.")
    return entries


def _write_entry(folder: Path, name: str, entries: dict[str, Any]) -> None:
    path = folder / "dataset_info.json"
    entries[name] = {
        "file_name": f"{name}.parquet",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "images": "image"},
        "tags": {
            "role_tag": "from",
            "content_tag": "value",
            "user_tag": "human",
            "assistant_tag": "gpt",
            "system_tag": "system",
        },
    }
    write_whole(named_file(path), (json.dumps(entries, indent=2) + "\n").encode())


def _size(png: bytes) -> tuple[int, int]:
    """Width and height, from the header that every PNG begins with."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def _ratio(mask_ratio: float) -> float:
    if not 0 < mask_ratio <= 1:
        raise RecipeError(f"mask_ratio must be above 0 and at most 1; found {mask_ratio!r}. Write 0.05.")
    return mask_ratio
