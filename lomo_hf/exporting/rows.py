"""A row as an exporter sees it, read back from the Parquet shards of a config, a row group at a time.

Pages are PNG. Rows of a mixture that came with pictures of their own have them in whatever format they were in.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lomo_hf.errors import BuildError, IntegrityError
from lomo_hf.exporting.planning import Group
from lomo_hf.row import IMAGE_PLACEHOLDER
from lomo_hf.storage.pictures import picture_format

__all__ = ["COLUMNS", "StoredRow", "StoredTurn", "read_rows"]

COLUMNS: Final = ("id", "messages", "images", "source_license")


@dataclass(frozen=True)
class StoredTurn:
    """One turn: `role` is system, user or assistant; in `pieces`, None stands where a page stands."""

    role: str
    pieces: tuple[str | None, ...]

    @property
    def text(self) -> str:
        """The turn as one string, with `<image>` where a page stands.

        >>> StoredTurn("user", ("What is ", None, "?")).text
        'What is <image>?'
        """
        return "".join(IMAGE_PLACEHOLDER if piece is None else piece for piece in self.pieces)


@dataclass(frozen=True)
class StoredRow:
    """One row of a config. `number` counts from 0 over the config; `images` are encoded, in the order of the pieces.

    Raises:
        IntegrityError: There are more or fewer images than places for them.
    """

    number: int
    id: str
    turns: tuple[StoredTurn, ...]
    images: tuple[bytes, ...]
    license: str | None

    def __post_init__(self) -> None:
        places = sum(piece is None for turn in self.turns for piece in turn.pieces)
        if places != len(self.images):
            raise IntegrityError(
                f"row {self.id!r} has {len(self.images)} images and {places} places for them; build the dataset again."
            )

    @property
    def key(self) -> str:
        """A name that is safe in a file system and in a tar file, and sorts like the rows: the number, nine digits."""
        return f"{self.number:09d}"

    def image_names(self) -> list[str]:
        """`0.png`, `1.png`, ... of the images: their places, and what they are by their first bytes."""
        return [f"{place}.{picture_format(image) or 'png'}" for place, image in enumerate(self.images)]

    def counted_turns(self) -> tuple[StoredTurn, ...]:
        """The turns, for formats in which only `<image>` in a string marks a page.

        Raises:
            BuildError: The text itself says `<image>`, so that a trainer would count one page too many.
        """
        marks = sum(turn.text.count(IMAGE_PLACEHOLDER) for turn in self.turns)
        if marks != len(self.images):
            raise BuildError(
                f"row {self.id!r} says {IMAGE_PLACEHOLDER} {marks} times and has {len(self.images)} images, which "
                "trainers refuse. Build with `placeholders: escape` or `drop`, or export with --format energon."
            )
        return self.turns


def read_rows(folder: Path, groups: Iterable[Group]) -> Iterator[StoredRow]:
    """The rows of some row groups. Memory: one row group, of at most a hundred rows and about 64 MB.

    Raises:
        IntegrityError: A shard is damaged, or is not one that `lomo build` wrote.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for group in groups:
        try:
            with pq.ParquetFile(folder / group.path, page_checksum_verification=True) as shard:
                table = shard.read_row_group(group.index, columns=list(COLUMNS), use_threads=False)
            rows = table.slice(0, group.rows).to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise IntegrityError(f"{group.path} is damaged ({error}); build the dataset again.") from error
        for place, row in enumerate(rows):
            yield _stored(group.first_row + place, row)


def _stored(number: int, row: dict[str, Any]) -> StoredRow:
    try:
        turns = tuple(
            StoredTurn(message["role"], tuple(_piece(part) for part in message["content"]))
            for message in row["messages"]
        )
        images = tuple(image["bytes"] for image in row["images"] or ())
    except (KeyError, TypeError) as error:
        raise IntegrityError(f"row {row.get('id')!r} is not one that lomo build wrote ({error!r}).") from error
    return StoredRow(number, row["id"], turns, images, row["source_license"])


def _piece(part: dict[str, object]) -> str | None:
    return None if part["type"] == "image" else str(part["text"])
