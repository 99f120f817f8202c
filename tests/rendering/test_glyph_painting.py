"""Pages painted from Typst's SVG are those that Typst itself paints; outlines cover pixels by the area they hold."""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rendering.mathematics_helpers import real_formulas
from rendering.page_helpers import STYLE, ink, page_of

from lomo_hf.corpus import Conversation, open_corpus
from lomo_hf.errors import RenderError
from lomo_hf.recipes.recipe import Caps
from lomo_hf.rendering import Page, render_span, typesetter
from lomo_hf.rendering.fonts import latin_file
from lomo_hf.rendering.glyphs import read_svg
from lomo_hf.rendering.glyphs.coverage import bitmaps_of, unpacked
from lomo_hf.rendering.glyphs.outlines import edges_of
from lomo_hf.rendering.prose.faces import GLYPHS, glyphs_of, shared_faces
from lomo_hf.spans import select_spans

MEAN_GREY = 2.0  # grey levels between our page and Typst's PNG of it, in the mean over the page; measured: 0.3
STRUCK = r"Then $\cancel{x+1}$ goes."


def by_typst(text: str, monkeypatch: pytest.MonkeyPatch) -> Page:
    with monkeypatch.context() as patched:
        patched.setattr(typesetter, "read_svg", lambda svg: None)
        patched.setattr("lomo_hf.rendering.page.set_prose", lambda *given: None)
        return page_of(text)


@cache
def real_texts() -> tuple[str, ...]:
    source = open_corpus(None)
    rows = [row for row in source.conversations(0, len(source)) if isinstance(row, Conversation)]
    texts = [turn.text for row in rows for turn in row.turns if turn.role == "user"]
    formulas = real_formulas()[::40]
    lines = [" and ".join(f"${tex}$" for tex in formulas[at : at + 3]) for at in range(0, len(formulas), 3)]
    return (*texts, *lines, *(f"Then\n$$\n{tex}\n$$\nfollows." for tex in formulas[::4]))


def both_ways(texts: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Page, Page]]:
    for text in texts:
        try:
            yield text, page_of(text), by_typst(text, monkeypatch)
        except RenderError:
            continue


def test_pages_are_within_two_grey_levels_of_the_picture_that_typst_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    painted = []
    for text, ours, theirs in both_ways(real_texts(), monkeypatch):
        assert ours.renderer == theirs.renderer, text
        assert np.abs(np.subtract(ours.pixels.shape, theirs.pixels.shape)).max() <= 1, text
        assert _grey(ours.pixels, theirs.pixels) <= MEAN_GREY, text
        assert ink(ours.pixels) == pytest.approx(ink(theirs.pixels), rel=0.03), text
        painted.append(ours.drawing is not None)
    assert len(painted) > 220
    assert sum(painted) >= 0.95 * len(painted)


