r"""Text inside mathematics (`\text{…}`, cells of a tabular) as Typst: string literals, styles and nested formulas.

Text is never interpreted by Typst. What LaTeX itself allows in text is done here: accents, ligatures for dashes and
quotes, fonts, escaped signs, `$…$`. A command that only mathematics knows, which LaTeX refuses, is set as such.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lomo_hf.errors import FormulaError
from lomo_hf.rendering.mathematics.coverage import check_text
from lomo_hf.rendering.mathematics.displacement import check_drawn_back
from lomo_hf.rendering.mathematics.emit import call, em, join, string
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.marks import Context
from lomo_hf.rendering.mathematics.measures import colour, length
from lomo_hf.rendering.mathematics.scanner import Cursor, is_word
from lomo_hf.rendering.mathematics.symbols import TEXT_SYMBOLS

__all__ = ["TEXT_COMMANDS", "circled", "text_to_typst"]

Formula = Callable[[Sequence[str], Context], str]

TEXT_COMMANDS = {
    "\\text": "", "\\mbox": "", "\\hbox": "", "\\textnormal": "normal", "\\textrm": "roman", "\\textup": "upright",
    "\\textmd": "medium", "\\centerline": "", "\\textbf": "bold", "\\textit": "italic", "\\textsl": "italic",
    "\\emph": "italic", "\\texttt": "mono", "\\textsf": "sans", "\\textsc": "smallcaps", "\\textlf": "",
}  # fmt: skip
"""Commands whose argument is text, and what they change of its style."""

_SWITCHES = {
    "\\bf": "bold", "\\bfseries": "bold", "\\it": "italic", "\\itshape": "italic", "\\em": "italic", "\\tt": "mono",
    "\\sf": "sans", "\\rm": "normal", "\\normalfont": "normal", "\\sl": "italic", "\\slshape": "italic",
    "\\sc": "smallcaps", "\\scshape": "smallcaps", "\\ttfamily": "mono", "\\sffamily": "sans", "\\rmfamily": "roman",
    "\\upshape": "upright", "\\mdseries": "medium",
}  # fmt: skip
_ACCENTS = {
    "\\'": "\u0301", "\\`": "\u0300", "\\^": "\u0302", '\\"': "\u0308", "\\~": "\u0303", "\\=": "\u0304",
    "\\.": "\u0307", "\\u": "\u0306", "\\v": "\u030c", "\\H": "\u030b", "\\c": "\u0327", "\\d": "\u0323",
    "\\b": "\u0331", "\\r": "\u030a", "\\k": "\u0328",
}  # fmt: skip
_SPACES = {"\\quad": 1.0, "\\qquad": 2.0, "\\,": 1 / 6, "\\:": 2 / 9, "\\>": 2 / 9, "\\;": 5 / 18, "\\!": -1 / 6,
           "\\enspace": 0.5, "\\thinspace": 1 / 6, "\\negthinspace": -1 / 6, "\\enskip": 0.5}  # fmt: skip
_SILENT = frozenset((
    "\\/", "\\-", "\\small", "\\large", "\\Large", "\\LARGE", "\\huge", "\\Huge", "\\normalsize", "\\footnotesize",
    "\\scriptsize", "\\tiny", "\\centering", "\\raggedright", "\\raggedleft", "\\noindent", "\\strut", "\\null",
    "\\protect", "\\relax", "\\leavevmode", "\\hfill", "\\displaystyle", "\\textstyle", "\\nolinebreak", "\\par",
    "\\allowbreak", "\\ignorespaces", "\\unskip", "\\selectfont",
))  # fmt: skip
_LINES = {"\\underline": "underline", "\\uline": "underline", "\\ul": "underline", "\\overline": "overline",
          "\\sout": "lmsout", "\\st": "lmsout"}  # fmt: skip
_LIGATURES = (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("`", "‘"), ("'", "’"))
_END = '#h(0pt)class("relation", #[])#h(0pt)'  # a relation of no width
_CJK = (("\u2e80", "\u9fff"), ("\uac00", "\ud7ff"), ("\uf900", "\ufaff"), ("\uff00", "\uff60"))


@dataclass(frozen=True, slots=True)
class _Style:
    """The face of a text: "", "mono", "sans" or "smallcaps"; its weight and slope."""

    face: str = ""
    bold: bool = False
    italic: bool = False

    def changed(self, change: str) -> "_Style":
        """As a command of fonts changes it.

        >>> _Style().changed("bold").changed("italic")
        _Style(face='', bold=True, italic=True)
        """
        match change:
            case "bold" | "medium":
                return _Style(self.face, change == "bold", self.italic)
            case "italic" | "upright":
                return _Style(self.face, self.bold, change == "italic")
            case "mono" | "sans" | "smallcaps" | "roman":
                return _Style("" if change == "roman" else change, self.bold, self.italic)
        return _Style() if change == "normal" else self


def text_to_typst(
    tokens: Sequence[str], context: Context, formula: Formula, change: str = "", *, breaks: int = 0
) -> str:
    """Text as a piece of Typst mathematics.

    Args:
        tokens: The text.
        context: Of the formula that it is part of.
        formula: Sets what stands between dollars.
        change: What the command changes of the style, as in `TEXT_COMMANDS`.
        breaks: From how many characters on a text may be broken between its words, 0 for never; only where nothing
            around it holds it together.

    Raises:
        FormulaError: It is not text.
    """
    return _Setter(context, formula, breaks).text(tokens, _Style().changed(change))


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


@dataclass(slots=True)
class _Setter:
    """The text of one argument; `drawn_back` is the sum of spaces that stand beside each other."""

    context: Context
    formula: Formula
    breaks: int = 0
    pieces: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    run: float = 0.0

    def text(self, tokens: Sequence[str], style: _Style) -> str:
        self.context.enter()
        cursor = Cursor(tokens)
        while (token := cursor.next()) is not None:
            if self._is_plain(token, cursor):
                self.run = 0.0
            elif token in _SWITCHES:
                self._flush(style)
                style = style.changed(_SWITCHES[token])
                _eat_space_after(cursor, token)
            elif token in _SILENT:
                _eat_space_after(cursor, token)
            elif token in _SPACES:
                self._space(_SPACES[token], style)
                _eat_space_after(cursor, token)
            else:
                self._flush(style)
                self.pieces.append(self._compound(token, cursor, style))
                self.run = 0.0
        self._flush(style)
        self.context.leave()
        return join(self.pieces)

    def _is_plain(self, token: str, cursor: Cursor) -> bool:
        """Whether a token is a character of text; if so it is taken."""
        if len(token) == 1 and token not in "${}~":
            self.plain.append(token)
        elif token in ("~", "\\ ", "\\\\", "\\newline", "\\par"):
            self.plain.append("\u00a0" if token == "~" else " ")
        elif token in TEXT_SYMBOLS:
            self.plain.append(TEXT_SYMBOLS[token])
            _eat_space_after(cursor, token)
        elif token in _ACCENTS and ((len(token) > 1 and not token[1].isalpha()) or cursor.look() is not None):
            self.plain.append(_accented(_plain_argument(cursor, token), _ACCENTS[token]))
        elif token in ("\\textcircled", "\\circled"):
            self.plain.append(circled(_plain_argument(cursor, token)))
        else:
            return False
        return True

    def _flush(self, style: _Style) -> None:
        if self.plain:
            text = _ligatures("".join(self.plain))
            self.pieces.append(_broken(text, style) if 0 < self.breaks <= len(text) else _styled(text, style))
            self.context.shown += len(self.plain)
            self.plain.clear()

    def _space(self, size: float, style: _Style) -> None:
        self._flush(style)
        self.run += size
        check_drawn_back(self.run, False, False, "part", self.context)
        self.pieces.append(f"#h({em(size)})")

    def _inner(self, tokens: Sequence[str], style: _Style) -> str:
        return _Setter(self.context, self.formula, self.breaks).text(tokens, style)

    def _held(self, tokens: Sequence[str], style: _Style) -> str:
        """Text that stays on one line."""
        return _Setter(self.context, self.formula).text(tokens, style) or "#[]"

    def _compound(self, token: str, cursor: Cursor, style: _Style) -> str:
        if token == "{":
            return self._inner(cursor.until("{"), style)
        if token in ("$", "\\("):
            return self.formula(_until(cursor, "$" if token == "$" else "\\)"), self.context)
        if token in TEXT_COMMANDS:
            return self._inner(cursor.argument(token), style.changed(TEXT_COMMANDS[token]))
        if token == "\\ensuremath":
            return self.formula(cursor.argument(token), self.context)
        if token in _LINES:
            return call(_LINES[token], self._held(cursor.argument(token), style))
        if token in ("\\textsuperscript", "\\textsubscript"):
            side = "t" if token == "\\textsuperscript" else "b"
            return f"attach(#[], {side}: {self._held(cursor.argument(token), style)})"
        if token in ("\\hspace", "\\hskip", "\\kern"):
            cursor.take("*")
            self._space(length(cursor.word(token)), style)
            return ""
        if token in ("\\textcolor", "\\color"):
            value = colour("".join(cursor.optional() or ""), cursor.word(token))
            tokens = cursor.argument(token) if token == "\\textcolor" else cursor.rest()
            return f"lmcolour(#{string(value)}, {self._held(tokens, style)})"
        if token in ("\\fbox", "\\framebox"):
            cursor.optional(), cursor.optional()
            return f"lmboxed({self._held(cursor.argument(token), style)})"
        if token == "\\begin":
            return self._environment(cursor)
        if token in ("\\end", "}"):
            raise refuse("syntax", f"{token} stands in a text where it cannot.")
        return self._mathematics(token, cursor)

    def _environment(self, cursor: Cursor) -> str:
        body = cursor.until("\\begin")
        name = cursor.argument("\\end")
        return self.formula(["\\begin", *body, "\\end", "{", *name, "}"], self.context)

    def _mathematics(self, token: str, cursor: Cursor) -> str:
        r"""`\text{x \le 2}`: what LaTeX would refuse, for it knows the command in mathematics only."""
        tokens = [token]
        while is_word(token) and cursor.peek() == "{":
            tokens += ["{", *cursor.argument(token), "}"]
        try:
            typst = self.formula(tokens, self.context)
        except FormulaError as error:
            if is_word(token):
                raise refuse(f"unknown-command:{token[:40]}", f"{token[:40]} is not a command of text.") from error
            raise refuse("syntax", f"{token} cannot stand in a text.") from error
        self.context.repairs.add("mended-mathematics-in-text")
        _eat_space_after(cursor, token)
        return typst


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
    for written, sign in _LIGATURES:
        text = text.replace(written, sign)
    return text


def _styled(text: str, style: _Style) -> str:
    """A string literal in its style. A space at either end is set as such, for Typst trims none inside mathematics."""
    typst = string(text)
    face = style.face
    if any("\u0900" <= char <= "\u097f" for char in text):
        face = "sans"  # New Computer Modern has the letters of Devanagari, but not the forms that join them
    if face or style.bold or style.italic:
        check_text(text, face)
    for name, wanted in ((face, bool(face)), ("italic", style.italic), ("bold", style.bold)):
        typst = call(f"lmtext{name}", typst) if wanted else typst
    return typst


def _broken(text: str, style: _Style) -> str:
    """A long text in words, between which a line may end: Typst ends lines of formulas behind relations only."""
    words = [_END.join(_styled(part, style) for part in _parts(word)) for word in text.split(" ")]
    return f"{_END}#h(0.3333em)".join(words)


def _parts(word: str) -> list[str]:
    """A word, or its characters where it is Chinese, Japanese or Korean; a mark stays with what it follows."""
    parts: list[str] = []
    for char in word:
        wide = any(first <= char <= last for first, last in _CJK)
        if parts and (not (wide or parts[-1][-1] >= "\u2e80") or not char.isalnum()):
            parts[-1] += char
        else:
            parts.append(char)
    return parts
