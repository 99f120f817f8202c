"""Signs that prompts write as Unicode characters are set like the commands that LaTeX has for them."""

import unicodedata

import pytest
from reference.likeness import likeness
from rendering.mathematics_helpers import compiles, pictures, reason

from lomo_hf.rendering.fonts import first_uncovered
from lomo_hf.rendering.mathematics import formula_to_typst
from lomo_hf.rendering.mathematics.coverage import in_mathematics

BLOCKS = ((0x2190, 0x2400), (0x25A0, 0x2600), (0x27C0, 0x27F0), (0x2900, 0x2B00))


def signs() -> list[str]:
    """Signs of mathematics that a font here has, alone and between letters."""
    chars = [chr(code) for first, last in BLOCKS for code in range(first, last)]
    return [char for char in chars if unicodedata.category(char) in ("Sm", "So", "Ps", "Pe") and shown(char)]


def shown(char: str) -> bool:
    return in_mathematics(char) or first_uncovered(char) is None


def test_every_sign_of_mathematics_that_a_font_has_is_set() -> None:
    formulas = [f"a{char} b" for char in signs()]
    assert len(formulas) > 900
    assert [(tex, reason(tex)) for tex in formulas if reason(tex) is not None] == []
    assert compiles(formulas) == len(formulas)


@pytest.mark.parametrize(
    ("characters", "commands"),
    [
        ("√{7}", r"\sqrt{7}"), ("∛{7}", r"\sqrt[3]{7}"), ("√7", r"\surd 7"), ("x₂", "x_{2}"), ("y³", "y^{3}"),
        ("aₙ₊₁", "a_{n+1}"), ("t⁻²", "t^{-2}"), ("x₁²", "x_{1}^{2}"), ("Aᵀ", "A^{T}"), ("ȳ", r"\bar{y}"),
        ("v\u20d7", r"\vec{v}"), ("p\u0302", r"\hat{p}"), ("f′", "f'"), ("f″", "f''"), ("f′₁", "f'_{1}"),
        ("⟨u⟩", r"\langle u\rangle"), ("⌊u⌋", r"\lfloor u\rfloor"), ("p≤q", r"p\le q"), ("∑_i i", r"\sum_i i"),
        ("3×4÷5", r"3\times4\div5"), ("x∈ℝ", r"x\in\mathbb{R}"), ("α→∞", r"\alpha\to\infty"),
        ("10\u2009000", r"10\,000"), (r"\left⟨u\right⟩", r"\left\langle u\right\rangle"),
    ],
)  # fmt: skip
def test_characters_are_set_as_the_commands_for_them(characters: str, commands: str) -> None:
    assert formula_to_typst(characters, display=True) == formula_to_typst(commands, display=True)


@pytest.mark.parametrize(
    ("char", "command"),
    [
        ("∠", r"\angle"), ("△", r"\triangle"), ("∅", r"\varnothing"), ("⊤", r"\top"), ("∴", r"\therefore"),
        ("⊥", r"\perp"), ("√", r"\surd"),
    ],
)  # fmt: skip
def test_signs_look_like_their_commands(char: str, command: str) -> None:
    ours, theirs = pictures(f"{char}AB", f"{command} AB")
    assert likeness(ours, theirs).correlation > 0.9


def test_letters_of_words_keep_their_marks() -> None:
    """`ñ` alone is a letter with a tilde, as a variable has; in a word it is a letter of the word."""
    assert formula_to_typst("año", display=False) == 'a"ñ"o'
    assert formula_to_typst(r"\text{e\u0301}".replace("\\u0301", "\u0301"), display=False) == '"e\u0301"'
