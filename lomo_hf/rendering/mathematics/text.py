r"""Text inside mathematics (`\text{…}`, cells of a tabular) as Typst: string literals, styles and nested formulas.

Text is never interpreted by Typst. What LaTeX itself allows in text is done here: accents, ligatures for dashes and
quotes, fonts, escaped signs, `$…$`. Commands that only mathematics knows are refused by name, as LaTeX refuses them.
"""

import unicodedata
from collections.abc import Callable, Sequence

from lomo_hf.rendering.mathematics.coverage import check_text
from lomo_hf.rendering.mathematics.emit import call, em, string
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import Context
from lomo_hf.rendering.mathematics.scanner import Cursor, is_word
from lomo_hf.rendering.mathematics.symbols import TEXT_SYMBOLS

__all__ = ["TEXT_COMMANDS", "circled", "text_to_typst"]

Formula = Callable[[Sequence[str], Context], str]

TEXT_COMMANDS = {
    "\\text": "",
    "\\mbox": "",
    "\\hbox": "",
    "\\textnormal": "",
    "\\textrm": "",
    "\\textup": "",
    "\\textmd": "",
    "\\centerline": "",
    "\\textbf": "bold",
    "\\textit": "italic",
    "\\textsl": "italic",
    "\\emph": "italic",
    "\\texttt": "mono",
    "\\textsf": "sans",
    "\\textsc": "smallcaps",
}
"""Commands whose argument is text, and the style they give it."""

_SWITCHES = {
    "\\bf": "bold",
    "\\bfseries": "bold",
    "\\it": "italic",
    "\\itshape": "italic",
    "\\em": "italic",
    "\\tt": "mono",
    "\\sf": "sans",
    "\\rm": "",
    "\\normalfont": "",
}
_ACCENTS = {
    "\\'": "\u0301", "\\`": "\u0300", "\\^": "\u0302", '\\"': "\u0308", "\\~": "\u0303", "\\=": "\u0304",
    "\\.": "\u0307", "\\u": "\u0306", "\\v": "\u030c", "\\H": "\u030b", "\\c": "\u0327", "\\d": "\u0323",
    "\\b": "\u0331", "\\r": "\u030a", "\\k": "\u0328",
}  # fmt: skip
_SPACES = {"\\quad": 1.0, "\\qquad": 2.0, "\\,": 1 / 6, "\\:": 2 / 9, "\\>": 2 / 9, "\\;": 5 / 18, "\\!": -1 / 6}
_SILENT = frozenset((
    "\\/", "\\-", "\\small", "\\large", "\\Large", "\\LARGE", "\\huge", "\\Huge", "\\normalsize", "\\footnotesize",
    "\\scriptsize", "\\tiny", "\\centering", "\\raggedright", "\\noindent", "\\strut", "\\null", "\\protect",
    "\\relax",
))  # fmt: skip
_LIGATURES = (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("`", "‘"), ("'", "’"))


def text_to_typst(tokens: Sequence[str], context: Context, formula: Formula, style: str = "") -> str:
    """Text as a piece of Typst mathematics; `formula` sets what stands between dollars.

    Raises FormulaError for what is not text.
    """
    context.enter()
    pieces: list[str] = []
    plain: list[str] = []
    cursor = Cursor(tokens)

    def flush() -> None:
        if plain:
            pieces.append(_styled(_ligatures("".join(plain)), style))
            plain.clear()

    while (token := cursor.next()) is not None:
        if len(token) == 1 and token not in "${}~":
            plain.append(token)
        elif token in ("~", "\\ ", "\\\\", "\\newline", "\\par"):
            plain.append("\u00a0" if token == "~" else " ")
        elif token in TEXT_SYMBOLS:
            plain.append(TEXT_SYMBOLS[token])
            _eat_space_after(cursor, token)
        elif token in _ACCENTS and ((len(token) > 1 and not token[1].isalpha()) or cursor.look() is not None):
            plain.append(_accented(_plain_argument(cursor, token), _ACCENTS[token]))
        elif token in _SWITCHES:
            flush()
            style = _SWITCHES[token]
            _eat_space_after(cursor, token)
        elif token in _SILENT:
            _eat_space_after(cursor, token)
        elif token in ("\\textcircled", "\\circled"):
            plain.append(circled(_plain_argument(cursor, token)))
        elif token in _SPACES:
            flush()
            pieces.append(f"#h({em(_SPACES[token])})")
            _eat_space_after(cursor, token)
        else:
            flush()
            pieces.append(_compound(token, cursor, context, formula, style))
    flush()
    context.leave()
    return "".join(pieces)


