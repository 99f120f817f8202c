"""What the prompt says is what the page shows: no text is ever run as Typst, and no space, break or line is lost."""

import json

import numpy as np
import pytest
import typst
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rendering.page_helpers import STYLE, bands, ink, page_of
from rendering.prose_helpers import Both, displaced

from lomo_hf.errors import RenderError
from lomo_hf.recipes.recipe import RenderStyle
from lomo_hf.rendering.glyphs import Drawing, read_svg
from lomo_hf.rendering.markup import Line, line_markup, lines_of, literal
from lomo_hf.rendering.monospace import mono_lines
from lomo_hf.rendering.typesetter import BLEED, _head, draw, new_compiler, typeset
from lomo_hf.spans import scan

TYPST = [
    '#read("/etc/passwd")',
    '#import "@preview/cetz:0.3.0": *',
    "#let x = 1; #x #(1 + 2)",
    "*bold* _emph_ `raw` ```rust fn```",
    "= Heading",
    "== Heading 2",
    "- item",
    "+ item",
    "/ term: description",
    "<label> @label @ref[x]",
    "text // comment",
    "text /* comment */ text",
    "back\\slash \\# \\\\ \\u{41} \\n \\",
    '"quoted" \'quoted\' \\"',
    "a ~ b -- c --- d ... e",
    "https://example.com/a#b[c](d)",
    "[content] {code} (group) #[x] #{y}",
    '"); #panic("out") ("',
    '")] #panic("out") #L[("',
    "#set page(width: 1pt)",
    "#show: none",
    '#eval("1") #sys.inputs #plugin("x.wasm")',
    "<b>html</b> &amp; &lt;",
    "# Markdown\n> quote\n**bold** ~~strike~~ [a](b) ![c](d)",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "$5 and 6$ is money; 50% # 1",
]


def set_as_input(text: str, width: int) -> Drawing:
    """The same text through another door: as a string handed to Typst from outside, which it never parses."""
    lines = text.split("\n")
    calls = "".join(f'#L[#sys.inputs.at("line {n}")]\n' for n in range(len(lines)))
    compiler = new_compiler(**{f"line {n}": line for n, line in enumerate(lines)})
    svg = compiler.compile(input=(_head(width, STYLE, "", False) + calls).encode(), format="svg")
    assert isinstance(svg, bytes)
    drawing = read_svg(svg)
    assert drawing is not None
    return drawing


def same(first: Drawing | None, second: Drawing) -> bool:
    """Whether two drawings hold the same glyphs at the same places."""
    assert first is not None
    places = np.array_equal(first.x, second.x) and np.array_equal(first.y, second.y)
    return first.outlines == second.outlines and np.array_equal(first.glyphs, second.glyphs) and places


def markup_of(text: str) -> list[str]:
    """Markup of a text without mathematics, every line in the face of text."""
    lines = lines_of(text, 0, len(text), ())
    return [line_markup(Line(line.pieces, False, line.rtl, line.region), []) for line in lines]


@pytest.mark.parametrize("text", TYPST)
def test_text_is_never_interpreted(text: str) -> None:
    assert same(draw(markup_of(text), 900, STYLE).drawing, set_as_input(text, 900))


@pytest.mark.parametrize("text", TYPST)
def test_code_in_a_prompt_shows_all_of_its_characters(text: str) -> None:
    """Written onto one line each, the characters of a page have the ink of the page."""
    page = typeset(markup_of(text), 900, STYLE)
    single = {char: ink(typeset([f'#L[#"{literal(char)}"]'], 900, STYLE)) for char in set(text) - set(" \n")}
    assert ink(page) == pytest.approx(sum(single[char] for char in text if char in single), rel=0.02)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_a_literal_reads_back_as_its_text(text: str) -> None:
    expected = text.translate({9: "    ", 10: " ", 13: " "})
    read = typst.query(f'#metadata("{literal(text)}") <said>'.encode(), "<said>", field="value", one=True)
    invisible = {0x200B: None, 0x2060: None}  # the only characters that a literal may add
    assert json.loads(read).translate(invisible) == expected.translate(invisible)


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("#\"\\[](){}$*_`=-+/<>@~'.,:; ab1\n"), min_size=1, max_size=60))
def test_no_string_of_marks_escapes_its_literal(text: str) -> None:
    lines = text.split("\n")
    assume(any(line.strip() for line in lines))
    shown = [line if line.strip() else " " for line in lines]
    markup = [f'#L[#"{literal(line)}"]' for line in shown]
    assert same(draw(markup, 900, STYLE).drawing, set_as_input("\n".join(shown), 900))


