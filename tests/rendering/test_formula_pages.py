"""Pages with formulas that are put together here are those that Typst sets: every glyph and every bar in its place."""

from collections.abc import Sequence
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rendering.mathematics_helpers import real_formulas
from rendering.page_helpers import STYLE, page_of
from rendering.prose_helpers import NEAR, both, displaced, farthest

from lomo_hf.corpus import Conversation, open_corpus
from lomo_hf.errors import FormulaError, RenderError
from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.formulas import Formula, Formulas
from lomo_hf.rendering.formulas.boxes import Boxes
from lomo_hf.rendering.formulas.classes import class_of, gap, is_listed
from lomo_hf.rendering.formulas.pieces import pieces_of
from lomo_hf.rendering.mathematics import formula_to_typst
from lomo_hf.rendering.prose import setting
from lomo_hf.spans import select_spans

ALIKE = 0.1  # as in the tests of prose; a formula that stands elsewhere makes 0.3 of a short page


@cache
def real_prompts() -> tuple[str, ...]:
    """Prompts of the sample with formulas, and lines of real formulas among words."""
    source = open_corpus(None)
    rows = [row for row in source.conversations(0, len(source)) if isinstance(row, Conversation)]
    prompts = [turn.text for row in rows for turn in row.turns if turn.role == "user" and "\\" in turn.text + "$"]
    formulas = [tex for tex in real_formulas() if len(tex) < 120][::12]
    words = "Let us suppose, for the sake of it, that ${}$ holds; then ${}$, so that (${}$) follows from ${}$."
    chinese = "已知函数${}$满足${}$，且（${}$），求${}$的值。"
    for at in range(0, len(formulas) - 4, 4):
        prompts += [words.format(*formulas[at : at + 4]), chinese.format(*formulas[at : at + 4])]
    prompts += [f"So we have\n$$\n{tex}\n$$.\nand that is all." for tex in formulas[::3]]
    return tuple(prompts)


def test_every_glyph_and_bar_of_real_pages_stands_where_typst_puts_it() -> None:
    distances = {}
    for prompt, position in product(real_prompts(), ("middle", "full")):
        spans = select_spans(prompt, position).spans
        if spans and spans[0].has_math:
            distances[position, prompt] = farthest(prompt, position)
    ours = {page: distance for page, distance in distances.items() if distance is not None}
    assert len(ours) >= 140
    assert max(ours.values()) <= NEAR, max(ours, key=lambda page: ours[page])


def test_real_pages_have_the_size_and_the_ink_that_typst_gives_them() -> None:
    pairs = [pages for prompt in real_prompts() if (pages := both(prompt, "full")) is not None]
    assert len(pairs) >= 60
    for pages in pairs:
        assert np.abs(np.subtract(pages.typst.shape, pages.words.shape)).max() <= 1
        assert displaced(pages) <= ALIKE


@pytest.mark.parametrize("char", [chr(code) for code in range(0x21, 0x3000) if is_listed(chr(code))])
def test_a_character_has_the_class_that_typst_gives_it(char: str) -> None:
    """By the widths of rows in which it stands beside others; and it has a glyph."""
    kind = class_of(char)
    source = f"\\{char}" if kind else f'class("binary", \\{char})'
    kind = kind or "binary"
    rows = {
        "normal": ("a", "normal"), "relation": ("\\=", "relation"), "large": ('op("sin")', "large"),
    }  # fmt: skip
    boxes = Boxes().of([source, *(other for other, _ in rows.values())], STYLE)
    alone = boxes[source]
    assert alone is not None
    assert len(alone.outlines) == 1
    for other, its in rows.values():
        beside = boxes[other]
        rows_of_two = (f"{other}/**/{source}", f"{source}/**/{other}")
        before, behind = map(Boxes().of(rows_of_two, STYLE).get, rows_of_two)
        assert None not in (beside, before, behind)
        pair = alone.width + beside.width
        assert before.width == pytest.approx(pair + STYLE.math_size * gap(its, kind), abs=NEAR)
        assert behind.width == pytest.approx(pair + STYLE.math_size * gap(kind, its), abs=NEAR)


letters = st.sampled_from("abcnxyzABHMRαβθπ∞ℝ")
numbers = st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,2})?", fullmatch=True)
signs = st.sampled_from(
    ["+", "-", r"\times", r"\cdot", "=", "<", r"\le", r"\in", r"\to", ",", ":", "/", r"\ ", r"\quad"]
)
named = st.sampled_from(
    [r"\sin", r"\log", r"\sum_{i=1}^{n}", r"\int_0^1", r"\text{if}", r"\mathrm{kg}", r"\%", "!", "|"]
)
atoms = st.one_of(letters, letters, numbers, named)


@st.composite
def formulas(draw: st.DrawFn, depth: int = 2) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 5))):
        part = draw(atoms)
        if depth and draw(st.integers(0, 3)) == 0:
            inner = formulas(depth - 1)
            shapes = [
                r"\frac{%s}{%s}",
                r"%s^{%s}",
                r"%s_{%s}",
                r"\sqrt{%s}%s",
                r"\left(%s\right)%s",
                r"\left\{%s\right.%s",
                r"\left.%s\right|%s",
                "(%s)%s",
                r"\vec{%s}%s",
            ]
            form = draw(st.sampled_from(shapes))
            base = part if form[0] == "%" else draw(inner)
            part = form % (base, draw(inner))
        parts += [part, draw(st.one_of(signs, st.just(" ")))]
    return " ".join(parts if draw(st.booleans()) else parts[:-1])


