"""A contact sheet: rows as people look at them, with the prompt, the page in its place and the operation side by side.

It shows stored rows, so what it shows is what was built; it takes no part in building.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lomo_hf.corpus import Refusal, open_corpus
from lomo_hf.errors import SourceError, UsageError
from lomo_hf.recipes.named import load_recipe
from lomo_hf.recipes.recipe import Recipe, RenderStyle
from lomo_hf.rendering.fonts import first_uncovered
from lomo_hf.rendering.markup import literal
from lomo_hf.rendering.typesetter import BLEED, typeset
from lomo_hf.row import Row
from lomo_hf.selection import measured
from lomo_hf.storage import named_file
from lomo_hf.storage.atomic import write_whole
from lomo_hf.substitution import substitute_row

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["contact_sheet", "preview", "preview_rows", "save_sheet"]

_STYLE = RenderStyle(text_size=15, line_height=19)
_SMALL = RenderStyle(text_size=13, line_height=17)
_PROMPT, _MAX_PAGE, _NOTE = 420, 640, 230  # widths of the three columns in px
_GAP = 24
_MAX_PAGE_HEIGHT = 900
_CONTEXT = 260  # characters of kept text shown on each side of a span
_SPAN = 900
# Named, for Typst would load every face of the text, 80 MB of them, to see that this one has the brackets.
_BRACKET = 'fill: rgb("#000"), font: "DejaVu Sans"'

_Styled = tuple[str, str]  # (Typst style, text)


def contact_sheet(rows: Sequence[Row]) -> "Image":
    """Draw rows (columns of `lomo_hf.row_columns`, images as bytes) below one another; an RGB picture.

    The span is marked in its prompt; long prompts are shortened around it. Pages wider than the column are scaled
    down here, never in the data.

    >>> from lomo_hf.corpus import open_corpus
    >>> from lomo_hf import Recipe, substitute_row
    >>> row = substitute_row(next(open_corpus(None).conversations(0, 1)), Recipe("all", ratio=1.0))
    >>> contact_sheet([row]).mode
    'RGB'
    """
    from PIL import Image

    pages = [[_thumbnail(image["bytes"]) for image in row["images"] or ()] for row in rows]
    page_width = max((page.width for row_pages in pages for page in row_pages), default=0)
    bands = [_band(row, row_pages, page_width) for row, row_pages in zip(rows, pages, strict=True)]
    width = max(band.width for band in bands)
    sheet = Image.new("RGB", (width, sum(band.height for band in bands) + 1), (255, 255, 255))
    top = 0
    for band in bands:
        sheet.paste(band, (0, top))
        top += band.height
    return sheet


def save_sheet(sheet: "Image", target: BytesIO) -> None:
    """Write a sheet as a grey PNG, in which every grey of a page is kept: a shadow shows no bands.

    Args:
        sheet: From `contact_sheet`.
        target: Where to.

    Example:
        >>> from PIL import Image
        >>> buffer = BytesIO()
        >>> save_sheet(Image.linear_gradient("L").convert("RGB"), buffer)
        >>> len(Image.open(buffer).getcolors())
        256
    """
    sheet.convert("L").save(target, "PNG", compress_level=6)


def preview(
    corpus: str | Path | None = None,
    recipe: str | Path | Recipe = "ratio100",
    *,
    out: str | Path = "preview.png",
    count: int = 12,
    skip: int = 0,
    seed: int | None = None,
    kind: str | None = None,
    columns: Mapping[str, str] | None = None,
    split: str | None = None,
) -> int:
    """Draw a contact sheet of a corpus' first rewritten rows as a PNG: prompt, page and operation side by side.

    Writes no dataset.

    Args:
        corpus: As for `open_corpus`; None is the embedded sample.
        recipe: A recipe, the name of one, or a YAML file.
        out: The picture to write; its name ends in .png.
        count: How many rows to draw.
        skip: Rows of the corpus to pass over first.
        seed: In place of the recipe's own.
        kind: Only rows whose id holds this text.
        columns, split: As for `open_corpus`.

    Returns:
        How many rows were drawn.

    Raises:
        SourceError: The corpus cannot be read, or no row of it is rewritten.
        RecipeError: There is no such recipe.
        UsageError: `out` does not end in .png.

    >>> import tempfile
    >>> preview(out=tempfile.mkdtemp() + "/sheet.png", count=2)
    2
    """
    target = Path(out)
    if target.suffix.lower() != ".png":
        raise UsageError(f"out must end in .png; found {target.name!r}. Write something like preview.png.")
    rows = preview_rows(corpus, recipe, count=count, skip=skip, seed=seed, kind=kind, columns=columns, split=split)
    drawn = BytesIO()
    save_sheet(contact_sheet(rows), drawn)
    write_whole(named_file(target), drawn.getvalue())
    return len(rows)


def preview_rows(
    corpus: str | Path | None,
    recipe: str | Path | Recipe,
    *,
    count: int,
    skip: int = 0,
    seed: int | None = None,
    kind: str | None = None,
    columns: Mapping[str, str] | None = None,
    split: str | None = None,
) -> list[Row]:
    """The first rewritten rows of a corpus, built as `lomo build` would build them.

    `kind` is a text that their ids hold; `columns` and `split` as in `open_corpus`.

    Raises:
        SourceError: The corpus cannot be read, or no row of it is rewritten.
        RecipeError: There is no such recipe.
    """
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    chosen = chosen if seed is None else replace(chosen, seed=seed)
    source = open_corpus(corpus, columns=columns, split=split)
    chosen = measured([chosen], source)[0]
    rows: list[Row] = []
    for index, conversation in enumerate(source.conversations(skip, len(source)), skip):
        if isinstance(conversation, Refusal) or (kind and kind not in conversation.id):
            continue
        row = substitute_row(conversation, chosen, (index + 0.5) / len(source))
        if not isinstance(row, Refusal) and row["rewritten"]:
            rows.append(row)
        if len(rows) == count:
            break
    if not rows:
        which = f" whose id holds {kind!r}" if kind else ""
        raise SourceError(
            f"no row of {source.description}{which} is rewritten by {chosen.name!r}, the first {skip} passed over. "
            f"Give a smaller --skip{', another --kind' if kind else ''} or a recipe of a larger ratio."
        )
    return rows


def _band(row: Row, pages: Sequence["Image"], page_width: int) -> "Image":
    from PIL import Image, ImageDraw

    prompt = Image.fromarray(_column(tuple(map(tuple, _prompt_lines(row))), _PROMPT, _STYLE))
    note = Image.fromarray(_column(tuple(map(tuple, _note_lines(row))), _NOTE, _SMALL))
    pages_height = sum(page.height + 10 for page in pages)
    height = max(prompt.height, note.height, pages_height) + 2 * _GAP
    band = Image.new("RGB", (4 * _GAP + _PROMPT + page_width + _NOTE, height), (236, 238, 241))
    draw = ImageDraw.Draw(band)
    left = _GAP
    _paper(band, draw, prompt, left, _GAP, _PROMPT)
    left, top = left + _PROMPT + _GAP, _GAP
    for page in pages:
        band.paste(page, (left, top))
        draw.rectangle((left - 1, top - 1, left + page.width, top + page.height), outline=(150, 155, 165))
        top += page.height + 10
    _paper(band, draw, note, left + page_width + _GAP, _GAP, _NOTE)
    draw.line((0, height - 1, band.width, height - 1), fill=(255, 255, 255), width=3)
    return band


def _paper(band: "Image", draw: Any, picture: "Image", left: int, top: int, width: int) -> None:
    draw.rectangle((left, top, left + width, top + picture.height), fill=(255, 255, 255))
    band.paste(picture, (left, top))


def _thumbnail(png: bytes) -> "Image":
    from PIL import Image

    with Image.open(BytesIO(png)) as opened:
        page = opened.convert("L")
    page.thumbnail((_MAX_PAGE, _MAX_PAGE_HEIGHT), Image.Resampling.LANCZOS)
    return page


@lru_cache(maxsize=32)  # a card shows some rows twice
def _column(lines: tuple[tuple[_Styled, ...], ...], width: int, style: RenderStyle) -> NDArray[np.uint8]:
    """Typeset styled lines in a column of exactly `width` px."""
    markup = []
    for line in lines:
        parts = [f'#text({how}, "{literal(_coverable(text))}")' for how, text in line if text]
        markup.append(f"#L[{''.join(parts)}]" if parts else "#B()")
    page = typeset(markup, width - 20, style, cjk="SC")
    return np.ascontiguousarray(page[BLEED - 12 : len(page) - BLEED + 12, BLEED - 10 : BLEED - 10 + width])


def _prompt_lines(row: Row) -> list[list[_Styled]]:
    kept, marked = "fill: luma(110)", 'fill: rgb("#000"), weight: "regular"'
    runs: list[_Styled] = []
    if not row["rewritten"]:
        prompt = next(message for message in row["messages"] if message["role"] == "user")
        runs.append(
            (kept, _shortened("".join(part["text"] or "" for part in prompt["content"]), 2 * _CONTEXT, "tail"))
        )
    else:
        spans = iter(row["lomo"]["spans"])
        content = row["messages"][row["lomo"]["turn"]]["content"]
        for index, part in enumerate(content):
            if part["type"] == "image":
                runs += [(_BRACKET, "⟦"), (marked, _shortened(next(spans)["text"], _SPAN, "tail")), (_BRACKET, "⟧")]
            else:
                side = "head" if index == 0 and len(content) > 1 else "tail"
                runs.append((kept, _shortened(part["text"] or "", _CONTEXT, side)))
    return list(_split_lines(runs))


def _split_lines(runs: Sequence[_Styled]) -> Iterator[list[_Styled]]:
    line: list[_Styled] = []
    for how, text in runs:
        first, *others = text.replace("\r\n", "\n").split("\n")
        line.append((how, first))
        for other in others:
            yield line
            line = [(how, other)]
    yield line


def _note_lines(row: Row) -> list[list[_Styled]]:
    strong, plain = 'fill: rgb("#000")', "fill: luma(90)"
    if not row["rewritten"]:
        why = row["lomo"]["reason"] or f"not drawn ({row['lomo']['draw']:.2f})"
        lines = [(strong, "kept as text"), (plain, why)]
    else:
        lomo = row["lomo"]
        params = json.loads(lomo["distortion"]["params"])
        lines = [(strong, lomo["distortion"]["op"])]
        lines += [(plain, f"{name} {_short(value)}") for name, value in params.items()]
        lines += [(plain, ""), (strong, lomo["renderer"] + (f": {lomo['reason']}" if lomo["reason"] else ""))]
        lines += [(plain, f"{lomo['position']}, {lomo['width']} x {lomo['height']} px")]
    lines.append((plain, row["id"]))
    return [[line] for line in lines]


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _shortened(text: str, limit: int, keep: str) -> str:
    if len(text) <= limit:
        return text
    return "… " + text[-limit:] if keep == "head" else text[:limit] + " …"


def _coverable(text: str) -> str:
    """The sheet shows what no font covers as a replacement character; in the data such a row stays text."""
    while (char := first_uncovered(text)) is not None:
        text = text.replace(char, "\ufffd")
    return text
