"""The leaves of MathML: letters, numbers, signs, spaces. Each becomes one `Item`; nothing here looks at neighbours."""

import unicodedata
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from lomo_hf.rendering.mathematics.emit import call, character, em, join, number, string
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import Context, Lap, Leaf, is_mark
from lomo_hf.rendering.mathematics.symbols import CLASSES, LETTER_CLASSES, atom_of

__all__ = ["Item", "identifier", "number_item", "operator", "space", "text"]

_NOTHING = frozenset(("", "\u2061", "\u2062", "\u2063", "\u2064"))
_PRIMES = {"′": 1, "″": 2, "‴": 3, "⁗": 4}
_VARIANTS = "\ufe00\ufe01"
_SLASH = "\u0338"
_FORMS = {"prefix": ("opening", "open"), "postfix": ("closing", "close"), "infix": ("relation", "rel")}
_FIRST_ALPHANUMERIC = 0x1D400


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of Typst mathematics and the TeX class of its atom.

    `width`, in em, is that of a space; `lap` is the mark of what was to take no room and is too wide for that.
    """

    typst: str
    atom: str = "ord"
    width: float = 0.0
    lap: Lap | None = None


def identifier(element: Element, context: Context, *, named: bool, upright: bool) -> Item:
    """`<mi>`: a variable, a word set upright, the name of an operator (`named`), or marks among letters."""
    content = element.text or ""
    if any(map(is_mark, content)):
        return _marked(content, context, upright or len(content) > 1)
    if named:
        return Item(call("op", string(content)), "op")
    return _letters(content, upright or element.get("mathvariant") == "normal")


def _letters(content: str, upright: bool) -> Item:
    """A letter, a word, letters of a mathematical alphabet, or calligraphic letters with their variant."""
    if len(content) == 1:
        return _letter(content, upright)
    if content and content[-1] in _VARIANTS:
        if not content[0].isalpha():
            return Item(string(content))
        return Item(_calligraphic(content))
    if all(ord(char) < _FIRST_ALPHANUMERIC for char in content):
        return Item(string(content))
    return Item(join([character(char) for char in content if char not in _VARIANTS]))


def _letter(char: str, upright: bool) -> Item:
    if char.isascii() and char.isalpha():
        return Item(f"upright({char})" if upright else char)
    if char == ":":
        return Item(f'#h({em(2 / 18)})class("normal", \\:)#h({em(6 / 18)})', "ord")
    if char.isalpha() and not _is_greek_or_symbol(char):
        return Item(string(char))
    if upright and char.isalpha():
        return Item(call("upright", character(char)))
    if not char.isalnum() and (ord(char) > 0x7F or atom_of(char) != "ord"):
        name = LETTER_CLASSES.get(char, "normal")
        atom = {"binary": "bin", "relation": "rel"}.get(name, "ord")
        return Item(call("class", f'"{name}"', character(char)), atom)
    return Item(character(char))


def _is_greek_or_symbol(char: str) -> bool:
    """Letters that mathematics has a form of its own for; all others are set as text."""
    code = ord(char)
    return 0x370 <= code < 0x400 or 0x2100 <= code < 0x2200 or code >= _FIRST_ALPHANUMERIC or char in "ıȷℏ"


def _calligraphic(content: str) -> str:
    out = []
    for char, variant in zip(content, content[1:] + " ", strict=True):
        if char not in _VARIANTS:
            letter = unicodedata.normalize("NFKC", char)
            out.append(call("scr" if variant == "\ufe01" else "cal", character(letter)))
    return join(out)


def _marked(content: str, context: Context, upright: bool) -> Item:
    """Letters with marks among them; a mark alone keeps its class."""
    if _SLASH in content:
        raise refuse("syntax", "\\not stands before a construct that cannot be slashed.")
    items: list[Item] = []
    plain = ""
    for char in content:
        if not is_mark(char):
            plain += char
            continue
        if plain:
            items.append(_letters(plain, upright))
            plain = ""
        mark = context.of(char)
        if not isinstance(mark, Leaf):
            raise refuse("syntax", "a construct stands where only letters can.")
        items.append(Item(call("op", mark.typst) if mark.atom == "op" else mark.typst, mark.atom, mark.width))
    if plain:
        items.append(_letters(plain, upright))
    return items[0] if len(items) == 1 else Item(join([item.typst for item in items]))


def number_item(element: Element) -> Item:
    """`<mn>`: digits and points."""
    return Item(number(element.text or ""))


def operator(element: Element, context: Context) -> Item:
    """`<mo>`: a sign with the class that TeX gives it, or the name of an operator."""
    content = element.text or ""
    if content in _NOTHING:
        return Item("")
    if content in _PRIMES:
        return Item("\\′" * _PRIMES[content])
    if any(map(is_mark, content)):
        return _marked(content, context, True)
    if len(content) > 1 and content.isalpha():
        return Item(call("op", string(content)), "op")
    if len(content) == 2 and content[1] == _SLASH:
        # Of most signs the font has no slashed form, and its combining slash falls behind them.
        return Item(call("class", '"relation"', call("lmnot", character(content[0]))), "rel")
    if len(content) > 1:
        return Item(join([character(char) for char in content]), atom_of(content[0]))
    if content in "|‖":
        name, atom = _FORMS.get(element.get("form", ""), ("normal", "ord"))
        # The bars of the other sign stand further apart: at 26 px those of ‖ run together.
        return Item(call("class", f'"{name}"', character("∥" if content == "‖" else content)), atom)
    if content in CLASSES:
        return Item(call("class", f'"{CLASSES[content]}"', character(content)), atom_of(content))
    return Item(character(content), atom_of(content))


def text(element: Element) -> Item:
    """`<mtext>`: interword space from `~` and `\\ `; other text is ours and never comes this way."""
    content = "".join(element.itertext())
    if content and all(char in " \u00a0" for char in content):
        return Item(f"#h({em(len(content) / 3)})", "space", len(content) / 3)
    return Item(string(content)) if content else Item("")


def space(element: Element) -> Item:
    """`<mspace>`: a width in em, in rem, or a negative margin."""
    width = element.get("width", "")
    if not width and "margin-left:" in element.get("style", ""):
        width = element.get("style", "").split("margin-left:")[1].split(";")[0]
    size = float(width.rstrip("rem")) if width else 0.0
    return Item(f"#h({em(size)})", "space", size) if width else Item("")