def circled(text: str) -> str:
    """A number or letter in a circle, as one character.

    >>> circled("3"), circled("B")
    ('③', 'Ⓑ')
    """
    text = text.strip()
    if text.isdecimal() and text.isascii() and 1 <= int(text) <= 20:
        return chr(0x2460 + int(text) - 1)
    if text == "0":
        return "⓪"
    if len(text) == 1 and "A" <= text <= "Z":
        return chr(0x24B6 + ord(text) - ord("A"))
    if len(text) == 1 and "a" <= text <= "z":
        return chr(0x24D0 + ord(text) - ord("a"))
    raise refuse("unsupported:\\textcircled", "only numbers from 0 to 20 and letters are set in a circle.")


def _compound(token: str, cursor: Cursor, context: Context, formula: Formula, style: str) -> str:
    if token == "{":
        return text_to_typst(cursor.until("{"), context, formula, style)
    if token == "$":
        return formula(_until(cursor, "$"), context)
    if token == "\\(":
        return formula(_until(cursor, "\\)"), context)
    if token in TEXT_COMMANDS:
        return text_to_typst(cursor.argument(token), context, formula, TEXT_COMMANDS[token] or style)
    if token == "\\ensuremath":
        return formula(cursor.argument(token), context)
    if token == "\\begin" and list(cursor.tokens[cursor.position + 1 : cursor.position + 8]) == list("tabular"):
        body = cursor.until("\\begin")
        name = cursor.argument("\\end")
        return formula(["\\begin", *body, "\\end", "{", *name, "}"], context)
    if token in ("\\begin", "\\end", "}"):
        raise refuse("syntax", f"{token} stands in a text where it cannot.")
    if is_word(token) and len(token) > 2 and token[1] == "n" and token[2:3].isupper():
        # "\nName" in a text is a line feed that was written out; no command of text is called so.
        return _styled(" " + token[2:], style)
    if is_word(token):
        raise refuse(f"unknown-command:{token}", f"{token} is not a command of text.")
    raise refuse("syntax", f"{token} cannot stand in a text.")


def _until(cursor: Cursor, closer: str) -> Sequence[str]:
    """The formula up to its closing dollar; a dollar inside braces belongs to a text inside the formula."""
    start, depth = cursor.position, 0
    while (token := cursor.next()) is not None:
        if token == closer and depth == 0:
            return cursor.tokens[start : cursor.position - 1]
        depth += (token == "{") - (token == "}")
    raise refuse("unbalanced", "a formula inside a text is not closed.")


def _eat_space_after(cursor: Cursor, token: str) -> None:
    if is_word(token) and cursor.peek() == " ":
        cursor.next()


def _plain_argument(cursor: Cursor, command: str) -> str:
    argument = [token for token in cursor.argument(command) if token not in ("{", "}", "$")]
    letters = "".join({"\\i": "i", "\\j": "j"}.get(token, token) for token in argument)
    if "\\" in letters:
        raise refuse(f"unsupported:{command}", f"{command} is set over plain characters only.")
    return letters


def _accented(letters: str, accent: str) -> str:
    return unicodedata.normalize("NFC", (letters[:1] or "\u00a0") + accent) + letters[1:]


def _ligatures(text: str) -> str:
    for source, target in _LIGATURES:
        text = text.replace(source, target)
    return text


def _styled(text: str, style: str) -> str:
    """A string literal in its style. A space at either end is set as such, for Typst trims none inside mathematics."""
    literal = string(text)
    if any("\u0900" <= char <= "\u097f" for char in text):
        style = "sans"  # New Computer Modern has the letters of Devanagari, but not the forms that join them
    if style:
        check_text(text, style)
    return call("lmtext" + style, literal) if style else literal