def _grey(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The mean difference; a faint first row or column may fall on either side of what counts as ink."""
    size = np.maximum(ours.shape, theirs.shape)
    spare = size - np.minimum(ours.shape, theirs.shape)
    places = [(down, right) for down in range(spare[0] + 1) for right in range(spare[1] + 1)]
    return min(
        _difference(picture, other, size, at) for picture, other in ((ours, theirs), (theirs, ours)) for at in places
    )


def _difference(moved: np.ndarray, still: np.ndarray, size: np.ndarray, at: tuple[int, int]) -> float:
    return float(np.abs(_padded(moved, size, at).astype(int) - _padded(still, size, (0, 0))).mean())


def _padded(page: np.ndarray, size: np.ndarray, at: tuple[int, int]) -> np.ndarray:
    paper = np.full(size, 255, np.uint8)
    down, right = (min(start, int(full) - have) for start, full, have in zip(at, size, page.shape, strict=True))
    paper[down : down + page.shape[0], right : right + page.shape[1]] = page
    return paper


def test_most_pages_with_formulas_are_painted_here() -> None:
    pages = [page_of(text) for text in real_texts() if "$" in text]
    assert sum(page.drawing is not None for page in pages) >= 0.95 * len(pages)


@pytest.mark.parametrize("text", [STRUCK, r"A matrix with $\xcancel{ab}$ and $\not\perp$."])
def test_slanted_strokes_are_left_to_typst(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_of(text)
    assert page.drawing is None
    assert np.array_equal(page.pixels, by_typst(text, monkeypatch).pixels)


def test_a_shade_of_grey_or_a_colour_is_painted_as_typst_paints_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = r"Of $\color{red}{x} + \textcolor{blue}{yyyy} = \boxed{42}$ and \fbox."
    ours, theirs = page_of(text), by_typst(text, monkeypatch)
    assert ours.drawing is not None
    assert ours.drawing.inks is not None
    assert _grey(ours.pixels, theirs.pixels) <= MEAN_GREY


@pytest.mark.parametrize(
    "other",
    [
        '<image href="x"/>', '<g transform="rotate(3)"></g>', '<g transform="scale(2)"></g>', "<text>a</text>",
        '<use xlink:href="#gAB" x="0" y="0" fill="url(#a)" fill-rule="nonzero"/>', "<script/>",
        '<path fill="#000000" fill-rule="nonzero" d="M 0 0v 9h 9v -9Z "/>', '<g clip-path="url(#c)"></g>',
        '<path fill="none" stroke="#000000" stroke-width="2" stroke-linecap="butt" stroke-linejoin="miter" '
        'stroke-miterlimit="4" d="M 0 0L 5 5"/>',
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_guessed_at(other: str) -> None:
    head = '<svg viewBox="0 0 9 9" width="9pt"><path fill="#ffffff" fill-rule="nonzero" d="M 0 0v 9h 9v -9Z "/>'
    assert read_svg(f"{head}<defs></defs></svg>".encode()) is not None
    assert read_svg(f"{head}{other}<defs></defs></svg>".encode()) is None


corners = st.lists(
    st.tuples(st.floats(-30, 30).map(lambda at: round(at, 3)), st.floats(-30, 30).map(lambda at: round(at, 3))),
    min_size=3, max_size=3,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(corners, st.integers(0, 7), st.integers(0, 7))
def test_a_triangle_covers_its_area_around_its_centre(points: list[tuple[float, float]], x: int, y: int) -> None:
    (ax, ay), (bx, by), (cx, cy) = points
    area = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2
    path = f"M 0 0m {ax} {ay}l {bx - ax} {by - ay}l {cx - bx} {cy - by}Z "
    (bitmap,) = bitmaps_of(edges_of([path.encode()]), [x / 8], [y / 8])
    down, right, dark = unpacked(bitmap.pixels)
    perimeter = sum(float(np.hypot(*np.subtract(points[at], points[at - 1]))) for at in range(3))
    # Typst's blending rounds down twice for each pixel at the edge, by up to two of 255.
    assert dark.sum() / 255 == pytest.approx(area, abs=0.02 * (2 * perimeter + 4))
    if area > 60 and area > perimeter:
        centre = (ax + bx + cx) / 3 + x / 8, -(ay + by + cy) / 3 + y / 8
        balance = ((right + 0.5) * dark).sum() / dark.sum(), ((down + 0.5) * dark).sum() / dark.sum()
        assert balance == pytest.approx(centre, abs=0.2)


def test_a_glyph_is_as_dark_as_freetype_makes_it() -> None:
    """FreeType, which Matplotlib draws with, flattens and fills outlines in its own way."""
    from matplotlib.ft2font import FT2Font, LoadFlags

    face = shared_faces().latin
    font = FT2Font(str(latin_file()))
    font.set_size(60, 72)
    for char in "aegkwx&@ß%ŽШλ":
        font.set_text(char, 0, flags=LoadFlags.NO_HINTING | LoadFlags.NO_AUTOHINT)
        font.draw_glyphs_to_bitmap(antialiased=True)
        theirs = _trimmed(np.asarray(font.get_image(), np.int64))
        glyph = int(glyphs_of([face.shape(char)])[0, 0])
        down, right, dark = unpacked(face.bitmap(glyph % GLYPHS, 60, 0.0, 0.0).pixels)
        canvas = np.zeros((160, 160), np.int64)
        canvas[down + 90, right + 20] = dark
        ours = _trimmed(canvas)
        assert np.abs(np.subtract(ours.shape, theirs.shape)).max() <= 1, char
        assert ours.sum() == pytest.approx(theirs.sum(), rel=0.01), char


def _trimmed(inks: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(inks.max(axis=1) > 8), np.flatnonzero(inks.max(axis=0) > 8)
    return inks[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def test_a_page_far_too_large_is_refused_before_it_is_painted() -> None:
    chosen = select_spans("word " * 60_000, "full")
    with pytest.raises(RenderError):
        render_span(chosen.prompt, chosen.spans[0], STYLE, Caps())
