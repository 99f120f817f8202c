"""ReVision: a LoMo split as the files that its embedding step and its two stages of training read.

Source: Yu et al., arXiv 2602.07026, and the formats in the README and the data loader of Yu-xm/ReVision (written
anew; its licence forbids copying). Each page is an image and the span on it a text, with the same id, so the unpaired
sets of ReAlign are paired here, and the alignment can be judged (`realign_diagnostics`).

    dataset.json    {"images": [{"id", "image"}], "texts": [{"id", "text"}]}     for embedding
    images/         the pages
    pretrain.json   [{"id", "caption", "conversations"}]                           stage 1: captions by id
    sft.json        [{"id", "caption", "conversations"}]                           stage 2: the rewritten conversations
    embeddings/     pickles of [{"id", "caption", "embed"}], by `write_embeddings`, joined by id in both stages
"""

import json
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from numpy.typing import ArrayLike

from lomo_hf.errors import BuildError, RecipeError
from lomo_hf.related_methods.stored import Exchange, exchange_of
from lomo_hf.row import Row
from lomo_hf.storage import Folder, Place
from lomo_hf.storage.atomic import write_whole

__all__ = ["RevisionReport", "export_revision", "write_embeddings"]

_QUESTION: Final = "<image>\nWhat is this?"


@dataclass(frozen=True)
class RevisionReport:
    """What was written.

    Args:
        rows: Rows read.
        pages: Pairs of image and text, which stage 1 reads.
        without_page: Rows that stayed text and have no pair.
        instructions: Conversations of stage 2.
        left_out: Reason -> pages (`long-caption`) or conversations (`several-pages`) that are left out.

    Source:
        Yu et al., arXiv 2602.07026: both stages of ReVision.

    Example:
        >>> RevisionReport(10, 5, 5, 5, {}).pages
        5
    """

    rows: int
    pages: int
    without_page: int
    instructions: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


def export_revision(rows: Iterable[Row], out: str | Path, *, max_caption_chars: int | None = None) -> RevisionReport:
    """Write `dataset.json`, `pretrain.json`, `sft.json` and the pages; streams.

    Stage 2 has the rewritten conversations with the answers that they have. Its loader joins one embedding to a row,
    so rows of several pages are left out of it, and puts `<image>` before the words of its turn, so what stood before
    the page stands after it there.

    Args:
        rows: Stored rows, images undecoded.
        out: A folder that is absent or empty.
        max_caption_chars: Pages whose span is longer are left out of everything: the gap between the embeddings of a
            text and of its picture grows with the length of the text, as the paper warns. None keeps all.

    Returns:
        What was written and left out.

    Raises:
        BuildError: The folder is not empty.
        RecipeError: The cap is no whole number of 1 or more, or the images are decoded.

    Source:
        Yu et al., arXiv 2602.07026, sections 4 and 5.

    Example:
        >>> import tempfile
        >>> from lomo_hf import Recipe, open_corpus, substitute_row
        >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("all", ratio=1.0))
        >>> report = export_revision([row], Path(tempfile.mkdtemp()))
        >>> report.pages, report.instructions
        (1, 1)
    """
    place = Path(out)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise BuildError(f"out must be an empty folder; {place.name!r} is not. Name another.")
    cap = max_caption_chars
    if cap is not None and (isinstance(cap, bool) or not isinstance(cap, int) or cap < 1):
        raise RecipeError(f"max_caption_chars must be a whole number of 1 or more; found {cap!r}.")
    folder = Folder(place, make=True)
    (folder / "images").make_folder()
    count, left_out = Counter[str](), Counter[str]()
    # Two lists of one object are written side by side in two files and joined, so that no list is held.
    parts = [folder / name for name in (".images.part", ".texts.part")]
    with ExitStack() as stack:
        images, texts, pretrain, sft = (
            stack.enter_context(_List(path, bare=bare))
            for path, bare in (
                *((part, True) for part in parts),
                (folder / "pretrain.json", False),
                (folder / "sft.json", False),
            )
        )
        for row in rows:
            count["rows"] += 1
            exchange = exchange_of(row)
            if exchange is None:
                count["without"] += 1
                continue
            kept = list(_kept(row, exchange, cap, left_out))
            for name, page, text in kept:
                file = f"{images.length // 1000:06d}/{images.length % 1000:03d}.png"
                (folder / "images" / file).parent(make=True)
                with (folder / "images" / file).create() as stream:
                    stream.write(page)
                images.append({"id": name, "image": file})
                texts.append({"id": name, "text": text})
                turns = [{"from": "human", "value": _QUESTION}, {"from": "gpt", "value": text}]
                pretrain.append({"id": name, "caption": text, "conversations": turns})
            if len(exchange.images) > 1:
                left_out["several-pages"] += 1
            elif kept:
                name, _, text = kept[0]
                sft.append({"id": name, "caption": text, "conversations": row["conversations"]})
    _join(folder / "dataset.json", parts)
    return RevisionReport(count["rows"], images.length, count["without"], sft.length, dict(left_out))


