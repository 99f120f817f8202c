"""Which letters and digits a span's source says should stand on its page, by reading of its own.

Text is taken as it stands. Of a formula everything is taken but the names of commands and what they are told: lengths,
colours, columns, labels. Nothing of the renderer's reading of LaTeX is used.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from lomo_hf.auditing.alphabet import base_letters
from lomo_hf.spans import Atom

__all__ = ["COUNTED", "formula_letters", "text_letters", "written_letters"]

COUNTED: Final = ("LATIN", "GREEK", "CYRILLIC", "CJK", "HIRAGANA", "KATAKANA", "HANGUL SYLLABLE", "DIGIT",
                  "SUPERSCRIPT", "SUBSCRIPT", "VULGAR FRACTION", "FULLWIDTH", "PERCENT")  # fmt: skip
"""How the names of characters begin that stand on a page one by one: no letter of theirs is joined to another."""

# Commands -> how many of their first arguments are told to them and stand on no page.
_TOLD: Final = {
    **dict.fromkeys(("begin", "end", "color", "label", "ref", "eqref", "cite", "phantom", "hphantom", "vphantom"), 1),
    **dict.fromkeys(("hspace", "vspace", "mspace", "require", "raisebox", "href", "class", "cssId", "style"), 1),
    **dict.fromkeys(("textcolor", "colorbox", "unicode", "cline", "cmidrule", "setlength", "moveright", "notag"), 1),
    **dict.fromkeys(("fcolorbox", "multicolumn", "rule", "definecolor", "multirow"), 2),
    "parbox": 1, "scalebox": 1, "genfrac": 4,
}  # fmt: skip
_COLUMNS: Final = re.compile(
    r"\\begin\s*\{(?:array|tabular|subarray|alignat|alignedat|darray|tabularx|longtable)\*?\}"
)
_QUANTITIES: Final = ("SI", "qty", "num", "pu")
_LENGTH: Final = re.compile(
    r"\s*=?\s*[-+]?\s*(?:\d+\.?\d*|\.\d+)\s*(?:em|ex|pt|mu|cm|mm|in|pc|px|bp|sp)(?:\s+(?:plus|minus)\s*[\d.]+\s*\w\w)*"
)
_AFTER_BREAK: Final = re.compile(r"\s*\*?\s*\[\s*-?[\d.]+\s*[a-z]{2}\s*\]")
_LENGTHS: Final = frozenset(("kern", "mkern", "hskip", "mskip", "vskip", "raise", "lower", "moveleft", "moveright"))
_ESCAPED: Final = re.compile(r"\\u[0-9a-fA-F]{4}|&(?:[a-z]{2,6}|#x?[0-9a-fA-F]{1,6});|\\x[0-9a-fA-F]{2}")
_GREEK: Final = {
    name.lower(): unicodedata.lookup(f"GREEK SMALL LETTER {name}")
    for name in (
        "ALPHA", "BETA", "GAMMA", "DELTA", "ZETA", "ETA", "IOTA", "KAPPA", "LAMDA", "MU", "NU", "XI", "PI", "RHO",
        "SIGMA", "TAU", "UPSILON", "CHI", "PSI", "OMEGA",
    )
}  # fmt: skip
_GREEK["lambda"] = _GREEK.pop("lamda")
_DOUBLED: Final = re.compile(r"\\\\(?=[A-Za-z]{2,}|[{}%])")
_KEYCAP: Final = re.compile("[0-9#*]\ufe0f?\u20e3")


def written_letters(
    prompt: str, start: int, end: int, atoms: Sequence[Atom], *, typeset: bool, doubled: bool = False
) -> Counter[str]:
    """How often each letter and digit is written in `prompt[start:end]`.

    `atoms` are the span's; where formulas are not `typeset`, they are text. Where `doubled`, two backslashes before a
    name are one that was escaped.
    """
    counted: Counter[str] = Counter()
    here = start
    for atom in atoms:
        if typeset and atom.is_math:
            counted.update(text_letters(prompt[here : atom.start]))
            tex = prompt[atom.body_start : atom.body_end]
            counted.update(formula_letters(_DOUBLED.sub(r"\\", tex) if doubled else tex))
            here = atom.end
        elif not atom.is_math:  # a code span without its marks
            counted.update(text_letters(prompt[here : atom.end]))
            here = atom.end
    counted.update(text_letters(prompt[here:end]))
    return counted


def text_letters(text: str) -> Iterator[str]:
    """The letters and digits of a text that are counted.

    >>> "".join(text_letters("Émile’s 3 × ½, שלום"))
    'Emiles312'
    """
    if "\u20e3" in text:
        text = _KEYCAP.sub("", text)
    for char in unicodedata.normalize("NFC", text):
        letters = base_letters(char)
        if letters and letters not in "$\\" and _is_counted(char):
            yield from letters


def formula_letters(tex: str) -> Iterator[str]:
    r"""The letters and digits of a formula that are counted, and the Greek letters that its commands name.

    >>> "".join(formula_letters(r"\frac{a}{2}\text{ for }\hspace{3em}\alpha_1 \begin{array}{cc}x\\[2pt]y\end{array}"))
    'a2forα1xy'
    """
    tex = _ESCAPED.sub(" ", tex)
    here = 0
    while here < len(tex):
        if tex[here] != "\\":
            yield from text_letters(tex[here])
            here += 1
            continue
        name = _name(tex, here + 1)
        begun = _COLUMNS.match(tex, here)
        if begun:
            here = _after_arguments(tex, begun.end(), 1)
        elif not name:
            broken = tex[here + 1 : here + 2] == "\\" and _AFTER_BREAK.match(tex, here + 2)
            if tex[here + 1 : here + 2] == "%":
                yield "%"
            here = broken.end() if broken else here + 2
        else:
            here += 1 + len(name)
            if name in _GREEK:
                yield _GREEK[name]
            elif name in ("hbox", "vbox", "mbox") and (
                amount := re.match(r"\s*(?:to|spread)\s*-?[\d.]+\s*\w\w", tex[here:])
            ):
                here += amount.end()
            elif name in _LENGTHS and (length := _LENGTH.match(tex, here)):
                here = length.end()
            elif name in _QUANTITIES:
                quantity = re.match(r"\s*(?:\[[^\]]*\]\s*)?\{[^{}]*\}", tex[here:])
                if quantity:  # the e of 2.04e6 is a power of ten
                    yield from text_letters(quantity.group().replace("e", "").split("]")[-1])
                    here += quantity.end()
            elif name in _TOLD:
                here = _after_arguments(tex, here, _TOLD[name])


def _name(tex: str, start: int) -> str:
    end = start
    while end < len(tex) and tex[end].isascii() and tex[end].isalpha():
        end += 1
    return tex[start:end]


def _after_arguments(tex: str, here: int, count: int) -> int:
    """Behind optional arguments, and so many arguments in braces."""
    while True:
        at = here
        while at < len(tex) and tex[at] in " *\n":
            at += 1
        if tex[at : at + 1] == "[" and (end := tex.find("]", at)) >= 0:
            here = end + 1
        elif count and tex[at : at + 1] == "{":
            here, count = _group_end(tex, at), count - 1
        else:
            return here


def _group_end(tex: str, start: int) -> int:
    depth = 0
    for at in range(start, len(tex)):
        depth += (tex[at] == "{") - (tex[at] == "}")
        if depth == 0:
            return at + 1
    return len(tex)


def _is_counted(char: str) -> bool:
    return char.isascii() or unicodedata.name(char, "").startswith(COUNTED)