def test_formulas_are_typeset_only_where_they_are_mathematics() -> None:
    text = "In code `$x$` stays, $x$ does not."
    (line,) = lines_of(text, 0, len(text), scan(text))
    assert [piece.kind for piece in line.pieces] == ["text", "mono", "text", "inline", "text"]
    assert line_markup(line, ["x"]).count("$x$") == 2  # the literal and the formula
    plain = lines_of(text, 0, len(text), tuple(atom for atom in scan(text) if not atom.is_math))
    assert [piece.kind for piece in plain[0].pieces] == ["text", "mono", "text"]


# -- lines ------------------------------------------------------------------------------------------------------


def texts(prompt: str) -> list[str]:
    return ["".join(piece.text for piece in line.pieces) for line in lines_of(prompt, 0, len(prompt), scan(prompt))]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_every_kind_of_line_break_breaks_the_line(end: str) -> None:
    assert texts(f"one{end}two{end}{end}three") == ["one", "two", "", "three"]


def test_runs_of_blank_lines_become_one_and_outer_ones_none() -> None:
    assert texts("\n\n one\n\n\n\ntwo \n \n") == [" one", "", "two "]


def test_a_display_formula_stands_on_its_own_line() -> None:
    text = "We have\n$$x = 1$$\nand more."
    assert texts(text) == ["We have", "x = 1", "and more."]


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab \t\n$x`*|.\\[]中א"), max_size=80))
def test_no_character_of_ink_is_lost_between_prompt_and_lines(text: str) -> None:
    atoms = scan(text)
    marks = "".join(
        text[atom.start : atom.body_start] + text[atom.body_end : atom.end] for atom in atoms if atom.is_math
    )
    shown = "".join("".join(texts(text)).split())
    wanted = "".join(text.split())
    assert sorted(shown + "".join(marks.split())) == sorted(wanted)
    if not marks:
        assert shown == wanted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb", "a   b"),
        ("abc\tb", "abc b"),
        ("abcd\tb", "abcd    b"),
        ("\tx\ty", "    x   y"),
        ("`ab`\tc", "`ab`    c"),
    ],
)
def test_tabs_reach_to_the_next_fourth_column(text: str, shown: str) -> None:
    assert texts(text) == [shown]


def test_a_tab_stop_counts_from_the_start_of_its_line() -> None:
    columns = [page_of(text).pixels for text in ("    if x:\n\ty = 1\nz = {\n}", "    if x:\n    y = 1\nz = {\n}")]
    assert np.array_equal(*columns)


SPACES = {
    "\u00a0": 0.26,
    "\u2003": 1.0,
    "\u2002": 0.5,
    "\u2009": 0.2,
    "\u3000": 1.0,
    " ": 0.26,
    "  ": 0.52,
    "     ": 1.3,
}


@pytest.mark.parametrize("space", SPACES)
def test_spaces_keep_their_width(space: str) -> None:
    def right(text: str) -> int:
        columns = np.flatnonzero((typeset(markup_of(text), 900, STYLE) < 128).any(axis=0))
        return int(columns[-1]) - BLEED

    assert right(f"H{space}H") - right("HH") == pytest.approx(20 * SPACES[space], abs=1.5)


@pytest.mark.parametrize("char", "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f")
def test_invisible_characters_leave_no_trace(char: str) -> None:
    marked, plain = f"foot{char}ball", "football"
    if char != "\u200f":  # which starts a run of its own, at another part of a pixel
        assert np.array_equal(typeset(markup_of(marked), 900, STYLE), typeset(markup_of(plain), 900, STYLE))
    # As pages, the one is set by Typst and the other from words.
    pages = Both(page_of(marked).pixels, page_of(plain).pixels)
    assert pages.typst.shape == pages.words.shape
    assert displaced(pages) < 0.05


# -- wrapping ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        "a" * 400,
        "0123456789" * 60,
        "б" * 300,
        "א" * 300,
        "é" * 300,
        "https://x.example/" + "a-b_c/d?e=f&" * 40,
        "e\u0301" * 200,
    ],
)
def test_a_long_token_is_broken_and_stays_within_its_column(token: str) -> None:
    width = page_of(f"See {token} for more.").pixels.shape[1]
    assert width <= STYLE.max_width + 2 * STYLE.margin + 2


@pytest.mark.parametrize("letters", ["ߐߛߕ", "ሰላም", "قرأ", "שלם", "ა"])
def test_a_word_of_shaped_letters_without_end_is_few_pieces_for_the_typesetter(letters: str) -> None:
    """A piece costs 0.4 ms; between any two letters, a page of them took over four seconds."""
    word = letters * 1000
    broken = literal(word)
    assert len(word) / 9 < broken.count("\u200b") <= len(word) / 8
    assert broken.replace("\u200b", "") == word
    assert page_of(letters * 100).pixels.shape[1] <= STYLE.max_width + 2 * STYLE.margin


def test_an_address_breaks_behind_its_punctuation() -> None:
    broken = literal("https://www.example.com/some/long/path?query=1&other=2")
    assert "com/\u200bsome/\u200blong" in broken
    assert "\u200b" not in literal("https://example.com/short")


def test_numbers_in_chinese_text_are_not_broken() -> None:
    assert "\u200b" not in literal("圆周率约等于3.14159265，速度为12.5km/h，" * 20)


def test_wrapped_code_keeps_its_indentation() -> None:
    code = "def f():\n        return " + " + ".join(f"value{n}" for n in range(30))
    pixels = page_of(code).pixels
    starts = [int(np.flatnonzero((pixels[top:bottom] < 128).any(axis=0))[0]) for top, bottom in bands(pixels)]
    assert len(starts) >= 3
    assert starts[1] - starts[0] == pytest.approx(8 * 12.04, abs=3)
    assert all(start - starts[1] == pytest.approx(2 * 12.04, abs=3) for start in starts[2:])


def test_columns_drawn_with_characters_stay_columns() -> None:
    table = "┌──────┬─────┐\n│ name │ qty │\n│ pear │  12 │\n│ 苹果 │   3 │\n└──────┴─────┘"
    pixels = page_of(table).pixels
    columns = (pixels < 128).mean(axis=0)
    bars = np.flatnonzero(columns > 0.6)
    assert len({int(bar) // 4 for bar in bars}) == 3


def test_a_frame_wider_than_the_column_is_shown_whole_or_refused() -> None:
    page = page_of("┌" + "─" * 110 + "┐")
    assert page.pixels.shape[1] == pytest.approx(112 * 12.04 + 2 * STYLE.margin, abs=14)
    with pytest.raises(RenderError) as caught:
        page_of("┌" + "─" * 300 + "┐")
    assert caught.value.reason == "overflow"


def test_code_is_set_in_columns_of_equal_width() -> None:
    page = page_of("```\niiiiiiiiii|\nWWWWWWWWWW|\n```").pixels
    ends = [int(np.flatnonzero((page[top:bottom] < 128).any(axis=0))[-1]) for top, bottom in bands(page)]
    assert ends[1] == ends[2] or len(ends) < 4


# -- which lines are code ---------------------------------------------------------------------------------------

CODE = [
    "for i, x in enumerate(items):", "while True:", "with open(path) as file:", "except ValueError as error:",
    "def add(a, b):", "    return a + b", "\tx = 1", "import numpy as np", "from typing import List",
    "#include <stdio.h>", "public static void main(String[] args) {", "const x = [1, 2];",
    "for (int i = 0; i < n; i++) {", "```python", ">>> add(1, 2)", "SELECT name FROM users;", "│ a │ b │",
    "+-----+----+", '<div class="x">', "json_data = response.json()", "| id | name       | date  |",
    "if x == 1:", "else:", "@property", 'console.log("x");', "print('hello')",
]  # fmt: skip
PROSE = [
    "|  |  | Years Ended December 31, |  |", "| WACC  | 9.0% |",
    "for example, take these:", "if you prefer the second option:", "with the following data:",
    "Let x be a number such that x + 1 = 2.", "class of 30 students went on a trip.",
    "return to the start and turn left.", "For each of the following, say why:",
    "import duties rose by 5 percent in 2019.", "Set: {3,12,7,2,8,4}", "1. First item", "   - nested item",
    "    - deeply nested item", "    A．地球平均气温上升", "(1) the price; (2) the cost;", "| Year | Revenue |",
    "A. 3    B. 4    C. 5    D. 6", "If x = 1, what is y?", "While reading: note the words.",
    "Public opinion was divided.", "let me know what you think", "try to find the answer", "> quoted text",
    "# Heading", "The function f(x) = x + 1 is given.", "说明：函数如下：", "select the right answer:",
    "from the beginning he knew it", "print the number of primes below 100",
    "With great power comes this: a choice.",
]  # fmt: skip


