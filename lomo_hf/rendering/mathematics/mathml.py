"""MathML of math-core, with marks put back -> Typst mathematics.

Not a converter for MathML at large: it knows the elements that math-core 0.9 writes, and refuses any other by name.
Styles are numbered as TeX orders them: 0 display, 1 text, 2 script, 3 script of script.
"""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from lomo_hf.rendering.mathematics.breaks import with_breaks
from lomo_hf.rendering.mathematics.displacement import Row, lapped, only_space, without_displacement
from lomo_hf.rendering.mathematics.emit import call, character, em, join
from lomo_hf.rendering.mathematics.letters import Item, identifier, number_item, operator, space, text
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import Context, Lap, Table, Wrap, is_mark
from lomo_hf.rendering.mathematics.spacing import space_between
from lomo_hf.rendering.mathematics.symbols import ACCENTS
from lomo_hf.rendering.mathematics.tables import cell_style, table_to_typst

__all__ = ["row_to_typst"]

DISPLAY, TEXT, SCRIPT, SMALLEST = range(4)
STYLE_NAMES = ("display", "inline", "script", "sscript")

_APPLY = "\u2061"
_OPERATOR_SPACE = "0.1667em"
_STYLES = {("true", "0"): DISPLAY, ("false", "0"): TEXT, ("false", "1"): SCRIPT, ("false", "2"): SMALLEST}
_BRACES = {
    "⏟": "underbrace", "⏞": "overbrace", "⎵": "underbracket", "⎴": "overbracket", "⏝": "underparen", "⏜": "overparen",
    "⏠": "overparen", "⏡": "underparen",
}  # fmt: skip
_INTEGRALS = frozenset("∫∬∭⨌∮∯∰")
_NOT_AFTER_BINARY = frozenset(("rel", "close", "punct", "end"))
_NOT_BEFORE_BINARY = frozenset(("start", "bin", "op", "rel", "open", "punct"))


def row_to_typst(
    children: list[Element], context: Context, style: int, *, after: str = "start", row: Row = "part"
) -> str:
    """Elements side by side, spaced as TeX spaces them; `after` is the class of what stands to their left.

    `row` says whether they are a whole formula, a cell of a table, or a part of either.
    """
    return _joined(_items(children, context, style), context, style, after, row)


def _items(children: list[Element], context: Context, style: int) -> list[Item]:
    items: list[Item] = []
    for index, child in enumerate(children):
        if _is_apply(child) or _is_operator_space(child):
            continue
        named = index + 1 < len(children) and _is_apply(children[index + 1])
        named = named or (index > 0 and _is_operator_space(children[index - 1]))
        item = _convert(child, context, style, named)
        if item.typst:
            items.append(item)
            context.shown += item.atom != "space"
    return items


def _joined(items: list[Item], context: Context, style: int, last: str = "start", row: Row = "part") -> str:
    pieces: list[str] = []
    spaced = False
    items = without_displacement(items, last, row, context)
    if row == "whole":
        items = with_breaks(items)
    following = _following([item.atom for item in items])
    for item, after in zip(items, following, strict=True):
        atom, typst = item.atom, item.typst
        if atom == "space":
            spaced = True
            pieces.append(typst)
            continue
        if atom == "bin":
            atom = "ord" if last in _NOT_BEFORE_BINARY or after in _NOT_AFTER_BINARY else "bin"
            typst = _binary(typst, atom)
        # Typst spaces atoms as TeX does, but for inner atoms, which it does not know, and across explicit space.
        if spaced or "inner" in (atom, last):
            between = space_between(last, atom, style)
            pieces.append(f"#h({em(between)})" if between else "")
        pieces.append(typst)
        last, spaced = atom, False
    return join(pieces)


def _following(atoms: list[str]) -> list[str]:
    """For each atom the next one that is no space."""
    following, after = [], "end"
    for atom in reversed(atoms):
        following.append(after)
        after = after if atom == "space" else atom
    return following[::-1]


def _binary(typst: str, atom: str) -> str:
    """A binary sign, or the same with nothing on one side of it, as in (-1) or =-x, which takes no space around it."""
    if typst.startswith('class("binary"'):
        return typst if atom == "bin" else typst.replace('class("binary"', 'class("normal"', 1)
    if not typst.startswith("\\"):
        return typst
    return call("class", '"binary"' if atom == "bin" else '"normal"', typst)


def _is_apply(element: Element) -> bool:
    return element.tag == "mo" and element.text == _APPLY


