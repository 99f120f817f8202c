"""A page has the paper's sizes, all of its ink, and never more than its limits; the same text is the same bytes."""

import os
import subprocess
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import typst
from counted_work import CountedText, work_grows_with
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from rendering.page_helpers import CAPS, STYLE, bands, ink, page_of, runs

from lomo_hf.corpus import Conversation, open_corpus
from lomo_hf.errors import RenderError, TooLargeError
from lomo_hf.recipes.recipe import Caps, RenderStyle
from lomo_hf.rendering import HEADROOM, Page, render_span
from lomo_hf.rendering.fonts import typst_fonts
from lomo_hf.rendering.png import to_png
from lomo_hf.rendering.prose.faces import Face
from lomo_hf.rendering.typesetter import typeset
from lomo_hf.spans import Span, narrow, select_spans

PROSE = (
    "The rover left the base at dawn with twelve boxes of food and nine tanks of water. Each box weighs four "
    "kilograms. The valley is narrow, and the crew can cross it only before the storm comes in from the north. "
)


@cache
def real_prompts() -> tuple[str, ...]:
    """User turns of the corpus that ships with the package."""
    source = open_corpus(None)
    rows = [row for row in source.conversations(0, len(source)) if isinstance(row, Conversation)]
    return tuple(turn.text for row in rows for turn in row.turns if turn.role == "user")


def cap_height(size: int) -> float:
    import manimgx_fonts

    with TTFont(Path(manimgx_fonts.__file__).parent / "NotoSans[wght].ttf", lazy=True) as font:
        return float(size * font["OS/2"].sCapHeight / font["head"].unitsPerEm)


# -- sizes ------------------------------------------------------------------------------------------------------


def test_lines_of_text_are_exactly_22_px_apart() -> None:
    page = page_of("\n".join(["HEH"] * 40))
    tops = [top for top, _ in bands(page.pixels)]
    assert len(tops) == 40
    assert set(np.diff(tops)) == {22}


def test_wrapped_lines_are_22_px_apart_too() -> None:
    page = page_of("HEH " * 400)
    tops = [top for top, _ in bands(page.pixels)]
    assert len(tops) > 10
    assert set(np.diff(tops)) == {22}


def test_text_is_20_px() -> None:
    top, bottom = bands(page_of("HEH").pixels)[0]
    assert abs((bottom - top) - cap_height(20)) <= 1
    top, bottom = bands(page_of("HEH", RenderStyle(text_size=40, line_height=44)).pixels)[0]
    assert abs((bottom - top) - cap_height(40)) <= 1


@pytest.mark.parametrize("digit", ["7", "0", "38"])
def test_mathematics_is_26_px(digit: str) -> None:
    document = (
        "#set page(width: auto, height: auto, margin: 20pt)\n"
        f'#show math.equation: set text(26pt, font: "New Computer Modern Math")\n${digit}$'
    )
    alone = typst.compile(document.encode(), format="png", ppi=72.0, font_paths=typst_fonts())
    (wanted,) = bands(decoded(alone))
    (shown,) = bands(page_of(f"${digit}$").pixels)
    assert abs((shown[1] - shown[0]) - (wanted[1] - wanted[0])) <= 1


def decoded(png: object) -> np.ndarray:
    import cv2

    assert isinstance(png, bytes)
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE))


def test_a_glyph_is_as_tall_on_a_huge_page_as_on_a_small_one() -> None:
    small = bands(page_of("HEH").pixels)
    huge = bands(page_of("HEH " * 1500).pixels)
    assert {bottom - top for top, bottom in huge} == {small[0][1] - small[0][0]}


# -- trim and limits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [PROSE, PROSE * 9, "Is $x^2 + \\frac{1}{2}$ even?", "def f(x):\n    return x + 1"])
@pytest.mark.parametrize("margin", [0, 12, 40])
def test_a_page_is_trimmed_to_its_ink_and_the_margin(text: str, margin: int) -> None:
    pixels = page_of(text, RenderStyle(margin=margin)).pixels
    dark = pixels < 250
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    edges = [rows[0], pixels.shape[0] - 1 - rows[-1], columns[0], pixels.shape[1] - 1 - columns[-1]]
    assert edges == [margin] * 4


