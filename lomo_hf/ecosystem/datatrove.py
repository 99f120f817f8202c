"""A datatrove step: documents whose metadata hold a row of text become documents that hold a row of the dataset.

    JsonlReader(folder, adapter=read_row) -> LomoStep("ratio50") -> ParquetWriter(out, adapter=stored_row, ...)

To build a whole release under datatrove's executors, with receipts and a card, use `lomo build --engine datatrove`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datatrove.data import Document, Media, MediaType
from datatrove.pipeline.base import PipelineStep

from lomo_hf.corpus import Refusal
from lomo_hf.ecosystem.rows import RowFunction
from lomo_hf.recipes import DEFAULT_RECIPE, Recipe
from lomo_hf.row_columns import ROW_COLUMNS

__all__ = ["LomoStep", "read_row", "stored_row"]


def read_row(reader: object, data: dict[str, object], path: str, id_in_file: int | str) -> dict[str, object]:
    """The `adapter` of a reader: a row in any dialect becomes a document's metadata, since its turns are no one text.

    Args:
        reader: datatrove's; unused.
        data: The row.
        path, id_in_file: Unused: a row must have an id of its own.

    Returns:
        What datatrove makes a `Document` of; without text datatrove would skip it.
    """
    return {"text": "row", "id": str(data.get("id", "")), "metadata": data}


def stored_row(writer: object, document: Document) -> dict[str, object]:
    """The `adapter` of a writer: the columns of a row, for `ParquetWriter(..., schema=stored_schema())`.

    Args:
        writer: datatrove's; unused.
        document: One that `LomoStep` made.

    Returns:
        The row: columns of `lomo_hf.row_columns.ROW_COLUMNS`.
    """
    images = [{"bytes": media.media_bytes, "path": None} for media in document.media] or None
    return {name: images if name == "images" else document.metadata[name] for name in ROW_COLUMNS}


class LomoStep(PipelineStep):  # type: ignore[misc]
    """T(x) as a step of a pipeline. Refused rows are left out and counted in the step's statistics, by reason.

    A document that comes out has the row's id, the prompt with `<image>` in place of its spans as text, its pages as
    media, and the other columns as metadata.

    Args:
        recipe: A recipe, the name of one, or a YAML file.
        config: Begins every id; `open_corpus(path).config` tells what `lomo build` takes.
        repo, revision: Noted in each row.

    Raises:
        RecipeError: There is no such recipe.
        SourceError: The config cannot begin an id; in a run, a document has no id.
    """

    name = "lomo"
    type = "🖼 - LOMO"

    def __init__(
        self,
        recipe: Recipe | str | Path = DEFAULT_RECIPE,
        *,
        config: str = "train",
        repo: str | None = None,
        revision: str | None = None,
    ) -> None:
        super().__init__()
        self.make = RowFunction(recipe, config=config, repo=repo, revision=revision)

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Documents in, documents out, in their order."""
        for document in data or ():
            with self.track_time():
                row = self.make(document.metadata, document.id or None)
            if isinstance(row, Refusal):
                self.stat_update("refused", f"refused_{row.reason}")
                continue
            self.stat_update("rewritten" if row["rewritten"] else "text")
            yield _document(row)


def _document(row: Mapping[str, Any]) -> Document:
    media = [
        Media(f"{row['id']}/{number}", MediaType.IMAGE, "", media_bytes=image["bytes"])
        for number, image in enumerate(row["images"] or ())
    ]
    prompt = next(turn["value"] for turn in row["conversations"] if turn["from"] == "human")
    metadata = {name: value for name, value in row.items() if name != "images"}
    return Document(text=prompt, id=row["id"], media=media, metadata=metadata)