def _is_operator_space(element: Element) -> bool:
    """The space that math-core puts before the name of an operator; Typst puts its own."""
    return element.tag == "mspace" and element.get("width") == _OPERATOR_SPACE


def _convert(element: Element, context: Context, style: int, named: bool = False) -> Item:
    match element.tag:
        case "mi":
            return identifier(element, context, named=named, upright=False)
        case "mn":
            return number_item(element)
        case "mo":
            return operator(element, context)
        case "mtext":
            return text(element)
        case "mspace":
            return space(element)
    handler = _HANDLERS.get(element.tag)
    if handler is None:
        raise refuse(f"unsupported:{element.tag[:20]}", f"the element {element.tag[:20]} is not set.")
    return handler(element, context, style, named)


def _argument(element: Element, context: Context, style: int) -> str:
    """What one element sets, as an argument."""
    return _convert(element, context, style).typst


def _row(element: Element, context: Context, style: int, named: bool) -> Item:
    children = list(element)
    if children and children[0].tag == "mspace" and not children[0].attrib:
        children = children[1:]
        if len(children) == 1 and children[0].tag == "mi":
            return identifier(children[0], context, named=named, upright=True)
    wanted = _STYLES.get((element.get("displaystyle", ""), element.get("scriptlevel", "")))
    fenced = _binomial(children, context, style if wanted is None else wanted)
    items = [fenced] if fenced else _items(children, context, style if wanted is None else wanted)
    typst = _joined(items, context, style if wanted is None else wanted)
    if wanted is not None:
        typst = call(STYLE_NAMES[wanted], typst)
    if len(items) == 1:
        return Item(typst, items[0].atom, items[0].width, items[0].lap)
    return Item(typst, "space", sum(item.width for item in items)) if only_space(items) else Item(typst)


def _binomial(children: list[Element], context: Context, style: int) -> Item | None:
    r"""`\binom` and its kin: a fraction without a line between delimiters that belong to it."""
    if len(children) != 3 or children[1].tag != "mfrac" or children[1].get("linethickness") != "0":
        return None
    left, right = (child.text or "" for child in (children[0], children[2]))
    if children[0].tag != "mo" or children[2].tag != "mo" or children[0].get("stretchy") == "false":
        return None
    own = {"true": DISPLAY, "false": TEXT}.get(children[1].get("displaystyle", ""), style)
    above, below = (_argument(child, context, min(own + 1, SMALLEST)) for child in children[1])
    if (left, right) == ("(", ")"):
        typst = call("binom", above, below)
    else:
        typst = f"lr({character(left)} {_stack(above, below, own)} {character(right)})"
    return Item(call(STYLE_NAMES[own], typst) if own != style else typst, "ord")


def _stack(above: str, below: str, style: int) -> str:
    inner = STYLE_NAMES[min(style + 1, SMALLEST)]
    return call("lmatop", call(inner, above or "#[]"), call(inner, below or "#[]"))


def _fraction(element: Element, context: Context, style: int, _named: bool) -> Item:
    own = {"true": DISPLAY, "false": TEXT}.get(element.get("displaystyle", ""), style)
    continued = element.get("scriptlevel") == "0"
    above, below = (_argument(child, context, min(own + 1, SMALLEST)) for child in element)
    if element.get("linethickness") == "0":
        typst = _stack(above, below, own)
    elif continued:
        typst = call("frac", f"lmstrut(){above}", below)
    else:
        typst = call("frac", above, below)
    return Item(call(STYLE_NAMES[own], typst) if own != style else typst)


def _root(element: Element, context: Context, style: int, _named: bool) -> Item:
    children = list(element)
    if element.tag == "mroot":
        return Item(call("root", _argument(children[1], context, SMALLEST), _argument(children[0], context, style)))
    return Item(call("sqrt", row_to_typst(children, context, style)))


def _scripts(element: Element, context: Context, style: int, named: bool) -> Item:
    base, *scripts = element
    names = {"msub": "b", "msup": "t", "msubsup": "bt", "munder": "b", "mover": "t", "munderover": "bt"}[element.tag]
    if element.tag in ("munder", "mover"):
        special = _decorated(element, base, scripts[0], context, style)
        if special is not None:
            return special
    item = _convert(base, context, style, named)
    typst, atom = item.typst or "#[]", item.atom
    if element.tag in ("munder", "mover", "munderover"):
        movable = base.tag == "mo" and atom == "op" and base.get("movablelimits") is None
        if not movable or typst[-1:] in _INTEGRALS or typst.startswith("op("):
            typst = call("limits", typst)
    elif atom in ("op", "rel", "bin"):
        typst = call("scripts", typst)
    smaller = min(max(style + 1, SCRIPT), SMALLEST)
    arguments = [
        f"{name}: {_argument(child, context, smaller) or '#[]'}" for name, child in zip(names, scripts, strict=True)
    ]
    return Item(call("attach", typst, *arguments), atom)


