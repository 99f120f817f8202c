"""ReVision, stage 1: a LoMo split as the files that its embedding and pretraining steps read.

Source: Yu et al., arXiv 2602.07026, and the formats in the README of Yu-xm/ReVision (written anew; its licence
forbids copying). Each page is an image and the span on it a text, with the same id, so the unpaired sets of ReAlign
are paired here, and the alignment can be judged.

    dataset.json    {"images": [{"id", "image"}], "texts": [{"id", "text"}]}      for embedding
    images/         the pages
    pretrain.json   [{"id", "caption", "conversations"}]                            captions by id: projector training
    embeddings/     pickles of [{"id", "caption", "embed"}], by `write_embeddings`, joined by id when training
"""

import json
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import ArrayLike

from lomo_hf.errors import BuildError, RecipeError
from lomo_hf.related_methods.stored import exchange_of
from lomo_hf.storage import Folder, Place
from lomo_hf.storage.atomic import write_whole
from lomo_hf.substitution import Row

__all__ = ["RevisionReport", "export_revision", "write_embeddings"]

_QUESTION = "<image>\nWhat is this?"


@dataclass(frozen=True)
class RevisionReport:
    """What was written: rows read, pages (pairs of image and text), and rows without a page, which have no pair."""

    rows: int
    pages: int
    without_page: int


def export_revision(rows: Iterable[Row], out: str | Path) -> RevisionReport:
    """Write `dataset.json`, `pretrain.json` and the pages of stored rows (images undecoded); streams.

    Raises:
        BuildError: The folder is not empty.

    >>> import tempfile
    >>> from lomo_hf import Recipe, open_corpus, substitute_row
    >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("all", ratio=1.0))
    >>> export_revision([row], Path(tempfile.mkdtemp())).pages
    1
    """
    where = Path(out)
    if where.exists() and (not where.is_dir() or any(where.iterdir())):
        raise BuildError(f"out must be an empty folder; {where.name!r} is not. Name another.")
    folder = Folder(where, make=True)
    read = pages = without = 0
    # Two lists of one object are written side by side in two files and joined, so that no list is held.
    parts = [folder / name for name in (".images.part", ".texts.part")]
    with (
        _text_file(parts[0]) as images,
        _text_file(parts[1]) as texts,
        _text_file(folder / "pretrain.json") as pretrain,
    ):
        pretrain.write("[")
        for row in rows:
            read += 1
            found = exchange_of(row)
            if found is None:
                without += 1
                continue
            for index, (page, text) in enumerate(zip(found.images, found.spans, strict=True)):
                name, file = f"{row['id']}#{index}", f"{pages // 1000:06d}/{pages % 1000:03d}.png"
                (folder / "images" / file).parent(make=True)
                with (folder / "images" / file).create() as stream:
                    stream.write(page)
                _append(images, {"id": name, "image": file}, pages)
                _append(texts, {"id": name, "text": text}, pages)
                turns = [{"from": "human", "value": _QUESTION}, {"from": "gpt", "value": text}]
                _append(pretrain, {"id": name, "caption": text, "conversations": turns}, pages)
                pages += 1
        pretrain.write("\n]\n")
    _join(folder / "dataset.json", parts)
    return RevisionReport(read, pages, without)


def write_embeddings(
    pairs: Iterable[tuple[str, str, ArrayLike]], out: str | Path, *, chunk: int = 200_000, name: str = "text_embeds"
) -> list[Path]:
    """Write (id, caption, embedding) as pickles of `[{"id", "caption", "embed"}]`, float32, `chunk` to a file.

    Pickle is what its loader reads; read pickles of your own making only.

    Raises:
        RecipeError: The chunk is no whole number of 1 or more.

    >>> import tempfile
    >>> (file,) = write_embeddings([("a#0", "some words", [0.6, 0.8])], tempfile.mkdtemp())
    >>> file.name, pickle.loads(file.read_bytes())[0]["embed"].dtype
    ('text_embeds_1.pkl', dtype('float32'))
    """
    if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1:
        raise RecipeError(f"chunk must be a whole number of 1 or more; found {chunk!r}.")
    folder = Folder(out, make=True)
    written: list[Path] = []
    for records in _chunks(pairs, chunk):
        file = f"{name}_{len(written) + 1}.pkl"
        write_whole(folder / file, pickle.dumps(records, protocol=4))
        written.append(Path(out) / file)
    return written


def _chunks(pairs: Iterable[tuple[str, str, ArrayLike]], size: int) -> Iterator[list[dict[str, Any]]]:
    held: list[dict[str, Any]] = []
    for name, caption, embedding in pairs:
        held.append({"id": name, "caption": caption, "embed": np.asarray(embedding, dtype=np.float32)})
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held


def _append(stream: TextIO, record: dict[str, Any], index: int) -> None:
    stream.write(("," if index else "") + "\n" + json.dumps(record, ensure_ascii=True))


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
