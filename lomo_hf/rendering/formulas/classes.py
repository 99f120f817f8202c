"""What class of mathematics a character is of, and the space between two classes: as Typst has them.

Only characters whose class is sure are listed. The tests ask Typst for the class of each.
"""

from typing import Final, Literal

__all__ = ["MathClass", "class_of", "gap", "is_listed"]

MathClass = Literal["normal", "binary", "relation", "opening", "closing", "punctuation", "large", "fence"]

_THIN, _MEDIUM, _THICK = 1 / 6, 2 / 9, 5 / 18  # em
_LISTED: Final[dict[MathClass, str]] = {
    "normal": (
        "!#$%&'*./@~§°…‰′″‴ℂℍℏℑℓℕ℘ℙℚℜℝℤ℧ℵℶ∀∁∂∃∄∅∆∇∎∞∠∡∢⊤⊥⋮⋯⋰⋱■□▪▫▮▯◆◇●♭♮♯"
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρςστυφχψωϑϕϖϰϱϵ"
    ),
    "binary": "×÷•∓±−+∔∖∗∘∙∧∨∩∪≀⊎⊓⊔⊕⊖⊗⊘⊙⊚⊛⊝⊞⊟⊠⊡⊻⊼⊽⋄⋅⋆⋇⋉⋊⋋⋌⋎⋏⋒⋓◦○△▽⨿",
    "relation": (
        ":<=>†‡←↑→↓↔↕↖↗↘↙↚↛↞↠↢↣↦↩↪↭↮↰↱↶↷↼↽⇀⇁⇄⇆⇋⇌⇍⇎⇏⇐⇑⇒⇓⇔⇕⇝∈∉∋∌∝∣∤∥∦∴∵∶∷∼∽≁≃≄≅≇≈≉≊≍≎≏≐≑≒≓≖≗≜≝≟≠≡≢≤≥≦≧≨≩"
        "≪≫≬≮≯≰≱≲≳≶≷≺≻≼≽≾≿⊀⊁⊂⊃⊄⊅⊆⊇⊈⊉⊊⊋⊏⊐⊑⊒⊢⊣⊨⊩⊪⊬⊭⊮⊯⊲⊳⊴⊵⊸⋈⋐⋑⋔⋖⋗⋘⋙⋚⋛⋞⋟⟂⟵⟶⟷⟸⟹⟺⟼⩽⩾⪅⪆⪇⪈⪕⪖⪯⪰"
    ),
    "opening": "([{⌈⌊⟦⟨⟮",
    "closing": ")]}⌉⌋⟧⟩⟯",
    "punctuation": ",;?",
    "large": "∏∐∑∫∬∭∮⋀⋁⋂⋃⨀⨁⨂⨄⨆",
    "fence": "|‖",
}
_VARYING = "+−±∓"  # of the class of a sign where something stands before them: never without their class written out
_CLASSES: Final[dict[str, MathClass]] = {char: name for name, chars in _LISTED.items() for char in chars}
_STYLED = range(0x1D400, 0x1D800)  # letters and digits of mathematics: bold, script and so on


def class_of(char: str) -> MathClass | None:
    """The class of a character that stands for itself; None where it is not listed.

    >>> class_of("="), class_of("α"), class_of("+"), class_of("中")
    ('relation', 'normal', None, None)
    """
    if char in _VARYING:
        return None
    return "normal" if ord(char) in _STYLED else _CLASSES.get(char)


def is_listed(char: str) -> bool:
    """Whether a character may stand within a piece of a formula."""
    return char in _CLASSES or ord(char) in _STYLED


def gap(left: MathClass, right: MathClass) -> float:
    """The space between two neighbours, in em of mathematics.

    Source: The TeXbook, chapter 18, as Typst has it: nothing but a relation or a sign asks for space.

    >>> round(gap("normal", "relation"), 3), gap("normal", "punctuation"), gap("relation", "relation")
    (0.278, 0.0, 0.0)
    """
    if right == "punctuation":
        return 0.0
    if left == "punctuation":
        return _THIN
    if left == "opening" or right == "closing" or (left == right == "relation"):
        return 0.0
    if "relation" in (left, right):
        return _THICK
    if "binary" in (left, right):
        return _MEDIUM
    if left == "large":
        return 0.0 if right in ("opening", "fence") else _THIN
    return _THIN if right == "large" else 0.0
