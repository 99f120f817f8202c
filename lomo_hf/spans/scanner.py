"""A linear-time scanner: which parts of a prompt are formulas, code or plain text.

It knows `$…$` by pandoc's rule (so that `$5 and $10` is money), `$$…$$`, `\\(…\\)`, `\\[…\\]`, mathematical
environments and bare LaTeX commands with their arguments; it respects escaped dollars, code fences and inline code. A
delimiter without its partner is text. No regular expression reads a formula; every search either moves forward only or
is bounded, so 25,000 unclosed `\\(` cost what 25,000 letters cost.

It does not decide whether a formula can be typeset: that is `lomo_hf.rendering`.
"""

from collections.abc import Iterator

from lomo_hf.spans.atoms import MAX_FORMULA_CHARS, Atom, AtomKind, Stretch, Token
from lomo_hf.spans.bare import BareCommands
from lomo_hf.spans.commands import MATH_ENVIRONMENTS
from lomo_hf.spans.dollars import dollar_formula, is_prose
from lomo_hf.spans.fences import fences

__all__ = ["Atom", "AtomKind", "scan"]

_MAX_INLINE_DISPLAY = 40  # `$$x$$` within a line of text and no longer than this is set inline
_MAX_CODE_SPAN = 2_000
_MAX_NESTING = 32  # environments within environments
_CLOSERS = {"$$": "$$", "\\(": "\\)", "\\[": "\\]"}


def scan(prompt: str) -> tuple[Atom, ...]:
    r"""The atoms of a prompt, in order, never overlapping; what lies between them is plain text (paper, section 3).

    >>> text = r"It costs $5 and $10. Let $x=1$ and \(y\). Code `$z$`."
    >>> [(a.kind, text[a.start:a.end]) for a in scan(text)]
    [('inline', '$x=1$'), ('inline', '\\(y\\)'), ('code', '`$z$`')]
    """
    atoms: list[Atom] = []
    here = 0
    for fence in fences(prompt):
        atoms.extend(_Matching(Stretch(prompt, here, fence.start)).atoms())
        atoms.append(fence)
        here = fence.end
    atoms.extend(_Matching(Stretch(prompt, here, len(prompt))).atoms())
    return tuple(atoms)


class _Matching:
    """The atoms of one stretch: each token in turn opens one, if it has a partner, and what it encloses is skipped."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch, self.text, self.tokens = stretch, stretch.text, stretch.tokens
        self.bare = BareCommands(stretch)
        self.environments = _environments(stretch.tokens)

    def atoms(self) -> Iterator[Atom]:
        here = self.stretch.start
        for index, token in enumerate(self.tokens):
            atom = None
            if token.start >= here:
                atom = self._opened_by(index, token)
            elif token.kind == "$$" and here == token.start + 1:
                atom = dollar_formula(self.stretch, here)  # `$a$$b$`: the second dollar opens the next formula
            if atom is not None:
                yield atom
                here = atom.end

    def _opened_by(self, index: int, token: Token) -> Atom | None:
        match token.kind:
            case "$":
                return dollar_formula(self.stretch, token.start)
            case "$$" | "\\(" | "\\[":
                return self._paired(index, token)
            case "begin" if index in self.environments:
                end = self.tokens[self.environments[index]].end
                return Atom("display", token.start, end, token.start, end)
            case "command":
                return self.bare.formula(token)
        return self._code_span(index, token) if token.kind[0] == "`" else None

    def _paired(self, index: int, token: Token) -> Atom | None:
        closer = _CLOSERS[token.kind]
        close = self.stretch.following(closer, index)
        again = self.stretch.following(token.kind, index) if closer != token.kind else None
        if close is None or (again is not None and again < close):
            return None
        body_start, body_end = token.end, self.tokens[close].start
        if body_end - body_start > MAX_FORMULA_CHARS or not self.text[body_start:body_end].strip():
            return None
        if closer == "$$":
            if self.stretch.blank_between(body_start, body_end) or is_prose(self.text[body_start:body_end]):
                return None
        start, end = token.start, self.tokens[close].end
        inline = closer == "\\)" or self._within_line(start, end)
        return Atom("inline" if inline else "display", start, end, body_start, body_end)

    def _within_line(self, start: int, end: int) -> bool:
        """A short display formula with words before and after it on its line: it was meant inline."""
        if end - start > _MAX_INLINE_DISPLAY:
            return False
        before = self.text[max(self.stretch.start, start - 80) : start].rpartition("\n")[2]
        after = self.text[end : min(self.stretch.end, end + 80)].partition("\n")[0]
        return any(map(str.isalpha, before)) and any(map(str.isalpha, after))

    def _code_span(self, index: int, token: Token) -> Atom | None:
        """Inline code (CommonMark 6.1): closed by a run of as many backticks, within a paragraph."""
        close = self.stretch.following(token.kind, index)
        if close is None or self.tokens[close].start - token.end > _MAX_CODE_SPAN:
            return None
        body_start, body_end = token.end, self.tokens[close].start
        if self.stretch.blank_between(body_start, body_end) or _is_quotation(self.text[body_start:body_end]):
            return None
        return Atom("code", token.start, self.tokens[close].end, body_start, body_end)


def _is_quotation(body: str) -> bool:
    """Whether the second backtick opens a word, and closes no code: `quoted' text in LaTeX, or the price `74.10."""
    return body[-1].isspace() and not body[0].isspace()


def _environments(tokens: list[Token]) -> dict[int, int]:
    r"""Token index of `\begin{x}` -> that of its `\end{x}`; one without a partner is text."""
    opened: list[int] = []
    partners = {}
    for index, token in enumerate(tokens):
        if token.name not in MATH_ENVIRONMENTS:
            continue
        if token.kind == "begin":
            opened.append(index)
        elif token.kind == "end":
            names = [tokens[at].name for at in opened[: -_MAX_NESTING - 1 : -1]]
            if token.name in names:
                depth = names.index(token.name) + 1
                if token.end - tokens[opened[-depth]].start <= MAX_FORMULA_CHARS:
                    partners[opened[-depth]] = index
                del opened[-depth:]
    return partners
