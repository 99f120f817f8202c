"""Tables for VLMEvalKit: one TSV for each config, for its folder of data (`$LMUData`, else ~/LMUData).

`NAME_standard.tsv` and `NAME_rendered.tsv` hold index, image (base64; a list where there are several), question and
answer, and every column that the source had for the benchmark's own judge. VLMEvalKit takes a table that it does not
know for one of questions and answers: it runs a model over it (`--mode infer`) and writes the predictions, which
`lomo sensitivity --score-column match --questions FOLDER` marks. Options are part of the words or of the page, never
columns A, B, C: those would be put back as text.
"""

import base64
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from lomo_hf.errors import RecipeError
from lomo_hf.evaluation.harnesses.evalscope import answer_text, undecoded_images
from lomo_hf.evaluation.harnesses.stored_rows import RenderedFolder, definition_name
from lomo_hf.evaluation.rendered.folder import CARRIERS
from lomo_hf.storage import named_file
from lomo_hf.storage.atomic import PendingFile

__all__ = ["write_vlmevalkit"]

_FIRST: Final = ("index", "image", "question", "answer", "category")
_PAGE_ONLY: Final = "Answer the question in the image."
"""The text beside a page where nothing else is text: VLMEvalKit needs some, and the paper's prompt has none."""


def write_vlmevalkit(folder: RenderedFolder, out: Path) -> list[Path]:
    """Write both configs of a rendered benchmark as tables.

    Args:
        folder: The rendered benchmark.
        out: Where to write: VLMEvalKit's folder of data, or one to copy from.

    Returns:
        The two files.

    Raises:
        RecipeError: A row has no image, which VLMEvalKit's tables cannot say.
    """
    name = re.sub(r"[^A-Za-z0-9-]+", "-", definition_name(folder.benchmark) or folder.path.name)
    paths = []
    for carrier in CARRIERS:
        path = out / f"LoMo-{name}_{carrier}.tsv"
        pending = PendingFile(named_file(path))
        try:
            for line in _lines(folder, carrier):
                pending.write(line.encode("utf-8"))
            pending.seal()
            pending.publish()
        finally:
            pending.abandon()
        paths.append(path)
    return paths


def _lines(folder: RenderedFolder, carrier: str) -> Iterator[str]:
    columns = [*_FIRST, *(column for column in folder.benchmark.metadata if column not in _FIRST)]
    buffer = _Line()
    writer = csv.DictWriter(buffer, columns, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    yield buffer.text
    for number, row in enumerate(folder.rows_of(carrier)):
        writer.writerow(_cells(number, row, folder, columns))
        yield buffer.text


def _cells(number: int, row: dict[str, Any], folder: RenderedFolder, columns: list[str]) -> dict[str, object]:
    images = [base64.b64encode(data).decode() for data in undecoded_images(row["images"])]
    if not images:
        raise RecipeError(
            f"row {row['id']!r} has no image, which no table of VLMEvalKit can say. Write for lmms-eval or EvalScope."
        )
    words = "".join(part["text"] for part in row["messages"][0]["content"] if part["type"] == "text").strip()
    instruction = folder.benchmark.instruction or ("" if words else _PAGE_ONLY)
    kept = json.loads(row["metadata"] or "{}")
    return {
        **{name: _cell(value) for name, value in kept.items() if name in columns},
        "index": number,
        "image": images[0] if len(images) == 1 else str(images),
        "question": "\n".join(text for text in (words, instruction) if text),
        "answer": answer_text(row["answer"]),
        "category": row["category"] or "",
    }


def _cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class _Line:
    """What the writer wrote last."""

    text = ""

    def write(self, text: str) -> int:
        self.text = text
        return len(text)