@pytest.mark.parametrize("line", CODE)
def test_code_is_set_in_the_monospaced_face(line: str) -> None:
    assert mono_lines([line]) == [True]


@pytest.mark.parametrize("line", PROSE)
def test_prose_is_not_set_in_the_monospaced_face(line: str) -> None:
    assert mono_lines([line]) == [False]


def test_lines_between_code_go_with_it() -> None:
    text = 'Fix this:\ndef f(s):\n """\n words of a docstring here\n 12\n """\n\nThank you.'
    lines = lines_of(text, 0, len(text), ())
    assert [line.mono for line in lines] == [False, True, True, True, True, True, False, False]


def test_a_table_of_tabs_is_set_in_columns() -> None:
    assert mono_lines(["Name\tQty\tPrice", "pear\t3\t1.5"]) == [True, True]
    assert mono_lines(["One\ttab in prose is no table."]) == [False]


# -- the door itself --------------------------------------------------------------------------------------------


def test_markup_that_does_not_compile_is_a_named_error() -> None:
    with pytest.raises(RenderError) as caught:
        typeset(["#L[#undefined-name]"], 400, STYLE)
    assert caught.value.reason == "typst"


def test_typst_has_no_files_and_no_packages() -> None:
    for markup in (
        '#read("/etc/hostname")',
        '#read("page.py")',
        '#include "/etc/hostname"',
        '#import "@preview/cetz:0.3.0": *',
    ):
        with pytest.raises(RenderError):
            typeset([markup], 400, STYLE)


def test_ink_that_leaves_the_paper_is_an_overflow() -> None:
    with pytest.raises(RenderError) as caught:
        typeset(['#L[#place(dx: -45pt)[#"HH"]#"x"]'], 300, RenderStyle())
    assert caught.value.reason == "overflow"


@pytest.mark.parametrize("other", ["", "\u200d", "\u00a0", "\u034f"])
def test_soft_hyphens_that_divide_no_word_cost_nothing(other: str) -> None:
    """Typst takes a minute for 20,000 of them in a row; they show nothing, so they do not reach it."""
    text = "a co\u00adoperative \u00admove" + ("\u00ad" + other) * 20_000
    ((line,),) = [[piece.text for piece in line.pieces] for line in lines_of(text, 0, len(text), ())]
    assert line == "a co\u00adoperative move" + other * 20_000


def test_soft_hyphens_alone_hold_no_ink() -> None:
    with pytest.raises(RenderError, match="no ink"):
        page_of("\u00ad" * 10)
