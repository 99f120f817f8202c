"""What is checked of what a page says: nothing that is written in a span may be lost, hidden, or shown as its source.

A page that is rendered again tells which glyphs it drew and where. They are read by their outlines, and held against
the span's source; neither the markup nor the reading of LaTeX that made the page is asked.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lomo_hf.auditing.alphabet import Alphabet, shared_alphabet
from lomo_hf.auditing.page_glyphs import Glyph, PageGlyphs, read_page
from lomo_hf.auditing.written import written_letters
from lomo_hf.rendering import Page
from lomo_hf.spans import Atom

__all__ = ["CONTENT_CHECKS", "Content", "content_findings"]

_LIGHTEST: Final = 170  # of 255: what is lighter is not read as ink
_COVERED: Final = 0.6  # of a letter's box: more of it under another letter hides it
_APART: Final = 0.3  # of a letter's height: words that stand closer are one
_OUTSIDE: Final = 2.0  # px
_CELL: Final = 12  # px; letters whose centres are farther apart do not hide one another
_FEW: Final = 2  # words in a row that are set as mathematics
_WORD: Final = re.compile(r"(?<![\\A-Za-z{])[a-z]{4,}(?![A-Za-z}])")
_PAIR: Final = re.compile(r"(?<![\\$])\${1,2}([^$\n]{1,200}?)(?<!\\)\${1,2}(?![0-9])")
_FORMULA: Final = re.compile(r"\\[a-z]+|[\^_=<>+]|\s-\s|^[A-Za-z]-?$")
_COMMAND_END: Final = re.compile(r"\\[A-Za-z]{2,}\Z")
_DOUBLED: Final = re.compile(r"\\\\([a-z]{3,})")
_EMPTY: Final = re.compile(r"\\(?:boxed|fbox|framebox)\s*\{\s*\}")
_OPENING: Final = re.compile(
    r"\\(?:text|mbox|hbox|operatorname|mathrm|mathbf|mathsf|mathtt|textrm|textbf|textit|rm|bf)\b"
)


@dataclass(frozen=True)
class Content:
    """A span beside its page: what is written and what stands there.

    `atoms` are the span's; `page` is clean, as it was rendered.
    """

    prompt: str
    start: int
    end: int
    atoms: Sequence[Atom]
    page: Page
    glyphs: PageGlyphs
    alphabet: Alphabet

    @property
    def typeset(self) -> bool:
        """Whether formulas are set as formulas."""
        return self.page.renderer == "latex"

    @property
    def doubled(self) -> bool:
        """Whether backslashes that were escaped once too often were mended, which the row records."""
        return "mended-doubled-backslashes" in self.page.repairs

    @property
    def formulas(self) -> list[str]:
        """The formulas, where they are set as such."""
        return [self.prompt[atom.body_start : atom.body_end] for atom in self.atoms if atom.is_math and self.typeset]


def content_findings(
    prompt: str, start: int, end: int, atoms: Sequence[Atom], page: Page, alphabet: Alphabet | None = None
) -> Mapping[str, list[str]]:
    """Check -> what is false of a span's page, as sentences.

    Args:
        prompt: The turn.
        start: Where the span starts.
        end: Where it ends.
        atoms: Its formulas and code.
        page: The page, rendered again, without distortion.
        alphabet: What outlines show; by default the one of the process.

    >>> from lomo_hf.recipes.recipe import Caps, RenderStyle
    >>> from lomo_hf.rendering import render_span
    >>> from lomo_hf.spans import select_spans
    >>> found = select_spans("Is $x^2$ even?", "full")
    >>> span = found.spans[0]
    >>> page = render_span(found.prompt, span, RenderStyle(), Caps())
    >>> content_findings(found.prompt, span.start, span.end, span.atoms, page)["letters-shown"]
    []
    """
    known = alphabet or shared_alphabet()
    known.learn(prompt[start:end])
    content = Content(prompt, start, end, atoms, page, read_page(page, known), known)
    return {name: list(check(content)) for name, (_, check) in _CHECKS.items()}


def _letters_shown(content: Content) -> Iterator[str]:
    wanted: Counter[str] = Counter()
    for char, count in written_letters(
        content.prompt, content.start, content.end, content.atoms, typeset=content.typeset, doubled=content.doubled
    ).items():
        wanted[content.alphabet.canonical(char)] += count
    shown = Counter(content.glyphs.letters)
    lost = wanted - shown
    if lost:
        yield f"{sum(lost.values())} letters or digits of the span are not on its page: {_few(lost)}."


def _few(counted: Counter[str]) -> str:
    return ", ".join(f"{char!r} ({count})" for char, count in counted.most_common(6))


def _ink_seen(content: Content) -> Iterator[str]:
    glyphs = content.glyphs.glyphs
    if not glyphs:
        return
    pale = [glyph for glyph in glyphs if glyph.grey > _LIGHTEST]
    if pale:
        yield f"{len(pale)} glyphs are of the colour of paper, or nearly: {_letters(pale)}."
    left, top, right, bottom = content.glyphs.extent
    height, width = content.page.pixels.shape
    if right - left > width + _OUTSIDE or bottom - top > height + _OUTSIDE:
        yield f"what is drawn takes {right - left:.0f} x {bottom - top:.0f} px; the page has {width} x {height}."
    hidden = [glyph for glyph, _ in _overlapping(glyphs)]
    if hidden:
        yield f"{len(hidden)} letters lie under others: {_letters(hidden)}."


def _letters(glyphs: Sequence[Glyph]) -> str:
    return repr("".join(glyph.reading.letters or "?" for glyph in glyphs[:12]))


def _overlapping(glyphs: Sequence[Glyph]) -> Iterator[tuple[Glyph, Glyph]]:
    """Pairs of letters of which the first lies mostly within the box of the second."""
    cells: dict[tuple[int, int], list[Glyph]] = {}
    for glyph in glyphs:
        left, top, right, bottom = glyph.box
        if not glyph.reading.letters:
            continue
        column, row = int((left + right) / 2 // _CELL), int((top + bottom) / 2 // _CELL)
        for near in ((column + across, row + along) for across in (-1, 0, 1) for along in (-1, 0, 1)):
            for other in cells.get(near, ()):
                small, large = sorted((glyph, other), key=_area)
                if _shared(small, large) > _COVERED * _area(small) > 0:
                    yield small, large
        cells.setdefault((column, row), []).append(glyph)


def _shared(first: Glyph, second: Glyph) -> float:
    across = min(first.box[2], second.box[2]) - max(first.box[0], second.box[0])
    along = min(first.box[3], second.box[3]) - max(first.box[1], second.box[1])
    return max(across, 0.0) * max(along, 0.0)


def _area(glyph: Glyph) -> float:
    left, top, right, bottom = glyph.box
    return (right - left) * (bottom - top)


def _no_source_shown(content: Content) -> Iterator[str]:
    """Pairs of dollar signs around what is plainly a formula; code, and a page that says why, may show them."""
    shown = [
        glyph for glyph in content.glyphs.glyphs if glyph.reading.letters in ("$", "\\") and not glyph.reading.mono
    ]
    if content.page.renderer != "fallback" and any(glyph.reading.letters == "$" for glyph in shown):
        for text in _texts(content):
            for pair in _PAIR.finditer(text):
                if (_FORMULA if content.typeset else _TEX).search(pair.group(1)):
                    yield f"{pair.group()[:60]!r} stands on the page as its source."
    if content.typeset and any(glyph.reading.letters == "\\" for glyph in shown):
        for atom in content.atoms:
            before = _COMMAND_END.search(content.prompt[content.start : atom.start])
            if atom.is_math and before and content.prompt[atom.start] == "\\" and atom.start == atom.body_start:
                yield f"the command {before.group()[:40]} stands on the page, and what follows it is set as a formula."
    letters = content.glyphs.letters
    for tex in () if content.doubled else content.formulas:
        bare = [name for name in _DOUBLED.findall(tex) if name in _NAMES and name in letters]
        if bare:
            yield f"the name of the command {bare[0]} stands in a formula as letters."


def _texts(content: Content) -> Iterator[str]:
    """What lies between formulas and code."""
    here = content.start
    for atom in content.atoms:
        if not atom.is_math or content.typeset:
            yield content.prompt[here : atom.start]
            here = atom.end
    yield content.prompt[here : content.end]


def _words_are_text(content: Content) -> Iterator[str]:
    """Words with spaces between them are no products of letters; frames hold something; displays stand apart."""
    shown = "".join(glyph.reading.letters if glyph.reading.italic else " " for glyph in content.glyphs.glyphs)
    for tex in content.formulas:
        if _OPENING.search(tex):
            continue
        words = [word for word in _WORD.findall(tex) if word in shown]
        if len(words) >= _FEW and re.search(rf"{words[0]}\s+[a-z]+\s", tex):
            yield f"words are set as mathematics: {' '.join(words[:4])}."
    asked = any(_EMPTY.search(tex) for tex in content.formulas)
    for left, top, right, bottom in content.glyphs.frames if asked else ():
        if not any(left < (glyph.box[0] + glyph.box[2]) / 2 < right and top < glyph.y < bottom + 8
                   for glyph in content.glyphs.glyphs):  # fmt: skip
            yield "a frame on the page holds nothing."
    yield from _stuck(content)


def _stuck(content: Content) -> Iterator[str]:
    """A display whose source has no space before the next word stands apart from it all the same."""
    for atom in content.atoms:
        if not (content.typeset and atom.kind == "display"):
            continue
        after = re.match(r"[A-Za-z]{3,}", content.prompt[atom.end : content.end])
        if after and not _stands_free(content.glyphs.glyphs, after.group()):
            yield f"{after.group()!r} sticks to the formula before it."


def _stands_free(glyphs: Sequence[Glyph], word: str) -> bool:
    """Whether a word begins a row, or stands apart from what is before it, wherever it occurs."""
    letters = "".join((glyph.reading.letters or "?")[:1] for glyph in glyphs)
    at = letters.find(word)
    while at >= 0:
        first, before = glyphs[at], glyphs[at - 1] if at else None
        height = first.box[3] - first.box[1]
        same_row = before is not None and abs(before.y - first.y) < height
        if before is None or not same_row or first.box[0] - before.box[2] > _APART * height:
            return True
        at = letters.find(word, at + 1)
    return word not in letters  # then it is lost, or not read: another check's finding


# Names that make no word.
_NAMES: Final = frozenset(
    ("frac", "dfrac", "tfrac", "sqrt", "leq", "geq", "neq", "cdot", "times", "alpha", "beta", "gamma", "delta",
     "theta", "lambda", "sigma", "omega", "infty", "sum", "prod", "int", "lim", "mathbb", "mathbf", "mathrm", "text",
     "left",
     "right", "begin", "end", "quad", "ldots", "cdots", "dots", "circ", "angle", "triangle", "overline", "boxed",
     "pm", "operatorname", "displaystyle", "hspace")
)  # fmt: skip

_TEX: Final = re.compile(rf"\\(?:{'|'.join(sorted(_NAMES))})\b|[\^_]\{{")

Check = Callable[[Content], Iterator[str]]

_CHECKS: Final[Mapping[str, tuple[str, Check]]] = {
    "letters-shown": ("every letter and digit of a span stands on its page", _letters_shown),
    "ink-seen": ("nothing is drawn outside the page, under something else or in the colour of paper", _ink_seen),
    "no-source-shown": ("a page that says latex shows no dollar sign and no command", _no_source_shown),
    "words-are-text": ("no words are set as mathematics, no frame is empty, no display sticks to a word",
                       _words_are_text),
}  # fmt: skip

CONTENT_CHECKS: Final[Mapping[str, str]] = {name: promise for name, (promise, _) in _CHECKS.items()}
"""Name -> promise of every check."""
