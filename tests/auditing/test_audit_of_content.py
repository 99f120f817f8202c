"""What a page does not say, or says as its source, is found: faults of an earlier version, put back one at a time."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from rendering.page_helpers import CAPS, STYLE, page_of

from lomo_hf.auditing.alphabet import shared_alphabet
from lomo_hf.auditing.content_checks import CONTENT_CHECKS, content_findings
from lomo_hf.auditing.page_glyphs import read_page
from lomo_hf.corpus import Conversation, open_corpus
from lomo_hf.errors import RenderError
from lomo_hf.rendering import Page, page, render_span
from lomo_hf.rendering.glyphs import Drawing
from lomo_hf.spans import Atom, Span, scan, select_spans


def findings(prompt: str, atoms: tuple[Atom, ...], rendered: Page) -> dict[str, list[str]]:
    results = content_findings(prompt, 0, len(prompt), atoms, rendered)
    assert set(results) == set(CONTENT_CHECKS)
    return {name: reasons for name, reasons in results.items() if reasons}


def set_with(prompt: str, atoms: tuple[Atom, ...]) -> Page:
    """The page of a whole prompt in which these are the formulas."""
    return render_span(prompt, Span(0, len(prompt), atoms), STYLE, CAPS)


def findings_of(prompt: str, shown: str | None = None) -> dict[str, list[str]]:
    """What is false of a prompt where its page is that of another text."""
    return findings(prompt, tuple(scan(prompt)), page_of(shown or prompt))


def formula(prompt: str, body: str, marks: int = 0) -> Atom:
    start = prompt.index(body)
    return Atom("inline", start - marks, start + len(body) + marks, start, start + len(body))


@cache
def real_prompts() -> tuple[str, ...]:
    source = open_corpus(None)
    rows = [row for row in source.conversations(0, len(source)) if isinstance(row, Conversation)]
    return tuple(turn.text for row in rows for turn in row.turns if turn.role == "user")


@pytest.mark.parametrize("position", ["middle", "full"])
def test_of_real_pages_nothing_is_false(position: str) -> None:
    looked = 0
    for prompt in real_prompts():
        chosen = select_spans(prompt, position)
        for span in chosen.spans:
            rendered = render_span(chosen.prompt, span, STYLE, CAPS)
            results = content_findings(chosen.prompt, span.start, span.end, span.atoms, rendered)
            assert not any(results.values()), (prompt, results)
            looked += 1
    assert looked > 180


@pytest.mark.parametrize(
    "text",
    [
        "Émile’s naïve Ærø, Straße, Łódź — 3½ × 20²", "Ωμέγα и Ёжик", "这是（第1章）：“中文”。",
        "日本語のカタカナです", "한국어 문장", "def f(x):\n    return x  # ünïcode",
        r"$\mathbb{R}\mathcal{L}\mathscr{B}\mathfrak{g}\mathbf{v}$",
        r"Is $\hat{i}\cdot\hat\jmath$ or $x_{a_{b}}^{2^{3}}$?",
        r"$\sin\alpha\,\text{ for }\theta = 30\%$", "50% of $5.20",
        r"$\begin{array}{c|c} 1 & 2 \\[3pt] \hline a & \hspace{2em} b \end{array}$", "Net cash inﬂow, 3⁄17 days",
        r"$\boxed{42}$ and $\cancel{xy}$", "Cost $5 to $7, then $x+1$.", "Keys 1\ufe0f\u20e3 and 😀 smile",
        r"$\ce{H2SO4 + 2NaOH}$", r"第 $\textcircled{4}$ 个",
        r"$\color{red}{abc}$", "A\u0301e\u0300 decomposed", "`code $x` here",
    ],
)  # fmt: skip
def test_of_honest_pages_of_many_kinds_nothing_is_false(text: str) -> None:
    assert findings_of(text) == {}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Of all $30%$ voted.", "Of all $30$ voted."),
        ("A plain line of 12 words.", "A plain line of 2 words."),
        ("The rest, Émile.", "The rest, Émil."),
        ("这是第一章。", "这是一章。"),
        (r"Let $\alpha + \beta = 9$.", r"Let $\alpha + 9$."),
        (r"Then $\frac{a}{b}$.", r"Then $\frac{a}{}$."),
        (r"sed 's/\(ab\)-\(cd\)/\2-\1/'", r"sed 's/(ab)-(cd)/-/'"),
        ("def f(x):\n    return x + 1", "def f(x):\n    return x + "),
    ],
)
def test_a_letter_or_digit_that_is_lost_is_found(written: str, shown: str) -> None:
    assert "letters-shown" in findings_of(written, shown)


@pytest.mark.parametrize("missing", [1, -1])
@pytest.mark.parametrize(
    "text", ["A line of prose", "中文一行", "xy = f(y)\n    return y", "Let $x^2$ be $y$", "已知$x=y$"]
)
def test_a_glyph_that_the_painter_leaves_out_is_found(
    text: str, missing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = page.set_prose

    def forgetful(*given: object) -> Drawing | None:
        drawing = real(*given)  # type: ignore[arg-type]
        assert drawing is not None
        kept = np.arange(len(drawing.glyphs)) != missing % len(drawing.glyphs)
        return replace(drawing, glyphs=drawing.glyphs[kept], x=drawing.x[kept], y=drawing.y[kept])

    monkeypatch.setattr(page, "set_prose", forgetful)
    assert "letters-shown" in findings_of(text)


def through(change: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, text: str) -> dict[str, list[str]]:
    real = page.line_markup
    monkeypatch.setattr(page, "set_prose", lambda *given: None)
    monkeypatch.setattr(page, "line_markup", lambda line, formulas, **more: change(real(line, formulas, **more)))
    return findings_of(text)


TEXT = r"Take $x+1$ now and then."


@pytest.mark.parametrize(("colour", "seen"), [("fefefe", False), ("ffffd0", False), ("555555", True)])
def test_the_colour_of_paper_is_found(colour: str, seen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def painted(line: str) -> str:
        return f'#text(fill: rgb("{colour}"))[{line}]' if "Take" in line else line

    results = through(painted, monkeypatch, f"{TEXT}\nMore of $x$.")
    assert ("ink-seen" in results) is not seen


@pytest.mark.parametrize("back", [12, 20, 26])
def test_text_that_is_moved_over_other_text_is_found(back: int, monkeypatch: pytest.MonkeyPatch) -> None:
    results = through(lambda line: f"{line}#place(top, dx: {back}pt)[{line}]", monkeypatch, TEXT)
    assert "ink-seen" in results


def test_ink_beyond_the_page_is_found() -> None:
    rendered = page_of(TEXT)
    cut = replace(rendered, pixels=rendered.pixels[:, :-30])
    assert "ink-seen" in findings(TEXT, tuple(scan(TEXT)), cut)


def test_an_empty_frame_is_found() -> None:
    prompt = r"Put your answer within \boxed{}."
    atoms = (formula(prompt, r"\boxed{}"),)
    assert "words-are-text" in findings(prompt, atoms, set_with(prompt, atoms))


@pytest.mark.parametrize(
    "raw",
    [
        "$ h(7)=2$", r"$150^{\circ}-\angle ABC$", "$3[XYZ] = [UVW]$", "$x-$axis", "$abc - 1$",
        r"$0 \le k[i] \le 10^9$",
    ],
)  # fmt: skip
def test_a_formula_that_stands_as_its_source_beside_others_is_found(raw: str) -> None:
    prompt = f"If $f(x)=x$, then {raw}, and so on."
    atoms = (formula(prompt, "f(x)=x", 1),)
    assert "no-source-shown" in findings(prompt, atoms, set_with(prompt, atoms))


@pytest.mark.parametrize("raw", [r"$150^{\circ}-\angle ABC$", r"$ \frac{1}{2}$"])
def test_a_formula_that_stands_as_its_source_alone_is_found(raw: str) -> None:
    assert "no-source-shown" in findings(f"So {raw}, then.", (), set_with(f"So {raw}, then.", ()))


def test_names_of_commands_that_were_escaped_twice_are_found_as_letters() -> None:
    prompt = r"So $p \\leq q$ and $\\frac{3}{4}$."
    atoms = (formula(prompt, r"p \\leq q", 1), formula(prompt, r"\\frac{3}{4}", 1))
    rendered = set_with(r"So $p \\ leq q$ and $frac{3}{4}$.", (formula(r"So $p \\ leq q$ and", r"p \\ leq q", 1),))
    assert "no-source-shown" in findings(prompt, atoms, rendered)


def test_a_path_of_which_a_part_is_set_as_a_formula_is_found() -> None:
    prompt = r"Open \\host\data\times\beta now."
    atoms = (formula(prompt, r"\times\beta"),)
    assert "no-source-shown" in findings(prompt, atoms, set_with(prompt, atoms))


def test_prose_and_yaml_that_are_set_as_mathematics_are_found() -> None:
    for prompt, body in (
        (r"is $\frac{8}{5}. Give another likely value of $m$.", r"\frac{8}{5}. Give another likely value of "),
        ("run: ${{ github token }} \n name: ${{ matrix python version }} $", "{{ github token }} \n name: "),
    ):
        atoms = (formula(prompt, body, 1),)
        rendered = set_with(prompt, atoms)
        if rendered.renderer == "latex":
            assert "words-are-text" in findings(prompt, atoms, rendered), prompt
        else:
            assert rendered.reason


def test_a_display_that_sticks_to_the_next_word_is_found() -> None:
    prompt = "Then $$x+r = s,$$where t is less."
    (atom,) = scan(prompt)
    rendered = set_with("Then $x+r = s,$where t is less.", (formula("Then $x+r = s,$where", "x+r = s,", 1),))
    assert "words-are-text" in findings(prompt, (replace(atom, kind="display"),), rendered)
    apart = set_with("Then $x+r = s,$ where t is less.", (formula("Then $x+r = s,$ where", "x+r = s,", 1),))
    assert findings(prompt, (replace(atom, kind="display"),), apart) == {}


def test_what_an_outline_shows_does_not_depend_on_what_was_asked_before() -> None:
    first = read_page(page_of("Ünïcode 中文 x"), shared_alphabet()).letters
    shared_alphabet().learn("Ünïcode 中文 x 的一是在不了有")
    assert read_page(page_of("Ünïcode 中文 x"), shared_alphabet()).letters == "Unicode中文x"
    assert set(first) <= set("Unicode中文x")


def test_a_page_that_tells_nothing_of_its_glyphs_is_not_passed() -> None:
    with pytest.raises(ValueError, match="nothing of what was drawn"):
        read_page(Page(np.full((32, 32), 255, np.uint8), "text"), shared_alphabet())


def test_what_cannot_be_shown_is_no_finding_but_an_error() -> None:
    with pytest.raises(RenderError):
        page_of("A glyph \ue000.")