words = st.text("abcdefghijklmno", min_size=1, max_size=8)
openings = st.sampled_from([*[""] * 6, "(", "“", '"', "[", "-", "=", "a", "2", "é", "— "])
closings = st.sampled_from(
    [
        *[""] * 5,
        ",",
        ".",
        ")",
        "”",
        "'s",
        "th",
        "-th",
        ").",
        "?",
        "!",
        ":",
        ";",
        "%",
        " —",
        "),",
        "/2",
        ", a",
        "\\\\",
        ")\\\\",
    ]
)


@st.composite
def lines(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(2, 14))):
        if draw(st.booleans()):
            parts.append(draw(words))
        else:
            parts.append(f"{draw(openings)}${draw(formulas())}${draw(closings)}")
    return draw(st.sampled_from(["", "", "  "])) + " ".join(parts) + draw(st.sampled_from(["", "", "  ", "\nEnd."]))


widths = st.sampled_from([140, 200, 320, 500])


@settings(max_examples=250, deadline=None)
@given(lines(), widths, st.sampled_from([20, 20, 20, 14]))
@example("Then $x$,$y$ and $a=b$th", 140, 20)
@example("  $\\frac{x + y + z + x + y + z}{2}$ is wide.", 140, 20)
def test_any_line_with_formulas_is_broken_where_typst_breaks_it(text: str, width: int, size: int) -> None:
    style = RenderStyle(text_size=size, line_height=size + 2, math_size=size * 13 // 10)
    distance = farthest(text, style=style, width=width)
    assert distance is None or distance <= NEAR


@st.composite
def chinese_lines(draw: st.DrawFn) -> str:
    han = st.text("的一是在不了有和人这中大为上个国", min_size=1, max_size=5)
    marks = st.sampled_from(
        [
            *"，。、：；？（）《》“”",
            "）。",
            "：“",
            "——",
            "……",
            " ",
            "  ",
            ", ",
            "(",
            ") ",
            "A",
            "1. ",
            "x 轴",
            ")\\\\",
            ": ",
        ]
    )
    inline = formulas().map("${}$".format)
    return "中" + "".join(draw(st.lists(st.one_of(han, marks, inline), min_size=2, max_size=16)))


@settings(max_examples=250, deadline=None)
@given(chinese_lines(), widths)
@example("中（$x=1$）。", 140)
@example("中$c \\quad \\sin = 6066.6   8299.60^{|}   c :$：", 320)
def test_any_chinese_line_with_formulas_is_broken_where_typst_breaks_it(text: str, width: int) -> None:
    distance = farthest(text, width=width)
    assert distance is None or distance <= NEAR


def test_most_invented_lines_are_certain() -> None:
    """Or the tests above would mean little."""
    for text in ("Let $x^2 + 3x = \\frac{1}{2}$ be given, " * 6, "已知$a+b=c$，求$\\sqrt{a^2+1}$的值。" * 5):
        distance = farthest(text, width=320)
        assert distance is not None
        assert distance <= NEAR


@pytest.mark.parametrize(
    "text",
    [
        "Struck: $\\cancel{x}$.", "In red: $\\color{red}{x}$.", "In words: $\\text{若}$.", "By line: `code` and $x$.",
        "Of a font of text: $\\text{ǎ}$.",
        "See www.$x$.org", "Adjacent $x$$y$.\n" * 9 + "$x+y$$x+y$$x+y$$x+y$$x+y$$x+y$$x+y$$x+y$$x+y$$x+y$",
        "עם $x$", "हिन्दी $x$",
    ],
)  # fmt: skip
def test_what_is_not_certain_goes_to_typst(text: str) -> None:
    assert page_of(text).svg is not None


def test_a_formula_does_not_depend_on_those_beside_it() -> None:
    texs = [tex for tex in real_formulas() if len(tex) < 80][:60]
    bodies = []
    for tex in texs:
        try:
            bodies.append(formula_to_typst(tex, display=False))
        except FormulaError:
            continue
    listed = [body for body in bodies if pieces_of(body)]
    together = Formulas().of(listed, STYLE)
    backwards = Formulas().of(listed[::-1], STYLE)
    assert together is not None
    assert backwards is not None
    for body, first, second in zip(listed, together, backwards[::-1], strict=True):
        (alone,) = Formulas().of([body], STYLE) or [None]
        assert alone is not None
        assert lengths_of(first) == lengths_of(second) == lengths_of(alone)


def test_a_page_is_the_same_whatever_is_kept_and_in_whatever_order_pages_come(monkeypatch: pytest.MonkeyPatch) -> None:
    def pages(prompts: Sequence[str], kept: Formulas) -> dict[str, bytes]:
        monkeypatch.setattr(setting, "shared_formulas", lambda: kept)
        return {prompt: page.pixels.tobytes() for prompt in prompts if (page := page_of(prompt)).svg is None}

    prompts = [prompt for prompt in real_prompts() if is_shown(prompt)]
    drawn = pages(prompts, Formulas())
    assert len(drawn) >= 60
    assert pages(prompts[::-1], Formulas()) == drawn
    assert pages(prompts, Formulas(bound=4_000)) == drawn


def is_shown(prompt: str) -> bool:
    try:
        page_of(prompt)
    except RenderError:
        return False
    return True


def lengths_of(formula: Formula) -> list[object]:
    frames = [
        (
            frame.width,
            frame.ascent,
            frame.descent,
            frame.outlines,
            frame.x.tolist(),
            frame.y.tolist(),
            frame.rules.tolist(),
        )
        for frame in formula.frames
    ]
    return [*frames, formula.spaces]