def _decorated(element: Element, base: Element, over: Element, context: Context, style: int) -> Item | None:
    """An accent, a brace, or one of our own constructs; None for an ordinary script."""
    sign = "".join(over.itertext())
    if len(sign) == 1 and is_mark(sign):
        mark = context.of(sign)
        if isinstance(mark, Wrap | Lap | Table):
            return _restored(mark, base, context, style)
        return None
    if over.tag != "mo":
        return None
    if sign in _BRACES:
        return Item(_braced(_BRACES[sign], base, context, style))
    if (element.get("accent") or element.get("accentunder")) != "true":
        return None
    return _accented(sign, over, element.tag == "munder", base, context, style)


def _braced(name: str, base: Element, context: Context, style: int) -> str:
    inner = _argument(base, context, DISPLAY if "brace" in name else style)
    missing = 1.8 - 0.55 * len("".join(base.itertext()))
    if "brace" in name and missing > 0:  # the shortest brace of TeX is longer than one letter
        pad = f"#h({em(missing / 2)})"
        return call(name, f"{pad}{inner}{pad}")
    return call(name, inner)


def _accented(sign: str, over: Element, under: bool, base: Element, context: Context, style: int) -> Item:
    inner = _argument(base, context, style) or "#[]"
    if sign == "\u0332":
        return Item(call("underline" if under else "overline", inner))
    if under:
        return Item(call("attach", call("limits", inner), f"b: stretch({character(sign)}, size: #(100% + 0.2em))"))
    if sign not in ACCENTS:
        raise refuse(f"unsupported:accent:U+{ord(sign[:1] or ' '):04X}", "an accent is not set.")
    if sign in "→←↔":
        return Item(
            call(
                "lmvector" if len("".join(base.itertext())) < 2 else "lmover", inner, f"\\u{{{ord(ACCENTS[sign]):x}}}"
            )
        )
    size = "100%" if over.get("stretchy") == "true" else "0%"
    return Item(f"accent({inner}, \\u{{{ord(ACCENTS[sign]):x}}}, size: #{size})")


def _restored(mark: Wrap | Lap | Table, base: Element, context: Context, style: int) -> Item:
    if isinstance(mark, Table):
        inner_style = cell_style(mark)

        def cell(children: list[Element], left: str) -> str:
            # Between the two cells of a pair there is no room that a negative space could take.
            row: Row = "part" if left == "ord" else "cell"
            return row_to_typst(children, context, inner_style, after=left, row=row)

        return Item(table_to_typst(mark, base, cell))
    if isinstance(mark, Lap):
        return lapped(mark, _argument(base, context, style) or "#[]", script=style >= SCRIPT)
    inner = _argument(base, context, style if mark.style is None else mark.style)
    return Item(f"{mark.before}{inner or '#[]'}{mark.after}", mark.atom)


def _multiscripts(element: Element, context: Context, style: int, named: bool) -> Item:
    base, *rest = element
    smaller = min(max(style + 1, SCRIPT), SMALLEST)
    names, arguments = ["br", "tr"], []
    for child in rest:
        if child.tag == "mprescripts":
            names = ["bl", "tl"]
            continue
        if not names:
            raise refuse("unsupported:multiscripts", "more than one pair of scripts on a side is not set.")
        name, typst = names.pop(0), _argument(child, context, smaller)
        if typst:
            arguments.append(f"{name}: {typst}")
    return Item(call("attach", _convert(base, context, style, named).typst, *arguments))


def _phantom(element: Element, context: Context, style: int, _named: bool) -> Item:
    return Item(call("lmhide", row_to_typst(list(element), context, style)))


_HANDLERS: dict[str, Callable[[Element, Context, int, bool], Item]] = {
    "mrow": _row, "mfrac": _fraction, "msqrt": _root, "mroot": _root, "msub": _scripts, "msup": _scripts,
    "msubsup": _scripts, "munder": _scripts, "mover": _scripts, "munderover": _scripts,
    "mmultiscripts": _multiscripts, "mphantom": _phantom,
}  # fmt: skip