def test_trimming_keeps_all_ink() -> None:
    masses = {ink(page_of(PROSE, RenderStyle(margin=margin)).pixels) for margin in (0, 3, 12, 60)}
    assert len(masses) == 1


@pytest.mark.parametrize("text", ["i", ".", "-", "|", "\n".join("i" * 200), "x = 1 " * 14, "—" * 40, "$x$"])
def test_sides_and_aspect_are_within_what_consumers_accept(text: str) -> None:
    for margin in (0, 12):
        height, width = page_of(text, RenderStyle(margin=margin)).pixels.shape
        assert min(height, width) >= CAPS.min_side
        assert max(height, width) <= CAPS.max_aspect * min(height, width)


def test_real_prompts_keep_every_limit() -> None:
    for text in real_prompts()[:40]:
        pixels = page_of(text).pixels
        height, width = pixels.shape
        assert pixels.dtype == np.uint8
        assert (height + HEADROOM) * (width + HEADROOM) <= CAPS.max_pixels
        assert min(height, width) >= 32
        assert max(height, width) <= 20 * min(height, width)


# -- shape ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chars", [200, 400, 800, 1300, 1800])
def test_a_page_of_prose_is_no_ribbon(chars: int) -> None:
    height, width = page_of((PROSE * 50)[:chars]).pixels.shape
    assert 1.5 <= width / height <= 4


@pytest.mark.parametrize("chars", [3000, 8000])
def test_long_prose_keeps_its_shape_where_the_style_lets_it_be_wide(chars: int) -> None:
    height, width = page_of((PROSE * 50)[:chars], RenderStyle(max_width=2200), Caps(max_pixels=9_000_000)).pixels.shape
    assert 1.5 <= width / height <= 4


def test_no_page_of_prose_is_wider_than_the_style_says() -> None:
    for max_width in (400, 700, 1000):
        width = page_of(PROSE * 12, RenderStyle(max_width=max_width)).pixels.shape[1]
        assert width <= max_width + 2 * STYLE.margin + 2


LONG_FORMULAS = [
    "Sum: $" + " + ".join(f"x_{{{n}}}^2" for n in range(20)) + "$ is asked.",
    "Given\n\\[ f(x) = "
    + "\\sqrt{1 + \\sqrt{2 + " * 3
    + "x"
    + "}}" * 3
    + " + a_1b_1c_1d_1e_1f_1g_1h_1i_1j_1k_1 \\]\nfind x.",
    "Let $\\frac{" + "aaaaaaaaaa" * 4 + "}{b}$ be.",
    "So $$\\begin{pmatrix}" + " & ".join("abcdef" for _ in range(9)) + "\\end{pmatrix}$$ is a row.",
    *(
        f"A row $\\left(\\begin{{matrix}}{'m' * n} & abcd & {'w' * 9} & efgh\\end{{matrix}}\\right)$ is given."
        for n in range(9, 20)
    ),
    "A gap $\\begin{matrix}" + "m" * 13 + "\\qquad\\qquad\\qquad w\\end{matrix}$ here.",
]


@pytest.mark.parametrize(
    "text", [*LONG_FORMULAS, PROSE * 3, "x" * 900, "https://a.example/" + "path/" * 120, "中文" * 300]
)
def test_nothing_is_cut_off_at_an_edge(text: str) -> None:
    page = page_of(text)
    wide = page_of(text, RenderStyle(min_width=3600, max_width=4000), Caps(max_pixels=100_000_000, max_aspect=200))
    assert page.renderer == wide.renderer != "fallback"
    # Wrapping moves glyphs by parts of a pixel, which moves grey about but not its sum.
    assert ink(page.pixels) == pytest.approx(ink(wide.pixels), rel=0.01)


def test_what_fits_no_page_is_refused_by_name() -> None:
    row = "So $$\\begin{pmatrix}" + " & ".join("abcdefghijkl" for _ in range(30)) + "\\end{pmatrix}$$"
    page = page_of(row)
    assert (page.renderer, page.reason) == ("fallback", "overflow")


