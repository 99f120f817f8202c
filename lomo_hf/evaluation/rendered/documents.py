"""Pages of PDF documents as images, for benchmarks that show documents. Needs the extra `[pdf]`: pypdfium2."""

import ast
from collections import OrderedDict
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from lomo_hf.errors import LomoError, RenderError
from lomo_hf.evaluation.rendered.benchmarks import Benchmark, Documents
from lomo_hf.evaluation.rendered.images import StoredImage

__all__ = ["DocumentPages", "page_numbers"]

_HELD: Final = 2  # documents; rows about one follow each other
_MOST_PIXELS: Final = 50_000_000  # of one page: 60 x 60 inches at 120 dpi


class DocumentPages:
    """The pages of the documents that rows name, drawn once for all rows about a document.

    A document is looked for beside a local source, and else in the source's repository on the Hub.
    """

    def __init__(self, benchmark: Benchmark, documents: Documents) -> None:
        self._benchmark, self._documents = benchmark, documents
        self._drawn: OrderedDict[str, dict[int, bytes]] = OrderedDict()

    def of(self, row: Mapping[str, object]) -> list[StoredImage]:
        """The pages that a row shows.

        Raises:
            RenderError: `document-missing`, `document-unread` or `document-page`.
            LomoError: pypdfium2 is not installed.
        """
        name = row.get(self._benchmark.image_columns[0])
        if not isinstance(name, str) or not name or name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
            raise RenderError("document-missing", f"the document is named {str(name)[:60]!r}, which is no file name.")
        numbers = None
        if self._documents.pages is not None:
            numbers = page_numbers(row.get(self._documents.pages))[: self._documents.most]
        drawn = self._pages(name, numbers)
        stem = name.removesuffix(".pdf")
        return [(drawn[number], f"{stem}-{number}.png") for number in (sorted(drawn) if numbers is None else numbers)]

    def _pages(self, name: str, numbers: list[int] | None) -> dict[int, bytes]:
        drawn = self._drawn.setdefault(name, {})
        self._drawn.move_to_end(name)
        while len(self._drawn) > _HELD:
            self._drawn.popitem(last=False)
        if numbers is not None and all(number in drawn for number in numbers):
            return drawn
        if numbers is None and drawn:
            return drawn
        drawn.update(_draw(self._path(name), name, self._documents, numbers))
        return drawn

    def _path(self, name: str) -> Path:
        source = Path(self._benchmark.source)
        if source.exists():
            return (source.parent if source.is_file() else source) / self._documents.folder / name
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

        try:
            file = f"{self._documents.folder}/{name}"
            path = hf_hub_download(
                self._benchmark.source, file, repo_type="dataset", revision=self._benchmark.revision
            )
        except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
            first = " ".join(str(error).split("\n")[0].split())
            raise RenderError(
                "document-missing", f"{name[:60]!r} cannot be had from the Hub ({first:.200})."
            ) from error
        return Path(path)


def page_numbers(cell: Any) -> list[int]:
    """Page numbers, each once and in their order, from a list or from a list that is written as a text.

    Raises:
        RenderError: `document-page`: there are none, or the cell holds something else.

    >>> page_numbers("[19, 20, 19]")
    [19, 20]
    """
    value = cell
    if isinstance(cell, str):
        try:
            value = ast.literal_eval(cell) if len(cell) <= 10_000 else None
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            value = None
    listed = isinstance(value, list | tuple)
    if not listed or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in value):
        raise RenderError("document-page", f"page numbers are given as {str(cell)[:60]!r}, not as a list of them.")
    if not value:
        raise RenderError("document-page", "the row names no page; show the whole document, or leave the row out.")
    return list(dict.fromkeys(value))


def _draw(path: Path, name: str, documents: Documents, numbers: list[int] | None) -> dict[int, bytes]:
    try:
        import pypdfium2
    except ImportError as error:
        raise LomoError("pages of documents need pypdfium2. Install it: pip install 'lomo-hf[pdf]'.") from error
    if not path.is_file():
        raise RenderError("document-missing", f"the document {name[:60]!r} is not there.")
    try:
        with pypdfium2.PdfDocument(path) as document:
            wanted = range(1, min(len(document), documents.most) + 1) if numbers is None else numbers
            beyond = next((number for number in wanted if number > len(document)), None)
            if beyond is not None:
                raise RenderError("document-page", f"page {beyond} of {name[:60]!r} is not among its {len(document)}.")
            return {number: _drawn_page(document[number - 1], documents.dpi) for number in wanted}
    except pypdfium2.PdfiumError as error:
        raise RenderError("document-unread", f"the document {name[:60]!r} cannot be read ({error}).") from error


def _drawn_page(page: Any, dpi: int) -> bytes:
    width, height = page.get_size()
    scale = dpi / 72  # a PDF's unit is 1/72 inch
    if width * height * scale * scale > _MOST_PIXELS:
        raise RenderError("document-page", f"a page of {width:.0f} x {height:.0f} points is too large to be drawn.")
    buffer = BytesIO()
    page.render(scale=scale).to_pil().convert("RGB").save(buffer, "PNG")
    page.close()
    return buffer.getvalue()
