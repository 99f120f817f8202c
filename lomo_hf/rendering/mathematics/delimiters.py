r"""Delimiters: `\left…\right`, `\middle`, `\big` and its kin, opening brackets."""

from typing import Final

from lomo_hf.rendering.mathematics.emit import call, character, em
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import Context, Handler, Wrap
from lomo_hf.rendering.mathematics.rewrite import rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor
from lomo_hf.rendering.mathematics.symbols import DELIMITERS

__all__ = ["DELIMITER_HANDLERS", "delimiter", "escaped"]

_SIZES = {"big": 1.2, "Big": 1.8, "bigg": 2.4, "Bigg": 3.0}
_SIDES = {"": "normal", "l": "opening", "r": "closing", "m": "relation"}
_BIG = {f"\\{name}{side}": (size, _SIDES[side]) for name, size in _SIZES.items() for side in _SIDES}
_OPENINGS = {
    token: character(DELIMITERS[token])
    for token in ("(", "\\lparen", "[", "\\{", "\\lbrace", "\\lbrack", "\\langle", "\\lfloor", "\\lceil", "\\lgroup",
                  "\\ulcorner", "\\llcorner", "\\llbracket", "\\lmoustache", "⟨", "⌊", "⌈")
} | {"\\lvert": 'class("opening", \\|)', "\\lVert": 'class("opening", \\∥)'}  # fmt: skip


def delimiter(command: str, cursor: Cursor) -> str:
    """The character of the next delimiter, "" for the point that stands for none."""
    cursor.skip_spaces()
    token = cursor.next()
    if token == "{" and cursor.peek() in DELIMITERS:
        token = cursor.next()
        cursor.take("}")
    if token is None or token not in DELIMITERS:
        raise refuse("syntax", f"{command} needs a delimiter; found {token or 'the end'}.")
    if token.startswith("\\text") and list(cursor.tokens[cursor.position : cursor.position + 2]) == ["{", "}"]:
        cursor.position += 2  # pandoc ends the name by an empty group, as in \left\textbar{}
    return DELIMITERS[token]


def escaped(sign: str) -> str:
    """A delimiter as Typst mathematics; one that is not there takes its place by nothing."""
    return character(sign) if sign else "#lmnull()"


def _left(_token: str, cursor: Cursor, context: Context) -> str:
    left = delimiter("\\left", cursor)
    content = cursor.until("\\left")
    right = delimiter("\\right", cursor)
    return context.wrap(Wrap(f"lmlr({escaped(left)} ", f" {escaped(right)})", "inner"), rewrite(content, context))


def _opening(token: str, _cursor: Cursor, context: Context) -> str:
    # math-core looks for the partner of every opening bracket, and its time doubles with each that has none.
    return context.leaf(_OPENINGS[token], "open")


def _middle(_token: str, cursor: Cursor, context: Context) -> str:
    sign = delimiter("\\middle", cursor)
    # Typst would set it as a relation; explicit space, even of no width, stands in for its own.
    return context.leaf(f"#h(0pt){call('mid', character(sign))}#h(0pt)" if sign else "")


def _big(token: str, cursor: Cursor, context: Context) -> str:
    size, side = _BIG[token]
    sign = delimiter(token, cursor)
    if not sign:
        return ""
    sized = f"lr({character(sign)}, size: #{em(size)})"
    atom = {"opening": "open", "closing": "close", "relation": "rel"}.get(side, "ord")
    return context.leaf(call("class", f'"{side}"', sized), atom)


def _unpaired(token: str, _cursor: Cursor, _context: Context) -> str:
    raise refuse("unbalanced", f"{token} has no partner in its group.")


DELIMITER_HANDLERS: Final[dict[str, Handler]] = {
    **dict.fromkeys(_OPENINGS, _opening),
    **dict.fromkeys(_BIG, _big),
    "\\left": _left,
    "\\middle": _middle,
    "\\right": _unpaired,
}
