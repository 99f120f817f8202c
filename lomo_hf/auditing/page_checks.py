"""What is checked of pages: that they decode, show ink, come out the same when made again, and say what is written.

These cost milliseconds a row, so they take a sample where one is asked for. Pages are decoded by Pillow, which is not
what wrote them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lomo_hf.auditing.case import Case
from lomo_hf.auditing.content_checks import CONTENT_CHECKS, content_findings
from lomo_hf.auditing.row_checks import problems_of
from lomo_hf.distortion import OPERATIONS, Distortion, distort
from lomo_hf.errors import LomoError
from lomo_hf.rendering import MENDED, Page, render_span
from lomo_hf.rendering.png import read_png_header
from lomo_hf.spans import Span

__all__ = ["PAGE_CHECKS", "PageFindings", "check_pages", "clean_pages", "decode"]

PAGE_CHECKS: Final[Mapping[str, str]] = {
    "images-decode": "every page is a grey PNG that decodes",
    "ink": "no page is blank, and on a clean page no ink touches the border",
    "distortion-replays": "the recorded span and distortion give the stored pixels again",
    **CONTENT_CHECKS,
}

# Ink makes a step of at least this many grey levels between two neighbours; shadows and stains are softer than that.
_STEP: Final = 20
_MIN_STEPS: Final = 4
_PAPER: Final = 250


@dataclass(frozen=True)
class PageFindings:
    """What is false, by check; and how many pages replayed with a difference of one grey level.

    That much is known of rotations on processors without FMA, is counted, and is not false.
    """

    problems: Mapping[str, list[str]]
    off_by_one: int = 0


def check_pages(case: Case, *, replay: bool) -> PageFindings:
    """Run the page checks on a rewritten row; `replay` renders it again, which takes the same engines."""
    pages: list[NDArray[np.uint8]] = []
    broken = problems_of(lambda checked: _decoded(checked, pages), case)
    if broken:
        return PageFindings({"images-decode": broken})
    problems = {"images-decode": [], "ink": problems_of(lambda checked: _ink(checked, pages), case)}
    if not replay:
        return PageFindings(problems)
    try:
        clean = clean_pages(case)
        problems["distortion-replays"], off = _replayed(case, pages, clean)
        return PageFindings(problems | _content(case, clean), off)
    except (LomoError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        problems["distortion-replays"] = [f"the page cannot be made again ({type(error).__name__}: {error})."]
        return PageFindings(problems)


def decode(png: bytes) -> NDArray[np.uint8]:
    """The pixels of a page, (height, width).

    Raises:
        ValueError: It is not a whole grey PNG.
    """
    from PIL import Image

    try:
        with Image.open(BytesIO(png)) as opened:
            if (opened.format, opened.mode) != ("PNG", "L"):
                raise ValueError(f"a page must be a PNG of mode L; found {opened.format} of mode {opened.mode}.")
            return np.asarray(opened)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"a page does not decode ({error}).") from error


def clean_pages(case: Case) -> list[Page]:
    """The row's spans rendered again, before any distortion.

    Raises:
        LomoError: A span cannot be rendered.
    """
    spans = [
        Span(span["start"], span["end"], tuple(atoms)) for span, atoms in zip(case.spans, case.span_atoms, strict=True)
    ]
    return [render_span(case.prompt, span, case.recipe.style, case.recipe.caps) for span in spans]


def _decoded(case: Case, pages: list[NDArray[np.uint8]]) -> Any:
    for number, image in enumerate(case.row["images"]):
        if not read_png_header(image["bytes"]).grey:
            yield f"page {number} must have eight bits of grey."
        pages.append(decode(image["bytes"]))


def _ink(case: Case, pages: list[NDArray[np.uint8]]) -> Any:
    clean = case.lomo["distortion"]["op"] == "clean" and case.recipe.style.margin > 0
    for number, page in enumerate(pages):
        steps = int((np.abs(np.diff(page.astype(np.int16), axis=1)) >= _STEP).sum())
        steps += int((np.abs(np.diff(page.astype(np.int16), axis=0)) >= _STEP).sum())
        if steps < _MIN_STEPS:
            yield f"page {number} is blank."
        if clean and min(edge.min() for edge in (page[0], page[-1], page[:, 0], page[:, -1])) < _PAPER:
            yield f"ink touches the border of page {number}."


def _content(case: Case, clean: Sequence[Page]) -> dict[str, list[str]]:
    """What is false of what the pages say, by check."""
    problems: dict[str, list[str]] = {name: [] for name in CONTENT_CHECKS}
    for number, (span, atoms, page) in enumerate(zip(case.spans, case.span_atoms, clean, strict=True)):
        for name, sentences in content_findings(case.prompt, span["start"], span["end"], atoms, page).items():
            problems[name] += [f"page {number}: {why}" for why in sentences]
    return problems


def _replayed(case: Case, pages: Sequence[NDArray[np.uint8]], rendered: Sequence[Page]) -> tuple[list[str], int]:
    lomo = case.lomo
    record = Distortion(lomo["distortion"]["op"], json.loads(lomo["distortion"]["params"]))
    problems, off = [], 0
    for number, (clean, stored) in enumerate(zip(rendered, pages, strict=True)):
        again, applied = distort(clean.pixels, record, max_pixels=case.recipe.caps.max_pixels)
        if applied != record:
            problems.append(f"page {number} takes other parameters than are recorded.")
        if again.shape != stored.shape:
            problems.append(f"page {number} comes out as {again.shape[1]} x {again.shape[0]} px.")
            continue
        worst = int(np.abs(again.astype(np.int16) - stored).max())
        if worst == 1 and OPERATIONS[record.op].group == "rotate":
            off += 1
        elif worst:
            problems.append(f"page {number} comes out with other pixels, by up to {worst} grey levels.")
    renderers = [page.renderer for page in rendered]
    renderer = next((name for name in ("fallback", "latex") if name in renderers), "text")
    reason = next((page.reason for page in rendered if page.reason), None)
    if (renderer, reason) != (lomo["renderer"], lomo["reason"]):
        problems.append(f"the route is {renderer} ({reason}) now; {lomo['renderer']} ({lomo['reason']}) is recorded.")
    mended = sorted({repair for page in rendered for repair in page.repairs})
    recorded = [repair for repair in lomo["repairs"] if repair.startswith(MENDED)]
    if mended != recorded:
        problems.append(f"the repairs of formulas are {mended} now; {recorded} are recorded.")
    return problems, off