# -- too large --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [PROSE * 120, "Wert ist gering. " * 1500, "题目很长，请回答。" * 1500, "x\n" * 4000])
@pytest.mark.parametrize("position", ["full", "prefix", "suffix"])
def test_a_page_that_is_too_large_says_how_much_fits(text: str, position: str) -> None:
    chosen = select_spans(text, position)
    caps = Caps(max_pixels=600_000)
    page: Page | None = None
    for _ in range(8):
        try:
            page = render_span(text, chosen.spans[0], STYLE, caps)
            break
        except TooLargeError as error:
            narrowed = narrow(chosen, 0, error.max_chars)
        assert narrowed is not None
        assert len(narrowed.texts()) == 2
        chosen = narrowed
    assert page is not None, "eight cuts did not suffice"
    height, width = page.pixels.shape
    assert (height + HEADROOM) * (width + HEADROOM) <= caps.max_pixels
    assert height * width > 0.25 * caps.max_pixels  # and it is not cut down to nothing


def test_ten_megabytes_are_refused_without_being_set() -> None:
    text = PROSE * 50_000
    with pytest.raises(TooLargeError) as caught:
        render_span(text, Span(0, len(text), ()), STYLE, CAPS)
    assert caught.value.max_chars < 20_000


@pytest.mark.parametrize(
    "unit",
    [
        "for a",
        "if in ",
        "while ((",
        "\t",
        "a\n",
        "| a  ",
        "e\u0301",
        "\u200d❤",
        "a’b",
        "x =",
        "[",
        "中",
        "ก",
        "┌─",
        '"\\',
    ],
)
def test_work_on_hostile_text_grows_no_faster_than_the_text(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shaped = Face._shaped
    monkeypatch.setattr(Face, "_shaped", lambda face, word: shaped(face, str(word)))  # HarfBuzz takes `str` alone

    def refused(text: str) -> None:
        with pytest.raises(RenderError):
            render_span(text, Span(0, len(text), ()), STYLE, CAPS)

    small, large = (CountedText(unit + unit[-1] * n + unit * (3 * n // len(unit))) for n in (7_000, 28_000))
    assert work_grows_with(refused, small, large)


# -- routes -----------------------------------------------------------------------------------------------------


def test_the_route_follows_the_content() -> None:
    assert page_of("No formula here.").renderer == "text"
    assert page_of("Is $x^2$ even?").renderer == "latex"


def test_a_table_in_the_centre_is_the_page_of_the_table() -> None:
    table = r"\begin{tabular}{|l|c|}\hline Year & Sold \\ \hline 2012 & 5,600 \\ \hline\end{tabular}"
    alone = page_of(f"Sales{table}The table shows them.")
    for space in ("", "\n"):
        placed = page_of(f"Sales\\begin{{center}}{space}{table}{space}\\end{{center}}The table shows them.")
        assert placed.renderer == "latex"
        assert np.array_equal(placed.pixels, alone.pixels)


@pytest.mark.parametrize(
    "formula",
    [
        "$\\undefinedthing{x}^2$",
        "$\\frac{1}{2$",
        "\\[\\includegraphics{x}\\]",
        "$" + "{" * 400 + "x" + "}" * 400 + "$",
    ],
)
def test_a_formula_that_cannot_be_set_shows_its_source_and_says_why(formula: str) -> None:
    text = f"Compute {formula} now."
    chosen = select_spans(text, "full")
    if not chosen.spans[0].has_math:
        pytest.skip("not a formula for the scanner")
    page = page_of(text)
    assert page.renderer == "fallback"
    assert page.reason is not None
    assert page.reason.startswith("formula:")
    plain = render_span(text, Span(0, len(text), ()), STYLE, CAPS)
    assert np.array_equal(page.pixels, plain.pixels)


@pytest.mark.parametrize("blank", ["", " ", "\n\t ", "\u3000\u00a0", "\u200b\u200d"])
def test_a_span_without_ink_is_refused(blank: str) -> None:
    with pytest.raises(RenderError) as caught:
        render_span(blank, Span(0, len(blank), ()), STYLE, CAPS)
    assert caught.value.reason == "blank"


def test_only_the_span_is_on_the_page() -> None:
    prompt = "Before. " + PROSE + "After."
    inside = render_span(prompt, Span(8, 8 + len(PROSE), ()), STYLE, CAPS)
    assert np.array_equal(inside.pixels, page_of(PROSE).pixels)


def test_a_formula_keeps_its_neighbours_on_one_baseline() -> None:
    """The digit of a formula, larger, stands on the line of the text around it."""
    pixels = page_of("HH $1$ HH").pixels
    (band,) = bands(pixels)
    bottoms = {
        int(np.flatnonzero((pixels[:, a:b] < 128).any(axis=1))[-1]) for a, b in runs((pixels < 128).any(axis=0))
    }
    assert max(bottoms) - min(bottoms) <= 1
    assert band[1] - 1 in bottoms


# -- determinism ------------------------------------------------------------------------------------------------

_MIXED = "Сколько будет $\\frac{2}{3}$? 计算 $x^2$，然后回答。 مرحبا 😀\n\n    def f(): pass\n" + PROSE


def test_the_same_text_is_the_same_bytes_after_other_pages() -> None:
    first = to_png(page_of(_MIXED).pixels)
    for text in real_prompts()[:30]:
        page_of(text)
    assert to_png(page_of(_MIXED).pixels) == first


def test_another_process_folder_and_locale_change_nothing(tmp_path: Path) -> None:
    here = sha256(to_png(page_of(_MIXED).pixels)).hexdigest()
    program = (
        "from hashlib import sha256\nfrom rendering.page_helpers import page_of\n"
        "from lomo_hf.rendering.png import to_png\n"
        f"print(sha256(to_png(page_of({_MIXED!a}).pixels)).hexdigest())"
    )
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *(path for path in sys.path if path)])
    env = {
        **os.environ,
        "PYTHONPATH": paths,
        "LC_ALL": "tr_TR.UTF-8",
        "LANG": "C",
        "TZ": "Asia/Tokyo",
        "PYTHONUTF8": "0",
    }
    env["PYTHONIOENCODING"] = "ascii"
    there = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == here


def test_letters_that_join_are_joined_in_the_text_of_a_formula_too() -> None:
    prose, formula = (page_of(text).pixels.shape[1] for text in ("क्षत्रिय नमस्ते", r"$\text{क्षत्रिय नमस्ते}$"))
    assert formula / prose < 1.2, "unjoined, they are half as wide again"


def test_a_breakdown_of_typst_is_an_error_like_others_and_the_next_page_is_made() -> None:
    before = page_of("Next, please.").pixels
    with pytest.raises(RenderError) as caught:
        typeset([f'#L("{chr(0x93E) * 1500}")'], 600, RenderStyle())
    assert caught.value.reason == "typst:panic"
    assert np.array_equal(page_of("Next, please.").pixels, before)


# -- anything ---------------------------------------------------------------------------------------------------

anything = st.text(st.characters(), max_size=120)
scripts = st.text(
    st.sampled_from(
        "aZ09 \n\t.,;:!?$\\{}_^&#%~`*|<>\"'()[]-+=/éőßαЖשمक्षกี่中あ한😀👍🏽\u200d\ufe0f🇫🇷\u0301\u202e\u2067\u200f∑∫🏿"
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(anything, scripts))
def test_any_text_is_a_page_within_the_limits_or_a_named_refusal(text: str) -> None:
    reason = "none"
    try:
        page = page_of(text)
    except RenderError as error:
        reason = error.reason
    if reason != "none":
        assert reason.split(":")[0] in {"blank", "control", "uncovered", "overflow", "too-large"}
        return
    height, width = page.pixels.shape
    assert (page.pixels < 250).any()
    assert min(height, width) >= 32
    assert max(height, width) <= 20 * min(height, width)
    assert (height + HEADROOM) * (width + HEADROOM) <= CAPS.max_pixels
    assert (page.renderer == "fallback") == (page.reason is not None)
