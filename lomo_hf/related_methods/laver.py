"""LaVer: the data that its trainer reads, and the size of image under which masked-image modelling masks nothing.

Source: "LaVer", arXiv 2512.06281, and its fork of LLaMA-Factory (`datasets` 3.5). Of an image of n tokens the trainer
masks int(n * mask_ratio). The ratio rises on a cosine from 0 to its value over the *whole* training, so an image of 20
tokens, of which one is masked at the full ratio of 0.05, has none masked until the last step, one of 40 none in the
first half, and one of 729 none in the first ninth: `share_of_steps`. The floor is asked for by that share. Its
released image processor resizes every image to one square, where n is a constant; the floor is for encoders that keep
the native resolution, as of Qwen2.5-VL.

The file is Parquet without metadata of a newer `datasets`, which 3.5 refuses to read: `conversations` (from, value)
and `image`, a list of bytes. Rows that stayed text have none.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import acos, ceil, cos, pi
from pathlib import Path
from typing import Final

from lomo_hf.errors import BuildError, RecipeError
from lomo_hf.image_tokens import QWEN2_5_VL, Processor, fixed_square, image_tokens
from lomo_hf.related_methods.stored import image_bytes
from lomo_hf.rendering.png import read_png_header
from lomo_hf.row import SHAREGPT_TAGS, Row
from lomo_hf.storage import named_file
from lomo_hf.storage.atomic import write_whole
from lomo_hf.storage.file_names import LLAMAFACTORY
from lomo_hf.storage.plain_parquet import IMAGE, write_plain_parquet

__all__ = [
    "SCHEDULES",
    "LaverReport",
    "export_laver",
    "least_tokens",
    "masked_tokens",
    "share_of_steps",
]

SCHEDULES: Final = ("cosine", "constant")
"""How the mask ratio goes over the training: on a cosine from 0, or at its value after the first eighth."""

_CONSTANT_STARTS: Final = 0.125
_COLUMNS: Final = {"id": "string", "conversations": [{"from": "string", "value": "string"}], "image": [IMAGE]}


def masked_tokens(tokens: int, mask_ratio: float = 0.05) -> int:
    """How many of an image's tokens the trainer masks at the full ratio.

    Args:
        tokens: Of the image.
        mask_ratio: The trainer's, at the end of its ramp.

    Returns:
        int(tokens * mask_ratio).

    Raises:
        RecipeError: The ratio is not above 0 and at most 1.

    Source:
        The masking of LaVer's released trainer.

    Example:
        >>> masked_tokens(19), masked_tokens(20), masked_tokens(64)
        (0, 1, 3)
    """
    return int(tokens * _ratio(mask_ratio))


def share_of_steps(tokens: int, mask_ratio: float = 0.05, *, schedule: str = "cosine") -> float:
    """The share of training steps in which at least one token of an image is masked.

    On a cosine the ratio at the share t of the training is r (1 - cos(pi t)) / 2, which reaches 1 / n at
    t = arccos(1 - 2 / (n r)) / pi; the share is what is left.

    Args:
        tokens: n, of the image.
        mask_ratio: r, at the end of the training.
        schedule: "cosine" or "constant", the trainer's `mask_strategy`.

    Returns:
        From 0 to 1.

    Raises:
        RecipeError: The ratio or the schedule is none.

    Source:
        The schedule of LaVer's released trainer; the closed form is ours.

    Example:
        >>> [round(share_of_steps(tokens), 2) for tokens in (20, 22, 30, 40, 64, 100, 729)]
        [0.0, 0.19, 0.39, 0.5, 0.62, 0.7, 0.89]
    """
    if schedule not in SCHEDULES:
        raise RecipeError(f"schedule must be one of {', '.join(SCHEDULES)}; found {schedule!r}.")
    if masked_tokens(tokens, mask_ratio) < 1:
        return 0.0
    if schedule == "constant":
        return 1 - _CONSTANT_STARTS
    return 1 - acos(max(-1.0, 1 - 2 / (tokens * mask_ratio))) / pi


def least_tokens(mask_ratio: float = 0.05, *, share: float = 0.0, schedule: str = "cosine") -> int:
    """The fewest tokens of an image of which one is masked in a share of the training steps.

    Args:
        mask_ratio: The trainer's.
        share: Of the steps, from 0 (at the full ratio, if only in the last step) to below 1.
        schedule: "cosine" or "constant".

    Returns:
        The number of tokens.

    Raises:
        RecipeError: A number is out of range, or the schedule never reaches the share.

    Source:
        As `share_of_steps`.

    Example:
        >>> least_tokens(0.05), least_tokens(0.05, share=0.5), least_tokens(0.4)
        (20, 40, 3)
    """
    if not 0 <= share < 1:
        raise RecipeError(f"share must be from 0 to below 1; found {share!r}. Write 0.5 for half of the steps.")
    ratio = _ratio(mask_ratio)
    if schedule == "constant" and share > 1 - _CONSTANT_STARTS:
        raise RecipeError(
            f"share must be at most {1 - _CONSTANT_STARTS:g} where the ratio is constant; found {share!r}."
        )
    # The ratio at the moment from which on a token is to be masked.
    at_start = ratio if share == 0 or schedule == "constant" else ratio * (1 - cos(pi * (1 - share))) / 2
    guess = ceil(1 / at_start)
    while not _is_enough(guess, ratio, share, schedule):  # floats: 1 / ratio may round down
        guess += 1
    while guess > 1 and _is_enough(guess - 1, ratio, share, schedule):
        guess -= 1
    return guess


def _is_enough(tokens: int, ratio: float, share: float, schedule: str) -> bool:
    masked = masked_tokens(tokens, ratio) >= 1
    return masked and share_of_steps(tokens, ratio, schedule=schedule) >= share - 1e-12


@dataclass(frozen=True)
class LaverReport:
    """What was written.

    Args:
        rows: In the file.
        with_image: Rows of them with a page.
        left_out: Reason -> rows that are not in the file.
        fewest_tokens: Of the smallest page in the file; None where there is no page.

    Source:
        LaVer, arXiv 2512.06281.

    Example:
        >>> LaverReport(10, 6, {"too-few-tokens": 2}, 44).with_image
        6
    """

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
    min_share: float = 0.5,
    mask_ratio: float = 0.05,
    schedule: str = "cosine",
    square: int | None = None,
) -> LaverReport:
    """Write stored rows as `<name>.parquet` with an entry in `dataset_info.json`; streams.

    Args:
        rows: Stored rows, images undecoded.
        out: The `dataset_dir` of LLaMA-Factory; an entry of the same name is replaced, others stay.
        name: Of the file and the entry.
        min_tokens: Rows with a page of fewer tokens are left out and counted ("too-few-tokens"); by default as many as
            `min_share` asks for.
        min_share: The share of training steps in which a token of every page is to be masked: 0.5 asks for 40 tokens.
        mask_ratio: The trainer's.
        schedule: The trainer's `mask_strategy`: "cosine" or "constant".
        square: The side in px to which the image processor resizes everything, where it does.

    Returns:
        What was written and left out.

    Raises:
        RecipeError: The floor is so low that pages would pass in which nothing is ever masked.
        BuildError: The folder's `dataset_info.json` is none.

    Source:
        "LaVer", arXiv 2512.06281, and the data format of its fork of LLaMA-Factory.

    Example:
        >>> import tempfile
        >>> from lomo_hf import Recipe, open_corpus, substitute_row
        >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("all", ratio=1.0))
        >>> export_laver([row], tempfile.mkdtemp()).with_image
        1
    """
    floor = least_tokens(mask_ratio)
    least = least_tokens(mask_ratio, share=min_share, schedule=schedule) if min_tokens is None else min_tokens
    if least < floor:
        raise RecipeError(
            f"min_tokens must be {floor} or more at a mask ratio of {mask_ratio:g}, for below it "
            f"nothing is ever masked; found {min_tokens}."
        )
    folder = Path(out)
    entries = _entries(folder)  # before a row is written, for the file may be one that we cannot add to
    count = _Count()
    kept = _kept(rows, least, QWEN2_5_VL if square is None else fixed_square(square), count)
    written = write_plain_parquet(kept, folder / f"{name}.parquet", _COLUMNS)
    _write_entry(folder, name, entries)
    return LaverReport(written, count.with_image, dict(count.left_out), count.fewest)


class _Count:
    """What is counted while rows pass."""

    def __init__(self) -> None:
        self.with_image = 0
        self.left_out: Counter[str] = Counter()
        self.fewest: int | None = None


def _kept(rows: Iterable[Row], least: int, processor: Processor, count: _Count) -> Iterator[dict[str, object]]:
    for row in rows:
        pages = image_bytes(row)
        tokens = min((_tokens(page, processor) for page in pages), default=None)
        if tokens is not None and tokens < least:
            count.left_out["too-few-tokens"] += 1
            continue
        if tokens is not None:
            count.with_image += 1
            count.fewest = tokens if count.fewest is None else min(count.fewest, tokens)
        images = [{"bytes": page, "path": None} for page in pages]
        yield {"id": row["id"], "conversations": row["conversations"], "image": images or None}


def _entries(folder: Path) -> dict[str, object]:
    path = folder / LLAMAFACTORY
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BuildError(f"{path.name} is not JSON ({error}). Mend it, or name another folder.") from error
    if not isinstance(entries, dict):
        raise BuildError(f"{path.name} is a {type(entries).__name__}, not an object. Mend it, or name another folder.")
    return entries


def _write_entry(folder: Path, name: str, entries: dict[str, object]) -> None:
    path = folder / LLAMAFACTORY
    entries[name] = {
        "file_name": f"{name}.parquet",
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "images": "image"},
        "tags": dict(SHAREGPT_TAGS),
    }
    write_whole(named_file(path), (json.dumps(entries, indent=2) + "\n").encode())


def _tokens(page: bytes, processor: Processor) -> int:
    header = read_png_header(page)
    return image_tokens(header.width, header.height, processor)


def _ratio(mask_ratio: float) -> float:
    if not 0 < mask_ratio <= 1:
        raise RecipeError(f"mask_ratio must be above 0 and at most 1; found {mask_ratio!r}. Write 0.05.")
    return mask_ratio