def _kept(row: Row, exchange: Exchange, cap: int | None, left_out: Counter[str]) -> Iterator[tuple[str, bytes, str]]:
    """Id, page and caption of each page whose caption is not too long."""
    for index, (page, text) in enumerate(zip(exchange.images, exchange.spans, strict=True)):
        if cap is not None and len(text) > cap:
            left_out["long-caption"] += 1
        else:
            yield f"{row['id']}#{index}", page, text


def write_embeddings(
    pairs: Iterable[tuple[str, str, ArrayLike]], out: str | Path, *, chunk: int = 200_000, name: str = "text_embeds"
) -> list[Path]:
    """Write embeddings as pickles of `[{"id", "caption", "embed"}]`, float32.

    Pickle is what its loader reads; read pickles of your own making only.

    Args:
        pairs: (id, caption, embedding (d,)).
        out: The folder.
        chunk: How many go into a file.
        name: Files are called `<name>_1.pkl` and so on.

    Returns:
        The files.

    Raises:
        RecipeError: The chunk is no whole number of 1 or more.

    Source:
        The formats of Yu-xm/ReVision.

    Example:
        >>> import tempfile
        >>> (file,) = write_embeddings([("a#0", "some words", [0.6, 0.8])], tempfile.mkdtemp())
        >>> file.name, pickle.loads(file.read_bytes())[0]["embed"].dtype
        ('text_embeds_1.pkl', dtype('float32'))
    """
    if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1:
        raise RecipeError(f"chunk must be a whole number of 1 or more; found {chunk!r}.")
    folder = Folder(out, make=True)
    written: list[Path] = []
    remaining = iter(pairs)
    while records := [_embedded(*pair) for pair in islice(remaining, chunk)]:
        file = f"{name}_{len(written) + 1}.pkl"
        write_whole(folder / file, pickle.dumps(records, protocol=4))
        written.append(Path(out) / file)
    return written


def _embedded(name: str, caption: str, embedding: ArrayLike) -> dict[str, object]:
    return {"id": name, "caption": caption, "embed": np.asarray(embedding, dtype=np.float32)}


class _List:
    """A JSON list that is written as it comes; `bare` leaves the brackets to whoever joins it."""

    def __init__(self, place: Place, *, bare: bool) -> None:
        self.length = 0
        self._place, self._bare = place, bare
        self._stream: TextIO

    def __enter__(self) -> "_List":
        self._stream = _text_file(self._place)
        self._stream.write("" if self._bare else "[")
        return self

    def append(self, record: dict[str, object]) -> None:
        self._stream.write(("," if self.length else "") + "\n" + json.dumps(record, ensure_ascii=True))
        self.length += 1

    def __exit__(self, *_: object) -> None:
        self._stream.write("" if self._bare else "\n]\n")
        self._stream.close()


def _text_file(place: Place) -> TextIOWrapper:
    return TextIOWrapper(place.create(), encoding="utf-8", newline="\n")


def _join(target: Place, parts: list[Place]) -> None:
    with _text_file(target) as joined:
        for index, (key, part) in enumerate(zip(("images", "texts"), parts, strict=True)):
            joined.write("{" if index == 0 else ",\n")
            joined.write(f'"{key}": [')
            with TextIOWrapper(part.open(), encoding="utf-8") as stream:
                joined.writelines(stream)
            joined.write("\n]")
            part.unlink()
        joined.write("}\n")
